"""Happiness reports: what customers said of the replies."""

from __future__ import annotations

from ..model import (
    Family,
    Report,
    Shape,
    Table,
)
from .blocks import FILTER_TAGS, LINKS, happiness_measures
from .row_templates import ratings

FAMILY = Family(title="Happiness", order=40, screen="Happiness")

OVERALL = Report(
    name="happiness_overall",
    family=FAMILY,
    path="happiness",
    doc="happiness/reports-happiness-overall/",
    summary="Happiness score and ratings",
    shape=Shape.OVERALL,
    ignored=FILTER_TAGS | LINKS,
    tables=(
        Table(
            name="happiness_overall",
            summary="Ratings in the window and the happiness score",
            columns=tuple(happiness_measures()),
        ),
    ),
)

RATINGS = ratings(
    FAMILY,
    "happiness_ratings",
    "happiness/ratings",
    "happiness/reports-happiness-ratings/",
    "Every rating with its comment",
    overall=("happiness_overall", "ratings_count"),
)

REPORTS = (OVERALL, RATINGS)
