"""Asks both brokers the same questions after an import, and tells where the answers differ.

The questions are those that decide something: the matrix of a version towards an environment, the matrix of a pair, and what a
branch of a provider has to verify, with what is pending and work in progress. Which ones are asked is chosen by a fixed seed, so
that a second check asks the same.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any
from urllib.parse import quote

import anyio
import httpx

from saga_broker.app import create_app
from saga_broker.client.transport import ACCEPT
from saga_broker.http.segments import path
from saga_broker.importing import documents
from saga_broker.importing.source import Source, listed
from saga_broker.settings import Settings

SEED = 1
NEWEST = 3
SINCE = "2013-01-01"  # before the first Pact Broker: all work in progress
SELECTORS: tuple[tuple[str, list[dict[str, Any]]], ...] = (
    ("the main branches", [{"mainBranch": True}]),
    ("what is live", [{"deployedOrReleased": True}]),
    ("main and same branches and what is live", [{"mainBranch": True}, {"matchingBranch": True}, {"deployedOrReleased": True}]),
    ("the newest", [{"latest": True}]),
    ("main branches and the newest", [{"mainBranch": True}, {"latest": True}]),
)
WORDS = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `text` says it in words, `body` is posted when there is one."""

    text: str
    address: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a broker answers: the verdict, its reason, and the rows.

    A row is a consumer, its version, a provider, its version, and whether they work together; or a pact to be verified, its
    content sha, for which selectors it was chosen, and whether it is pending or work in progress.
    """

    deployable: bool | None
    reason: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """How many questions were asked, and one line for each that was answered differently."""

    asked: int
    differences: tuple[str, ...]


def compare(source: Source, database_url: str, count: int) -> Compared:
    """Ask both brokers.

    Args:
        source: The broker that was copied from.
        database_url: The database that was copied to; its own broker is asked inside this process.
        count: How many questions at most.

    Raises:
        SourceError: The source cannot be read.
    """
    questions = _questions(source, count)
    there = list(source.each(questions, lambda question: source.read(question.address, _answer, question.body)))
    here = anyio.run(partial(_ask_own, database_url, questions))
    found = (_difference(*one) for one in zip(questions, there, here, strict=True))
    return Compared(len(questions), tuple(text for text in found if text is not None))


def _questions(source: Source, count: int) -> list[Question]:
    chance = random.Random(SEED)  # noqa: S311  (a sample, no secret)
    names = [one.name for one in source.pages("/pacticipants", "pacticipants", documents.pacticipant)]
    found = source.find("/environments", lambda document: listed(document, "environments", documents.environment))
    places = sorted(one.name for one in found or [])
    pairs = source.find("/integrations", lambda document: listed(document, "integrations", documents.pair)) or []
    verifying = sorted({provider for _, provider in pairs})
    branches = source.each(verifying, lambda name: _branches(source, name))
    work = [(name, branch) for name, found_ in zip(verifying, branches, strict=True) for branch in found_]
    towards = list(product(sorted(names), places))
    todo = chance.sample(list(product(work, SELECTORS)), min(len(work) * len(SELECTORS), count // 3))
    left = count - len(todo)
    chosen = chance.sample(towards, min(len(towards), left - min(len(pairs), left // 2)))
    both = chance.sample(sorted(pairs), min(len(pairs), left - len(chosen)))
    numbers = source.each([name for name, _ in chosen], lambda name: _newest(source, name))
    asked = [_to_environment(chance, name, place, known) for (name, place), known in zip(chosen, numbers, strict=True)]
    known_ = [question for question in asked if question is not None]
    return known_ + [_of_pair(*pair) for pair in both] + [_to_verify(*owner, *which) for owner, which in todo]


def _branches(source: Source, name: str) -> list[str]:
    address = f"{path('pacticipants', name, 'branches')}?page=1&size={NEWEST}"
    found = source.find(address, lambda document: listed(document, "branches", documents.branch)) or []
    return [branch.name for branch in found[:NEWEST]]


def _newest(source: Source, name: str) -> list[str]:
    address = f"{path('pacticipants', name, 'versions')}?page=1&size={NEWEST}"
    found = source.find(address, lambda document: listed(document, "versions", documents.version)) or []
    return [version.number for version in found[:NEWEST]]


def _to_environment(chance: random.Random, name: str, place: str, numbers: Sequence[str]) -> Question | None:
    if not numbers:
        return None
    number = chance.choice(numbers)
    selector = f"q[][pacticipant]={_quoted(name)}&q[][version]={_quoted(number)}"
    address = f"/matrix?{selector}&latestby=cvpv&environment={_quoted(place)}"
    return Question(f"can {name} {number} be deployed to {place}?", address)


def _of_pair(consumer: str, provider: str) -> Question:
    address = f"/matrix?q[][pacticipant]={_quoted(consumer)}&q[][pacticipant]={_quoted(provider)}&latestby=cvpv&limit=100"
    return Question(f"which versions of {consumer} and {provider} work together?", address)


def _to_verify(provider: str, branch: str, words: str, selectors: list[dict[str, Any]]) -> Question:
    asked = {
        "providerVersionBranch": branch,
        "includePendingStatus": True,
        "includeWipPactsSince": SINCE,
        "consumerVersionSelectors": selectors,
    }
    text = f"what has branch {branch} of {provider} to verify of {words}?"
    return Question(text, path("pacts", "provider", provider, "for-verification"), asked)


async def _ask_own(database_url: str, questions: Sequence[Question]) -> list[Answer]:
    app = create_app(Settings(database_url=database_url))
    try:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers={"Accept": ACCEPT}) as client:
            return [_answer((await _asked(client, question)).json()) for question in questions]
    finally:
        app.state.database.close()


async def _asked(client: httpx.AsyncClient, question: Question) -> httpx.Response:
    if question.body is None:
        return await client.get(question.address)
    return await client.post(question.address, json=question.body)


def _answer(document: Any) -> Answer:
    if "pacts" in document.get("_embedded", {}):
        return Answer(None, "", tuple(sorted(_work(one) for one in documents.selected(document))))
    if "matrix" not in document:  # a refusal in words
        return Answer(None, str(document.get("error") or document.get("errors")), ())
    rows = sorted(_row(row) for row in document["matrix"])
    return Answer(document["summary"]["deployable"], str(document["summary"]["reason"]), tuple(rows))


def _work(one: documents.SelectedRead) -> tuple[str, ...]:
    states = [word for word, holds in (("pending", one.pending), ("work in progress", one.wip)) if holds]
    return one.name, one.sha, one.why, *states


def _row(row: Any) -> tuple[str, ...]:
    provider, result = row["provider"], row["verificationResult"]
    number = provider["version"]["number"] if provider.get("version") else ""
    consumer = row["consumer"]
    return consumer["name"], consumer["version"]["number"], provider["name"], number, WORDS[result["success"] if result else None]


def _difference(question: Question, there: Answer, here: Answer) -> str | None:
    if there.deployable != here.deployable:
        verdicts = f"there {WORDS[there.deployable]} ({there.reason}), here {WORDS[here.deployable]} ({here.reason})"
        return f"{question.text} {verdicts}".replace("\n", "; ")
    if there.rows != here.rows:
        only = [sorted(set(one.rows) - set(other.rows)) for one, other in ((there, here), (here, there))]
        return f"{question.text} only there: {only[0]}, only here: {only[1]}"
    return None


def _quoted(text: str) -> str:
    return quote(text, safe="")
