"""A literal, slow transcription of when a saga can run. It shares no code with the gate, nor with what judges histories.

Written from the catalogue of obligations, the section on decks, and the guide of the broker, sentence by sentence. It knows only
what was told to it (`Told`), asks everything anew for every question, and derives decks, cases and slices from the saga file.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from saga_contracts.declare.saga import Saga, Step
from saga_contracts.derive import cases
from saga_contracts.derive.model import DERIVATION
from saga_contracts.derive.slices import step_slice
from saga_evidence import everything_played

SHOWN_BY = {
    "O1": {"reply"}, "O2": {"status", "effect"}, "O3": {"reply", "effect"}, "O6": {"status", "effect"},
    "O7": {"reply", "status", "effect"}, "O8": {"reply", "status", "effect"}, "O9": {"reply", "status", "effect"},
    "O12": {"status", "effect"}, "O13": {"reply"}, "O14": {"status"}, "O15": {"status", "effect"},
    "O24": {"status", "effect"}, "O31": {"reply"},
}  # fmt: skip
"""By what the obligations are shown that every step of the tests has; what a level does not look at is not asked for."""
LOOKED_AT = {1: {"reply"}, 2: {"reply", "status"}, 3: {"reply", "status", "effect"}}
OF_UNDOING = {"O6", "O7", "O8", "O9", "O12", "O13", "O24"}
OF_REFUSING = {"O2"}


@dataclass
class Told:
    """Everything that was ever told, in its order.

    Attributes:
        sagas: Saga versions by number.
        pacts: The document of each pact by consumer, its version, and provider.
        verified: Consumer, provider, the pact's document, provider version, success.
        played: Sha of the slice, provider version, and the result's body.
        live: Pacticipant, version, instance (None for the only one), released.
        known: Every pacticipant with every version of it.
        ended: Pacticipant, version, and when it was taken away.
    """

    sagas: dict[str, Saga] = field(default_factory=dict)
    pacts: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    verified: list[tuple[str, str, Any, str, bool]] = field(default_factory=list)
    played: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    live: list[tuple[str, str, str | None, bool]] = field(default_factory=list)
    known: set[tuple[str, str]] = field(default_factory=set)
    ended: list[tuple[str, str, datetime]] = field(default_factory=list)


Candidate = tuple[str, str, str | None]
"""Pacticipant, version, and the application instance when it is named."""


def can_run(told: Told, candidates: list[Candidate], faults: int, now: datetime) -> str:
    """Answer yes, not yes, or error."""
    today = now.date()
    in_question = _in_question(told, candidates)
    flying = _in_flight(told, candidates, now)
    asked_about = [saga for _, _, saga in [*in_question, *flying]] or list(told.sagas.values())
    named = {name for saga in asked_about for name in (saga.owner, saga.consumer, *(step.participant for step in saga.steps))}
    if any(name not in named or (name, version) not in told.known for name, version, _ in candidates):
        return "error"
    if not in_question:
        return "not yes"
    executing = {executor for executor, _, _ in in_question}
    carrying = {(executor, number) for executor, number, _ in in_question}
    if any((executor, number) not in carrying for executor in executing for number in _live(told, executor, candidates)):
        return "not yes"  # it is live and carries no version of the saga
    every = (
        _step_holds(told, (executor, number, saga, step), candidates, faults, today)
        for executor, number, saga in in_question
        for step in saga.steps
    )
    still = (
        _flying_step_holds(told, (executor, number, saga, step), candidates, faults, today)
        for executor, number, saga in flying
        for step in saga.steps
    )
    return "yes" if all(every) and all(still) else "not yes"


def _in_flight(told: Told, candidates: list[Candidate], now: datetime) -> list[tuple[str, str, Saga]]:
    """Executing versions that are not live, whose sagas may not be over yet, or that the candidates push out."""
    found = []
    for number, saga in told.sagas.items():
        lives = number in _live(told, saga.consumer, candidates)
        ends = [at for name, version, at in told.ended if (name, version) == (saga.consumer, number)]
        is_live_today = any((name, version) == (saga.consumer, number) for name, version, _, _ in told.live)
        if not lives and (is_live_today or any(at + _longest(saga) > now for at in ends)):
            found.append((saga.consumer, number, saga))
    return found


def _longest(saga: Saga) -> timedelta:
    """Every way through the steps and back, added up call by call; the small sagas have neither callbacks nor pauses."""

    def forth(step: Step) -> int:
        calls = sum(step.timeout_ms for _ in range(step.tries)) + sum(step.timeout_ms for _ in range(step.tries - 1))
        return calls + max((forth(saga.step(one)) for one in step.after), default=0)

    def back(step: Step) -> int:
        own = step.timeout_ms * (2 * step.tries - 1) if step.step_class == "compensatable" else 0
        return own + max((back(later) for later in saga.steps if step.step in later.after), default=0)

    there_and_back = max(forth(step) for step in saga.steps) + max(back(step) for step in saga.steps)
    return timedelta(milliseconds=there_and_back) + timedelta(hours=12)


def _flying_step_holds(
    told: Told, what: tuple[str, str, Saga, Step], candidates: list[Candidate], faults: int, today: date
) -> bool:
    _, _, saga, step = what
    if candidates:
        versions = [version for name, version, _ in candidates if name == step.participant]
        return all(
            _contract_holds(told, *what, version, today) and _deck_holds(told, saga, step, version, faults, today)
            for version in versions
        )
    return _step_holds(told, what, candidates, faults, today)


def _in_question(told: Told, candidates: list[Candidate]) -> list[tuple[str, str, Saga]]:
    executors = {saga.consumer for saga in told.sagas.values()}
    return [
        (executor, number, told.sagas[number])
        for executor in sorted(executors)
        for number in _live(told, executor, candidates)
        if number in told.sagas and told.sagas[number].consumer == executor
    ]


def _step_holds(told: Told, what: tuple[str, str, Saga, Step], candidates: list[Candidate], faults: int, today: date) -> bool:
    _, _, saga, step = what
    versions = _live(told, step.participant, candidates)
    contracts = all(_contract_holds(told, *what, version, today) for version in versions)
    return bool(versions) and contracts and all(_deck_holds(told, saga, step, version, faults, today) for version in versions)


def _live(told: Told, name: str, candidates: list[Candidate]) -> list[str]:
    mine = [(version, instance) for one, version, instance in candidates if one == name]
    deployed = [(version, instance) for one, version, instance, released in told.live if one == name and not released]
    stays = list(deployed)
    for _, instance in mine:
        if instance is not None:
            stays = [one for one in stays if one[1] != instance]
        elif any(one[1] is None for one in deployed):
            stays = [one for one in stays if one[1] is not None]
        elif len(deployed) == 1:
            stays = []
    released = [version for one, version, _, is_released in told.live if one == name and is_released]
    return sorted({version for version, _ in mine} | {version for version, _ in stays} | set(released))


def _contract_holds(told: Told, executor: str, number: str, saga: Saga, step: Step, version: str, today: date) -> bool:
    pact = told.pacts.get((executor, number, step.participant))
    if pact is None:
        return False
    outcome = None
    for consumer, provider, document, by, success in told.verified:
        if (consumer, provider, by) == (executor, step.participant, version) and document == pact:
            outcome = success  # the last one counts
    if outcome is not True:
        return False
    for interaction in pact["interactions"]:
        made_from = interaction.get("comments", {}).get("sagapact")
        is_of_this_step = made_from is not None and made_from["step"]["step"] == step.step
        if is_of_this_step and made_from != step_slice(saga, step.step).as_json():
            return False
    held = {interaction["key"] for interaction in pact["interactions"]}
    for case in cases.derive(saga):
        excused = all(_is_waived(saga, step, obligation, today) for obligation in case.obligations)
        if case.step == step.step and case.name not in held and not excused:
            return False
    return True


def _deck_holds(told: Told, saga: Saga, step: Step, version: str, faults: int, today: date) -> bool:
    slice_ = step_slice(saga, step.step)
    runs = [body for sha, by, body in told.played if (sha, by) == (slice_.sha, version)]
    wanted = {one.name: set(one.obligations) for one in everything_played(slice_, faults)}
    for place, run in enumerate(runs):
        if _is_broken(run, saga, step, today):
            later = runs[place + 1 :]
            if not any(_takes_back(one, run, saga, step, today) for one in later):
                return False
    counting = [run for run in runs if _counts(run, faults, set(wanted))]
    if counting and counting[-1]["verdict"] == "pending":
        return False
    if saga.level == 1 or not counting:
        return saga.level == 1
    played = [history for history in counting[-1]["histories"] if history["word"] in wanted]
    if any(history["trouble"] for history in played):
        return False
    return all(_is_shown(one, saga, step, played, wanted, today) for one in _asked(saga, step))


def _asked(saga: Saga, step: Step) -> list[str]:
    found = []
    for obligation, evidence in SHOWN_BY.items():
        if not evidence & LOOKED_AT[saga.level]:
            continue
        if obligation in OF_UNDOING and step.step_class != "compensatable":
            continue
        if obligation in OF_REFUSING and step.step_class == "retriable":
            continue
        found.append(obligation)
    return found


def _is_shown(
    obligation: str, saga: Saga, step: Step, played: list[dict[str, Any]], wanted: dict[str, set[str]], today: date
) -> bool:
    if any(one["obligation"] == obligation for history in played for one in history["broken"]):
        return _is_waived(saga, step, obligation, today)
    seen: set[str] = set()
    is_checked = False
    for history in played:
        if obligation in history["obligations"] and obligation in wanted[history["word"]] and obligation not in history["unseen"]:
            is_checked = True
            seen |= set(history["seen"])
    if step.status is None:
        seen -= {"status"}
    if step.probe is None:
        seen -= {"effect"}
    return is_checked and SHOWN_BY[obligation] & LOOKED_AT[saga.level] <= seen


def _is_broken(run: dict[str, Any], saga: Saga, step: Step, today: date) -> bool:
    if any("seen" not in history for history in run["histories"]):
        words = [run["verdict"], *run["obligations"].values(), *(history["verdict"] for history in run["histories"])]
        return "broken" in words or "pending" in words
    deviations = [one["obligation"] for history in run["histories"] for one in history["broken"]]
    return any(not _is_waived(saga, step, obligation, today) for obligation in deviations)


def _takes_back(later: dict[str, Any], broken: dict[str, Any], saga: Saga, step: Step, today: date) -> bool:
    """A newer run of at least the same k that is not broken; whole, judged to its end, and of this derivation."""
    slice_ = step_slice(saga, step.step)
    whole = {one.name for one in everything_played(slice_, broken["faults"])}
    if not _counts(later, broken["faults"], whole) or later["verdict"] == "pending":
        return False
    return not _is_broken(later, saga, step, today) and not any(history["trouble"] for history in later["histories"])


def _counts(run: dict[str, Any], faults: int, names: set[str]) -> bool:
    if run["derivation"] != DERIVATION or any("seen" not in history for history in run["histories"]):
        return False
    return run["faults"] >= faults and names <= {history["word"] for history in run["histories"]}


def _is_waived(saga: Saga, step: Step, obligation: str, today: date) -> bool:
    for waiver in saga.waivers:
        if waiver.step == step.step and waiver.obligation == obligation and date.fromisoformat(waiver.expires) >= today:
            return True
    return False
