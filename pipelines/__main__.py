"""`python -m pipelines` is `help-scout`."""

from .cli import main

main()
