"""Wrong breakdowns and groups are refused with the reason."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.errors import ConfigurationError
from sources.help_scout.planning.breakdowns import (
    parse_breakdown,
    parse_groups,
)

GROUPS = parse_groups(
    {"mailbox": {"EU": [2, 1], "US": [3]}, "type": {"written": ["email", "chat"]}}
)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"user": {"A": [1]}}, "groups.user: groups can be made of mailbox, tag, type, folder, "),
        ({"mailbox": [1, 2]}, "groups.mailbox: expected names with lists of items, EU = [1, 2]"),
        ({"mailbox": {"EU": []}}, "groups.mailbox.EU: expected a list of items, [1, 2]"),
        ({"mailbox": {"EU": "1,2"}}, "groups.mailbox.EU: expected a list of items, [1, 2]"),
        ({"mailbox": {"EU": ["one"]}}, "groups.mailbox.EU: mailbox=one: expected a number"),
        ({"mailbox": {"1+2": [1]}}, "groups.mailbox.1+2: name it by letters, digits"),
        ({"type": {"email": ["chat"]}}, "groups.type.email: name it by letters, digits"),
    ],
)
def test_a_wrong_group_is_refused_with_the_reason(groups: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        parse_groups(groups)


@pytest.mark.parametrize(
    ("report", "text", "message"),
    [
        (
            "company_overall",
            "user",
            (
                "breakdown 'user' of company_overall: the report does not take 'user'; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "docs_overall",
            "mailbox",
            (
                "breakdown 'mailbox' of docs_overall: the report does not take 'mailbox'; "
                "it takes: site"
            ),
        ),
        (
            "company_overall",
            "",
            (
                "breakdown '' of company_overall: the report does not take ''; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "company_overall",
            "all,mailbox",
            (
                "breakdown 'all,mailbox' of company_overall: the report does not take 'all'; "
                "it takes: folder, mailbox, tag, type"
            ),
        ),
        (
            "user_overall",
            "mailbox",
            (
                "breakdown 'mailbox' of user_overall: the report needs 'user' or 'team' in each "
                "breakdown"
            ),
        ),
        (
            "conversations_fields_drilldown",
            "all",
            (
                "breakdown 'all' of conversations_fields_drilldown: the report needs 'field' in "
                "each breakdown"
            ),
        ),
        (
            "company_overall",
            "mailbox=1,mailbox=2",
            (
                "breakdown 'mailbox=1,mailbox=2' of company_overall names 'mailbox' twice: write "
                "one breakdown for each value"
            ),
        ),
        (
            "company_overall",
            "mailbox, mailbox",
            (
                "breakdown 'mailbox, mailbox' of company_overall names 'mailbox' twice: write "
                "one breakdown for each value"
            ),
        ),
        (
            "company_overall",
            "mailbox=",
            "breakdown 'mailbox=' of company_overall: 'mailbox' needs a value: mailbox=…",
        ),
        (
            "docs_overall",
            "site=example",
            "site=example: expected 24 of 0-9 and a-f, or a group of groups.site, which names none",
        ),
        (
            "user_overall",
            "user,team",
            (
                "breakdown 'user,team' of user_overall: user and team are one parameter, write a "
                "breakdown for each"
            ),
        ),
        (
            "company_overall",
            "mailbox_group",
            "breakdown 'mailbox_group' of company_overall: groups.mailbox names no group",
        ),
        (
            "user_overall",
            "user_group",
            (
                "breakdown 'user_group' of user_overall: the report does not take 'user_group'; it "
                "takes: folder, mailbox, office_hours, tag, team, type, user"
            ),
        ),
        (
            "user_overall",
            "user=4+5",
            "user=4+5: takes one value at a time, 4|5 for each",
        ),
        (
            "company_overall",
            "type=fax",
            (
                "type=fax: expected one of email, chat, phone, or a group of groups.type, which "
                "names none"
            ),
        ),
        (
            "company_drilldown",
            "range=replies,range_id=6",
            (
                "breakdown 'range=replies,range_id=6' of company_drilldown: range=replies has no "
                "range_id 6, only 1 to 5"
            ),
        ),
        (
            "company_drilldown",
            "range=resolved,range_id=1",
            (
                "breakdown 'range=resolved,range_id=1' of company_drilldown: range=resolved has no "
                "range_id 1, nor any other"
            ),
        ),
        (
            "conversations_fields_drilldown",
            "field,field_id=4",
            (
                "breakdown 'field,field_id=4' of conversations_fields_drilldown: field_id needs "
                "its field: field=tagid,field_id=…"
            ),
        ),
        (
            "conversations_drilldown",
            "mailbox",
            (
                "breakdown 'mailbox' of conversations_drilldown: the rows say their mailbox "
                "themselves, in mailbox_id: group by it. To load one mailbox only, write mailbox=…"
            ),
        ),
        (
            "happiness_ratings",
            "type=email|chat",
            (
                "breakdown 'type=email|chat' of happiness_ratings: the rows say their type "
                "themselves, in conversation_type: group by it. To load one type only, write type=…"
            ),
        ),
        (
            "user_drilldown",
            "user,tag",
            (
                "breakdown 'user,tag' of user_drilldown: the rows say their tag themselves, in "
                "tag_id: group by it. To load one tag only, write tag=…"
            ),
        ),
        (
            "docs_overall",
            "site=",
            "breakdown 'site=' of docs_overall: 'site' needs a value: site=…",
        ),
        (
            "company_drilldown",
            "range=replies,range_id=few",
            "range_id=few: expected a number",
        ),
        (
            "company_overall",
            "mailbox=EU",
            (
                "mailbox=EU: expected a number (the table inboxes has them), or a group of "
                "groups.mailbox, which names none"
            ),
        ),
        (
            "company_overall",
            "mailbox=-1",
            (
                "mailbox=-1: expected a number (the table inboxes has them), or a group of "
                "groups.mailbox, which names none"
            ),
        ),
        ("user_overall", "user=4,office_hours=yes", "office_hours=yes: expected true or false"),
    ],
)
def test_a_wrong_breakdown_is_refused_with_the_reason(report: str, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        parse_breakdown(text, REPORTS[report])


def test_a_misspelt_group_is_told_which_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"or a group of groups\.mailbox: EU"):
        parse_breakdown("mailbox=EUX", REPORTS["company_overall"], GROUPS)


def test_a_group_is_not_called_like_an_item() -> None:
    with pytest.raises(ConfigurationError, match="is an item"):
        parse_groups({"site": {"abcdefabcdefabcdefabcdef": ["0" * 24]}})
