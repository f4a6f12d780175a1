"""The envelope of an answer: what must be around the rows or values of a report."""

from __future__ import annotations

from typing import Any

from ..catalog.model import ENVELOPES, PAGED, Report, Shape
from ..errors import UnexpectedResponse
from .coerce import kind_of, whole_number


def unwrap(report: Report, body: Any) -> Any:
    """The report's body; UnexpectedResponse when it is not this report at all.

    One client saw bodies wrapped in {"report": …}; such a wrapper is taken off. An empty list may
    come as {}, and a page that counts 0 rows without them.
    """
    if isinstance(body, dict) and set(body) == {"report"}:
        body = body["report"]
    path, kind = ENVELOPES[report.shape]
    if report.shape is Shape.HEATMAP and body == {}:
        return []
    if report.shape in PAGED:
        body = _with_no_results(body, path.split("."))
    found = body
    for name in path.split(".") if path else []:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, kind):
        raise UnexpectedResponse(
            f"{report.name}: the answer is not this report: expected "
            f"{'a list' if kind is list else 'an object'} at {path or 'the top'!r}, "
            f"found {kind_of(found)}. Nothing was stored for the window; if it lasts, the API "
            "has changed"
        )
    return body


def _with_no_results(body: Any, path: list[str]) -> Any:
    """The page with an empty list at the path, where it counts 0 rows and leaves them out."""
    if not isinstance(body, dict):
        return body
    name, *rest = path
    if rest:
        return {**body, name: _with_no_results(body.get(name), rest)} if name in body else body
    is_empty = body.get(name) in (None, {}) and whole_number(body.get("count")) == 0
    return {**body, name: []} if is_empty else body
