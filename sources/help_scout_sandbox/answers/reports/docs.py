"""The Docs report: visits, searches, articles and categories."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..facts import Facts, buckets
from ..figures import Block, compared, percent, ratio

TOP = 10
CHANGES = ("visitors", "docsViewedPerVisit")
POINTS = (
    "browseAction",
    "searchAction",
    "foundAnAnswerResult",
    "sentAnEmailResult",
    "failedResult",
)


def docs_overall(facts: Facts) -> Block:
    """The body of `/v2/reports/docs`."""
    intervals = facts.request.intervals
    sql = f"""{buckets(len(intervals))} SELECT bucket.i, COUNT(v.id), COUNT(DISTINCT v.visitor),
      TOTAL(v.searched), TOTAL(v.outcome = 'found'), TOTAL(v.outcome = 'email'),
      TOTAL(v.outcome = 'failed'), TOTAL(v.views)
      FROM bucket LEFT JOIN {_joined(facts, "visit")} GROUP BY bucket.i ORDER BY bucket.i"""
    blocks = []
    for _, visits, visitors, searched, found, email, failed, views in facts.rows(sql, intervals):
        blocks.append(
            {
                "visitors": visitors,
                "browseAction": percent(visits - searched, visits),
                "searchAction": percent(searched, visits),
                "foundAnAnswerResult": percent(found, visits),
                "sentAnEmailResult": percent(email, visits),
                "failedResult": percent(failed, visits),
                "docsViewedPerVisit": ratio(views, visits),
            }
        )
    articles, categories = _views(facts)
    return {
        **compared(facts.request, blocks, CHANGES, POINTS),
        "popularSearches": [
            {"count": count, "id": term, "results": results}
            for term, results, count in _searches(facts, "v.results > 0")
        ],
        "failedSearches": [
            {"count": count, "id": term} for term, _, count in _searches(facts, "v.results = 0")
        ],
        "topArticles": articles,
        "topCategories": categories,
    }


def _joined(facts: Facts, table: str) -> str:
    clause = f"{table} v ON v.ts BETWEEN bucket.a AND bucket.b"
    if facts.request.sites:
        sites = ", ".join(f"'{site}'" for site in facts.request.sites)
        clause += f" AND v.site_id IN ({sites})"
    return clause


def _searches(facts: Facts, where: str) -> list[tuple[Any, ...]]:
    return facts.rows(
        f"{buckets(1)} SELECT v.term, MAX(v.results), COUNT(*) AS n FROM bucket"
        f" JOIN {_joined(facts, 'search')} WHERE {where} GROUP BY v.term"
        f" ORDER BY n DESC, v.term LIMIT {TOP}",
        [facts.request.current],
    )


def _views(facts: Facts) -> tuple[list[Block], list[Block]]:
    """The most viewed articles and categories of the current interval."""
    articles = facts.roster.articles
    viewed = facts.rows(
        f"{buckets(1)} SELECT v.article, COUNT(*) AS n FROM bucket"
        f" JOIN {_joined(facts, 'article_view')} GROUP BY v.article ORDER BY n DESC, v.article",
        [facts.request.current],
    )
    top_articles = [
        {
            "count": count,
            "name": articles[place].name,
            "siteId": articles[place].site_id,
            "id": articles[place].id,
            "collectionId": articles[place].collection_id,
        }
        for place, count in viewed[:TOP]
    ]
    by_category: Counter[str] = Counter()
    for place, count in viewed:
        by_category[articles[place].category_id] += count
    top_categories = []
    for category_id, count in by_category.most_common(TOP):
        inside = [article for article in articles if article.category_id == category_id]
        top_categories.append(
            {
                "count": count,
                "name": inside[0].category,
                "siteId": inside[0].site_id,
                "id": category_id,
                "articles": len(inside),
            }
        )
    return top_articles, top_categories
