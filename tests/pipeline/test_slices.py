"""Every slice of every report holds what the sandbox's own SQL says for that filter."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sources.help_scout.catalog.model import PAGED, Report, Shape
from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.parsing.flatten import flatten_report
from sources.help_scout_sandbox import Sandbox
from sources.help_scout_sandbox.answers.request import ReportRequest
from sources.help_scout_sandbox.answers.routes import ENDPOINTS
from tests.helpers.loads import load_into, query

pytestmark = [pytest.mark.slow(minutes=1), pytest.mark.xdist_group("slices")]

GROUPS = {"mailbox": {"both": [85001, 85002]}, "tag": {"some": [1, 1202]}}
USER = ["user", "team", "user,mailbox"]
BREAKDOWNS = {
    "every_report": ["all", "mailbox,type", "type", "tag", "folder", "mailbox", "mailbox_group"],
    "docs_overall": ["all", "site"],
    "company_drilldown": ["range,range_id", "range=replies,mailbox=85001"],
    "conversations_fields_drilldown": ["field", "field=tagid,field_id=1202"],
    "conversations_drilldown": ["all", "folder", "type=chat"],
    "happiness_ratings": ["all", "rating", "mailbox", "tag=some"],
    "user_conversation_history": [*USER, "user,status"],
    "user_ratings": [*USER, "user,rating"],
}
for name in ("overall", "customers_helped", "happiness", "replies", "resolutions", "chat"):
    BREAKDOWNS[f"user_{name}"] = USER
BREAKDOWNS["user_drilldown"] = ["user", "team", "user,type=email"]
OVERALL = [r.name for r in REPORTS.values() if r.shape in (Shape.OVERALL, Shape.HEATMAP)]
ENDPOINT = {endpoint.path: endpoint for endpoint in ENDPOINTS}
Key = tuple[str, str, datetime, datetime]


@pytest.fixture(scope="module")
def sliced(
    small_account: tuple[Sandbox, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sandbox, Path]:
    """Two days and the week that they end, in slices of every kind."""
    sandbox, base_url = small_account
    warehouse = tmp_path_factory.mktemp("slices") / "slices.duckdb"
    summary = load_into(
        warehouse,
        base_url,
        since="2026-11-07",
        until="2026-11-09",
        breakdowns=BREAKDOWNS,
        groups=GROUPS,
        grains={name: ["week"] for name in OVERALL},
        office_hours="both",
        compare_to="none",
    )
    assert summary.exit_code() == 0
    return sandbox, warehouse


def windows_of(warehouse: Path, report: Report) -> list[Key]:
    rows = query(
        warehouse,
        "select slice, grain, window_start, window_end from report_windows "
        f"where report = '{report.name}' order by all",
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def request_for(sandbox: Sandbox, report: Report, key: Key) -> ReportRequest:
    """The request that the sandbox itself would make of the slice's text."""
    text, grain, start, end = key
    values = dict(term.split("=") for term in text.split(",") if text != "all")
    roster = sandbox.account.roster
    person = values.get("team") or values.get("user")
    inbox, tag = values.get("mailbox"), values.get("tag")
    return ReportRequest(
        current=(int(start.timestamp()), int(end.timestamp()) - 1),
        inboxes=tuple(GROUPS["mailbox"].get(inbox) or [int(inbox)]) if inbox else (),
        tags=tuple(GROUPS["tag"].get(tag) or [int(tag)]) if tag else (),
        channels=(values["type"],) if "type" in values else (),
        folders=(int(values["folder"]),) if "folder" in values else (),
        sites=(values["site"],) if "site" in values else (),
        user=int(person) if person else None,
        members=roster.members_of(int(person)) if person else (),
        office_hours="office_hours" in values,
        view_by=grain if report.shape is Shape.SERIES else None,
        range=values.get("range"),
        range_id=int(values["range_id"]) if "range_id" in values else None,
        field=values.get("field"),
        field_id=int(values["field_id"]) if "field_id" in values else None,
        rating=values.get("rating"),
        status=values.get("status"),
        sort_field="number" if report.sort else None,
        descending=False,
        rows=10_000,
    )


