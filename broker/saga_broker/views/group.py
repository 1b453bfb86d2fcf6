"""The group of a pacticipant: all that are connected with it by pacts, as the CSV that networks are drawn from. Pure."""

import csv
import io
from collections.abc import Sequence

from saga_broker.rows import Integration

MAX_PACTICIPANTS = 150


def connected(name: str, every: Sequence[Integration], most: int) -> list[Integration]:
    """Give the integrations that lead from a pacticipant to others, and from those on.

    Args:
        name: The pacticipant.
        every: All integrations, the oldest first.
        most: No further step is taken from so many pacticipants; the first one always is.
    """
    names, found = {name}, set[int]()
    while True:
        new = [one for one in every if one.id not in found and (one.consumer in names or one.provider in names)]
        if not new:
            break
        found |= {one.id for one in new}
        names |= {side for one in new for side in (one.consumer, one.provider)}
        if len(names) >= most:
            break
    return [one for one in every if one.id in found]


def group(integrations: Sequence[Integration]) -> str:
    """Write integrations, a line for each pacticipant: number, name, three constants, place, numbers of its providers, zeros."""
    names = {one.consumer_id: one.consumer for one in integrations} | {one.provider_id: one.provider for one in integrations}
    providers = {number: [one.provider_id for one in integrations if one.consumer_id == number] for number in names}
    width = max((len(found) for found in providers.values()), default=0)
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    for place, number in enumerate(sorted(names), 1):
        zeros = [0] * (width - len(providers[number]))
        lines.writerow([number, names[number], 1, 1, 0, place, *providers[number], *zeros])
    return written.getvalue()
