"""Bodies that real accounts have sent or may send: each costs what it must and no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout.catalog.model import COUNT, PCT, RATIO, Rows, Shape, Table, measure
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.extract.fetch import fetch_read
from sources.help_scout.extract.result import Status, WindowResult
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout.parsing.repairs import told_repairs
from sources.help_scout.parsing.scales import scale_shares
from sources.help_scout.planning.settings import Settings
from sources.help_scout.state.ledger_rows import ledger_row
from tests.helpers.builders import NOW, StubGetter, at, body_of, dated, read_of

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
DATES = {"$START": "start", "$END": "end", "$PSTART": "previousStart", "$PEND": "previousEnd"}
INPROC = json.loads((CASES / "inproc_cases.json").read_text())


def fetch(report: str, body: Any, compare_to: str = "previous_period") -> WindowResult:
    """What reading the body as the report comes to; its dates are those of the request."""
    text = json.dumps(body)

    def answer(query: dict[str, str]) -> Any:
        filled = re.sub(r"\$P?(START|END)", lambda m: query.get(DATES[m[0]], ""), text)
        return dated(json.loads(filled), query)

    slice_ = Slice.of(user=4) if REPORTS[report].requires == ("user",) else Slice()
    read = read_of(report, slice_=slice_, compare_to=compare_to)
    (result,) = fetch_read(StubGetter(answer), read, NOW)
    return result


def answer_of(case: str, path: str) -> Any:
    return json.loads((CASES / f"{case}.json").read_text())["paths"][path]["body"]


def in_its_body(case: str) -> tuple[str, Any]:
    """The case's report, and its documented body with the odd part in its place."""
    given = INPROC[case]
    body = body_of(given["report"])
    *way, last = re.findall(r"\w+|\[\d+\]", given.get("part", "")) or [None]
    if last is None:
        return given["report"], given["value"]
    place = body
    for name in way:
        place = place[int(name[1:-1]) if name.startswith("[") else name]
    place[int(last[1:-1]) if last.startswith("[") else last] = given["value"]
    return given["report"], body


def repairs_of(result: WindowResult) -> Any:
    row = ledger_row(
        result, account="main", run_id="r1", lookback=Settings().lookback, now=result.fetched_at
    )
    return row["repairs"]


def test_a_change_of_nan_is_null_and_the_rest_of_the_window_loads() -> None:
    result = fetch("company_overall", answer_of("delta_infinity_string", "/v2/reports/company"))
    (row,) = result.rows["company_overall"]
    assert (result.status, row["total_replies"]) == (Status.LOADED, 62)
    assert (row["delta_total_replies_pct"], row["delta_closed_pct"]) == (None, 91.83673469387755)
    assert repairs_of(result) == "nan:deltas.totalReplies=1"


def test_a_percentage_of_conversations_is_stored_as_a_ratio() -> None:
    result = fetch(
        "productivity_overall", answer_of("productivity_percent_scale", "/v2/reports/productivity")
    )
    (row,) = result.rows["productivity_overall"]
    assert row["resolved_on_first_reply_ratio"] == pytest.approx(4 / 13)
    assert row["previous_resolved_on_first_reply_ratio"] == pytest.approx(4 / 13)
    assert repairs_of(result) is None


def test_a_null_id_in_a_top_list_keeps_its_row_beside_the_others() -> None:
    report, body = in_its_body("null_id_in_top_list")
    others = [tag["id"] for tag in body["tags"]["top"][1:]]
    result = fetch(report, body)
    rows = result.rows["conversations_overall_tags"]
    assert [(row["tag_id"], row["occurrence"]) for row in rows] == [
        (None, 1),
        *((tag, 1) for tag in others),
    ]
    assert rows[0]["tag_name"] == "x"
    assert repairs_of(result) == "id_missing:tags.top[].id=1"


def test_a_drilldown_that_counts_nothing_and_has_no_results_is_empty() -> None:
    result = fetch(*in_its_body("null_results_zero_count"))
    assert (result.status, result.api_count, result.error) == (Status.EMPTY, 0, None)


def test_busy_times_of_an_empty_object_are_empty() -> None:
    assert fetch(*in_its_body("busy_times_empty_object")).status is Status.EMPTY


@pytest.mark.parametrize("report", ["happiness_ratings", "user_ratings"])
def test_ratings_without_a_thread_are_all_kept(report: str) -> None:
    body = body_of(report)
    rating = body["results"][0] | {"threadid": None}
    body |= {"results": [rating, dict(rating), *body["results"][1:]], "pages": 1}
    body["count"] = len(body["results"])
    result = fetch(report, body)
    rows = result.rows[report]
    assert [row["occurrence"] for row in rows if row["thread_id"] is None] == [1, 2]
    assert len(rows) == body["count"]
    assert repairs_of(result) == "id_missing:results[].threadid=2"


def test_one_search_term_twice_is_two_rows() -> None:
    result = fetch(*in_its_body("duplicate_search_term"))
    rows = result.rows["docs_overall_popular_searches"]
    assert [(r["search_term"], r["search_count"], r["occurrence"]) for r in rows] == [
        ("abc", 1, 1),
        ("abc", 2, 2),
    ]
    assert repairs_of(result) == "key_repeated:popularSearches[].id=1"


def test_repairs_are_told_once_in_words() -> None:
    texts = [
        "nan:deltas.totalReplies=1,unreadable:current.closed=1",
        "nan:deltas.totalReplies=1,key_repeated:users[].user=1",
    ]
    more = {name: ["nan:deltas.closed=9"] for name in ("chat", "email", "phone")}
    values, rows = told_repairs({"company_overall": texts, **more})
    assert values == (
        "30 values could not be read and are null (NaN, another type than the column's), "
        "in chat, email, phone and 1 more"
    )
    assert rows == (
        "1 row has the key of another row but other values, and is kept, in company_overall"
    )


