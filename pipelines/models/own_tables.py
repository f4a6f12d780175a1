"""Tables and views of this project's own, described."""

from __future__ import annotations

from sources.help_scout.catalog.model import CODE, COUNT, FLAG, ID, INSTANT, SECONDS, TEXT, Column
from sources.help_scout.catalog.stored_tables import (
    ACCOUNT,
    REPORT_WINDOW_KEY,
    RUN_ID,
    UNKNOWN_VALUES,
    WINDOW_OF_A_REPORT,
    StoredTable,
    text_column,
)
from sources.help_scout.state.ledger import LIST_READS, WINDOW_READS
from sources.help_scout.state.restatements import RESTATEMENTS
from sources.help_scout.state.snapshot import FORGOTTEN

from ..probes.account_facts import ACCOUNT_FACTS
from ..quality.check_results import CHECK_RESULTS
from .sla_targets import TARGETS

FORGOTTEN_CUSTOMERS = StoredTable(
    name=FORGOTTEN,
    description="Customers to be kept out, by a keyed hash of who they are",
    columns=(
        ACCOUNT,
        text_column(
            "customer_hash", "Keyed hash of an id or address", "9c1185a5c5e9fc54612808977ee8f548"
        ),
        text_column("key_print", "Print of the key, different for another key", "b1946ac92492d234"),
        Column(name="forgotten_at", unit=INSTANT, description="When it was asked for"),
    ),
    primary_key=("account", "customer_hash"),
)
PUBLICATION_TABLE = StoredTable(
    name="publication",
    description="What the published copy is worth: one row, in no other file",
    columns=(
        Column(name="published_at", unit=INSTANT, description="When it was published"),
        text_column("run_id", "The load after which it was made", RUN_ID),
        ACCOUNT,
        text_column(
            "timezone", "The company's time zone, in which days are cut", "America/New_York"
        ),
        text_column(
            "compare_to", "What windows are compared with, as configured", "previous_period"
        ),
        Column(name="missing_windows", unit=COUNT, description="Windows wanted and not there"),
        Column(
            name="failed_windows",
            unit=COUNT,
            description="Windows that the last attempt could not read",
        ),
        Column(name="checks_held", unit=COUNT, description="Checks that hold, notices included"),
        Column(name="checks_failed", unit=COUNT, description="Checks that fail"),
        Column(name="checks_skipped", unit=COUNT, description="Checks whose tables are missing"),
        Column(
            name="checks_drifted",
            unit=COUNT,
            description="Checks that find numbers moved between loads",
        ),
        Column(
            name="checks_disagreeing",
            unit=COUNT,
            description="Checks by which reports of Help Scout disagree",
        ),
        text_column("disagreeing_checks", "Their names, separated by commas", "channels_add_up"),
    ),
    primary_key=("run_id",),
)
OWN_TABLES = (
    WINDOW_READS,
    LIST_READS,
    RESTATEMENTS,
    UNKNOWN_VALUES,
    CHECK_RESULTS,
    ACCOUNT_FACTS,
    FORGOTTEN_CUSTOMERS,
    PUBLICATION_TABLE,
)

_READ = {column.name: column for column in WINDOW_READS.columns}
REPORT_WINDOWS_VIEW = StoredTable(
    name="report_windows",
    description="What each window is worth now, one row a window: its last successful read, and "
    "what the last attempt came to",
    columns=(
        *WINDOW_OF_A_REPORT,
        *(
            _READ[name]
            for name in (
                "status", "rows", "pages", "api_count", "query", "run_id", "fetched_at",
                "covered_until", "is_final",
            )
        ),
        Column(name="last_attempt_at", unit=INSTANT, description="When it was last requested"),
        text_column("last_attempt_status", "What that came to", "loaded"),
        text_column("last_error", "What went wrong then and what to do", "500 after six tries"),
        Column(
            name="failing_since",
            unit=INSTANT,
            description="The first read since the last one that came out whole; null if that is "
            "the latest",
        ),
    ),
    primary_key=REPORT_WINDOW_KEY,
)  # fmt: skip
PEOPLE_VIEW = StoredTable(
    name="people",
    description="Everybody whom a number can be about, listed or only named by old reports",
    columns=(
        ACCOUNT,
        Column(name="user_id", unit=ID, description="User, AI agent or team"),
        Column(name="user_name", unit=TEXT, description="Name", example="Jane Doe", personal=True),
        text_column("user_kind", "user, ai_agent, team or not listed", "user"),
        Column(name="is_listed", unit=FLAG, description="Whether the account still lists them"),
    ),
    primary_key=("account", "user_id"),
)
LABELS_VIEW = StoredTable(
    name="labels",
    description="Every code in words",
    columns=(
        text_column("code_of", "Column whose code it is", "range_id"),
        text_column(
            "metric", "Distribution that a range belongs to; null of others", "responseTime"
        ),
        Column(name="code", unit=CODE, description="The code"),
        text_column("label", "The code in words", "1-2 h"),
    ),
    primary_key=("code_of", "metric", "code"),
)
TARGETS_VIEW = StoredTable(
    name=TARGETS,
    description="The service targets, as configured: one row a metric",
    columns=(
        text_column("metric", "Distribution, by the API's own name", "firstResponseTime"),
        text_column("metric_label", "The metric in words", "first response time"),
        Column(name="last_range_id", unit=CODE, description="Last range that meets the target"),
        Column(name="target_seconds", unit=SECONDS, description="Time within which to answer"),
    ),
    primary_key=("metric",),
)
"""In the schema of the marts; service_targets reads it."""
OWN_VIEWS = (REPORT_WINDOWS_VIEW, PEOPLE_VIEW, LABELS_VIEW)
