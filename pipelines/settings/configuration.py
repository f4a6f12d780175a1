"""Options of dlt's configuration, checked: a misspelt one would change nothing, in silence."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection
from difflib import get_close_matches

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from .errors import UsageError

_ALIKE = 0.8


def check_option_names(known: Collection[str], sections: tuple[str, ...]) -> None:
    """Refuses names in the section of the configuration that are no options."""
    prefix = "".join(f"{section.upper()}__" for section in sections)
    given = {
        name.removeprefix(prefix).split("__")[0].lower()
        for name in os.environ
        if name.startswith(prefix)
    }
    for provider in Container()[PluggableRunContext].providers.providers:
        if isinstance(provider, SettingsTomlProvider):
            section, _ = provider.get_value(sections[-1], dict, "", *sections[:-1])
            given |= set(section or {})
            _check_section_name(provider, sections[0])
    for name in sorted(given - set(known)):
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"unknown option {name!r} in the configuration of {'.'.join(sections)}"
            + (f", did you mean {near[0]!r}?" if near else "; .dlt/config.toml lists them all")
        )


def _check_section_name(provider: SettingsTomlProvider, section: str) -> None:
    """Refuses a section whose name is nearly this one: what stands in it would change nothing."""
    for name in get_close_matches(section, tomllib.loads(provider.to_toml()), cutoff=_ALIKE):
        if name != section:
            raise UsageError(
                f"unknown section [{name}] in the configuration, did you mean [{section}]?"
            )
