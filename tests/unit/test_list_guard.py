"""Lists that came with less than is known, or were refused: what a run goes by and says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sources.help_scout.errors import ReportUnavailable, RequestRefused, Unreachable
from sources.help_scout.extract.list_guard import GivenList, KnownList, ListStatus, weigh
from sources.help_scout.planning.request_plan import Request
from tests.helpers.builders import NOW
from tests.helpers.stand_in_account import INBOXES, hal, run_over

LAST_NIGHT = NOW - timedelta(days=1)
REFUSED = ReportUnavailable("no", status=403)
EMPTY: Any = {"_links": {}}


def items(*ids: int, parent: int | None = None) -> list[tuple[int | None, dict[str, Any]]]:
    return [(parent, {"id": number}) for number in ids]


def doubted(*nights: tuple[float, int]) -> list[Any]:
    """Earlier nights that saw fewer items: how many days ago, how many items."""
    return [(NOW - timedelta(days=ago), count) for ago, count in nights]


def status(given: int, known: int, *nights: tuple[float, int]) -> ListStatus:
    """What a list comes to of which `given` of the `known` items came."""
    return weigh(
        GivenList(items=items(*range(given))),
        KnownList(items=items(*range(known)), read_at=LAST_NIGHT, doubted=doubted(*nights)),
        NOW,
    ).status


@pytest.mark.parametrize(
    ("given", "known", "nights", "expected"),
    [
        (0, 0, [], "loaded"),
        (18, 20, [], "loaded"),  # a tenth
        (17, 20, [], "shrunk"),
        (0, 1, [], "shrunk"),
        (0, 20, [(1, 0), (2, 0)], "shrunk"),
        (0, 20, [(1, 0), (2, 0), (3, 0)], "loaded"),
        (0, 20, [(1, 0), (1.01, 0), (1.02, 0), (2, 0)], "shrunk"),  # two nights, four runs
        (0, 20, [(0.1, 0), (1, 0), (2, 0)], "shrunk"),  # the third is this night
        (0, 20, [(1, 17), (2, 17), (3, 17)], "shrunk"),  # they saw less of a loss
        (15, 20, [(1, 0), (2, 0), (3, 15)], "loaded"),
    ],
)
def test_a_loss_is_believed_when_it_is_small_or_three_nights_have_seen_it(
    given: int, known: int, nights: list[tuple[float, int]], expected: str
) -> None:
    assert status(given, known, *nights) == expected


def test_until_it_is_believed_the_known_items_are_used_and_stay_the_listed_ones() -> None:
    known = KnownList(items=items(1, 2, 3), read_at=LAST_NIGHT)
    read = weigh(GivenList(items=items(3, 4)), known, NOW)
    assert (read.status, read.used, read.seen_at) == (
        ListStatus.SHRUNK,
        items(3, 4, 1, 2),
        LAST_NIGHT,
    )
    assert read.error == (
        "2 of 3 known items are missing: they stay in use, and are taken as gone after 3 nights"
    )


def test_a_list_that_says_itself_that_items_are_missing_hides_no_known_one() -> None:
    known = KnownList(items=items(*range(1, 21)), read_at=LAST_NIGHT)
    given = GivenList(items=items(*range(2, 22)), problem="the API counts 22 items")
    read = weigh(given, known, NOW)
    assert (read.status, read.kept) == (ListStatus.INCOMPLETE, items(1))
    assert (weigh(given, None, NOW).kept, weigh(given, None, NOW).seen_at) == ([], NOW)


def test_a_refused_list_is_used_as_it_is_known() -> None:
    given = GivenList(refusal=REFUSED)
    read = weigh(given, KnownList(items=items(1)), NOW)
    assert (read.status, read.used, read.refusal) == (ListStatus.UNAVAILABLE, items(1), None)
    assert weigh(given, None, NOW).refusal is REFUSED


def test_items_of_a_parent_that_is_refused_or_gone_are_not_lost_items() -> None:
    of_others = items(1, 2, parent=4) + items(7, 8, parent=6)
    known = KnownList(items=of_others + items(3, parent=5), read_at=LAST_NIGHT)
    given = GivenList(
        items=items(3, parent=5), above="inboxes", answered=frozenset({5}),
        refused=frozenset({4}), left_out=1,
    )  # fmt: skip
    read = weigh(given, known, NOW)
    assert (read.status, read.used, read.seen_at) == (
        ListStatus.PARTIAL,
        items(3, parent=5),
        NOW,
    )
    assert read.error == "refused for some inboxes: 4; left out, since they have no id: 1"


# --- in a run -------------------------------------------------------------------------------


def knowing(name: str, *ids: int) -> Callable[[str], KnownList | None]:
    known = KnownList(items=items(*ids), read_at=LAST_NIGHT)
    return lambda asked: known if asked == name else None


def test_a_list_that_lost_items_is_asked_for_once_more() -> None:
    bodies = [EMPTY, hal("mailboxes", {"id": 4}, {"id": 5})]
    with run_over({INBOXES: lambda _request: bodies.pop(0)}) as (run, account):
        run.lists.attach(knowing("inboxes", 4, 5))
        assert run.lists.ids_of("inboxes") == [4, 5]
        assert run.lists.read_of("inboxes").status is ListStatus.LOADED
    assert account.paths == [INBOXES, INBOXES]


def test_a_list_that_stays_empty_drops_no_item_and_no_item_of_its_items() -> None:
    bodies = {INBOXES: EMPTY, f"{INBOXES}/4/folders": hal("folders", {"id": 8})}
    with run_over(bodies) as (run, account):
        assert run.lists.ids_of("inboxes") == []
        run.lists.attach(knowing("inboxes", 4))  # also when the warehouse is opened later
        assert run.lists.ids_of("inboxes") == [4]
        assert run.lists.list_of("inbox_folders") == items(8, parent=4)
        assert run.lists.read_of("inboxes").items == []
    assert account.paths == [INBOXES, INBOXES, f"{INBOXES}/4/folders"]


def test_a_list_that_fails_when_it_is_asked_for_once_more_is_as_it_came() -> None:
    bodies: list[Any] = [hal("mailboxes", {"id": 4}), Unreachable("down", status=502)]
    with run_over({INBOXES: lambda _request: bodies.pop(0)}) as (run, _):
        run.lists.attach(knowing("inboxes", 4, 5))
        assert run.lists.ids_of("inboxes") == [4, 5]
        assert run.lists.read_of("inboxes").status is ListStatus.SHRUNK


@pytest.mark.parametrize("refusal", [REFUSED, RequestRefused("no", status=404)])
def test_a_refusal_for_one_parent_costs_its_items_only(refusal: Exception) -> None:
    def folders(request: Request) -> Any:
        return refusal if "/4/" in request.path else hal("folders", {"id": 9}, {"id": None}, {})

    paths = [f"{INBOXES}/{inbox}/folders" for inbox in (4, 5)]
    bodies = {INBOXES: hal("mailboxes", {"id": 4}, {"id": 5}), **dict.fromkeys(paths, folders)}
    with run_over(bodies) as (run, _):
        read = run.lists.read_of("inbox_folders")
    assert (read.status, read.used, read.left_out) == (ListStatus.PARTIAL, items(9, parent=5), 2)
    assert read.error == "refused for some inboxes: 4; left out, since they have no id: 2"


def test_a_refused_list_refuses_the_lists_of_its_items() -> None:
    with run_over({INBOXES: REFUSED}) as (run, account):
        for name in ("inboxes", "inbox_folders", "custom_field_options"):
            assert run.lists.read_of(name).status is ListStatus.UNAVAILABLE
            with pytest.raises(ReportUnavailable):
                run.lists.list_of(name)
    assert account.paths == [INBOXES]
