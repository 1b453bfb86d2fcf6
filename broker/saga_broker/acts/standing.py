"""How the newest pact of a series stands: whether it, or the one before it, was verified."""

from sqlalchemy import Connection

from saga_broker.rows import Publication, Verification
from saga_broker.store import pacts as pact_store
from saga_broker.store import verifications as verification_store
from saga_broker.store.pacts import Which


def status_of_newest(connection: Connection, which: Which) -> str | None:
    """Tell how the newest pact of a series stands.

    Args:
        connection: The database.
        which: The series: all pacts of a pair, those with a tag, on a branch, or without a tag.

    Returns:
        `never`, `success`, `stale` (the last result was a success for an older content), `failed` or `failed_pending`; None when
        there is no pact.
    """
    series = pact_store.listing(connection, which)
    if not series:
        return None
    results = verification_store.latest_of_contents(connection, list({pact.content_id for pact in series}))
    last = max(results.values(), key=lambda result: result.id, default=None)
    return status(series[0], results.get(series[0].content_id, last))


def status(pact: Publication, last: Verification | None) -> str:
    """Tell how a pact stands, given its own last result, or else the last of its series."""
    if last is None:
        return "never"
    if last.success:
        return "success" if last.content_id == pact.content_id else "stale"
    return "failed_pending" if last.pact_pending else "failed"
