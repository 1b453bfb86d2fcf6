"""The matrix, and `can-i-deploy` in its several forms."""

from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.questions import ignored_of, matrix_question
from saga_broker.acts.surroundings import Surroundings, surroundings_of
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call, Hal, calling, respond, text
from saga_broker.api.reading.fields import Faults, filled
from saga_broker.gate.matrix import Verdict, judge
from saga_broker.gate.model import Question, Selector, Target
from saga_broker.http.errors import InvalidError, NotFoundError
from saga_broker.http.media import HAL, TEXT
from saga_broker.store import environments as environment_store
from saga_broker.store import pacticipants as pacticipant_store
from saga_broker.store import versions as version_store
from saga_broker.store.questions import matrix as store
from saga_broker.views import matrix as views

router = APIRouter(tags=["matrix"])
NO_TARGET = "Must specify either an environment or a 'to' tag."
BOTH_TARGETS = "Cannot specify both a 'to' tag and an environment."
MatrixCall = Annotated[Call, calling(offers=(HAL, TEXT))]


@router.get("/matrix")
def show(call: MatrixCall) -> Response:
    """Show which versions were verified with which, and whether the given ones can be deployed together."""
    with call.read() as connection:
        return _answered(call, connection, matrix_question(connection, call.query))


@router.get("/matrix/provider/{provider:seg}/consumer/{consumer:seg}")
def show_for_pair(provider: str, consumer: str, call: MatrixCall) -> Response:
    """Show the matrix of a consumer and a provider."""
    with call.read() as connection:
        existing(connection, provider, "provider")
        existing(connection, consumer, "consumer")
        question = Question((Selector(consumer), Selector(provider)), latestby="cvpv")
        return _answered(call, connection, question)


@router.get("/can-i-deploy")
def can_i_deploy(call: MatrixCall) -> Response:
    """Tell whether a version can be deployed to an environment, or beside the versions with a tag."""
    with call.read() as connection:
        return _answered(call, connection, deployment_question(call, connection))


@router.get("/pacticipants/{name:seg}/latest-version/{tag:seg}/can-i-deploy/to/{to:seg}")
def can_i_deploy_tag(name: str, tag: str, to: str, call: Hal) -> Response:
    """Tell whether the newest version with a tag can be deployed beside the newest versions with another tag."""
    with call.read() as connection:
        return _answered(call, connection, tag_question(connection, name, tag, to))


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/latest-version/can-i-deploy/to-environment/{environment:seg}")
def can_i_deploy_branch(name: str, branch: str, environment: str, call: Hal) -> Response:
    """Tell whether the head of a branch can be deployed to an environment."""
    with call.read() as connection:
        return _answered(call, connection, branch_question(connection, name, branch, environment))


def tag_question(connection: Connection, name: str, tag: str, to: str) -> Question:
    """Ask about the newest version with a tag.

    Raises:
        NotFoundError: There is none.
    """
    if version_store.latest(connection, name, tag) is None:
        raise NotFoundError
    return Question((Selector(name, latest=True, tag=tag),), Target(latest=True, tag=to), latestby="cvp")


def branch_question(connection: Connection, name: str, branch: str, environment: str) -> Question:
    """Ask about the head of a branch.

    Raises:
        NotFoundError: There is none, or the environment does not exist.
    """
    if version_store.branch_head(connection, name, branch) is None:
        raise NotFoundError
    if environment_store.find_by_name(connection, environment) is None:
        raise NotFoundError
    return Question((Selector(name, latest=True, branch=branch),), Target(environment=environment), latestby="cvpv")


def verdict_of(connection: Connection, question: Question) -> Verdict:
    """Answer a question."""
    return judge(question, store.answer(connection, question))


def _answered(call: Call, connection: Connection, question: Question) -> Response:
    verdict = verdict_of(connection, question)
    if call.media_type == TEXT:
        return text(views.table(verdict))
    return respond(views.matrix(call.links, verdict, _surroundings(connection, verdict)))


def _surroundings(connection: Connection, verdict: Verdict) -> Surroundings:
    rows = [*verdict.rows, *verdict.ignored_rows]
    return surroundings_of(connection, [one for row in rows for one in (row.consumer_version_id, row.provider_version_id or 0)])


def deployment_question(call: Call, connection: Connection) -> Question:
    """Read the question of `/can-i-deploy`.

    Raises:
        InvalidError: With sentences per parameter.
    """
    given = {name: call.text(name) for name in ("pacticipant", "version", "to", "environment")}
    faults = Faults()
    for name in ("pacticipant", "version"):
        faults.check(_given(given), name, filled, required=True)
    for name in ("to", "environment"):
        faults.check(_given(given), name, filled)
    wrong = set(faults.by_field)
    pacticipant, environment = given["pacticipant"] or "", given["environment"]
    if "pacticipant" not in wrong and pacticipant_store.find(connection, pacticipant) is None:
        faults.add("pacticipant", "does not match an existing pacticipant")
    if environment and environment_store.find_by_name(connection, environment) is None:
        faults.add("environment", f"with name '{environment}' does not exist")
    if wrong.isdisjoint({"to", "environment"}) and bool(given["to"]) == bool(environment):
        faults.add("", BOTH_TARGETS if environment else NO_TARGET)
    if faults.by_field:
        raise InvalidError(faults.by_field, parameters=True)
    target = Target(environment=environment) if environment else Target(latest=True, tag=given["to"])
    selector = Selector(pacticipant, version=given["version"])
    return Question((selector,), target, ignored_of(call.query), "cvpv" if environment else "cvp")


def _given(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
