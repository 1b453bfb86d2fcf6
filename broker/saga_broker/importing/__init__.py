"""Moves what another broker knows into this one's database: over the other's HTTP API, resumable, and the same when repeated.

Copied with their dates and order: environments (uuid kept), pacticipants with labels, branches with their heads, versions with
tags, pacts under the same content sha, results, deployments of all instances, and releases, former ones too.
Not copied, since the API does not give it: overwritten revisions of pacts and the results that only they have, and as which
selectors a result was asked for. That a result was for work in progress is found out from what the source still offers. Webhooks,
sagas and deck results are not copied either.
"""

from saga_broker.importing.copying import Imported, import_all
from saga_broker.importing.progress import ProgressLine
from saga_broker.importing.sample import Compared, compare
from saga_broker.importing.source import Source

__all__ = ["Compared", "Imported", "ProgressLine", "Source", "compare", "import_all"]
