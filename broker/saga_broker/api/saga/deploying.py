"""May a set of versions be deployed, what must come with it, and what would it change: pairs and sagas in one answer."""

from fastapi import APIRouter, Response

from saga_broker.acts.deploying import Deploying
from saga_broker.api.reading.call import Call, respond
from saga_broker.api.saga import asked
from saga_broker.api.saga.sagas import SagaCall
from saga_broker.http.errors import InvalidError
from saga_broker.views import deploying as views

router = APIRouter(tags=["sagas"])


@router.get("/can-deploy")
def can_deploy(call: SagaCall) -> Response:
    """Tell whether versions (`with[]=PACTICIPANT:VERSION`) may be deployed together: their pacts, and every saga of theirs.

    When they may not, the smallest set with them that may is looked for; `together=false` leaves that out.
    """
    environment, given, faults = asked.environment_name(call), asked.versions(call, "with"), asked.faults(call)
    if not given:
        raise InvalidError({"with": ["is missing: name at least one version, with[]=PACTICIPANT:VERSION"]}, parameters=True)
    looks_further = _looks_further(call)
    with call.read() as connection:
        question = Deploying(connection, asked.existing_environment(connection, environment), faults, call.now)
        answer = question.answer(given)
        found = question.smallest(given) if looks_further and answer.can_deploy is not True else None
    told = views.Asked(environment, tuple(given), faults, call.today)
    return respond(views.set_answer(call.links, told, answer, found), media_type=call.media_type)


@router.get("/what-if")
def what_if(call: SagaCall) -> Response:
    """Tell what would become of every saga if versions were deployed (`deployed[]=`) and others taken away (`removed[]=`)."""
    environment, faults = asked.environment_name(call), asked.faults(call)
    deployed, removed = asked.versions(call, "deployed"), asked.removals(call, "removed")
    if not deployed and not removed:
        raise InvalidError({"deployed": ["is missing, and so is 'removed': name what would change"]}, parameters=True)
    with call.read() as connection:
        question = Deploying(connection, asked.existing_environment(connection, environment), faults, call.now)
        changes = question.changes(deployed, removed)
    told = views.Asked(environment, tuple(deployed), faults, call.today, tuple(removed))
    return respond(views.changes(call.links, told, changes), media_type=call.media_type)


def _looks_further(call: Call) -> bool:
    value = call.text("together")
    if value not in (None, "true", "false"):
        raise InvalidError({"together": ["must be true or false"]}, parameters=True)
    return value != "false"
