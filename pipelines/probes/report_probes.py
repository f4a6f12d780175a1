"""Assumptions about the bodies of reports: scales, orders, pages, and how nothing is written."""

from __future__ import annotations

from collections.abc import Callable

from sources.help_scout.planning.request_plan import Request

from .probe import Assumption, Known, Replies, Told, body_of, compared, report

ON_FIRST_REPLY = "percentResolvedOnFirstReply"
RATINGS = "happiness/ratings"
ROWS = 50
DEEP = 10_000
NO_RATINGS = "no rating was given in four weeks"


def _asking(name: str, path: str, **more: str) -> Callable[[Known], dict[str, Request]]:
    """Asks one report for the last four weeks."""
    return lambda known: {name: report(path, known.month, **more)}


def _percent_scale(_: Known, replies: Replies) -> Told:
    now = body_of(replies, "productivity")["current"]
    part, whole, told = now["resolvedOnFirstReply"], now["resolved"], now[ON_FIRST_REPLY]
    if not part or not whole:
        return Told(None, "nothing was resolved on the first reply in four weeks")
    share = part / whole
    nearest = min((("ratio", share), ("percentage", 100 * share)), key=lambda s: abs(s[1] - told))
    return Told(nearest[0], f"{told:g} for {part} of {whole}")


def _previous_unasked(_: Known, replies: Replies) -> Told:
    before = body_of(replies, "productivity").get("previous")
    if before is None:
        return Told("absent")
    numbers = [value for value in before.values() if isinstance(value, int | float)]
    return Told("numbers" if any(numbers) else "zeros", f"{len(before)} values")


def _current_ratings(_: Known, replies: Replies) -> Told:
    return Told("sent" if "ratings" in body_of(replies, "productivity")["current"] else "absent")


def _ratings_thread(_: Known, replies: Replies) -> Told:
    rows = body_of(replies, "ratings").get("results", [])
    missing = sum(row.get("threadid") is None for row in rows)
    if not rows:
        return Told(None, NO_RATINGS)
    return Told("some_missing" if missing else "always", f"{missing} of {len(rows)} without")


def _ratings_page(_: Known, replies: Replies) -> Told:
    page = body_of(replies, "ratings")
    if page.get("pages", 0) < 2:
        return Told(None, f"all {page.get('count', 0)} ratings of four weeks fit on one page")
    return Told(str(len(page["results"])), f"{page['count']} ratings on {page['pages']} pages")


def _sorted_ratings(known: Known) -> dict[str, Request]:
    return {
        order: report(RATINGS, known.month, sortField="rating", sortOrder=order)
        for order in ("ASC", "DESC", "asc")
    } | {"createdAt": report(RATINGS, known.month, sortField="createdAt", sortOrder="ASC")}


def _ratings_sort(_: Known, replies: Replies) -> Told:
    up, down = (
        [row["ratingId"] for row in body_of(replies, order).get("results", [])]
        for order in ("ASC", "DESC")
    )
    if len({*up, *down}) < 2:
        return Told(None, "too few different ratings in four weeks")
    works = up == sorted(up) and down == sorted(down, reverse=True)
    return Told("works" if works else "ignored", f"{len(up)} ratings, both ways")


def _refused_sort(name: str) -> Callable[[Known, Replies], Told]:
    def judge(_: Known, replies: Replies) -> Told:
        status = replies[name].refused
        return Told("taken" if status is None else "refused", f"status {status or 200}")

    return judge


def _drilldown_rows(_: Known, replies: Replies) -> Told:
    page = body_of(replies, "drilldown")["conversations"]
    if page["count"] < ROWS:
        return Told(None, f"only {page['count']} conversations in four weeks")
    return Told(str(len(page["results"])), f"rows={ROWS} was asked for")


