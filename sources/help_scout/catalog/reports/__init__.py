"""The 32 reports, in the order in which they are loaded: reports that name the items of others
(users, saved replies, workflows) come first."""

from __future__ import annotations

from collections.abc import Mapping

from ..model import Report
from . import channels, company, conversations, docs, happiness, productivity, user

REPORTS: Mapping[str, Report] = {
    report.name: report
    for module in (company, conversations, docs, happiness, productivity, user, channels)
    for report in module.REPORTS
}
