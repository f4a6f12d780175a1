"""Column names from wire names: snake_case, the unit at the end.

`customersHelped` → `customers_helped`; `responseTime` in seconds → `response_time_seconds`;
`percentResolvedOnFirstReply`, a 0-1 fraction → `resolved_on_first_reply_ratio`.
The same rule names fields that the catalog does not know yet, without a unit.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_UNIT_WORDS = {"percent"}


def snake_case(wire: str) -> str:
    """The wire name in snake_case; path separators become underscores, and no name begins with a
    digit, which destinations would rename."""
    name = "_".join(word.lower() for word in _WORD.findall(wire)) or "field"
    return f"field_{name}" if name[0].isdigit() else name


def with_unit(name: str, suffix: str) -> str:
    """The name with its unit at the end, the wire's own word for the unit left out."""
    if not suffix:
        return name
    words = [word for word in name.split("_") if word not in _UNIT_WORDS]
    return "_".join([*words, suffix])
