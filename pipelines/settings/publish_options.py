"""The section `[publish]` of the configuration."""

from __future__ import annotations

import re

from dlt.common.configuration import configspec, resolve_configuration
from dlt.common.configuration.specs import BaseConfiguration

from .configuration import check_option_names
from .errors import UsageError

SECTION = "publish"
_MODE = re.compile(r"0?[0-7]{3}")
_OWNER_READS, _OTHERS_WRITE = 0o400, 0o002


@configspec
class PublishOptions(BaseConfiguration):
    """The section `[publish]` of the configuration: who may read the copy, in octal, and whether
    reports of Help Scout that disagree keep it back."""

    file_mode: str = "0640"
    strict_checks: bool = False


def configured_mode() -> int:
    """The file mode that the configuration gives the copy; UsageError for one that cannot be."""
    check_option_names(PublishOptions().get_resolvable_fields(), (SECTION,))
    text = str(resolve_configuration(PublishOptions(), sections=(SECTION,)).file_mode)
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


def configured_strictness() -> bool:
    """Whether, as configured, a disagreement of Help Scout's reports counts as a failure."""
    check_option_names(PublishOptions().get_resolvable_fields(), (SECTION,))
    return bool(resolve_configuration(PublishOptions(), sections=(SECTION,)).strict_checks)
