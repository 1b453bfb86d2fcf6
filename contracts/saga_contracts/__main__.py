"""`python -m saga_contracts` is the command `sagapact`."""

from saga_contracts.cli import main

main()
