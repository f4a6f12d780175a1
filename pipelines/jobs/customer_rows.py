"""Which rows of which tables are about a customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sources.help_scout.catalog.reports import REPORTS
from sources.help_scout.catalog.stored_tables import stored_table
from sources.help_scout.parsing.redaction import CUSTOMERS_OF, HASHED, Privacy

from ..settings.errors import UsageError
from ..warehouse.redaction import unknown_columns
from ..warehouse.sql import identifier


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers by their ids and e-mail addresses, in lower case."""

    ids: frozenset[int]
    emails: frozenset[str]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Customers:
        """The customers that the texts name; UsageError for what is neither id nor address."""
        ids, emails = set(), set()
        for text in texts:
            if text.isdecimal():
                ids.add(int(text))
            elif "@" in text.strip("@"):
                emails.add(text.strip().lower())
            else:
                raise UsageError(f"{text!r}: name a customer by id (12345) or e-mail address")
        return cls(frozenset(ids), frozenset(emails))

    def __iter__(self) -> Iterator[str | int]:
        yield from self.ids
        yield from self.emails


def customer_tables(columns: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """The tables whose rows are about customers, with the columns to empty: what is personal, and
    all that the catalog does not know."""
    for report in REPORTS.values():
        for table in report.tables:
            known = columns.get(table.name, {})
            if not {"customer_id", "customer_email"} & known.keys():
                continue
            personal = [
                c.name for c in table.columns if c.personal and not c.name.startswith(_OF_USERS)
            ]
            personal += unknown_columns(stored_table(report, table), columns)
            if personal:
                yield table.name, personal


_OF_USERS = ("user_", "assigned_user_")


def known_as(
    run: Any, columns: Mapping[str, Mapping[str, str]], named: Customers, privacy: Privacy
) -> Customers:
    """The customers with the ids and addresses that conversations of theirs alone tell of them."""
    ids, emails = set(named.ids), set(named.emails)
    stored = stored_emails(named, privacy)
    for table in columns:
        customers = f"{table}{CUSTOMERS_OF}"
        if "customer_email" not in columns[table] or customers not in columns:
            continue
        alone = (
            f"select c.conversation_id, min(c.customer_id) as customer_id from {customers} as c "
            "where c.customer_id > 0 group by c.conversation_id "
            "having count(distinct c.customer_id) = 1"
        )
        for customer_id, email in run(
            f"select distinct alone.customer_id, lower(d.customer_email) from {table} as d "
            f"inner join ({alone}) as alone on alone.conversation_id = d.conversation_id "
            f"where lower(d.customer_email) in ({_list(stored)}) "
            f"or alone.customer_id in ({_list(named.ids)})",
            *stored,
            *named.ids,
        ):
            ids.add(int(customer_id))
            if email and not email.startswith(HASHED):
                emails.add(email)
    return Customers(frozenset(ids), frozenset(emails))


def stored_emails(customers: Customers, privacy: Privacy) -> list[str]:
    """The customers' addresses as a table may hold them: as they are, and hashed."""
    hashed = (privacy.hash_in("customer_email", email) for email in customers.emails)
    return [*customers.emails, *hashed]


def nothing(personal: Sequence[str]) -> str:
    return ", ".join(f"{identifier(name)} = null" for name in personal)


def nobodys(table: str, columns: Mapping[str, Mapping[str, str]]) -> str:
    """The condition that nothing tells whose a conversation is: it may be theirs. Loads leave these
    empty as well."""
    condition = "customer_email is null"
    if f"{table}{CUSTOMERS_OF}" in columns:
        condition += (
            f" and conversation_id not in (select conversation_id from {table}{CUSTOMERS_OF})"
        )
    return condition


def conversations_of(
    run: Any, columns: Mapping[str, Mapping[str, str]], customers: Customers, privacy: Privacy
) -> set[int]:
    """The conversations that any table says are the customers'."""
    told_by: list[tuple[str, str, list[Any]]] = [
        ("customer_id", "customer_id", list(customers.ids)),
        ("customer_email", "lower(customer_email)", stored_emails(customers, privacy)),
    ]
    found: set[int] = set()
    for table, known in columns.items():
        for column, value, wanted in told_by:
            if {"conversation_id", column} <= known.keys():
                rows = run(
                    f"select distinct conversation_id from {table} "
                    f"where {value} in ({_list(wanted)})",
                    *wanted,
                )
                found |= {int(conversation) for (conversation,) in rows}
    return found


def about(
    table: str,
    columns: Mapping[str, Mapping[str, str]],
    customers: Customers,
    conversations: set[int],
    privacy: Privacy,
) -> tuple[str, list[Any]]:
    """The condition that a row is about the customers, with its parameters."""
    emails = stored_emails(customers, privacy)
    conditions: list[str] = []
    parameters: list[Any] = []
    if "customer_id" in columns[table]:
        conditions.append(f"customer_id in ({_list(customers.ids)})")
        parameters += customers.ids
    if "customer_email" in columns[table]:
        conditions.append(f"lower(customer_email) in ({_list(emails)})")
        parameters += emails
        conditions.append(f"conversation_id in ({_list(conversations)})")
        parameters += conversations
    return " or ".join(conditions), parameters


def _list(items: Iterable[Any]) -> str:
    return ", ".join("%s" for _ in items) or "null"
