"""Tables and views of this project's own, described."""

from __future__ import annotations

from sources.help_scout.catalog.model import (
    CODE,
    COUNT,
    FLAG,
    ID,
    INSTANT,
    RATIO,
    RAW,
    SECONDS,
    TEXT,
    Column,
)
from sources.help_scout.catalog.stored_tables import (
    ACCOUNT,
    UNKNOWN_VALUES,
    StoredTable,
)
from sources.help_scout.state.ledger import (
    LIST_READS,
    WINDOW_OF_A_REPORT,
    WINDOW_READS,
)
from sources.help_scout.state.restatements import (
    RESTATEMENTS,
)
from sources.help_scout.state.snapshot import (
    FORGOTTEN,
)

from ..probes.account_facts import (
    FACTS,
)
from ..quality.check_results import (
    RESULTS,
)
from .sla_targets import (
    TARGETS,
)

RUN_ID = "5506cdb1677345a087141c76bbcc9d82"


def _text(name: str, description: str, example: str) -> Column:
    return Column(name=name, unit=TEXT, description=description, example=example)


CHECK_RESULTS = StoredTable(
    name=RESULTS,
    description="What each run of the checks found, one row a check",
    columns=(
        _text("check_run_id", "The run of the checks", RUN_ID),
        Column(name="checked_at", unit=INSTANT, description="When they ran"),
        _text("last_run_id", "The latest run that had loaded anything by then", RUN_ID),
        _text("check_name", "Check, by its file's name", "channels_add_up"),
        _text("sentence", "What it says", "Channels add up to all conversations"),
        _text("level", "drift or notice, where rows are no disagreement; else null", "drift"),
        _text("verdict", "holds, fails, disagrees, drift, notice or skipped", "holds"),
        Column(name="row_count", unit=COUNT, description="Rows found"),
        Column(name="examples", unit=RAW, description="The first of them", example="[]"),
        ACCOUNT,
        _text(
            "kind",
            "integrity (rows are a failure) or agreement (reports of Help Scout disagree)",
            "agreement",
        ),
        Column(
            name="largest_difference_ratio",
            unit=RATIO,
            description="Largest difference of two numbers, as a share of the greater one; null "
            "where rows have no such numbers",
        ),
        Column(
            name="disagrees_since",
            unit=INSTANT,
            description="Since when each run of the check has found rows; null where it finds none",
        ),
        Column(
            name="read_again",
            unit=FLAG,
            description="Whether what disagreed was read once more before this result",
        ),
        _text(
            "compared_reports",
            "Reports that the check compared, separated by commas",
            "conversations_overall,conversations_volume_by_channel",
        ),
    ),
    primary_key=("check_run_id", "check_name"),
)
ACCOUNT_FACTS = StoredTable(
    name=FACTS,
    description="What `doctor --probe` found out about the account, one row a fact",
    columns=(
        ACCOUNT,
        _text("fact", "What was asked for", "bucket_anchor"),
        _text("value", "What the account does; null if it could not be told", "request"),
        _text("verdict", "confirmed, contradicted or could not be told", "confirmed"),
        _text("detail", "The figures behind it", "30.77 for 4 of 13"),
        Column(name="checked_at", unit=INSTANT, description="When it was asked for"),
    ),
    primary_key=("account", "fact"),
)
FORGOTTEN_CUSTOMERS = StoredTable(
    name=FORGOTTEN,
    description="Customers to be kept out, by a keyed hash of who they are",
    columns=(
        ACCOUNT,
        _text(
            "customer_hash", "Keyed hash of an id or address", "9c1185a5c5e9fc54612808977ee8f548"
        ),
        _text("key_print", "Print of the key, which tells another key", "b1946ac92492d234"),
        Column(name="forgotten_at", unit=INSTANT, description="When it was asked for"),
    ),
    primary_key=("account", "customer_hash"),
)
PUBLICATION_TABLE = StoredTable(
    name="publication",
    description="What the published copy is worth: one row, in no other file",
    columns=(
        Column(name="published_at", unit=INSTANT, description="When it was published"),
        _text("run_id", "The load after which it was made", RUN_ID),
        ACCOUNT,
        _text("timezone", "The company's time zone, in which days are cut", "America/New_York"),
        _text("compare_to", "What windows are compared with, as configured", "previous_period"),
        Column(name="missing_windows", unit=COUNT, description="Windows wanted and not there"),
        Column(
            name="failed_windows",
            unit=COUNT,
            description="Windows that the last attempt could not read",
        ),
        Column(name="checks_held", unit=COUNT, description="Checks that hold, notices included"),
        Column(name="checks_failed", unit=COUNT, description="Checks that fail"),
        Column(name="checks_skipped", unit=COUNT, description="Checks whose tables lack"),
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
        _text("disagreeing_checks", "Their names, separated by commas", "channels_add_up"),
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
        Column(name="last_attempt_at", unit=INSTANT, description="When it was last asked for"),
        _text("last_attempt_status", "What that came to", "loaded"),
        _text("last_error", "What went wrong then and what to do", "500 after six tries"),
        Column(
            name="failing_since",
            unit=INSTANT,
            description="The first read since the last one that came out whole; null if that is "
            "the latest",
        ),
    ),
    primary_key=("account", "report", "slice", "grain", "window_start"),
)  # fmt: skip
PEOPLE_VIEW = StoredTable(
    name="people",
    description="Everybody whom a number can be about, listed or only named by old reports",
    columns=(
        ACCOUNT,
        Column(name="user_id", unit=ID, description="User, AI agent or team"),
        Column(name="user_name", unit=TEXT, description="Name", example="Jane Doe", personal=True),
        _text("user_kind", "user, ai_agent, team or not listed", "user"),
        Column(name="is_listed", unit=FLAG, description="Whether the account still lists them"),
    ),
    primary_key=("account", "user_id"),
)
LABELS_VIEW = StoredTable(
    name="labels",
    description="Every code in words",
    columns=(
        _text("code_of", "Column whose code it is", "range_id"),
        _text("metric", "Distribution that a range belongs to; null of others", "responseTime"),
        Column(name="code", unit=CODE, description="The code"),
        _text("label", "The code in words", "1-2 h"),
    ),
    primary_key=("code_of", "metric", "code"),
)
TARGETS_VIEW = StoredTable(
    name=TARGETS,
    description="The service targets, as configured: one row a metric",
    columns=(
        _text("metric", "Distribution, by the API's own name", "firstResponseTime"),
        _text("metric_label", "The metric in words", "first response time"),
        Column(name="last_range_id", unit=CODE, description="Last range that meets the target"),
        Column(name="target_seconds", unit=SECONDS, description="Time within which to answer"),
    ),
    primary_key=("metric",),
)
"""In the schema of the marts; service_targets reads it."""
OWN_VIEWS = (REPORT_WINDOWS_VIEW, PEOPLE_VIEW, LABELS_VIEW)
