"""``python -m portfolio`` is the command ``portfolio``."""

from portfolio.cli.main import main

main()
