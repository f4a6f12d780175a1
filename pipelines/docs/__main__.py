"""Writes the generated parts of the READMEs, or checks that they are current."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

from . import ROOT, parts_of_pages, with_parts
from .examples import Examples


def main() -> None:
    """Writes the parts; with --check only prints which are not current (exit 1 if any)."""
    parser = ArgumentParser("python -m pipelines.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if not current")
    parser.add_argument(
        "--examples", type=Path, required=True, help="folder with a documented body of each report"
    )
    options = parser.parse_args()
    stale = []
    for name, parts in parts_of_pages(Examples(options.examples)).items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        current = with_parts(text, parts)
        if current != text:
            stale.append(name)
            if not options.check:
                path.write_text(current, encoding="utf-8")
    if options.check and stale:
        sys.exit(f"generated parts are not current, run `make docs`: {', '.join(stale)}")


if __name__ == "__main__":
    main()
