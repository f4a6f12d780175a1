"""The 32 reports: their paths, the parameters each takes, and what answers them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..history.account import Account
from ..history.surprises import Surprises
from . import drilldown
from .facts import Facts
from .reports import channels, company, conversations, docs, happiness, productivity, users
from .request import ReportRequest
from .series import Series, SeriesOptions, answer_series
from .surprising_bodies import surprising

WINDOW = ("start", "end")
COMPARED = (*WINDOW, "previousStart", "previousEnd")
FILTERS = ("mailboxes", "tags", "types", "folders")
PAGED = ("page", "rows")
RATINGS = ("page", "sortField", "sortOrder", "rating")
RATING_SORTS = ("number", "modifiedAt", "rating")
HISTORY_SORTS = ("number", "repliesSent", "responseTime", "resolveTime")
HAL = "application/hal+json"
NO_SURPRISES = Surprises()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One report. `only_channel` restricts the reports that are about one channel."""

    path: str
    params: tuple[str, ...]
    answer: Callable[[Facts], Any] | Series
    required: tuple[str, ...] = WINDOW
    sort_fields: tuple[str, ...] = ()
    only_channel: str = ""
    media_type: str = "application/json"

    def body(
        self,
        account: Account,
        request: ReportRequest,
        options: SeriesOptions,
        surprises: Surprises = NO_SURPRISES,
    ) -> Any:
        """The report's body; the caller keeps changes of the account out meanwhile."""
        if self.only_channel:
            request = replace(request, channels=(self.only_channel,))
        facts = Facts(account, request)
        if isinstance(self.answer, Series):
            return answer_series(self.answer, options, facts)
        return surprising(self.path, self.answer(facts), facts, surprises)


def _overall(path: str, answer: Callable[[Facts], Any], *more: str) -> Endpoint:
    return Endpoint(path=path, params=(*COMPARED, *FILTERS, *more), answer=answer)


def _series(path: str, series: Series, *more: str) -> Endpoint:
    return Endpoint(path=path, params=(*COMPARED, *FILTERS, "viewBy", *more), answer=series)


def _drilldown(path: str, answer: Callable[[Facts], Any], *required: str) -> Endpoint:
    params = (*WINDOW, *FILTERS, *PAGED, *required)
    return Endpoint(path=path, params=params, answer=answer, required=(*WINDOW, *required))


def _of_user(endpoint: Endpoint) -> Endpoint:
    params = tuple(dict.fromkeys((*endpoint.params, "user")))
    return replace(endpoint, params=params, required=("user", *WINDOW))


def _channel(path: str, answer: Callable[[Facts], Any], channel: str, media: str) -> Endpoint:
    return Endpoint(
        path=path,
        params=(*COMPARED, "mailboxes", "tags", "folders", "officeHours"),
        answer=answer,
        only_channel=channel,
        media_type=media,
    )


def _time(metric: str) -> Series:
    return Series({"time": metric}, is_time=True)


HELPED = Series({"customers": "customers_helped"})
REPLIES = Series({"replies": "replies"})
RESOLVED = Series({"resolved": "resolved"})
RECEIVED = Series({"count": "received"}, instant="start")
RECEIVED_OTHERWISE = Series({"messages": "received"})
VOLUMES = Series({"chat": "new_chat", "email": "new_email", "phone": "new_phone"})
TOUCHED_VOLUMES = Series({"chat": "chat", "email": "email", "phone": "phone"})

_RATINGS_LIST = replace(
    _overall("happiness/ratings", happiness.company_ratings_list, *RATINGS),
    sort_fields=RATING_SORTS,
)
_RANGE_DRILLDOWN = _drilldown("company/drilldown", drilldown.range_drilldown, "range")

ENDPOINTS = (
    _overall("company", company.company_overall),
    _series("company/customers-helped", HELPED),
    replace(_RANGE_DRILLDOWN, params=(*_RANGE_DRILLDOWN.params, "rangeId")),
    _overall("conversations", conversations.conversations_overall),
    _series("conversations/volume-by-channel", VOLUMES),
    _overall("conversations/busy-times", conversations.busy_times),
    _drilldown("conversations/drilldown", drilldown.touched_drilldown),
    _drilldown("conversations/fields-drilldown", drilldown.fields_drilldown, "field", "fieldid"),
    _series("conversations/new", Series({"count": "created"}, instant="start")),
    _drilldown("conversations/new-drilldown", drilldown.new_drilldown),
    _series("conversations/received-messages", RECEIVED),
    Endpoint(path="docs", params=(*COMPARED, "sites"), answer=docs.docs_overall),
    _overall("happiness", happiness.happiness_overall),
    _RATINGS_LIST,
    _overall("productivity", productivity.productivity_overall, "officeHours"),
    _series("productivity/first-response-time", _time("first_response_time"), "officeHours"),
    _series("productivity/replies-sent", REPLIES, "officeHours"),
    _series("productivity/resolution-time", _time("resolution_time"), "officeHours"),
    _series("productivity/resolved", RESOLVED, "officeHours"),
    _series("productivity/response-time", _time("response_time"), "officeHours"),
    _of_user(_overall("user", users.user_overall, "officeHours")),
    replace(
        _of_user(
            _overall(
                "user/conversation-history",
                users.conversation_history,
                *("status", "officeHours", "page", "sortField", "sortOrder"),
            )
        ),
        sort_fields=HISTORY_SORTS,
    ),
    _of_user(_series("user/customers-helped", HELPED)),
    _of_user(_drilldown("user/drilldown", drilldown.user_drilldown)),
    _of_user(_overall("user/happiness", happiness.user_happiness)),
    replace(
        _of_user(_overall("user/ratings", happiness.ratings_list, *RATINGS)),
        sort_fields=RATING_SORTS,
    ),
    _of_user(_series("user/replies", REPLIES)),
    _of_user(_series("user/resolutions", RESOLVED)),
    Endpoint(
        path="user/chat",
        params=(*COMPARED, "user", "mailboxes", "tags", "officeHours"),
        required=("user", *WINDOW),
        answer=users.user_chat,
    ),
    _channel("chat", channels.chat, "chat", "application/json"),
    _channel("email", channels.email, "email", HAL),
    _channel("phone", channels.phone, "phone", HAL),
)


def endpoints_by_path(options: SeriesOptions) -> dict[str, Endpoint]:
    """The reports by their full path, spelled as the options say."""
    by_path = {f"/v2/reports/{endpoint.path}": endpoint for endpoint in ENDPOINTS}
    if options.received_messages_as == "date/messages":
        path = "/v2/reports/conversations/received-messages"
        by_path[path] = replace(by_path[path], answer=RECEIVED_OTHERWISE)
    if options.channels_count == "touched":
        path = "/v2/reports/conversations/volume-by-channel"
        by_path[path] = replace(by_path[path], answer=TOUCHED_VOLUMES)
    return by_path
