"""Decks and cases as text for people and as plain JSON for programs (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.saga import Reply
from saga_contracts.derive.cases import Case
from saga_contracts.derive.causes import Cause, Fault
from saga_contracts.derive.client_cases import ClientCase
from saga_contracts.derive.decks import Deck, History, Play
from saga_contracts.derive.expectations import Letter, World
from saga_contracts.derive.model import Phase
from saga_contracts.derive.pairs import PairDeck

LETTERS = {
    Letter.FORWARD: "forward call",
    Letter.REFUSED: "forward call that the precondition refuses",
    Letter.COMPENSATE: "compensation",
    Letter.DONE: "the participant's work is over: done",
    Letter.CALLBACK_REFUSED: "the participant's work is over: refused",
    Letter.MISUSED: "forward call with the same key and another payload",
    Letter.RETRYABLE: "forward call that is answered 'try again'",
    Letter.ANOTHER: "forward call for another element of the list",
    Letter.ANOTHER_UNDONE: "compensation of that other element",
}
"""What each letter of a history stands for."""

WORLDS = {
    World.BEFORE: "no effect",
    World.APPLIED: "exactly one effect",
    World.REFUSING: "no effect, under the refusing precondition",
    World.IMPROVED: "no effect, although the precondition has become true",
}
"""What the effect probe must read, in words."""


def obligation_words(identity: str) -> str:
    """Give an obligation with its name.

    >>> obligation_words("O8")
    'O8 null compensation'
    """
    known = CATALOGUE.get(identity)
    return f"{identity} {known.name}" if known else identity


CAUSES = {
    Fault.REFUSED: "the participant refuses",
    Fault.OTHER_STEP_FAILED: "another step fails",
    Fault.REPLY_LOST: "the reply to {} is lost",
    Fault.REQUEST_LOST: "the request of {} is lost",
    Fault.REQUESTS_SWALLOWED: "an outage swallows every request of {}",
    Fault.REPLIES_SWALLOWED: "an outage swallows every reply to {}",
    Fault.NO_CALLBACK: "the orchestrator hears no outcome",
    Fault.LATE: "a request of {} comes late",
    Fault.DOUBLED: "a request of {} is doubled on its way",
    Fault.CANCELLED: "another step fails while {} is on its way",
    Fault.CRASHED: "the orchestrator crashes during {}",
}
"""What each fault is, in words; the braces stand for the call."""


def cause_words(cause: Cause) -> str:
    """Say what goes wrong.

    >>> cause_words(Cause(Fault.REPLY_LOST, Phase.FORWARD))
    'the reply to the forward call is lost'
    """
    return CAUSES[cause.fault].format("the compensation" if cause.phase == Phase.UNDO else "the forward call")


def faults_words(faults: int | None, causes: Sequence[Cause] = ()) -> str:
    """Say how a history comes about."""
    if faults is None:
        return "for its obligation"
    told = f": {', then '.join(map(cause_words, causes))}" if causes else ""
    return "without a fault" if faults == 0 else f"by {faults} fault{'' if faults == 1 else 's'}{told}"


def deck_text(deck: Deck, causes: Mapping[str, Sequence[Cause]]) -> str:
    """Give a deck as text: each history with its causes, call by call, with what must follow."""
    count = f"{len(deck.histories)} {'history' if len(deck.histories) == 1 else 'histories'}"
    head = f"{deck.saga}/{deck.step} at {deck.participant}: {count}, at most {_count(deck.faults, 'fault')}"
    lines = [f"{head} (derivation v{deck.derivation}, slice {deck.slice_sha[:12]})"]
    for history in deck.histories:
        lines += ["", *_history_lines(history, causes.get(history.word, ()))]
    return "\n".join([*lines, "", deck.claim()])


def deck_json(deck: Deck, causes: Mapping[str, Sequence[Cause]]) -> dict[str, Any]:
    """Give a deck as plain JSON."""
    return {
        "saga": deck.saga,
        "step": deck.step,
        "participant": deck.participant,
        "derivation": deck.derivation,
        "faults": deck.faults,
        "slice": deck.slice_sha,
        "claim": deck.claim(),
        "histories": [_history_json(history, causes.get(history.word, ())) for history in deck.histories],
    }


def pair_text(deck: PairDeck) -> str:
    """Give a pair deck as text."""
    count = _count(len(deck.histories), "mixed history").replace("historys", "histories")
    lines = [
        f"{deck.saga}/{deck.steps[0]} and {deck.steps[1]} at {deck.participant}: {count}, at most {_count(deck.faults, 'fault')}"
    ]
    for history in deck.histories:
        lines += ["", f"  {history.word}   ({faults_words(history.faults)})"]
        lines += [f"    {one.step}  {one.play.letter}  {_play_words(one.play)}" for one in history.plays]
        for step, world in zip(deck.steps, history.worlds, strict=True):
            reads = WORLDS[world] if world else "a place that both steps share: not judged"
            lines.append(f"    the probe of {step} reads {reads}")
        lines.append(f"    checks {', '.join(obligation_words(one) for one in history.obligations)}")
    return "\n".join([*lines, "", deck.claim()])


def pair_json(deck: PairDeck) -> dict[str, Any]:
    """Give a pair deck as plain JSON."""
    return {
        "saga": deck.saga,
        "steps": list(deck.steps),
        "participant": deck.participant,
        "derivation": deck.derivation,
        "faults": deck.faults,
        "slices": list(deck.slice_shas),
        "claim": deck.claim(),
        "histories": [
            {
                "word": history.word,
                "faults": history.faults,
                "plays": [{"step": one.step, **_play_json(one.play)} for one in history.plays],
                "worlds": [world and world.value for world in history.worlds],
                "obligations": list(history.obligations),
            }
            for history in deck.histories
        ],
    }


def cases_text(saga: str, cases: Iterable[Case]) -> str:
    """Give cases as a table, grouped by step."""
    rows = list(cases)
    lines = [f"{saga}: {_count(len(rows), 'case')}"]
    step = ""
    for case in rows:
        if case.step != step:
            step = case.step
            lines += ["", f"{step} at {case.participant}"]
        lines.append(f"  {_short_name(case):28} {_call(case):44} -> {case.outcome:12} {' '.join(case.obligations)}")
    return "\n".join(lines)


def messages_text(cases: Iterable[Case]) -> str:
    """Give the messages between owner and saga service as a table."""
    rows = list(cases)
    lines = [f"{_count(len(rows), 'message')} between the owner and the saga service"]
    for case in rows:
        way = f"{case.participant} -> {case.consumer or 'the saga service'}"
        lines.append(f"  {_short_name(case):32} {way:36} -> {case.outcome:12} {' '.join(case.obligations)}")
    return "\n".join(lines)


def client_cases_text(cases: Iterable[ClientCase]) -> str:
    """Give client-only cases as a table."""
    rows = list(cases)
    lines = [f"{_count(len(rows), 'client-only case')}, served by a stub, in no pact"]
    for case in rows:
        answers = ", then ".join(str(one.status) if isinstance(one, Reply) else one.value for one in case.answers)
        lines.append(f"  {case.name.split('/', 1)[1]:44} {answers:28} -> {case.outcome:12} {' '.join(case.obligations)}")
    return "\n".join(lines)


def client_case_json(case: ClientCase) -> dict[str, Any]:
    """Give a client-only case as plain JSON."""
    answers = [
        one.model_dump(mode="json", exclude_defaults=True) if isinstance(one, Reply) else {"answer": one.value}
        for one in case.answers
    ]
    return {
        "name": case.name,
        "step": case.step,
        "role": case.role.value,
        "answers": answers,
        "calls": case.calls,
        "tries": case.tries,
        "outcome": case.outcome,
        "obligations": list(case.obligations),
    }


def case_json(case: Case) -> dict[str, Any]:
    """Give a case as plain JSON."""
    return {
        "name": case.name,
        "step": case.step,
        "role": case.role.value,
        "participant": case.participant,
        "states": [state.model_dump(mode="json") for state in case.states],
        "request": case.request.model_dump(mode="json", exclude_defaults=True),
        "reply": None if case.reply is None else case.reply.model_dump(mode="json", exclude_defaults=True),
        "message": case.message,
        "outcome": case.outcome,
        "obligations": list(case.obligations),
    }


def _history_lines(history: History, causes: Sequence[Cause]) -> Iterator[str]:
    yield f"  {history.name}   ({faults_words(history.faults, causes)})"
    for play in history.plays:
        yield f"    {play.letter}  {_play_words(play)}"
    if history.ends.effect_obligation != "O1":  # what only reads has no effect
        yield f"    the probe reads {WORLDS[history.world]} ({obligation_words(history.ends.effect_obligation)})"
    yield f"    checks {', '.join(obligation_words(one) for one in history.obligations)}"


def _play_words(play: Play) -> str:
    words, expects = LETTERS[play.letter], play.expects
    if expects.replies:
        words += f" -> {' or '.join(expects.outcomes)} ({obligation_words(expects.obligation)})"
    if expects.told:
        words += f"; then status {' or '.join(expects.told)} ({obligation_words(expects.told_obligation)})"
    return words


def _history_json(history: History, causes: Sequence[Cause]) -> dict[str, Any]:
    return {
        "word": history.word,
        "improved": history.improved,
        "faults": history.faults,
        "causes": [{"fault": one.fault.value, "text": cause_words(one)} for one in causes],
        "plays": [_play_json(play) for play in history.plays],
        "world": history.world.value,
        "worldObligation": history.ends.effect_obligation,
        "obligations": list(history.obligations),
    }


def _play_json(play: Play) -> dict[str, Any]:
    expects = play.expects
    return {
        "letter": play.letter.value,
        "replies": [outcome.value for outcome in expects.outcomes],
        "declared": list(expects.replies),
        "obligation": expects.obligation,
        "status": [state.value for state in expects.told],
        "statusObligation": expects.told_obligation,
    }


def _short_name(case: Case) -> str:
    return case.name.split("/", 2)[2]


def _call(case: Case) -> str:
    if case.reply is None:
        return f"message {case.request.method} {case.request.path}"
    return f"{case.request.method} {case.request.path} {case.reply.status}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