def _deep(known: Known) -> dict[str, Request]:
    page = str(DEEP // ROWS + 1)
    return {
        "drilldown": report("conversations/drilldown", known.month, rows=str(ROWS)),
        "deep": report("conversations/drilldown", known.month, rows=str(ROWS), page=page),
    }


def _deep_pages(_: Known, replies: Replies) -> Told:
    count = body_of(replies, "drilldown")["conversations"]["count"]
    if count <= DEEP:
        return Told(None, f"{count:,} conversations in four weeks, no more than {DEEP:,}")
    deep = replies["deep"].body
    rows = deep["conversations"].get("results") if deep else None
    return Told("readable" if rows else "refused", f"page {DEEP // ROWS + 1} of {count:,} rows")


def _nothing(known: Known) -> dict[str, Request]:
    return {
        "page": report("conversations/drilldown", known.long_ago),
        "ratings": report(RATINGS, known.long_ago),
        "heat map": report("conversations/busy-times", known.long_ago),
        "overall": report("productivity", known.long_ago),
    }


def _empty_page(_: Known, replies: Replies) -> Told:
    pages = [body_of(replies, "page")["conversations"], body_of(replies, "ratings")]
    return Told("empty_list" if all("results" in page for page in pages) else "left_out")


def _empty_heat_map(_: Known, replies: Replies) -> Told:
    return Told("list" if isinstance(body_of(replies, "heat map"), list) else "object")


def _empty_averages(_: Known, replies: Replies) -> Told:
    value = body_of(replies, "overall")["current"].get("responseTime")
    return Told("null" if value is None else "zero" if value == 0 else "other", f"{value}")


def _against_nothing(known: Known) -> dict[str, Request]:
    return {"company": report("company", compared(known.week, known.long_ago))}


def _change_against_zero(_: Known, replies: Replies) -> Told:
    values = body_of(replies, "company")["deltas"].values()
    text = [value for value in values if isinstance(value, str)]
    return Told("text" if text else "number", ", ".join(sorted(set(text))))


def _null_ids(_: Known, replies: Replies) -> Told:
    body = body_of(replies, "conversations")
    tops = [row for name in ("tags", "customers", "replies", "workflows")
            for row in body.get(name, {}).get("top", [])]  # fmt: skip
    missing = sum(row.get("id") in (None, "") for row in tops)
    return Told("some_missing" if missing else "always", f"{missing} of {len(tops)} rows without")


def _search_terms(_: Known, replies: Replies) -> Told:
    body = body_of(replies, "docs")
    for name in ("popularSearches", "failedSearches"):
        terms = [row["id"] for row in body.get(name, [])]
        if len(terms) > len(set(terms)):
            return Told("repeated", name)
    return Told("once" if body.get("popularSearches") else None)


_PRODUCTIVITY = _asking("productivity", "productivity")
_RATINGS = _asking("ratings", RATINGS)


REPORTS = (
    Assumption(
        "percent_scale",
        "percentResolvedOnFirstReply is a share from 0 to 1",
        "ratio",
        _percent_scale,
        _PRODUCTIVITY,
    ),
    Assumption(
        "previous_unasked",
        "No previous block comes when none was asked for",
        "absent",
        _previous_unasked,
        _PRODUCTIVITY,
    ),
    Assumption(
        "current_ratings",
        "Productivity has no list of ratings",
        "absent",
        _current_ratings,
        _PRODUCTIVITY,
    ),
    Assumption("ratings_thread", "A rating names its thread", "always", _ratings_thread, _RATINGS),
    Assumption(
        "ratings_page_size", "A page of ratings holds 100 rows", "100", _ratings_page, _RATINGS
    ),
    Assumption(
        "ratings_sort",
        "Ratings come in the order that is asked for",
        "works",
        _ratings_sort,
        _sorted_ratings,
    ),
    Assumption(
        "ratings_sort_created_at",
        "Ratings cannot be sorted by createdAt",
        "refused",
        _refused_sort("createdAt"),
        _sorted_ratings,
    ),
    Assumption(
        "ratings_sort_lower_case",
        "sortOrder has to be upper case",
        "refused",
        _refused_sort("asc"),
        _sorted_ratings,
    ),
    Assumption(
        "drilldown_rows",
        "A page of a drilldown holds 50 rows when asked to",
        str(ROWS),
        _drilldown_rows,
        _asking("drilldown", "conversations/drilldown", rows=str(ROWS)),
    ),
    Assumption(
        "deep_pages", "A drilldown can be read beyond 10,000 rows", "readable", _deep_pages, _deep
    ),
    Assumption(
        "empty_page",
        "A page of nothing has an empty list of results",
        "empty_list",
        _empty_page,
        _nothing,
    ),
    Assumption(
        "empty_heat_map",
        "A heat map of nothing is an empty list",
        "list",
        _empty_heat_map,
        _nothing,
    ),
    Assumption("empty_averages", "An average of nothing is 0", "zero", _empty_averages, _nothing),
    Assumption(
        "change_against_zero",
        "A change against 0 is a number",
        "number",
        _change_against_zero,
        _against_nothing,
    ),
    Assumption(
        "top_list_ids",
        "Every row of a top list has an id",
        "always",
        _null_ids,
        _asking("conversations", "conversations"),
    ),
    Assumption(
        "search_terms", "A search term comes once", "once", _search_terms, _asking("docs", "docs")
    ),
)
