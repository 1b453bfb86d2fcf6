"""The contracts of the saga's owner: the step client library meets every case of the saga file."""

from pathlib import Path

from saga_contracts.testing import library_contracts

test_contracts = library_contracts(Path(__file__).with_name("saga.yaml"))
