"""Making views, and which of them DuckDB has already just as they are to be made.

DuckDB forgets all comments of a view that is replaced, and thousands of comments cost a second: so
views are made anew only when one of them would be another. One view of each schema says in its
comment what all of them were made by. (Postgres keeps the comments of replaced views.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.sql_client import SqlClientBase

_MADE_BY = re.compile(r"\[made by ([0-9a-f]{16})\]")
_NAME = re.compile(r'create or replace view (?:\w+\.)?"?(\w+)"? as ')


def are_made(client: SqlClientBase[Any], schema: str, statements: Sequence[str]) -> bool:
    """Whether the schema has all views, made by these very statements."""
    if client.capabilities.sqlglot_dialect != "duckdb":
        return False
    there = {
        str(name): comment
        for name, comment in client.execute_sql(
            "select view_name, comment from duckdb_views() "
            "where database_name = current_database() and schema_name = %s",
            schema,
        )
        or []
    }
    wanted = {found[1] for one in statements if (found := _NAME.match(one)) is not None}
    prints = {made_by(comment) for comment in there.values()}
    return wanted <= there.keys() and fingerprint(statements) in prints


def remembering(client: SqlClientBase[Any], view: str, statements: Sequence[str]) -> Iterator[str]:
    """The statement that has the view remember what all were made by."""
    if client.capabilities.sqlglot_dialect == "duckdb":
        yield f"comment on view {view} is '{marked('', fingerprint(statements))}'"


def fingerprint(statements: Sequence[str]) -> str:
    """What tells these statements from others."""
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()[:16]


def made_by(comment: str | None) -> str:
    """The fingerprint in a view's comment; empty when it has none."""
    found = _MADE_BY.search(comment or "")
    return found[1] if found else ""


def marked(comment: str, print_: str) -> str:
    """The comment with the fingerprint, if there is one."""
    return f"{comment} [made by {print_}]".strip() if print_ else comment


def make_views(client: SqlClientBase[Any], statements: Sequence[str]) -> None:
    """Runs `create or replace view` statements as one transaction: quicker by half, and nobody
    finds half of them.

    Postgres replaces a view as long as it keeps its columns and gets new ones at the end only.
    Where it refuses, the views are dropped first, with whatever was built on them; not always,
    since analysts build views of their own on these.
    """
    try:
        with client.begin_transaction():
            client.execute_many(statements)
    except DatabaseException:
        if client.capabilities.sqlglot_dialect == "duckdb":
            raise
        with client.begin_transaction():
            client.execute_many([sql for one in statements for sql in (_dropping(one), one)])


def _dropping(statement: str) -> str:
    """The statement that drops the view that this one makes."""
    name = statement.removeprefix("create or replace view ").split(" as ", 1)[0]
    return f"drop view if exists {name} cascade"