def truth(sandbox: Sandbox, report: Report, request: ReportRequest) -> dict[str, list[Any]]:
    """The rows of a window by the sandbox's own SQL, all pages."""
    endpoint = ENDPOINT[report.path]
    bodies: list[tuple[Any, dict[str, int | str]]] = []
    items: list[int | None] = [request.field_id]
    if request.field is not None and request.field_id is None:
        top = {"tagid": "tags", "replyid": "replies", "workflowid": "workflows"}
        overall = ENDPOINT["conversations"].body(
            sandbox.account, ReportRequest(current=request.current), sandbox.series
        )
        items = [row["id"] for row in overall[top.get(request.field, "customers")]["top"]]
    for item in items:
        page, pages = 1, 1
        while page <= pages:
            asked = replace(request, page=page, field_id=item)
            body = endpoint.body(sandbox.account, asked, sandbox.series)
            envelope = body.get("conversations", body) if isinstance(body, dict) else {}
            pages = envelope.get("pages", 1) if report.shape in PAGED else 1
            bodies.append((body, {} if item is None else {"field_id": item}))
            page += 1
    rows = flatten_report(report, bodies, compares=request.previous is not None).rows
    return {name: list(found) for name, found in rows.items()}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_every_slice_is_what_the_sandbox_s_own_sql_says(
    report: Report, sliced: tuple[Sandbox, Path]
) -> None:
    sandbox, warehouse = sliced
    stored = {
        table.name: query(
            warehouse,
            "select slice, grain, window_start, "
            + ", ".join(f'"{column.name}"' for column in table.columns)
            + f" from {table.name}",
        )
        for table in report.tables
    }
    kinds = set()
    keys = windows_of(warehouse, report)
    for key in keys:
        kinds.add(",".join(term.split("=")[0] for term in key[0].split(",")))
        rows = truth(sandbox, report, request_for(sandbox, report, key))
        for table in report.tables:
            names = [c.name for c in table.columns if c.name != "range_label"]
            here = [c.name for c in table.columns]
            expected = sorted(
                (tuple(row.get(name) for name in names) for row in rows[table.name]), key=repr
            )
            found = sorted(
                (
                    tuple(row[3 + here.index(name)] for name in names)
                    for row in stored[table.name]
                    if (row[0], row[1], row[2]) == key[:3]
                ),
                key=repr,
            )
            assert [_same(row) for row in found] == [_same(row) for row in expected], key
    assert len(keys) > 0
    assert kinds >= expected_kinds(report)


def _same(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value.timestamp() if isinstance(value, datetime) else value for value in row)


def expected_kinds(report: Report) -> set[str]:
    """Kinds of slices that must be among the report's windows."""
    if report.name in BREAKDOWNS:
        kinds = {"user", "team"} if "user" in report.requires else set()
    elif report.shape in PAGED:
        kinds = {"all"}
    else:
        kinds = {"all", "mailbox", "tag", "folder"}
        if "types" in report.filters:
            kinds |= {"type", "mailbox,type"}
    if report.office_hours:
        kinds |= {f"{kind},office_hours" if kind != "all" else "office_hours" for kind in kinds}
    return kinds


BY_HAND = {
    "mailbox=85001,type=email": "inbox_id = 85001 and channel = 'email'",
    "mailbox=both": "inbox_id in (85001, 85002)",
    "tag=1202": "conversation_id in (select conversation_id from tagged where tag_id = 1202)",
    "tag=1": "conversation_id in (select conversation_id from conversation where tag_count = 0)",
    "folder=850014": "conversation_id in (select conversation_id from conversation "
    "where folder_id = 850014)",
    "all": "1 = 1",
}


@pytest.mark.parametrize("slice_", BY_HAND)
def test_conversations_of_a_slice_are_those_counted_by_hand(
    slice_: str, sliced: tuple[Sandbox, Path]
) -> None:
    sandbox, warehouse = sliced
    ((found, start, end),) = query(
        warehouse,
        "select conversations_created, window_start, window_end from conversations_overall "
        f"where slice = '{slice_}' and grain = 'week'",
    )
    ((counted,),) = sandbox.account.query(
        "select count(distinct conversation_id) from event where opening = 1 and hidden = 0 "
        f"and ts >= ? and ts < ? and {BY_HAND[slice_]}",
        (int(start.timestamp()), int(end.timestamp())),
    )
    assert found == counted > 0


def test_replies_of_users_and_teams_are_those_counted_by_hand(
    sliced: tuple[Sandbox, Path],
) -> None:
    sandbox, warehouse = sliced
    rows = query(
        warehouse,
        "select slice_user_id, slice_team_id, total_replies, window_start, window_end "
        "from user_overall where slice_kind in ('user', 'team') and grain = 'week'",
    )
    assert {team is None for _, team, *_ in rows} == {True, False}
    for user, team, replies, start, end in rows:
        members = sandbox.account.roster.members_of(team or user)
        ((counted,),) = sandbox.account.query(
            "select count(*) from event where kind = 2 and hidden = 0 and ts >= ? and ts < ? "
            f"and user_id in ({', '.join(map(str, members))})",
            (int(start.timestamp()), int(end.timestamp())),
        )
        assert replies == counted


def test_a_group_is_asked_for_as_one_and_named_in_its_rows(sliced: tuple[Sandbox, Path]) -> None:
    _, warehouse = sliced
    assert query(
        warehouse,
        "select distinct slice_kind, slice_group, slice_mailbox_id, slice "
        "from conversations_overall where slice_group is not null",
    ) == [("mailbox_group", "both", None, "mailbox=both")]
    ((text,),) = query(
        warehouse,
        "select distinct query from report_windows where report = 'conversations_overall' "
        "and slice = 'mailbox=both'",
    )
    assert "mailboxes=85001,85002&" in text
