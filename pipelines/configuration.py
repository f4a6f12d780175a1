"""Options of dlt's configuration, checked: a misspelt one would change nothing, in silence."""

from __future__ import annotations

import os
from collections.abc import Collection
from difflib import get_close_matches

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from .errors import UsageError


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
    for name in sorted(given - set(known)):
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"unknown option {name!r} in the configuration of {'.'.join(sections)}"
            + (f", did you mean {near[0]!r}?" if near else "; .dlt/config.toml lists them all")
        )
