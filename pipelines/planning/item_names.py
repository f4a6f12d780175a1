"""Items of an account in plain words: `mailbox=85003` is the inbox Sales (85003)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from dlt.pipeline.pipeline import Pipeline

from ..warehouse.sql import sql_client, tables_of

Names: TypeAlias = Mapping[str, str]
"""The names of items by their slices, as in `mailbox=85003`."""

_LISTS = {
    "mailbox": ("inboxes", "mailbox_id", "mailbox_name"),
    "user": ("users", "user_id", "concat_ws(' ', first_name, last_name)"),
    "team": ("teams", "team_id", "team_name"),
    "tag": ("tags", "tag_id", "tag_name"),
}
_HASHED = "hash:"


def item_names(pipeline: Pipeline, account: str) -> dict[str, str]:
    """The names in the account's lists; without those that the privacy mode took away."""
    known, names = tables_of(pipeline), dict[str, str]()
    with sql_client(pipeline) as client:
        for item, (table, key, name) in _LISTS.items():
            if table not in known:
                continue
            sql = f"select {key}, {name} from {table} where account = %s"
            for number, text in client.execute_sql(sql, account) or []:
                if text and _HASHED not in text:
                    names[f"{item}={number}"] = str(text)
    return names


def in_words(slice_text: str, names: Names) -> str:
    """The slice in plain words: inbox Sales (85003), type email."""
    return ", ".join(_part(part, names) for part in slice_text.split(","))


def _part(part: str, names: Names) -> str:
    item, _, value = part.partition("=")
    what = "inbox" if item == "mailbox" else item.replace("_", " ")
    name = names.get(part)
    return f"{what} {value}" if name is None else f"{what} {name} ({value})"
