"""How the newest pact of a series stands: whether it, or the one before it, was verified; and how calls of its webhooks went."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from saga_broker.rows import Publication, Verification
from saga_broker.store import pacts as pact_store
from saga_broker.store import verifications as verification_store
from saga_broker.store.pacts import Which
from saga_broker.webhooks.model import FAILURE, RETRYING, SUCCESS, Webhook

NO_LABELS: frozenset[str] = frozenset()


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


def status_of_calls(
    consumer: str, provider: str, webhooks: Sequence[Webhook], calls: Sequence[tuple[str, datetime]]
) -> tuple[str, datetime | None]:
    """Tell how the last calls for a pair went; a webhook that is meant by a label counts once it was called.

    Args:
        consumer: Of the pair.
        provider: Of the pair.
        webhooks: All that there are.
        calls: Status and time of the last call of each webhook and event.

    Returns:
        `none`, `notrun`, `success`, `retrying` or `failure`, and when the last call was asked for.
    """
    states = {state for state, _ in calls}
    last = max((at for _, at in calls), default=None)
    if states & {RETRYING, FAILURE}:
        return RETRYING if RETRYING in states else FAILURE, last
    if SUCCESS in states:
        return SUCCESS, last
    meant = any(one.consumer.fits(consumer, NO_LABELS) and one.provider.fits(provider, NO_LABELS) for one in webhooks)
    return "notrun" if meant or calls else "none", last
