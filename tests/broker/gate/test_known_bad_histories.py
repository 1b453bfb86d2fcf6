"""Histories of a broker after which the gate must not say yes, each with its right answer. Another one is another row.

A history is a list of events; what each does is said in `Landscape` (conftest). Before them all is well: `holds` published and
deployed everything, and the gate says yes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from saga_evidence import breaks, old_form
from small_sagas import retriable, step, waiver

Event = Callable[[Any], object]
YES, NO, UNKNOWN = True, False, None
BROKEN = breaks("O8", "C")


@dataclass(frozen=True)
class Row:
    """One history, and what the gate must answer.

    Attributes:
        name: What goes wrong.
        events: What happens after everything was well.
        answer: True, False, None for unknown; a number: the status of the refusal.
        because: A type of reason, or a part of the refusal's sentence.
        candidates: The question's.
        params: Other parameters of the question.
        saga: Fields of the saga file.
    """

    name: str
    answer: bool | int | None
    because: str
    events: tuple[Event, ...] = ()
    candidates: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    saga: dict[str, Any] = field(default_factory=dict)


def deck(*changes: Any, step_name: str = "pay", version: str = "10", faults: int = 1, **fields: Any) -> Event:
    return lambda at: at.deck(step_name, version, faults, *changes, **fields)


def on(moment: str) -> Event:
    return lambda at: setattr(at, "moment", datetime.fromisoformat(moment).replace(tzinfo=UTC))


def trouble(history: dict[str, Any]) -> None:
    history["trouble"] = "the participant did not answer the state change"


def unseen(history: dict[str, Any]) -> None:
    history["unseen"] = [one for one in history["obligations"] if one == "O14"]


def two_live(at: Any) -> None:
    at.exists("pay_service", "11")
    at.deploy("pay_service", "11", "green")


def another_executor(at: Any) -> None:
    """A branch lets another pacticipant execute the saga."""
    at.saga("2", branch="feat", executes_as="runner")


UNCORRELATED = deck(breaks("O31"), verdict="waived")
WAIVED = {"waivers": [waiver("O31", expires="2026-05-31")]}
TOLD = {
    "participant": "owner",
    "request": {"method": "POST", "path": "/told", "body": {"event": "{event}", "saga": "{saga_id}"}},
    "replies": {"done": {"status": 204}},
}
MESSAGES = {"owner": "owner", "executes_as": "shop"}


def message_pact(*keys: str) -> Event:
    """The executor publishes a pact with the owner that holds messages."""

    def publish(at: Any) -> None:
        interactions = [{"key": key, "description": key, "type": "Asynchronous/Messages"} for key in keys]
        document = {"consumer": {"name": "shop"}, "provider": {"name": "owner"}, "interactions": interactions}
        at.broker.publish("shop", "1", ("owner", document))

    return publish


ROWS = [
    Row("all is well", YES, "step_kept"),
    # What a deck result says is worked out.
    Row("a broken deck", NO, "deck_broken", (deck(BROKEN, verdict="broken"),)),
    Row("a broken deck that its verifier calls kept", NO, "deck_broken", (deck(BROKEN),)),
    Row("a broken deck that its verifier calls waived", NO, "deck_broken", (deck(BROKEN, verdict="waived"),)),
    Row("k = 2 kept, then k = 1 broken", NO, "deck_broken", (deck(faults=2), deck(BROKEN))),
    Row("k = 2 broken, then k = 1 kept", NO, "deck_broken", (deck(BROKEN, faults=2), deck())),
    Row("k = 2 broken, then k = 2 kept in part, then k = 1 kept", NO, "deck_broken",
        (deck(BROKEN, faults=2), deck(faults=2, lacks=["C"]), deck())),
    Row("k = 2 broken, then k = 2 in trouble, then k = 1 kept", NO, "deck_broken",
        (deck(BROKEN, faults=2), deck(trouble, faults=2), deck())),
    Row("k = 2 broken, then k = 2 pending, then k = 1 kept", NO, "deck_broken",
        (deck(BROKEN, faults=2), deck(faults=2, verdict="pending"), deck())),
    Row("k = 2 broken, then k = 2 by an unknown derivation, then k = 1 kept", NO, "deck_broken",
        (deck(BROKEN, faults=2), deck(faults=2, derivation=9999), deck())),
    Row("k = 2 broken, then k = 2 kept", YES, "step_kept", (deck(BROKEN, faults=2), deck(faults=2))),
    Row("broken, then kept by an unknown derivation", NO, "deck_broken", (deck(BROKEN), deck(derivation=9999))),
    Row("broken, then kept by a verifier that does not say what it saw", NO, "deck_broken", (deck(BROKEN), deck(old_form))),
    Row("broken, then histories that could not be judged", NO, "deck_broken", (deck(BROKEN), deck(trouble))),
    Row("broken, then pending", NO, "deck_broken", (deck(BROKEN), deck(BROKEN, verdict="pending"))),
    Row("broken in a history of another deck", NO, "deck_broken",
        (deck(lambda history: history.update(word=history["word"] + " C C C"), BROKEN, breaks("O7"), derivation=7),)),
    Row("pending", UNKNOWN, "deck_pending", (deck(BROKEN, verdict="pending"),)),
    Row("histories that could not be judged", UNKNOWN, "deck_unproven", (deck(trouble),)),
    Row("an obligation that was hidden everywhere", UNKNOWN, "deck_unproven", (deck(unseen),)),
    Row("level 3 without a probe", UNKNOWN, "deck_unproven", saga={"steps": (step(probe=False), retriable())}),
    Row("level 3 without a status call", UNKNOWN, "deck_unproven", saga={"steps": (step(status=False), retriable())}),
    Row("level 4, with all trials", YES, "step_kept", saga={"level": 4}),
    Row("a waiver hides its own obligation only", NO, "deck_broken", (deck(breaks("O8"), verdict="waived"),), saga=WAIVED),
    Row("a waiver on its last day", YES, "step_kept", (UNCORRELATED, on("2026-05-31T23:59")), saga=WAIVED),
    Row("a waiver after its day", NO, "deck_broken", (UNCORRELATED, on("2026-06-01T00:00")), saga=WAIVED),
    # What was not played.
    Row("a stronger deck is asked for", UNKNOWN, "deck_too_weak", params={"faults": 2}),
    Row("a version of which nothing was played", UNKNOWN, "deck_missing",
        (lambda at: at.verify("pay_service", "11"),), ("pay_service:11",)),
    Row("a version of which one history was played", UNKNOWN, "deck_incomplete",
        (lambda at: at.verify("pay_service", "11"), deck(version="11", lacks=["C F"])), ("pay_service:11",)),
    Row("a version that an unknown derivation kept", UNKNOWN, "deck_outdated",
        (lambda at: at.verify("pay_service", "11"), deck(version="11", derivation=9999)), ("pay_service:11",)),
    Row("a version that an older verifier kept", UNKNOWN, "deck_outdated",
        (lambda at: at.verify("pay_service", "11"), deck(old_form, version="11")), ("pay_service:11",)),
    # Candidates.
    Row("a misspelt pacticipant", 404, "Did you mean pay_service", candidates=("pay_servise:10",)),
    Row("an unknown version", 404, "knows no version 99 of pay_service", candidates=("pay_service:99",)),
    Row("no version at all", 400, "must be like PACTICIPANT:VERSION", candidates=("pay_service",)),
    Row("the same name twice, the last one kept", UNKNOWN, "pact_unverified",
        (lambda at: at.exists("pay_service", "11"),), ("pay_service:11", "pay_service:10")),
    Row("the same name twice, the first one kept", UNKNOWN, "pact_unverified",
        (lambda at: at.exists("pay_service", "11"),), ("pay_service:10", "pay_service:11")),
    Row("another instance beside", UNKNOWN, "pact_unverified", (two_live,)),
    Row("a candidate hides no other instance", UNKNOWN, "pact_unverified",
        (two_live, lambda at: at.kept("pay_service", "12")), ("pay_service:12",)),
    Row("a candidate takes the place of the instance that it names", YES, "step_kept",
        (two_live, lambda at: at.kept("pay_service", "12")), ("pay_service:12@green",)),
    Row("a candidate hides no release", UNKNOWN, "pact_unverified",
        (lambda at: at.exists("pay_service", "9"), lambda at: at.release("pay_service", "9")), ("pay_service:10",)),
    # Executors.
    Row("a branch renames the executor of what is broken", NO, "deck_broken", (deck(BROKEN), another_executor)),
    Row("a branch renames the executor, and it is a candidate", NO, "deck_broken",
        (deck(BROKEN), another_executor), ("runner:2",)),
    Row("the executor is live without the saga", UNKNOWN, "saga_not_published",
        (lambda at: at.exists("shop", "3"), lambda at: at.deploy("shop", "3", "green"))),
    Row("the executor is replaced by a version without the saga", UNKNOWN, "saga_not_published",
        (lambda at: at.exists("shop", "3"),), ("shop:3",)),
    # Contracts.
    Row("no pact", UNKNOWN, "pact_missing", (lambda at: at.saga("2"),), ("shop:2",)),
    Row("a pact that failed", NO, "pact_broken", (lambda at: at.verify("pay_service", success=False),)),
    Row("a pact without the compensation", UNKNOWN, "case_missing",
        (lambda at: at.saga("2"), lambda at: at.pacts("2", lacks="compensate"), lambda at: at.verify("pay_service", of="2"),
         lambda at: at.verify("tell_service", of="2")), ("shop:2",)),
    Row("a pact of another saga file", UNKNOWN, "pact_of_other_saga_file",
        (lambda at: at.saga("2", steps=(step(timeout_ms=900), retriable())), lambda at: at.pacts("2", of="1"),
         lambda at: at.kept("pay_service", of="2"), lambda at: at.kept("tell_service", of="2")), ("shop:2",)),
    Row("no contract of a message, which is told", YES, "message_contract_missing", saga=MESSAGES),
    Row("one message contract of several", UNKNOWN, "message_contract_missing",
        (message_pact("sale/_saga/creation/started"),),
        saga={**MESSAGES, "policies": {"owner_notification": TOLD}}),
    Row("every message contract", YES, "message_contracts_held", (message_pact("sale/_saga/creation/started"),), saga=MESSAGES),
    # Levels.
    Row("level 1 without decks", YES, "step_kept",
        (lambda at: at.verify("pay_service", "11"),), ("pay_service:11",), saga={"level": 1}),
    Row("level 1 with a broken deck", NO, "deck_broken", (deck(BROKEN),), saga={"level": 1}),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_gate_answers_right(landscape: Any, row: Row) -> None:
    landscape.holds(**row.saga)
    for event in row.events:
        event(landscape)

    if row.answer not in (YES, NO, UNKNOWN):
        refused = landscape.ask(*row.candidates, status=row.answer, **row.params)
        assert row.because in str(refused)
        return
    answer = landscape.ask(*row.candidates, **row.params)
    assert answer["canRun"] is row.answer, answer["reasons"]
    word = {YES: "yes", NO: "no", UNKNOWN: "unknown"}[row.answer]
    assert row.because in {one["type"] for one in answer["reasons"] if one["verdict"] == word}, answer["reasons"]
