"""Writes the generated parts of the READMEs, or checks that they are current.

python -m pipelines.dictionary [--check]
"""

from __future__ import annotations

import sys

from . import PARTS, ROOT, with_parts


def main() -> None:
    """Writes the parts; with --check only tells whether they are current (exit 1 if not)."""
    stale = []
    for name, parts in PARTS.items():
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        current = with_parts(text, parts)
        if current != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(current, encoding="utf-8")
    if "--check" in sys.argv and stale:
        sys.exit(f"generated parts are not current, run `make docs`: {', '.join(stale)}")


if __name__ == "__main__":
    main()
