"""The visits to the Docs sites on one local day, with their article views and searches."""

from __future__ import annotations

from datetime import date
from random import Random

from . import names
from .company_time import CompanyTime
from .roster import Article
from .rows import IDS_A_DAY, Rows, moment
from .spec import AccountSpec


def write_visits(
    day: date,
    count: int,
    spec: AccountSpec,
    articles: tuple[Article, ...],
    time: CompanyTime,
    rows: Rows,
) -> None:
    """Adds `count` visits of a day to the rows."""
    rng = Random(f"{spec.seed}:docs:{day.isoformat()}")
    midnight, next_midnight = time.day_bounds(day)
    sites = sorted({article.site_id for article in articles})
    by_site = {
        site: [place for place, article in enumerate(articles) if article.site_id == site]
        for site in sites
    }
    visitors = 40 * max(1, spec.conversations_per_day)
    for number in range(count):
        instant = moment(rng, midnight, next_midnight)
        site = sites[rng.random() < 0.3]
        visitor = int(rng.random() ** 1.2 * visitors)
        visit_id = day.toordinal() * IDS_A_DAY + number
        _write_visit(rows, rng, (instant, visit_id, site), visitor, by_site[site])


def _write_visit(
    rows: Rows, rng: Random, visit: tuple[int, int, str], visitor: int, articles: list[int]
) -> None:
    """Adds one visit; its views and searches carry its instant, so that a window has them all."""
    draw = rng.random()
    outcome = "found" if draw < 0.73 else "failed" if draw < 0.97 else "email"
    searched = rng.random() < 0.25
    views = 0 if outcome == "failed" else 1 + int(rng.random() ** 3 * 4)
    instant, visit_id, site = visit
    rows.visits.append((*visit, visitor, searched, outcome, views))
    for view in range(views):
        article = articles[int(len(articles) * rng.random() ** 2)]
        rows.views.append((instant, visit_id * 10 + view, site, article))
    if searched:
        failed = rng.random() < 0.2
        terms = names.FAILED_TERMS if failed else names.SEARCH_TERMS
        place = int(len(terms) * rng.random() ** 1.5)
        rows.searches.append((*visit, terms[place], 0 if failed else 2 + place))
