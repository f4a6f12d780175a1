"""Commands for those who read the numbers: marts."""

from __future__ import annotations

from pathlib import Path

import click

from .options import console, opened, told_in_words, warehouse_option


@click.command()
@warehouse_option
def marts(warehouse: Path) -> None:
    """Makes the marts anew, as every load does, and lists them with what they answer."""
    with told_in_words():
        from .marts import all_marts, create_marts, told
        from .targets import Targets

        targets = Targets.configured()
        with opened(warehouse) as (_, pipeline):
            outcome = create_marts(pipeline, targets)
        screen = console()
        for mart in sorted(all_marts(), key=lambda mart: mart.name):
            if mart.name in outcome.made:
                screen.print(f"{mart.name:<22} {mart.sentence}", soft_wrap=True)
        for line in told(outcome):
            screen.print(line, soft_wrap=True)
