"""Answers with cells and rows that are not as the catalog has them, made from right ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sources.help_scout_sandbox import Fault, Sandbox


def company(body: Any) -> Any:
    return body | {"deltas": body["deltas"] | {"totalReplies": "NaN", "closed": "-Infinity"}}


def productivity(body: Any) -> Any:
    counts = {"resolved": 13, "resolvedOnFirstReply": 4}
    share = {"percentResolvedOnFirstReply": 30.76923}
    return body | {name: body[name] | counts | share for name in ("current", "previous")}


def docs(body: Any) -> Any:
    term = {"id": "abc", "results": 1}
    return body | {"popularSearches": [term | {"count": 1}, term | {"count": 2}]}


def conversations(body: Any) -> Any:
    top = [{"id": None, "name": "x", "count": 1}, *body["tags"]["top"]]
    return body | {"tags": body["tags"] | {"top": top}}


def ratings(body: Any) -> Any:
    return body | {"results": [row | {"threadid": None} for row in body["results"]]}


def drilldown(_body: Any) -> Any:
    return {"conversations": {"page": 1, "pages": 0, "count": 0}}


def busy_times(_body: Any) -> Any:
    return {}


ODD: dict[str, Callable[[Any], Any]] = {
    "company": company,
    "conversations": conversations,
    "docs": docs,
    "happiness/ratings": ratings,
    "productivity": productivity,
    "conversations/drilldown": drilldown,
    "conversations/busy-times": busy_times,
}
TRUE_TO_OTHERS = ("company", "conversations", "docs", "happiness/ratings")
"""Of these, the ones that leave reports in agreement with one another."""


def add_odd_cells(sandbox: Sandbox, paths: tuple[str, ...] = tuple(ODD)) -> Sandbox:
    """The sandbox, whose reports at these paths have odd cells from now on."""
    for path in paths:
        change = ODD[path]
        fault = Fault(path=f"/v2/reports/{path}", kind="change_body", times=None, change=change)
        sandbox.faults.add(fault)
    return sandbox
