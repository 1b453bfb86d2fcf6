"""The step client library meets every case of the registration."""

from pathlib import Path

from saga_contracts.testing import CLIENT_ONLY, library_contracts

test_contracts = library_contracts(Path(__file__).with_name("saga.yaml"), leave_out=CLIENT_ONLY)
