"""The matrix, and whether versions can be deployed together: the verdict with its reasons, and what it rests on."""

from dataclasses import replace

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from saga_broker.acts.questions import matrix_question
from saga_broker.acts.surroundings import Surroundings, surroundings_of
from saga_broker.api.parties.pacticipants import existing
from saga_broker.api.reading.call import Call
from saga_broker.api.results.matrix import branch_question, deployment_question, tag_question, verdict_of
from saga_broker.gate.matrix import Verdict
from saga_broker.gate.model import Question, Selector
from saga_broker.http.errors import InvalidError
from saga_broker.pages.frame.asking import Html, Place
from saga_broker.pages.frame.lists import Column, asked, cut
from saga_broker.pages.frame.states import of_result
from saga_broker.pages.frame.writing import Crumb, page
from saga_broker.pages.matrix_form import GROUPINGS, WHICH, Form, form_of
from saga_broker.store import environments as environment_store

router = APIRouter(tags=["pages"])
ROWS, SIZE = 100, 50
"""How many rows are looked for when the question names no limit, and how many stand on a page."""
COLUMNS = (Column("Consumer"), Column("Version"), Column("Published"), Column("Provider"), Column("Version"), Column("Verified"))
NONE = Verdict(None, (), (), 0, 0, 0, None, ())


@router.get("/matrix")
def show(call: Html) -> Response:
    """Show the form, and the matrix that is asked for."""
    with call.read() as connection:
        if not call.query.get("q"):
            return _page(call, connection, None, form_of(Question(())))
        try:
            question = matrix_question(connection, call.query)
        except InvalidError as error:
            return _page(call, connection, None, form_of(Question(())), str(error))
        return _page(call, connection, question, form_of(question))


@router.get("/matrix/provider/{provider:seg}/consumer/{consumer:seg}")
def show_for_pair(provider: str, consumer: str, call: Html) -> Response:
    """Show the matrix of a pair."""
    with call.read() as connection:
        existing(connection, provider, "provider")
        existing(connection, consumer, "consumer")
        question = Question((Selector(consumer), Selector(provider)))
        return _page(call, connection, question, form_of(question))


@router.get("/can-i-deploy")
def can_i_deploy(call: Html) -> Response:
    """Show whether a version can be deployed."""
    with call.read() as connection:
        question = deployment_question(call, connection)
        return _page(call, connection, question, form_of(question))


@router.get("/pacticipants/{name:seg}/latest-version/{tag:seg}/can-i-deploy/to/{to:seg}")
def can_i_deploy_tag(name: str, tag: str, to: str, call: Html) -> Response:
    """Show whether the newest version with a tag can be deployed beside those with another."""
    with call.read() as connection:
        question = tag_question(connection, name, tag, to)
        return _page(call, connection, question, form_of(question))


@router.get("/pacticipants/{name:seg}/branches/{branch:seg}/latest-version/can-i-deploy/to-environment/{environment:seg}")
def can_i_deploy_branch(name: str, branch: str, environment: str, call: Html) -> Response:
    """Show whether the head of a branch can be deployed to an environment."""
    with call.read() as connection:
        question = branch_question(connection, name, branch, environment)
        return _page(call, connection, question, form_of(question))


def _page(call: Call, connection: Connection, question: Question | None, form: Form, fault: str = "") -> Response:
    verdict = NONE if question is None else verdict_of(connection, _bounded(question))
    wanted = asked(call, COLUMNS, "", size=SIZE)
    rows = [*((row, False) for row in verdict.rows), *((row, True) for row in verdict.ignored_rows)]
    shown = cut(rows, wanted.page)
    ids = [one for row, _ in shown for one in (row.consumer_version_id, row.provider_version_id) if one is not None]
    around = surroundings_of(connection, ids) if ids else Surroundings()
    title = "Matrix" if question is None else _title(question)
    return page(
        call.request,
        "matrix.html",
        title,
        [] if question is None else [Crumb("Matrix", Place(call.request).links.url("matrix")), Crumb(title)],
        http_status=400 if fault else 200,
        twin=None if question is None else "",
        question=question,
        verdict=verdict,
        answer=_answer(question, verdict) if question is not None and _is_judged(question) else None,
        is_cut=question is not None and len(rows) >= ROWS and question.limit is None,
        rows=shown,
        states=[of_result(success=row.success) for row, _ in shown],
        total=len(rows),
        asked=wanted,
        columns=COLUMNS,
        around=around,
        form=form,
        fault=fault,
        which=WHICH,
        groupings=GROUPINGS,
        environments=environment_store.listing(connection),
    )


def _title(question: Question) -> str:
    names = " and ".join(one.pacticipant for one in question.selectors)
    place = question.target.environment
    return f"Can {names} be deployed to {place}?" if place else f"Matrix of {names}"


def _answer(question: Question, verdict: Verdict) -> tuple[str, str, str]:
    """Give the verdict as a kind, a word and a sentence."""
    place = f"to {question.target.environment}" if question.target.environment else "together"
    if verdict.deployable is None:
        return "warn", "unknown", f"It is not known whether these can be deployed {place}: something has not been verified."
    if verdict.deployable:
        return "good", "yes", f"These can be deployed {place}."
    return "bad", "no", f"These cannot be deployed {place}."


def _bounded(question: Question) -> Question:
    """Look at the newest rows only where many versions would be looked at."""
    are_few = all(one.version or one.latest or one.environment for one in question.selectors)
    return question if question.limit or are_few else replace(question, limit=ROWS)


def _is_judged(question: Question) -> bool:
    """Tell whether certain versions are meant, of which can be said whether they go together."""
    return question.target.infers or any(not one.is_plain for one in question.selectors)
