"""The views that tables have in all grains: by inbox, user and team, and totals."""

from __future__ import annotations

from dataclasses import dataclass

from sources.help_scout.catalog.model import FLAG, ID, TEXT, Column

ALL_INBOXES = "All inboxes"
_WORTH = (
    Column(name="is_open", unit=FLAG, description="Not over yet when it was read"),
    Column(name="is_provisional", unit=FLAG, description="Nights still read it again"),
)
_IS_WORTH = "t.covered_until < t.window_end as is_open, not t.is_final as is_provisional"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """What such a view has besides its table's columns, and where that comes from; the table is
    `t`."""

    description: str
    columns: tuple[Column, ...]
    select: str = _IS_WORTH
    join: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The names of its own columns."""
        return frozenset(column.name for column in self.columns)


def _of_people(item: str, *, example: str, personal: bool = False) -> ItemView:
    return ItemView(
        description=f"By {item}, with its name, in all grains",
        columns=(
            Column(name=f"{item}_id", unit=ID, description=item.capitalize()),
            Column(
                name=f"{item}_name",
                unit=TEXT,
                description=f"Name of the {item}",
                personal=personal,
                example=example,
            ),
            *_WORTH,
        ),
        select=f"t.slice_{item}_id as {item}_id, p.user_name as {item}_name, {_IS_WORTH}",
        join=(f"left join people as p on p.account = t.account and p.user_id = t.slice_{item}_id"),
    )


ITEM_VIEWS = {
    "by_inbox": ItemView(
        description="By inbox, with its name, in all grains",
        columns=(
            Column(name="inbox_id", unit=ID, description="Inbox; null for all inboxes"),
            Column(
                name="inbox_name",
                unit=TEXT,
                description="Name of the inbox, or All inboxes",
                example="Support",
            ),
            *_WORTH,
        ),
        select=(
            "t.slice_mailbox_id as inbox_id, case when t.slice_mailbox_id is null "
            f"then '{ALL_INBOXES}' else coalesce(i.mailbox_name, "
            f"'Inbox ' || cast(t.slice_mailbox_id as varchar)) end as inbox_name, {_IS_WORTH}"
        ),
        join=(
            "left join inboxes as i on i.account = t.account and i.mailbox_id = t.slice_mailbox_id"
        ),
    ),
    "by_user": _of_people("user", example="Jane Doe", personal=True),
    "by_team": _of_people("team", example="Tier 2"),
    "totals": ItemView(description="The total, in all grains", columns=_WORTH),
}
"""By the endings of their names."""
