"""Whether nothing is a fact: what the overall report says of a window for which nothing came.

A series that leaves a bucket out, or a list of rows that is empty where it held some, says nothing
by itself. The overall report of the same window and slice counts what should be there.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ..catalog.model import COUNT
from ..catalog.reports import REPORTS
from ..catalog.slices import SLICE_PARAMS
from ..errors import HelpScoutError, Stopped
from ..parsing.envelope import unwrap
from ..parsing.flatten import Flattened, flatten_report
from ..planning.request_plan import Read, plan_read
from ..planning.windows import Window
from .answer_checks import check_report
from .result import RequestStats, WindowResult, result_of

_UTC = ZoneInfo("UTC")


def is_zero_elsewhere(stats: RequestStats, read: Read, window: Window, *, otherwise: bool) -> bool:
    """Whether the overall report says that there is nothing in the window; `otherwise` is what to
    believe of reports that no other one covers, and where it does not answer."""
    overall = read.report.overall
    if overall is None or not _takes(overall[0], read):
        return otherwise
    report, column = REPORTS[overall[0]], overall[1]
    request = plan_read(report, (window,), read.slice, zone=_UTC).parts[0].request
    try:
        body = unwrap(report, stats.get(request))
        check_report(report, body)
        rows = flatten_report(report, [(body, {})], compares=False).rows[report.name]
    except Stopped:
        raise
    except HelpScoutError:
        return otherwise
    is_count = report.tables[0].column(column).unit == COUNT
    # An average of nothing is null; a count that is null is not known.
    return all(row.get(column) == 0 or (row.get(column) is None and not is_count) for row in rows)


def _takes(report: str, read: Read) -> bool:
    """Whether the report can be asked for the read's slice."""
    params = {SLICE_PARAMS[name].param for name, _ in read.slice.values}
    return params <= REPORTS[report].wire_params


def doubted(stats: RequestStats, read: Read, window: Window, what: str) -> WindowResult:
    """The result of a window for which nothing came, though it should: what is stored of it
    stays."""
    result = result_of(stats, read, window, Flattened({read.report.name: []}), complete=False)
    result.keeps_stored = True
    result.error = (
        f"{read.report.name}: {what} {window}, asked more than once, and nothing says that it is "
        "zero. What was stored of it stays"
    )
    return result
