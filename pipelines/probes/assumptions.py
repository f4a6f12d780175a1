"""All assumptions that the probe tests, on the account of a run."""

from __future__ import annotations

from sources.help_scout.state.run import Run

from .account_probes import ACCOUNT
from .agreement_probes import AGREEMENTS
from .list_probes import ACCOUNT_LISTS
from .probe import MOST_REQUESTS, Asker, Fact, look_around, probe
from .report_probes import REPORTS
from .series_probes import SERIES

ASSUMPTIONS = (*ACCOUNT, *ACCOUNT_LISTS, *SERIES, *REPORTS, *AGREEMENTS)


def probe_account(run: Run) -> list[Fact]:
    """How each assumption stands on the account; at most `MOST_REQUESTS` are sent."""
    asker = Asker(run.client, MOST_REQUESTS)
    limiter = run.client.limiter
    zone = run.time.zone
    known = look_around(
        asker, run.now, zone, lambda: limiter.limit_per_minute if limiter.is_told else None
    )
    return list(probe(asker, known, ASSUMPTIONS))
