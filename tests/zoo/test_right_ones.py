"""Right participants, each written differently, are accused of nothing: here once, at night many times (`zoo_at_night`)."""

from pathlib import Path

import pytest

from foreign import FOREIGN, need
from saga_contracts.declare.verdict import Verdict
from zoo import ZOO, judged, the_step

RIGHT = {
    "Starlette in threads, refuses what comes too late": ZOO / "header_key",
    "http.server with a ledger, accepts what comes too late": ZOO / "path_key",
    "asyncio with an outbox, calls back": ZOO / "callback",
    "WSGI, each booking a file": ZOO / "wsgi_files",
    "aiohttp, asked until it is done": ZOO / "aiohttp_vouchers",
    "Node, LRA style": FOREIGN / "lra_flights",
    "Node, ids from the server, looked up": FOREIGN / "lookup_bookings",
    "bare sockets, the IETF's header": FOREIGN / "ietf_payments",
    "asyncio, balances in memory, asked until it is done": FOREIGN / "polling_transfers",
}
NODE = ("lra_flights", "lookup_bookings")


@pytest.mark.slow
@pytest.mark.parametrize("folder", RIGHT.values(), ids=RIGHT)
def test_a_right_participant_is_accused_of_nothing(folder: Path) -> None:
    if folder.name in NODE:
        need("node")
    results = judged(folder, the_step(folder))
    assert [one.text for one in results if one.verdict not in (Verdict.KEPT, Verdict.WAIVED)] == []
