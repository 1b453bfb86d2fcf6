"""How a provider version is started, so that it can be verified by itself."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Response

from saga_broker.acts import queueing
from saga_broker.acts.events import milestones
from saga_broker.acts.publishing import likely_duplicates
from saga_broker.acts.tagging import made_on_the_way, put_on_branch
from saga_broker.api.parties.versions import existing_version
from saga_broker.api.reading.call import Call, Hal, HalJson, calling, respond
from saga_broker.api.reading.fields import Faults, array, filled, not_blank, one_line, text
from saga_broker.http.errors import NotFoundError, RefusedError
from saga_broker.http.media import GZIP
from saga_broker.jobs.engine_names import MAX_LABELS
from saga_broker.store.jobs import announcements as store
from saga_broker.store.jobs.announcements import NewAnnouncement
from saga_broker.views import job as views
from saga_contracts.read import positions

router = APIRouter(tags=["jobs"])
PATH = "/pacticipants/{name:seg}/versions/{number:seg}/announcement"
ArchiveCall = Annotated[Call, calling(offers=(GZIP,))]
MAX_FILE = 200_000
MAX_ARCHIVE = 10 * 1024 * 1024
MAX_AT_ONCE = 64
MAX_LABEL = 40
GZIP_MAGIC = b"\x1f\x8b"
LABEL = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@router.put(PATH)
def announce(name: str, number: str, call: HalJson) -> Response:
    """Announce a version with what is needed to start it; it is verified by itself from then on."""
    body = call.object()
    new = _read(name, body)
    with call.write() as connection:
        duplicates = likely_duplicates(connection, call.settings, [name], call.links.base)
        if duplicates:
            raise RefusedError(409, duplicates[0])
        version = made_on_the_way(connection, name, number)
        if body.get("branch"):
            put_on_branch(connection, call.settings, version, body["branch"])
        stored, is_new = store.put(connection, version, new)
        milestones.announced(connection, call.settings, call.links.base, version)
        queueing.offer_anew(connection, version)
        queueing.version_to_verify(connection, name, number, "its provider version was announced", again=True)
    document = views.announcement(call.links, version, stored)
    location = document["_links"]["self"]["href"] if is_new else None
    return respond(document, 201 if is_new else 200, location=location)


@router.get(PATH)
def show(name: str, number: str, call: Hal) -> Response:
    """Show how a version is started."""
    with call.read() as connection:
        version = existing_version(connection, name, number)
        found = store.find(connection, version.id)
    if found is None:
        raise NotFoundError
    return respond(views.announcement(call.links, version, found))


@router.get(PATH + "/archive")
def show_archive(name: str, number: str, call: ArchiveCall) -> Response:
    """Give the archive with what a version's provider file needs."""
    with call.read() as connection:
        found = store.archive(connection, existing_version(connection, name, number).id)
    if found is None:
        raise NotFoundError
    return Response(found, media_type=GZIP)


def _read(name: str, body: dict[str, Any]) -> NewAnnouncement:
    faults = Faults()
    content = faults.check(body, "providerFile", _a_file(name), required=True, null=False)
    faults.check(body, "branch", text, filled, one_line)
    image = faults.check(body, "image", text, filled, not_blank, one_line)
    labels = faults.check(body, "labels", array, labels_fault)
    at_once = faults.check(body, "atOnce", _count)
    archive = _archive(faults, body)
    if image is not None and archive is not None:
        faults.add("archive", "cannot stand beside an image")
    faults.raise_any()
    return NewAnnouncement(content, image, archive, tuple(sorted(set(labels or ()))), at_once or 1)


def _a_file(name: str) -> Any:
    def check(value: Any) -> str | None:
        if not isinstance(value, str) or "\0" in value:
            return "must be the text of a provider file"
        if len(value) > MAX_FILE:
            return f"cannot be longer than {MAX_FILE} characters"
        document = positions.read(value, "provider.yaml")
        if document.faults:
            return f"is no provider file: {document.faults[0]}"
        if not isinstance(document.data, Mapping):
            return "is no provider file: it must be a mapping of fields such as provider and start"
        if document.data.get("provider") != name:
            return f"must say `provider: {name}`, as the path does, and says {str(document.data.get('provider'))[:100]!r}"
        return None

    return check


def _archive(faults: Faults, body: dict[str, Any]) -> bytes | None:
    value = body.get("archive")
    if value is None:
        return None
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if not raw.startswith(GZIP_MAGIC):
        faults.add("archive", "must be a tar file, packed by gzip, in base64")
    elif len(raw) > MAX_ARCHIVE:
        faults.add("archive", f"cannot be larger than {MAX_ARCHIVE} bytes")
    return raw


def labels_fault(value: list[Any]) -> str | None:
    """Say what is wrong with labels of a job or a worker; None when nothing is."""
    if len(value) > MAX_LABELS:
        return f"cannot be more than {MAX_LABELS}"
    good = all(isinstance(one, str) and 0 < len(one) <= MAX_LABEL and set(one) <= LABEL for one in value)
    return None if good else f"must be words of at most {MAX_LABEL} small letters, digits, '-', '_' and '.'"


def _count(value: Any) -> str | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_AT_ONCE
    return None if is_count else f"must be a whole number from 1 to {MAX_AT_ONCE}"