# --- the previous period --------------------------------------------------------------------


def compared(report: str) -> set[str]:
    return {c.name for table in REPORTS[report].tables for c in table.columns if c.compares}


@pytest.mark.parametrize("report", REPORTS)
def test_columns_of_the_previous_period_are_those_that_the_wire_calls_so(report: str) -> None:
    by_wire = {
        c.name
        for table in REPORTS[report].tables
        for c in table.columns
        if re.search("previous|delta", "".join(c.paths), re.IGNORECASE)
    }
    assert compared(report) == by_wire


@pytest.mark.parametrize("report", [r for r in REPORTS if REPORTS[r].shape is Shape.OVERALL])
def test_without_a_previous_period_nothing_is_said_of_one(report: str) -> None:
    body = body_of(report)
    body["previous"] = {**body.get("previous", {}), "brandNew": 0}
    asked, not_asked = (
        flatten_report(REPORTS[report], [(body, {})], compares=compares)
        for compares in (True, False)
    )
    previous = compared(report) | {"previous_brand_new"}
    assert not_asked.rows == {
        name: [{k: v for k, v in row.items() if k not in previous} for row in rows]
        for name, rows in asked.rows.items()
    }
    assert (asked.unknown, not_asked.unknown) == ({"previous.brandNew"}, set())


def test_zeros_of_a_previous_period_that_was_not_asked_for_are_null() -> None:
    body = body_of("productivity_overall")
    body["previous"] = dict.fromkeys(body["previous"], 0)
    (row,) = fetch("productivity_overall", body, "none").rows["productivity_overall"]
    assert {name for name in row if name.startswith(("previous_", "delta_"))} == set()
    (row,) = fetch("productivity_overall", body).rows["productivity_overall"]
    assert row["previous_resolved"] == 0


# --- scales ---------------------------------------------------------------------------------


def table_of(unit: Any) -> Table:
    columns = (
        *measure("share", unit, "share", name="share", ratio_of=("part", "whole")),
        *measure("part", COUNT, "part"),
        *measure("whole", COUNT, "whole"),
    )
    return Table(name="t", summary="T", rows=(Rows(),), columns=columns)


def scaled(unit: Any, now: tuple[Any, ...], before: tuple[Any, ...] = (None,) * 3) -> Any:
    """The shares of both blocks, each given as share, part and whole."""
    row = dict(zip((f"share_{unit.suffix}", "part", "whole"), now, strict=True))
    names = (f"previous_share_{unit.suffix}", "previous_part", "previous_whole")
    row |= dict(zip(names, before, strict=True))
    scale_shares(table_of(unit), [row])
    return row[f"share_{unit.suffix}"], row[names[0]]


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ((30.76923, 4, 13), (0.3076923, 4, 13), (0.3076923, 0.3076923)),  # each by its own counts
        ((0.5, 1, 200), (None, 0, 0), (0.005, None)),  # half a percent
        ((1.0, 1, 100), (1.0, 7, 7), (0.01, 1.0)),
        ((100.0, 7, 7), (0.0, 0, 7), (1.0, 0.0)),
        ((45.5, None, None), (0.5, None, None), (0.455, 0.005)),  # above 1 it is no ratio
        ((0.5, 0, 0), (0.25, 1, 4), (0.5, 0.25)),
        ((0.5, None, None), (None, None, None), (0.5, None)),  # nothing tells: as the catalog says
        ((1.0, 0, 0), (30.0, 3, 10), (0.01, 0.3)),
    ],
)
def test_a_ratio_is_decided_by_its_counts(now: Any, before: Any, expected: Any) -> None:
    assert scaled(RATIO, now, before) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("now", "expected"),
    [((0.372, 41, 110), 37.2), ((37.2, 41, 110), 37.2), ((0.5, 1, 200), 0.5), ((0.5, 0, 0), 0.5)],
)
def test_a_percentage_is_decided_by_its_counts(now: Any, expected: Any) -> None:
    assert scaled(PCT, now)[0] == pytest.approx(expected)


def test_a_share_of_counts_that_its_table_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^table t: no column 'part' for share_ratio$"):
        Table(
            name="t", summary="T", rows=(Rows(),),
            columns=tuple(measure("share", RATIO, "share", ratio_of=("part", "whole"))),
        )  # fmt: skip


def test_an_unconfirmed_unit_says_so_in_the_database() -> None:
    (column,) = (
        c for c in REPORTS["user_chat"].tables[0].columns if c.name == "delta_wait_time_pct"
    )
    assert column.comment == (
        "Change against the previous period: average wait until picked up (unit unconfirmed: "
        "no sample of the vendor has a value) (relative change in percent)"
    )


def test_the_dates_of_a_case_are_those_of_its_request() -> None:
    result = fetch("company_overall", answer_of("delta_infinity_string", "/v2/reports/company"))
    (row,) = result.rows["company_overall"]
    assert row["start_at"] == at("2026-03-04T05:00")


def test_a_row_that_is_null_is_kept_since_the_api_counts_it() -> None:
    page = {"results": [{"id": 5, "number": 1}, None], "page": 1, "pages": 1, "count": 2}
    result = fetch("conversations_drilldown", {"conversations": page})
    rows = result.rows["conversations_drilldown"]
    assert [row.get("conversation_id") for row in rows] == [5, None]
    assert (result.status, result.api_count) == (Status.LOADED, 2)
