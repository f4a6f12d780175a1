"""The plan: what is asked for is exactly what the windows need."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.help_scout.catalog.model import Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.slices import Slice
from sources.help_scout.planning.request_plan import (
    Part,
    Request,
    pack_series,
    plan_spans,
    wire_instant,
)
from sources.help_scout.planning.windows import Grain, Window, next_first_day, window_of
from tests.helpers.builders import NEW_YORK, at, days, examples, read_of, window

ZONES = ["America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "UTC"]
LONGEST = {Grain.DAY: timedelta(days=60), Grain.WEEK: timedelta(days=365)}


def queries(report: str, *span: Window, **options: object) -> list[dict[str, str]]:
    read = read_of(report, *span, **options)  # type: ignore[arg-type]
    return [dict(part.request.query) for part in read.parts]


# --- spans ----------------------------------------------------------------------------------


@examples
@given(
    st.sampled_from([Grain.DAY, Grain.WEEK]),
    st.dates(date(2011, 1, 1), date(2030, 1, 1)),
    st.sampled_from(ZONES).map(ZoneInfo),
    st.lists(st.booleans(), min_size=1, max_size=200),
)
def test_a_series_is_packed_whole_in_spans_that_one_request_may_cover(
    grain: Grain, day: date, zone: ZoneInfo, due: list[bool]
) -> None:
    windows = []
    for wanted in due:
        found = window_of(grain, day, zone)
        day = next_first_day(grain, found.local_date)
        if wanted and found.start < found.end:
            windows.append(found)
    spans = list(pack_series(windows))
    assert [window for span in spans for window in span] == windows
    for span in spans:
        assert all(before.end == after.start for before, after in pairwise(span))
        assert span[-1].end - span[0].start <= LONGEST[grain] or len(span) == 1
        assert not any(window.has_clock_change for window in span[:-1])


@examples
@given(st.dates(date(2012, 1, 1), date(2030, 1, 1)), st.sampled_from(ZONES).map(ZoneInfo))
def test_spans_are_not_cut_without_need(day: date, zone: ZoneInfo) -> None:
    windows = [window_of(Grain.DAY, day + timedelta(days=n), zone) for n in range(150)]
    for span, following in pairwise(pack_series(windows)):
        full = following[0].end - span[0].start > LONGEST[Grain.DAY] or len(span) == 60
        assert full or span[-1].has_clock_change or following[0].is_prolonged


def test_a_day_with_a_clock_change_ends_its_span() -> None:
    spans = list(pack_series(list(days("2026-03-06", 5))))
    assert spans == [days("2026-03-06", 3), days("2026-03-09", 2)]


def test_a_prolonged_day_stands_alone_in_its_span() -> None:
    spans = list(pack_series(list(days("2026-10-30", 4))))  # 1 November has 25 hours
    assert spans == [days("2026-10-30", 2), days("2026-11-01", 1), days("2026-11-02", 1)]


def test_sixty_days_and_an_hour_are_two_requests() -> None:
    sixty = days("2026-09-03", 60)  # the last one has 25 hours
    assert list(pack_series(list(sixty))) == [sixty[:59], sixty[59:]]
    assert list(pack_series(list(days("2026-05-01", 60)))) == [days("2026-05-01", 60)]


def test_no_windows_give_no_span() -> None:
    assert list(pack_series([])) == []


def test_spans_come_in_the_order_of_what_they_cover() -> None:
    spans = plan_spans(
        REPORTS["company_overall"],
        [Grain.DAY, Grain.WEEK, Grain.MONTH],
        NEW_YORK,
        at("2026-02-28T00:00"),
        at("2026-03-03T17:00"),
        now=at("2026-03-03T17:00"),
    )
    assert [str(span[0]) for span in spans] == [
        "day 2026-02-27",
        "month 2026-02-01",  # February and its last day end together: the longer one first
        "day 2026-02-28",
        "week 2026-02-23",
        "day 2026-03-01",
        "day 2026-03-02",
        "month 2026-03-01",  # the three that are open
        "week 2026-03-02",
        "day 2026-03-03",
    ]


@examples
@given(
    st.lists(st.sampled_from(list(Grain)), min_size=1, max_size=3, unique=True),
    st.integers(0, 100 * 24),
    st.integers(1, 100 * 24),
)
@pytest.mark.parametrize("report", ["company_overall", "conversations_new"])
def test_spans_never_step_back_in_what_their_first_windows_cover(
    report: str, grains: list[Grain], offset: int, hours: int
) -> None:
    now = datetime(2026, 6, 1, 13, tzinfo=UTC)
    after = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=offset)
    until = after + timedelta(hours=hours)
    if report == "conversations_new":
        grains = [grain for grain in grains if grain is not Grain.MONTH]
    spans = plan_spans(REPORTS[report], grains, NEW_YORK, after, until, now=now)
    covered = [span[0].covered_until(now) for span in spans]
    assert covered == sorted(covered)
    assert report == "conversations_new" or {len(span) for span in spans} <= {1}


@pytest.mark.parametrize(
    ("include_open", "expected"),
    [
        (True, ["day 2026-03-02", "day 2026-03-03", "week 2026-03-02", "month 2026-03-01"]),
        (False, ["day 2026-03-02"]),
    ],
)
def test_open_windows_are_planned_or_left_out(include_open: bool, expected: list[str]) -> None:
    now = at("2026-03-03T17:00")
    spans = plan_spans(
        REPORTS["company_overall"],
        list(Grain),
        NEW_YORK,
        at("2026-03-02T06:00"),
        now,
        now=now,
        include_open=include_open,
    )
    assert sorted(str(window) for span in spans for window in span) == sorted(expected)


def test_the_open_day_of_a_series_is_the_last_of_its_span() -> None:
    now = at("2026-03-03T17:00")
    spans = plan_spans(
        REPORTS["conversations_new"], [Grain.DAY], NEW_YORK, at("2026-03-02T00:00"), now, now=now
    )
    assert spans == [days("2026-03-01", 3)]


# --- queries --------------------------------------------------------------------------------

DAY = {"start": "2026-03-08T05:00:00Z", "end": "2026-03-09T03:59:59Z"}  # 23 hours
BEFORE = {"previousStart": "2026-03-07T05:00:00Z", "previousEnd": "2026-03-08T04:59:59Z"}
CHANGE = window("2026-03-08")


def test_the_query_of_an_overall_report() -> None:
    assert queries("company_overall", CHANGE, compare_to="previous_period") == [DAY | BEFORE]


def test_the_query_of_busy_times_has_no_previous_period() -> None:
    assert queries("conversations_busy_times", CHANGE, compare_to="previous_period") == [DAY]


def test_the_query_of_a_series_spans_its_windows() -> None:
    span = days("2026-03-06", 3)
    expected = {"start": "2026-03-06T05:00:00Z", "end": "2026-03-09T03:59:59Z", "viewBy": "day"}
    assert queries("conversations_new", *span, compare_to="previous_period") == [expected]


def test_the_query_of_a_series_by_week() -> None:
    week = window("2026-03-08", Grain.WEEK)
    expected = {"start": "2026-03-02T05:00:00Z", "end": "2026-03-09T03:59:59Z", "viewBy": "week"}
    assert queries("conversations_new", week) == [expected]


def test_the_query_of_a_drilldown_asks_for_full_pages() -> None:
    slice_ = Slice.of(range="firstResponseTime", range_id=3)
    assert queries("company_drilldown", CHANGE, slice_=slice_) == [
        DAY | {"range": "firstResponseTime", "rangeId": "3", "rows": "50", "page": "1"}
    ]


def test_the_query_of_a_list_is_sorted_so_that_pages_hold_still() -> None:
    week = window("2026-03-08", Grain.WEEK)
    assert queries("happiness_ratings", week, compare_to="previous_period") == [
        {
            "start": "2026-03-02T05:00:00Z",
            "end": "2026-03-09T03:59:59Z",
            "sortField": "number",
            "sortOrder": "ASC",
            "page": "1",
        }
    ]


def test_the_query_of_a_slice_carries_all_of_it() -> None:
    slice_ = Slice.of(user=4, mailbox=123, office_hours=True)
    assert queries("user_overall", CHANGE, slice_=slice_) == [
        DAY | {"user": "4", "mailboxes": "123", "officeHours": "true"}
    ]


def test_the_fields_drilldown_has_one_part_an_item() -> None:
    slice_ = Slice.of(field="replyid")
    read = read_of("conversations_fields_drilldown", CHANGE, slice_=slice_, items=[7, 9])
    common = DAY | {"field": "replyid", "rows": "50", "page": "1"}
    path = "/v2/reports/conversations/fields-drilldown"
    assert read.parts == (
        Part(Request.of(path, common | {"fieldid": "7"}), {"field_id": 7}),
        Part(Request.of(path, common | {"fieldid": "9"}), {"field_id": 9}),
    )


def test_the_fields_drilldown_of_no_items_asks_for_nothing() -> None:
    read = read_of("conversations_fields_drilldown", slice_=Slice.of(field="replyid"), items=[])
    assert read.parts == ()


@pytest.mark.parametrize("compare_to", ["previous_period", "previous_year", "364d", "none"])
@pytest.mark.parametrize("report", REPORTS)
def test_both_comparison_parameters_or_neither(report: str, compare_to: str) -> None:
    (query,) = queries(report, CHANGE, compare_to=compare_to)
    compared = REPORTS[report].shape is Shape.OVERALL and compare_to != "none"
    assert ("previousStart" in query, "previousEnd" in query) == (compared, compared)


@pytest.mark.parametrize("report", REPORTS)
def test_no_report_is_sent_a_parameter_that_it_does_not_take(report: str) -> None:
    (query,) = queries(report, CHANGE, compare_to="previous_period")
    assert set(query) - REPORTS[report].wire_params == set()


def test_a_read_names_its_report_slice_and_period() -> None:
    span = days("2026-03-06", 3)
    alone = read_of("conversations_new", span[0], slice_=Slice.of(mailbox=4))
    assert str(alone) == "conversations_new [mailbox=4] day 2026-03-06"
    assert str(read_of("conversations_new", *span)) == (
        "conversations_new [all] day 2026-03-06 to 2026-03-08"
    )


# --- requests -------------------------------------------------------------------------------


def test_equal_requests_are_equal_whatever_the_order_of_their_parameters() -> None:
    assert Request.of("/a", {"x": "1", "b": "2"}) == Request.of("/a", {"b": "2", "x": "1"})


def test_a_changed_request_keeps_all_other_parameters() -> None:
    request = Request.of("/a", {"start": "1", "page": "1", "mailboxes": "4"})
    assert request.with_params(page="2").query_text == "mailboxes=4&page=2&start=1"
    assert request.without("page").query_text == "mailboxes=4&start=1"
    assert request.query_text == "mailboxes=4&page=1&start=1"


def test_the_wire_writes_instants_in_utc_to_the_second() -> None:
    local = datetime(2026, 3, 8, 3, 0, 0, 999_999, tzinfo=NEW_YORK)
    assert wire_instant(local) == "2026-03-08T07:00:00Z"
