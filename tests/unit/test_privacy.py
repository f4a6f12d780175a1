"""What becomes of personal data, row by row."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.parsing.redaction import Forgotten, Privacy, personal_columns

KEY = "a key of many characters"
DRILLDOWN = REPORTS["conversations_drilldown"]
JANE = {
    "conversation_id": 1,
    "subject": "My order",
    "customer_name": "Jane Doe",
    "customer_email": "Jane@Example.com",
    "assigned_user_name": "Kim",
    "mailbox_id": 9,
    "new_field": "a text that nobody knows",
    "new_number": 5.0,
}
JOE = {**JANE, "conversation_id": 2, "customer_email": "joe@example.com", "customer_name": None}
BLOCK: dict[str, list[dict[str, Any]]] = {
    "conversations_drilldown": [JANE, JOE],
    "conversations_drilldown_customers": [
        {"conversation_id": 1, "customer_id": 71},
        {"conversation_id": 2, "customer_id": 72},
    ],
}


def protected(privacy: Privacy) -> list[dict[str, Any]]:
    return list(privacy.protect_report(DRILLDOWN, BLOCK)["conversations_drilldown"])


def test_by_default_everything_is_kept() -> None:
    assert Privacy().protect_report(DRILLDOWN, BLOCK) is BLOCK


def test_hashes_are_keyed_and_join() -> None:
    (jane, joe), (other, _) = (protected(Privacy("hash", key=k)) for k in (KEY, KEY[::-1]))
    assert re.fullmatch("hash:[0-9a-f]{32}", jane["customer_email"])
    assert jane["assigned_user_name"] == joe["assigned_user_name"] != "Kim"
    assert jane["customer_email"] != other["customer_email"]
    assert (jane["mailbox_id"], jane["conversation_id"], joe["customer_name"]) == (9, 1, None)
    assert jane["new_field"].startswith("hash:")
    assert jane["new_number"] == 5.0


def test_what_is_dropped_is_null_and_single_columns_can_be_kept() -> None:
    columns = {"assigned_user_name": "keep", "conversations_drilldown.subject": "keep"}
    jane, _ = protected(Privacy("drop", columns))
    assert (jane["customer_name"], jane["customer_email"], jane["new_field"]) == (None,) * 3
    assert (jane["assigned_user_name"], jane["subject"]) == ("Kim", "My order")


def test_dropped_search_terms_still_tell_rows_apart() -> None:
    rows = [
        {"search_term": "refund", "search_count": 5},
        {"search_term": "jane", "search_count": 1},
    ]
    block = {"docs_overall_failed_searches": rows}
    found = Privacy("drop").protect_report(REPORTS["docs_overall"], block)
    assert [row["search_term"] for row in found["docs_overall_failed_searches"]] == [
        "removed 1", "removed 2"
    ]  # fmt: skip


@pytest.mark.parametrize("customer", ["71", 71, "jane@example.com", " JANE@example.com "])
def test_a_forgotten_customer_leaves_nothing_but_the_conversation(customer: str | int) -> None:
    privacy = Privacy(key=KEY)
    privacy = privacy.with_forgotten(
        [Forgotten(privacy.customer_hash(customer), privacy.key_print)]
    )
    jane, joe = protected(privacy)
    empty = ("subject", "customer_name", "customer_email", "new_field")
    assert {jane[name] for name in empty} == {None}
    assert (jane["conversation_id"], jane["mailbox_id"]) == (1, 9)
    assert joe == JOE


def test_rows_of_which_nothing_tells_whose_they_are_are_emptied_once_somebody_is_forgotten() -> (
    None
):
    unnamed = {**JANE, "conversation_id": 3, "customer_email": None}
    block: dict[str, list[dict[str, Any]]] = {"user_drilldown": [unnamed]}
    privacy = Privacy(key=KEY)
    assert privacy.protect_report(REPORTS["user_drilldown"], block) == block
    privacy = privacy.with_forgotten([Forgotten(privacy.customer_hash(9), privacy.key_print)])
    (found,) = privacy.protect_report(REPORTS["user_drilldown"], block)["user_drilldown"]
    assert {found[name] for name in ("subject", "customer_name")} == {None}
    named = {**block, "user_drilldown_customers": [{"conversation_id": 3, "customer_id": 71}]}
    assert privacy.protect_report(REPORTS["user_drilldown"], named)["user_drilldown"] == [unnamed]


def test_ratings_of_a_forgotten_customer_keep_their_rating_only() -> None:
    privacy = Privacy(key=KEY)
    privacy = privacy.with_forgotten([Forgotten(privacy.customer_hash(71), privacy.key_print)])
    rating = {"customer_id": 71, "customer_name": "Jane", "rating_comments": "no!", "rating_id": 3}
    block = {"happiness_ratings": [rating | {"thread_id": 1, "rated_at": 2, "occurrence": 1}]}
    (found,) = privacy.protect_report(REPORTS["happiness_ratings"], block)["happiness_ratings"]
    assert (found["rating_comments"], found["customer_name"], found["rating_id"]) == (None, None, 3)


def test_values_that_no_row_holds_are_protected_too() -> None:
    assert Privacy().protect_unknown('["Jane"]') == '["Jane"]'
    assert Privacy("drop").protect_unknown('["Jane"]') is None
    assert "Jane" not in str(Privacy("hash", key=KEY).protect_unknown('["Jane"]'))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "remove"}, "privacy='remove': expected one of keep, hash, drop"),
        ({"mode": "hash"}, "privacy = 'hash' needs privacy_key, a secret of random characters"),
        ({"columns": {"users.email": "hash"}}, "needs privacy_key"),
        ({"columns": {"mailbox_id": "drop"}}, "'mailbox_id' is no personal column"),
        ({"columns": {"user_name": "rot13"}}, "user_name='rot13': expected one of"),
        ({"mode": "hash", "key": "short"}, "privacy_key is too short: 16 characters at least"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        Privacy(**options)


def test_without_the_key_a_warehouse_that_forgot_somebody_cannot_be_loaded() -> None:
    with pytest.raises(
        ConfigurationError, match=r"2 customers were forgotten: .* needs privacy_key"
    ):
        Privacy().with_forgotten([Forgotten("hash:1", "p"), Forgotten("hash:2", "p")])


def test_names_addresses_and_words_are_marked_personal() -> None:
    marked = {column.name for _, column, _ in personal_columns()}
    assert marked >= {
        "subject", "preview", "customer_name", "customer_email", "assigned_user_name",
        "rating_comments", "search_term", "user_name", "first_name", "last_name", "email", "phone",
    }  # fmt: skip
