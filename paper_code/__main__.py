"""``python -m paper_code``."""

from paper_code.cli import main

main()
