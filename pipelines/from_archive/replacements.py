"""What stands for ids, names and addresses of an account: the same thing always for the same.

Ids get new numbers, texts are replaced by text-1, text-2, … Requests keep their shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from sources.help_scout.catalog.dimensions import DIMENSIONS
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.reports.blocks import RANGE_LABELS
from sources.help_scout.catalog.slices import SLICE_PARAMS
from sources.help_scout.planning.endpoints import dimension_at, report_at
from sources.help_scout.planning.request_plan import Request

FIRST_ID = 900_000_000_001  # no account has such ids
ELSEWHERE = "https://example.invalid"
SPECIAL_IDS = (0, 1)  # nobody, and the tag (untagged)
LEAST_UNKNOWN_ID = 10_000
"""Numbers of unknown fields from here on may be ids."""

WORDS = frozenset(
    word
    for words in (
        "active pending closed spam open inactive invalid email chat phone owner admin user team",
        "system_user system-user ai_agent invited locked unassigned assigned mine mytickets drafts",
        "starred needsattention needs-attention all manual automatic SINGLE_LINE MULTI_LINE DATE",
        "NUMBER DROPDOWN great ok okay not-good NaN Infinity -Infinity",
    )
    for word in words.split()
)
"""Words of the API, which say nothing of an account."""

ID_PARAMS = frozenset({"mailboxes", "tags", "folders", "sites", "user", "fieldid", "id"})
WORD_PARAMS = frozenset(
    {
        *("start", "end", "previousStart", "previousEnd", "page", "rows", "size", "viewBy"),
        *("sortField", "sortOrder", "officeHours", "range", "rangeId", "field", "rating"),
        *("status", "types", "includeChatReplies"),
    }
)
PAGING = frozenset(
    {*("page", "pages", "count", "size", "number"), *("totalElements", "totalPages", "total")}
)
_TEXT_ID = re.compile(r"[0-9a-f]{24}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_-]{0,40}")
_PARAM_VALUE = re.compile(r"[A-Za-z0-9_:.,+-]{0,40}")
_TEMPLATE = re.compile(r"\{[?&/a-zA-Z,*]*\}$")


@cache
def _field_names() -> frozenset[str]:
    """The names of all fields that the catalog knows."""
    paths = [
        path
        for report in REPORTS.values()
        for table in report.tables
        for path in (
            *(rows.path for rows in table.rows),
            *(path for column in table.columns for path in column.paths),
        )
    ]
    paths += [path for one in DIMENSIONS.values() for c in one.columns for path in c.paths]
    return frozenset(name for path in paths for name in re.split(r"[.\[\]]+", path) if name)


class Replacements:
    """Replaces what is of the account, the same thing always by the same."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._texts: dict[str, str] = {}

    @property
    def id_count(self) -> int:
        """How many ids were renumbered."""
        return len(self._ids)

    @property
    def text_count(self) -> int:
        """How many different texts were replaced."""
        return len(self._texts)

    def id(self, value: Any) -> Any:
        """The id's new number, as the same type."""
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return value if value in SPECIAL_IDS or value < 0 else self._number(str(value))
        if isinstance(value, str):
            if value.isdecimal():
                return value if int(value) in SPECIAL_IDS else str(self._number(str(int(value))))
            if _TEXT_ID.fullmatch(value):
                return f"{self._number(value):024x}"
            return self.text(value)
        return self.unknown(value)

    def _number(self, value: str) -> int:
        return self._ids.setdefault(value, FIRST_ID + len(self._ids))

    def text(self, value: str) -> str:
        """What stands for the text: an address for an address, else text-1, text-2, …"""
        if not value:
            return value
        number = len(self._texts) + 1
        if "://" in value:
            new = f"{ELSEWHERE}/{number}"
        elif "@" in value:
            new = f"person{number}@example.invalid"
        else:
            new = f"text-{number}"
        return self._texts.setdefault(value, new)

    def unknown(self, value: Any) -> Any:
        """A value that nothing is known of: shapes, small numbers and truths stay."""
        if isinstance(value, dict):
            return {
                self._inner_key(name): self.id(child)
                if name.lower().endswith("id")
                else self.unknown(child)
                for name, child in value.items()
            }
        if isinstance(value, list):
            return [self.unknown(child) for child in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= LEAST_UNKNOWN_ID:
            return self.id(value)
        return value

    def key(self, name: str) -> str:
        if name.isdecimal():
            return str(self.id(name))
        return name if _NAME.fullmatch(name) else self.text(name)

    def _inner_key(self, name: str) -> str:
        """A name inside a value that nothing is known of: it may be a person's or a tag's, unless
        the API has a field of that name."""
        return name if name in _field_names() else self.text(name)

    def request(self, request: Request) -> Request:
        """The request with its ids renumbered."""
        query = {name: self._param(name, value) for name, value in request.query}
        return Request.of(self._path(request.path), query)

    def _path(self, path: str) -> str:
        if report_at(path) is not None:
            return path
        known = dimension_at(path)
        kept = set(known.path.split("/")) if known is not None else {"v1", "v2", "v3"}
        return "/".join(
            part if part in kept or not part else str(self.id(part)) for part in path.split("/")
        )

    def _param(self, name: str, value: str) -> str:
        if name in ID_PARAMS:
            return ",".join(str(self.id(one)) for one in value.split(","))
        if name in WORD_PARAMS and _PARAM_VALUE.fullmatch(value):
            return value
        return value if value in ("true", "false") else self.text(value)

    def links(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {self.key(name): self.links(child) for name, child in value.items()}
        if isinstance(value, list):
            return [self.links(child) for child in value]
        return self._address(value) if isinstance(value, str) else value

    def _address(self, text: str) -> str:
        """An address of the API, elsewhere than where it was."""
        template = _TEMPLATE.search(text)
        parts = urlsplit(text.removesuffix(template[0]) if template else text)
        if not parts.path.startswith("/v"):
            return self.text(text)
        asked = Request(parts.path, tuple(parse_qsl(parts.query, keep_blank_values=True)))
        new = self.request(asked)
        query = f"?{urlencode(new.query)}" if new.query else ""
        root = ELSEWHERE if parts.netloc else ""
        return f"{root}{new.path}{query}{template[0] if template else ''}"

    def options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The source's options: what they name of the account is replaced."""
        after = {name: value for name, value in options.items() if value not in (None, {}, [])}
        after.pop("account", None)
        if "breakdowns" in after:
            after["breakdowns"] = {
                report: [self._breakdown(text) for text in texts]
                for report, texts in after["breakdowns"].items()
            }
        if "groups" in after:
            after["groups"] = {
                param: {self._group(name): [self._member(one) for one in items]
                        for name, items in groups.items()}
                for param, groups in after["groups"].items()
            }  # fmt: skip
        return after

    def _breakdown(self, text: str) -> str:
        return ",".join(self._term(term) for term in text.split(","))

    def _term(self, term: str) -> str:
        name, sign, values = term.partition("=")
        param = SLICE_PARAMS.get(name.strip())
        if not sign or param is None:
            return term if _NAME.fullmatch(term.strip()) else self._group(term)
        pieces = re.split(r"([|+])", values)
        known = {*param.choices, *param.also, *RANGE_LABELS, "true", "false"}
        return f"{name}=" + "".join(
            one if one in known or one in "|+" or param.name == "range_id" else self._member(one)
            for one in pieces
        )

    def _member(self, one: Any) -> Any:
        is_id = isinstance(one, int) or one.isdecimal() or _TEXT_ID.fullmatch(one)
        return self.id(one) if is_id or one in WORDS else self._group(one)

    def _group(self, name: str) -> str:
        return name if name in WORDS else self.text(name).replace("text-", "Group")
