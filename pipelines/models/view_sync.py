"""Making views, and which of them DuckDB has already just as they are to be made.

DuckDB forgets all comments of a view that is replaced, and thousands of comments cost a second: so
views are made anew only when one of them would be another, or is: users can replace them. One view
of each schema says in its comment what all of them were made by and became. (Postgres keeps the
comments of replaced views.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from dlt.pipeline.pipeline import Pipeline

from ..settings.errors import UsageError
from ..warehouse.base import destination_of
from ..warehouse.sql import sql_client

_MADE_BY = re.compile(r"\[made by ([0-9a-f]{16})\]")
_NAME = re.compile(r'create or replace view (?:\w+\.)?"?(\w+)"? as ')


def keep_views(
    pipeline: Pipeline, schema: str, remembering: str, statements: Sequence[str]
) -> None:
    """Makes the views of the schema anew, unless all stand there as these statements make them; the
    comment of the view `remembering` tells so. UsageError when a table stands in a view's place."""
    names = [found[1] for one in statements if (found := _NAME.match(one)) is not None]
    destination = destination_of(pipeline)
    with sql_client(pipeline) as client:
        if destination.forgets_comments:
            wanted = fingerprint(statements, _standing(client, schema, names))
            if made_by(_comment(client, schema, remembering)) == wanted:
                return
        _refuse_tables(client, schema, names)
        destination.make_views(client, statements)
        if destination.forgets_comments:
            made = fingerprint(statements, _standing(client, schema, names))
            client.execute_sql(f"comment on view {schema}.{remembering} is '{marked('', made)}'")


def _standing(client: SqlClientBase[Any], schema: str, names: Sequence[str]) -> list[str]:
    """What DuckDB holds the views to be, so that one which somebody replaced is noticed; without
    parentheses, of which it adds some to a union whenever the file is opened or copied, and quotes,
    which it takes from types then."""
    found = client.execute_sql(
        "select view_name, sql from duckdb_views() "
        "where database_name = current_database() and schema_name = %s order by view_name",
        schema,
    )
    ours = set(names)
    return [re.sub(r'[()\s"]', "", sql) for name, sql in found or [] if name in ours]


def _comment(client: SqlClientBase[Any], schema: str, view: str) -> str | None:
    found = client.execute_sql(
        "select comment from duckdb_views() "
        "where database_name = current_database() and schema_name = %s and view_name = %s",
        schema,
        view,
    )
    return str(found[0][0]) if found else None


def _refuse_tables(client: SqlClientBase[Any], schema: str, names: Sequence[str]) -> None:
    """UsageError for tables in the views' places: they hold somebody's rows."""
    found = client.execute_sql(
        "select table_name from information_schema.tables "
        "where table_schema = %s and table_type <> 'VIEW' order by table_name",
        schema,
    )
    ours = set(names)
    if taken := [f"{schema}.{name}" for (name,) in found or [] if name in ours]:
        raise UsageError(
            f"{', '.join(taken)}: a table stands where a view is to be made. Rename it (alter "
            f"table {taken[0]} rename to ...) or drop it, then give the command again"
        )


def fingerprint(statements: Sequence[str], standing: Sequence[str]) -> str:
    """What tells these statements, and the views that came of them, from others."""
    return hashlib.sha256("\n".join((*statements, *standing)).encode()).hexdigest()[:16]


def made_by(comment: str | None) -> str:
    """The fingerprint in a view's comment; empty when it has none."""
    found = _MADE_BY.search(comment or "")
    return found[1] if found else ""


def marked(comment: str, print_: str) -> str:
    """The comment with the fingerprint, if there is one."""
    return f"{comment} [made by {print_}]".strip() if print_ else comment
