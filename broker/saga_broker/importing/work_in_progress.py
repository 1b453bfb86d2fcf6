"""Finds out which results were published for work in progress: no Pact Broker says so, but what it offers tells it.

A content that a branch has verified successfully is no work in progress for it, unless the result itself was one for work in
progress. So where the source still offers such a content as work in progress, the results were. This can be told for contents
that are the newest of some branch or tag, and for results within the source's look-back.
"""

from datetime import timedelta
from typing import Any

from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.source import Source
from saga_broker.store.database.engine import Database
from saga_broker.store.database.types import now
from saga_broker.store.imported import wip_results as store

LOOK_BACK = timedelta(days=29)  # the Pact Broker's own is 30 days, unless it is set otherwise
NOTHING = "no branch is called like this: nothing is selected"


def mark_work_in_progress(source: Source, database: Database) -> int:
    """Mark imported results as those for work in progress; gives how many."""
    since = now() - LOOK_BACK
    with database.read() as connection:
        verifiers = store.verifiers(connection, since)
    offers = source.each(verifiers, lambda one: source.find(*_question(one)))
    marked = 0
    for verifier, offered in zip(verifiers, offers, strict=True):
        contents = [(one.consumer, one.sha) for one in offered or () if one.wip]
        if contents:
            with database.write() as connection:
                marked += store.mark(connection, verifier, contents, since)
    return marked


def _question(verifier: store.Verifier) -> tuple[str, Any, Any]:
    asked: dict[str, Any] = {"consumerVersionSelectors": [{"branch": NOTHING}], "includeWipPactsSince": "2000-01-01"}
    if verifier.branch:
        asked["providerVersionBranch"] = verifier.branch
    else:
        asked["providerVersionTags"] = list(verifier.tags)
    return path("pacts", "provider", verifier.provider, "for-verification"), documents.selected, asked
