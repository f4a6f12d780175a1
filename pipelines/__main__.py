"""`python -m pipelines` is `help-scout`."""

from .cli.main import main

main()
