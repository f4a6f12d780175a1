"""The configuration besides the source's own: `[publish]`, `[service_targets]` and `[alerts]`.

A misspelt option would change nothing, in silence: unknown names are errors.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException
from dlt.common.configuration.providers.toml import SettingsTomlProvider
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.typing import TSecretStrValue

from .errors import UsageError

PUBLISH, SERVICE_TARGETS, ALERTS = "publish", "service_targets", "alerts"
_ALIKE = 0.8
_MODE = re.compile(r"0?[0-7]{3}")
_OWNER_READS, _OTHERS_WRITE = 0o400, 0o002


@configspec
class _PublishSection(BaseConfiguration):
    file_mode: str = "0640"
    strict_checks: bool = False


@configspec
class _ServiceTargetsSection(BaseConfiguration):
    first_response_hours: float = 6.0
    response_hours: float = 12.0


@configspec
class _AlertsSection(BaseConfiguration):
    webhook: TSecretStrValue | None = None
    on_disagreement: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Who may read the published copy, and whether reports of Help Scout that disagree keep it
    back."""

    file_mode: int
    strict_checks: bool

    @classmethod
    def configured(cls) -> Publishing:
        """The section `[publish]`."""
        options = _resolve(PUBLISH, _PublishSection())
        return cls(
            file_mode=_file_mode(str(options.file_mode)),
            strict_checks=bool(options.strict_checks),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Where alerts go, if anywhere, and whether reports that disagree are worth one."""

    webhook: str | None
    on_disagreement: bool

    @classmethod
    def configured(cls) -> Alerts:
        """The section `[alerts]`."""
        options = _resolve(ALERTS, _AlertsSection())
        webhook = str(options.webhook) if options.webhook else None
        if webhook and not webhook.startswith(("https://", "http://")):
            raise UsageError(f"{ALERTS}.webhook is no address: it begins with https://")
        return cls(webhook=webhook, on_disagreement=bool(options.on_disagreement))


def service_target_hours() -> dict[str, float]:
    """The section `[service_targets]`: hours by metric."""
    try:
        options = _resolve(SERVICE_TARGETS, _ServiceTargetsSection())
    except ConfigValueCannotBeCoercedException as error:
        raise UsageError(
            f"{SERVICE_TARGETS}.{error.field_name} = {error.field_value!r}: write a number of hours"
        ) from error
    return {name: float(options[name]) for name in options.get_resolvable_fields()}


def check_option_names(known: Collection[str], sections: tuple[str, ...]) -> None:
    """Refuses names in the section of the configuration that are no options."""
    prefix = "".join(f"{section.upper()}__" for section in sections)
    given = {
        name.removeprefix(prefix).split("__")[0].lower()
        for name in os.environ
        if name.startswith(prefix)
    }
    for provider in toml_providers():
        section, _ = provider.get_value(sections[-1], dict, "", *sections[:-1])
        given |= set(section or {})
        _check_section_name(provider, sections[0])
    refuse_unknown(given, known, f"in the configuration of {'.'.join(sections)}")


def refuse_unknown(given: Collection[str], known: Collection[str], where: str) -> None:
    """UsageError for the first name that is no option."""
    for name in sorted(set(given) - set(known)):
        near = get_close_matches(name, known, n=1)
        raise UsageError(
            f"unknown option {name!r} {where}"
            + (f", did you mean {near[0]!r}?" if near else "; .dlt/config.toml lists them all")
        )


def toml_providers() -> Iterator[SettingsTomlProvider]:
    """Dlt's secrets and configuration files, in their order."""
    for provider in Container()[PluggableRunContext].providers.providers:
        if isinstance(provider, SettingsTomlProvider):
            yield provider


def _resolve(section: str, spec: BaseConfiguration) -> Any:
    check_option_names(spec.get_resolvable_fields(), (section,))
    return resolve_configuration(spec, sections=(section,))


def _check_section_name(provider: SettingsTomlProvider, section: str) -> None:
    """Refuses a section whose name is nearly this one: what stands in it would change nothing."""
    for name in get_close_matches(section, tomllib.loads(provider.to_toml()), cutoff=_ALIKE):
        if name != section:
            raise UsageError(
                f"unknown section [{name}] in the configuration, did you mean [{section}]?"
            )


def _file_mode(text: str) -> int:
    if _MODE.fullmatch(text) is None:
        raise UsageError(f'publish.file_mode = {text!r}: write a file mode in octal, "0640"')
    mode = int(text, 8)
    if mode & _OTHERS_WRITE:
        raise UsageError(
            f"publish.file_mode = {text!r} lets everybody write to the published copy: take a mode "
            'without that, "0644" lets everybody read it'
        )
    if not mode & _OWNER_READS:
        raise UsageError(
            f"publish.file_mode = {text!r} keeps the published copy from its owner: "
            "begin it with 4 or 6"
        )
    return mode
