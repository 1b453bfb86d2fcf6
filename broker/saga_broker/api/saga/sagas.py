"""Sagas: their versions, and whether they can run."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.candidates import LiveVersions
from saga_broker.acts.events import milestones
from saga_broker.acts.gathering import gather
from saga_broker.acts.tagging import put_on_branch
from saga_broker.api.reading.call import Call, calling, respond
from saga_broker.api.reading.fields import Faults, address, filled, one_line, one_of, text
from saga_broker.api.saga import asked
from saga_broker.gate.run.rule import judge_all
from saga_broker.http.errors import InvalidError, NotFoundError, RefusedError
from saga_broker.http.hal import link
from saga_broker.http.media import HAL, JSON
from saga_broker.store import sagas as store
from saga_broker.store import versions as version_store
from saga_broker.store.sagas import NewSagaVersion, SagaVersion
from saga_broker.views import saga as views
from saga_contracts.declare.saga import Saga
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import SagaFileError, parse_saga

router = APIRouter(tags=["sagas"])
SagaCall = Annotated[Call, calling(offers=(HAL, JSON))]
NewSagaCall = Annotated[Call, calling(offers=(HAL, JSON), takes=(JSON,))]
CONTENT_TYPES = ("application/yaml", "application/json")


@router.get("/sagas")
def list_sagas(call: SagaCall) -> Response:
    """List the newest version of each saga; on a `branch`, or what runs in an `environment`; only with a step at `provider`."""
    provider, branch, environment = call.text("provider"), call.text("branch"), call.text("environment")
    with call.read() as connection:
        if environment is not None:
            rows = store.live_in(connection, asked.existing_environment(connection, environment).id, provider=provider)
        else:
            rows = store.newest(connection, branch, provider)
        steps = store.steps_of(connection, [row.id for row in rows])
    shown = [views.saga_version(call.links, row, steps.get(row.id, []), with_content=False) for row in rows]
    own = link(call.links.url("sagas"), "Sagas")
    return respond({"_embedded": {"sagas": shown}, "_links": {"self": own}}, media_type=call.media_type)


@router.get("/sagas/{saga:seg}/versions/{number:seg}")
def show(saga: str, number: str, call: SagaCall) -> Response:
    """Show a saga version."""
    with call.read() as connection:
        found = store.find(connection, saga, number)
        if found is None:
            raise NotFoundError
        return _shown(call, connection, found, 200)


@router.put("/sagas/{saga:seg}/versions/{number:seg}")
def publish(saga: str, number: str, call: NewSagaCall) -> Response:
    """Publish a saga file under a version of its owner and of the pacticipant that executes it."""
    body = call.object()
    _check(body)
    parsed = _parsed(saga, body["content"])
    content = body["content"].encode()
    sha = hashlib.sha256(content).hexdigest()
    with call.write() as connection:
        existing = store.find(connection, saga, number)
        if existing is not None:
            if existing.sha != sha:
                raise RefusedError(409, _other_content(saga, number, existing.sha, sha))
            return _shown(call, connection, _republished(call, connection, existing, parsed, body.get("branch")), 200)
        versions = []
        for pacticipant in (parsed.owner, parsed.consumer):
            version, _ = version_store.get_or_create(connection, pacticipant, number)
            if body.get("branch"):
                put_on_branch(connection, call.settings, version, body["branch"])
            versions.append(version)
        new = NewSagaVersion(
            saga=saga,
            number=number,
            branch=body.get("branch"),
            level=parsed.level,
            sha=sha,
            content=content,
            content_type=body["contentType"],
            build_url=body.get("buildUrl"),
            steps=tuple(
                (step.step, step.participant, step.step_class.value, step_slice(parsed, step.step).sha) for step in parsed.steps
            ),
        )
        store.store(connection, new, *versions)
        milestones.saga_published(connection, call.settings, call.links.base, saga, versions[1])
        found = store.find(connection, saga, number)
        assert found is not None  # noqa: S101  (stored in this transaction)
        return _shown(call, connection, found, 201)


def _republished(call: Call, connection: Connection, existing: SagaVersion, parsed: Saga, branch: str | None) -> SagaVersion:
    """Put a saga version that is here on the branch on which it was published now: the same commit may be on several."""
    if branch is None:
        return existing
    for pacticipant in (parsed.owner, parsed.consumer):
        version, _ = version_store.get_or_create(connection, pacticipant, existing.number)
        put_on_branch(connection, call.settings, version, branch)
    return store.set_branch(connection, existing, branch)


@router.get("/sagas/{saga:seg}/can-run")
def can_run(saga: str, call: SagaCall) -> Response:
    """Tell whether a saga can run in an environment; with `with[]=PACTICIPANT:VERSION` deployed."""
    environment, candidates, faults = asked.environment_name(call), asked.versions(call, "with"), asked.faults(call)
    with call.read() as connection:
        if not store.exists(connection, saga):
            raise RefusedError(404, f"No saga with name '{saga}' found")
        live = LiveVersions(connection, asked.existing_environment(connection, environment), candidates)
        found = gather(connection, saga, live, call.now)
        live.refuse_strangers(saga, found.named)
    today = call.today
    verdict = judge_all(found.cases, faults, today)
    return respond(views.run_verdict(call.links, found.cases, verdict, faults, today), media_type=call.media_type)


def _shown(call: Call, connection: Connection, row: SagaVersion, status: int) -> Response:
    steps = store.steps_of(connection, [row.id]).get(row.id, [])
    location = call.links.url("sagas", row.saga, "versions", row.number) if status == 201 else None  # noqa: PLR2004
    return respond(views.saga_version(call.links, row, steps), status, location=location, media_type=call.media_type)


def _check(body: dict[str, Any]) -> None:
    faults = Faults()
    if not isinstance(body.get("content"), str):
        faults.add("content", "must be a string" if "content" in body else "is missing")
    faults.check(body, "contentType", one_of(*CONTENT_TYPES), required=True, null=False)
    faults.check(body, "branch", text, filled, one_line)
    faults.check(body, "buildUrl", address, one_line)
    faults.raise_any()


def _parsed(saga: str, content: str) -> Saga:
    if "\0" in content:
        raise InvalidError({"content": ["cannot contain a NUL character"]})
    try:
        parsed = parse_saga(content, f"{saga}.yaml")
    except SagaFileError as error:
        raise InvalidError({"content": [str(fault) for fault in error.faults]}) from error
    if parsed.saga != saga:
        raise InvalidError({"content": [f"saga name in the file ('{parsed.saga}') must match the name in the path ('{saga}')"]})
    return parsed


def _other_content(saga: str, number: str, stored: str, sent: str) -> str:
    return (
        f"Cannot publish saga {saga} {number}: other content is stored under this version "
        f"(stored {stored[:8]}, yours {sent[:8]}). Publish it under a new version."
    )
