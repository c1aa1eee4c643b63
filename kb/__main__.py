"""`python -m kb` is the command `whyfell`."""

from kb.cli import main

main()
