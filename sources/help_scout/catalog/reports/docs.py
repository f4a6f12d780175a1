"""The Docs report: what visitors of the knowledge base looked for and found."""

from __future__ import annotations

from functools import partial

from ..model import (
    DISTINCT,
    NON_ADDITIVE,
    PCT,
    POINTS,
    QUOTIENT,
    TEXT,
    TEXT_ID,
    Column,
    Family,
    Report,
    Rows,
    Shape,
    Table,
    column,
    measure,
)
from .blocks import LINKS, ONE_SAMPLE

FAMILY = Family(title="Docs", order=30, screen="Docs")
_share = partial(
    measure,
    unit=PCT,
    delta=POINTS,
    counted_by="visitor_count",
    unconfirmed=ONE_SAMPLE,
    delta_unconfirmed=ONE_SAMPLE,
)


def _term() -> Column:
    # The wire's id is the text that the visitor typed.
    return column("id", TEXT, "What visitors searched for", name="search_term", personal=True)


OVERALL = Report(
    name="docs_overall",
    family=FAMILY,
    path="docs",
    doc="docs/reports-docs-overall/",
    summary="Visitors of the Docs sites, what they searched, read and did not find",
    shape=Shape.OVERALL,
    slices=("all",),
    filters=("sites",),
    ignored=LINKS,
    tables=(
        Table(
            name="docs_overall",
            summary="Visits in the window and how they ended",
            columns=(
                *measure("visitors", DISTINCT, "unique browsers", name="visitor_count",
                         delta_unconfirmed=ONE_SAMPLE),
                # Shares of visits, whose number the body does not have.
                *_share("browseAction", description="visits that browsed"),
                *_share("searchAction", description="visits that searched"),
                *_share("foundAnAnswerResult",
                        description="visits that saw an article and did not write"),
                *_share("sentAnEmailResult", description="visits that then wrote in"),
                *_share("failedResult", description="visits that left without an article"),
                *measure("docsViewedPerVisit", QUOTIENT, "articles a visit",
                         counted_by="visitor_count", delta_unconfirmed=ONE_SAMPLE),
            ),
        ),
        Table(
            name="docs_overall_popular_searches",
            summary="What visitors searched for most",
            rows=(Rows(path="popularSearches[]"),),
            key=("search_term",),
            columns=(
                _term(),
                column("count", NON_ADDITIVE, "Searches", name="search_count"),
                column("results", NON_ADDITIVE, "Articles found", name="result_count"),
            ),
        ),
        Table(
            name="docs_overall_failed_searches",
            summary="Searches that found nothing: what to write next",
            rows=(Rows(path="failedSearches[]"),),
            key=("search_term",),
            columns=(_term(), column("count", NON_ADDITIVE, "Searches", name="search_count")),
        ),
        Table(
            name="docs_overall_top_articles",
            summary="Articles by views",
            rows=(Rows(path="topArticles[]"),),
            key=("article_id",),
            columns=(
                column("id", TEXT_ID, "Article", name="article_id"),
                column("name", TEXT, "Title; may carry trailing blanks", name="article_name"),
                column("siteId", TEXT_ID, "Docs site"),
                column("collectionId", TEXT_ID, "Collection"),
                column("count", NON_ADDITIVE, "Views", name="view_count"),
            ),
        ),
        Table(
            name="docs_overall_top_categories",
            summary="Categories by views",
            rows=(Rows(path="topCategories[]"),),
            key=("category_id",),
            columns=(
                column("id", TEXT_ID, "Category", name="category_id"),
                column("name", TEXT, "Category name", name="category_name"),
                column("siteId", TEXT_ID, "Docs site"),
                column("count", NON_ADDITIVE, "Views", name="view_count"),
                column("articles", NON_ADDITIVE, "Articles in the category", name="article_count"),
            ),
        ),
    ),
)  # fmt: skip

REPORTS = (OVERALL,)
