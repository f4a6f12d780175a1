"""Several accounts: each is a section `[accounts.NAME]` of the configuration, or a file
`.dlt/accounts/NAME.toml`, with the options of `[sources.help_scout]` that are its own; for what it
leaves out these hold. Credentials are always its own.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.base_configuration import extract_inner_hint
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
from dlt.common.configuration.utils import deserialize_value

from sources.help_scout import help_scout

from .configuration import refuse_unknown, toml_providers
from .errors import UsageError

SECTION = "accounts"
OWN = ("client_id", "client_secret")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_NO_OPTIONS = ("account", "since", "until")


def account_names() -> list[str]:
    """The accounts that are configured, in order; UsageError for a name that cannot be one."""
    names = sorted(_described())
    for name in names:
        if not _NAME.fullmatch(name) or "__" in name:
            raise UsageError(
                f"[{SECTION}.{name}]: an account's name is part of other names: small letters, "
                "digits and single _, a letter first, 30 at most"
            )
    return names


def account_options(name: str, *, sends: bool = True) -> dict[str, Any]:
    """The account's own options, its name among them; UsageError says what is wrong with them.
    Credentials may lack unless it `sends`."""
    described, names = _described(), account_names()
    if name not in described:
        near = get_close_matches(name, names, n=1)
        raise UsageError(
            f"no account is called {name!r}"
            + (f", did you mean {near[0]!r}?" if near else "")
            + f": write a section [{SECTION}.{name}], or a file {_folder()}/{name}.toml"
        )
    options = dict(described[name])
    fields = help_scout.ref.SPEC().get_resolvable_fields()
    known = [field for field in fields if field not in _NO_OPTIONS]
    for option, text in _in_environment(name):
        if option in fields:
            options[option] = deserialize_value(option, text, extract_inner_hint(fields[option]))
        else:
            options[option] = text
    refuse_unknown(options, known, f"of account {name}")
    if sends and (lacking := [option for option in OWN if not options.get(option)]):
        prefix = f"{SECTION}__{name}__".upper()
        raise UsageError(
            f"{', '.join(lacking)} of account {name} not configured: write them under "
            f"[{SECTION}.{name}] in .dlt/secrets.toml, or set "
            f"{' and '.join(prefix + option.upper() for option in lacking)}"
        )
    return {"docs_api_key": "", **options, "account": name}  # no other account's key


def _described() -> dict[str, dict[str, Any]]:
    """What is said of each account in files; secrets before configuration before its own file."""
    found = {path.stem: _read(path) for path in sorted(_folder().glob("*.toml"))}
    for section in reversed(list(_sections())):
        for name, options in section.items():
            if not isinstance(options, Mapping):
                raise UsageError(
                    f"{SECTION}.{name} is no section: write [{SECTION}.{name}], then its options"
                )
            found[name] = {**found.get(name, {}), **options}
    prefix = f"{SECTION.upper()}__"
    for key in os.environ:
        name, divider, _ = key.removeprefix(prefix).partition("__")
        if key.startswith(prefix) and divider:
            found.setdefault(name.lower(), {})
    return found


def _sections() -> Iterator[Mapping[str, Any]]:
    for provider in toml_providers():
        section, _ = provider.get_value(SECTION, dict, "")
        if isinstance(section, Mapping):
            yield section


def _in_environment(name: str) -> Iterator[tuple[str, str]]:
    prefix = f"{SECTION}__{name}__".upper()
    for key, text in os.environ.items():
        if key.startswith(prefix):
            yield key.removeprefix(prefix).lower(), text


def _folder() -> Path:
    return Path(Container()[PluggableRunContext].context.settings_dir) / SECTION


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
