"""Whatever is published, deployed and asked: the gate never says yes when a literal transcription of the rules does not."""

import importlib.util
import itertools
import json
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_broker.gate.run.candidates import Candidate, Live, standing
from saga_broker.gate.run.decks import Asked, state_of
from saga_broker.gate.run.model import DeckWord, Run
from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import parse_saga
from saga_evidence import breaks, deck_result, old_form, slice_of, step_pacts
from small_sagas import retriable, saga_text, step, waiver

EXAMPLES = times(40)
DAYS = ("2026-05-03", "2026-05-04", "2026-05-05")
NUMBERS = itertools.count(1)
OBLIGATIONS = ("O3", "O8", "O9", "O14", "O31")
VERDICTS = ("kept", "kept", "waived", "unproven", "broken", "pending")


@pytest.fixture(scope="module")
def naive() -> Any:
    """The module `naive_gate`, which stands beside the tests and is no test itself."""
    path = Path(__file__).with_name("naive_gate.py")
    spec = importlib.util.spec_from_file_location("naive_gate", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["naive_gate"] = made
    spec.loader.exec_module(made)
    return made


class Both:
    """One saga of its own at a broker, and everything that is told about it, for the transcription."""

    def __init__(self, broker: Any, told: Any, fields: dict[str, Any], clock: Callable[[], datetime]) -> None:
        self.broker, self.told, self.fields, self.clock = broker, told, fields, clock
        self.mark = next(NUMBERS)
        self.names = {one["step"]: f"{one['step']}_{self.mark}" for one in fields["steps"]}

    @property
    def saga(self) -> Saga:
        found: Saga = self.told.sagas["1"]
        return found

    def publish(self, number: str = "1", executor: str = "shop", branch: str = "main", timeout_ms: int = 500) -> None:
        steps = [one | {"participant": self.names[one["step"]], "timeout_ms": timeout_ms} for one in self.fields["steps"]]
        names = {"saga": f"sale_{self.mark}", "owner": f"shop_{self.mark}", "executes_as": f"{executor}_{self.mark}"}
        text = saga_text(*steps, **{name: value for name, value in self.fields.items() if name != "steps"}, **names)
        body = {"content": text, "contentType": "application/json", "branch": branch}
        self.broker.put(f"/sagas/sale_{self.mark}/versions/{number}", body)
        saga = self.told.sagas[number] = parse_saga(text, "sale.json")
        self.told.known |= {(saga.owner, number), (saga.consumer, number)}

    def pacts(self, number: str = "1", of: str | None = None, lacks: str = " ") -> None:
        saga = self.told.sagas[of or number]
        for provider, pact in step_pacts(saga):
            pact["interactions"] = [one for one in pact["interactions"] if lacks not in one["key"]]
            self.broker.publish(saga.consumer, number, (provider, pact))
            self.told.pacts[saga.consumer, number, provider] = pact
        self.told.known.add((saga.consumer, number))

    def verify(self, name: str, version: str = "10", number: str = "1", *, success: bool = True) -> None:
        consumer = self.told.sagas[number].consumer
        provider = self.names[name]
        if (consumer, number, provider) in self.told.pacts:
            self.broker.verify(consumer, number, provider, version, success=success)
            pact = self.told.pacts[consumer, number, provider]
            self.told.verified.append((consumer, provider, pact, version, success))
            self.told.known.add((provider, version))

    def play(self, name: str, version: str, faults: int, *changes: Any, number: str = "1", **fields: Any) -> None:
        slice_ = slice_of(self.told.sagas[number], name)
        body = deck_result(slice_, faults, *changes, **fields)
        path = f"/sagas/sale_{self.mark}/contents/{slice_.sha}/steps/{name}/providers/{self.names[name]}"
        self.broker.post(f"{path}/versions/{version}/deck-results", body, 201)
        self.told.played.append((slice_.sha, version, body))
        self.told.known.add((self.names[name], version))

    def exists(self, name: str, version: str) -> None:
        if (name, version) not in self.told.known:
            self.broker.put(f"/pacticipants/{name}/versions/{version}", {})
            self.told.known.add((name, version))

    def deploy(self, name: str, version: str, instance: str | None) -> None:
        self.exists(name, version)
        self.broker.deploy(name, version, "test", **({} if instance is None else {"applicationInstance": instance}))
        gone = [one for one in self.told.live if (one[0], one[2], one[3]) == (name, instance, False)]
        self.told.live = [one for one in self.told.live if one not in gone] + [(name, version, instance, False)]
        self.told.ended += [(name, before, self.clock()) for _, before, _, _ in gone if before != version]

    def release(self, name: str, version: str) -> None:
        self.exists(name, version)
        if (name, version, None, True) not in self.told.live:
            uuid = self.broker.environment("test")
            self.broker.post(f"/pacticipants/{name}/versions/{version}/released-versions/environment/{uuid}", {}, 201)
            self.told.live.append((name, version, None, True))

    def all_well(self, faults: int, instance: str | None) -> None:
        self.publish()
        self.pacts()
        for name in self.names:
            self.verify(name)
            self.play(name, "10", faults)
            self.deploy(self.names[name], "10", instance)
        self.deploy(self.saga.consumer, "1", None)

    def ask(self, candidates: list[tuple[str, str, str | None]], faults: int) -> str:
        given_ = [f"{name}:{version}" + ("" if at is None else f"@{at}") for name, version, at in candidates]
        asked = {"environment": "test", "faults": faults, "with[]": given_}
        reply = self.broker.http.get(f"/sagas/sale_{self.mark}/can-run", params=asked)
        if reply.status_code == 404:
            return "error"
        assert reply.status_code == 200, reply.text
        return "yes" if reply.json()["canRun"] is True else "not yes"


@st.composite
def sagas(draw: st.DrawFn) -> dict[str, Any]:
    steps = [step("pay", status=draw(often()), probe=draw(often()))]
    if draw(st.booleans()):
        steps.append(step("ship", after=["pay"]))
    if draw(st.booleans()):
        steps.append(retriable("tell", after=tuple(one["step"] for one in steps)))
    waivers = draw(st.lists(st.builds(waiver, st.sampled_from(OBLIGATIONS), st.just("pay"), st.sampled_from(DAYS)), max_size=2))
    unique = {one["obligation"]: one for one in waivers}
    return {"steps": steps, "level": draw(st.sampled_from((1, 2, 3, 3, 3))), "waivers": list(unique.values())}


def often() -> st.SearchStrategy[bool]:
    return st.sampled_from((True, True, True, False))


def happen(both: Both, draw: Any) -> None:
    """Let one more thing happen."""
    name = draw(st.sampled_from(sorted(both.names)))
    provider, version = both.names[name], draw(st.sampled_from(("10", "10", "11")))
    kinds: dict[str, Callable[[], None]] = {
        "play": lambda: _play(both, draw, name, version),
        "verify": lambda: both.verify(name, version, success=draw(often())),
        "deploy": lambda: both.deploy(provider, version, draw(st.sampled_from((None, "blue", "green")))),
        "release": lambda: both.release(provider, version),
        "branch": lambda: _branch(both, draw),
        "next": lambda: _next(both, draw),
        "fly": lambda: _fly(both, draw),
        "executor": lambda: both.deploy(both.saga.consumer, "9", draw(st.sampled_from((None, "blue")))),
    }
    kinds[draw(st.sampled_from((*kinds, "play", "next", "deploy", "fly", "fly")))]()


def _branch(both: Both, draw: Any) -> None:
    """On a branch, another pacticipant executes the saga."""
    if "2" not in both.told.sagas:
        both.publish("2", executor="runner", branch="feat")
        if draw(st.booleans()):
            both.deploy(both.told.sagas["2"].consumer, "2", None)


def _play(both: Both, draw: Any, name: str, version: str) -> None:
    changes, fields = draw(results())
    both.play(name, version, draw(st.sampled_from((0, 1, 1, 2))), *changes, **fields)


@st.composite
def results(draw: st.DrawFn) -> tuple[list[Any], dict[str, Any]]:
    """Draw a deck that was kept, or with one thing that is not as it should be."""
    obligation = draw(st.sampled_from(OBLIGATIONS))
    changes: dict[str, list[Any]] = {
        "kept": [],
        "broken": [breaks(obligation)],
        "trouble": [lambda history: history.update(trouble="no answer" if history["word"] == "F" else "")],
        "unseen": [lambda history: history.update(unseen=[obligation])],
        "blind": [lambda history: history.update(seen=[one for one in history["seen"] if one != "effect"])],
        "old": [old_form],
    }
    kind = draw(st.sampled_from(("kept", "kept", "kept", "broken", "broken", "lacks", "another", "pending", *changes)))
    more: dict[str, dict[str, Any]] = {
        "lacks": {"lacks": draw(st.sampled_from((("F",), ("C F", "F F"))))},
        "another": {"derivation": 9999},
        "pending": {"verdict": "pending"},
    }
    said: dict[str, Any] = {"verdict": draw(st.sampled_from(VERDICTS))}
    return changes.get(kind, []), said | more.get(kind, {})


def _next(both: Both, draw: Any) -> None:
    """The next version of the saga file comes, with its pacts or with those of another file."""
    if "3" in both.told.sagas:
        return
    both.publish("3", timeout_ms=900)
    both.pacts("3", of=draw(st.sampled_from(("3", "3", "1"))), lacks=draw(st.sampled_from((" ", " ", "compensate/null"))))
    for one in both.names:
        both.verify(one, number="3")
        both.play(one, "10", 2, number="3")
    if draw(often()):
        both.deploy(both.saga.consumer, "3", draw(st.sampled_from((None, None, "green"))))


def _fly(both: Both, draw: Any) -> None:
    """The next saga file takes the place of the first one, and participants come that know only the next one."""
    if "3" in both.told.sagas:
        return
    both.publish("3", timeout_ms=900)
    both.pacts("3")
    for one in both.names:
        for version in ("10", "12"):
            both.verify(one, version, number="3")
            both.play(one, version, 2, number="3")
        if draw(st.booleans()):
            both.deploy(both.names[one], "12", None)
    both.deploy(both.saga.consumer, "3", None)


def candidates(both: Both) -> st.SearchStrategy[list[tuple[str, str, str | None]]]:
    """Give up to two candidates: most are known."""
    participants = sorted(one for one in both.told.known if one[0] in both.names.values())
    others = sorted(both.told.known - set(participants))
    strangers = [(f"stranger_{both.mark}", "1"), (participants[0][0], "77"), (participants[0][0], "11")]
    name_and_version = st.sampled_from(participants) | st.sampled_from(participants + others) | st.sampled_from(strangers)
    one = st.builds(lambda known, at: (*known, at), name_and_version, st.sampled_from((None, None, "blue")))
    return st.lists(one, max_size=2)


RUNS = st.lists(st.tuples(results(), st.integers(0, 2)), max_size=2) | st.lists(
    st.tuples(results(), st.integers(1, 2)), min_size=3, max_size=4
)


@settings(max_examples=times(300))
@given(sagas(), RUNS, st.integers(0, 2), st.sampled_from(DAYS))
def test_results_of_a_deck_are_kept_when_a_transcription_says_so(
    naive: Any, fields: dict[str, Any], runs: list[Any], wanted: int, day: str
) -> None:
    sale = parse_saga(saga_text(*fields["steps"], **{name: fields[name] for name in ("level", "waivers")}), "sale.json")
    slice_, today = slice_of(sale, "pay"), date.fromisoformat(day)
    bodies = [deck_result(slice_, faults, *changes, **said) for (changes, said), faults in runs]
    told = naive.Told(played=[(slice_.sha, "10", body) for body in bodies])

    state = state_of(Asked(slice_, slice_.sha, wanted, today), [_run(place, body) for place, body in enumerate(bodies)])

    is_kept = state.word == DeckWord.KEPT or (sale.level == 1 and state.word not in (DeckWord.BROKEN, DeckWord.PENDING))
    assert is_kept == naive._deck_holds(told, sale, sale.step("pay"), "10", wanted, today), state.word


def _run(place: int, body: dict[str, Any]) -> Run:
    told = (body["derivation"], body["faults"], body["verdict"], body["obligations"], body["histories"])
    return Run(place, datetime(2026, 5, 1, tzinfo=UTC), *told)


VERSIONS = st.sampled_from(("1", "2", "3"))
PLACES = st.sampled_from((None, "", "blue", "green"))


@settings(max_examples=times(1000))
@given(
    st.dictionaries(PLACES, VERSIONS, max_size=3),
    st.lists(VERSIONS, max_size=1),
    st.lists(st.tuples(VERSIONS, PLACES), max_size=2),
)
def test_the_versions_that_stay_live_are_those_of_a_transcription(
    naive: Any, deployed: dict[str | None, str], released: list[str], given_: list[tuple[str, str | None]]
) -> None:
    live = [("p", version, place, False) for place, version in deployed.items()]
    live += [("p", version, None, True) for version in released]
    found = standing(
        [Live(version, place, is_released) for _, version, place, is_released in live],
        [Candidate("p", version, place) for version, place in given_],
    )
    assert sorted(found) == naive._live(naive.Told(live=live), "p", [("p", version, place) for version, place in given_])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_gate_never_says_yes_when_a_transcription_of_the_rules_does_not(serve: Any, naive: Any) -> None:
    moment = [datetime(2026, 5, 4, 12, tzinfo=UTC)]
    broker = serve(clock=lambda: moment[0])
    answers: Counter[tuple[str, str]] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(sagas(), st.integers(1, 2), st.sampled_from((None, None, "blue")), st.integers(0, 4), st.data())
    def ask(fields: dict[str, Any], faults: int, instance: str | None, events: int, data: st.DataObject) -> None:
        both = Both(broker, naive.Told(), fields, lambda: moment[0])
        both.all_well(faults, instance)
        for _ in range(events):
            happen(both, data.draw)
        for _ in range(4):
            given_, day = data.draw(candidates(both)), date.fromisoformat(data.draw(st.sampled_from(DAYS)))
            wanted = data.draw(st.sampled_from((1, 1, 0, 2)))
            moment[0] = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
            expected = naive.can_run(both.told, given_, wanted, moment[0])
            found = both.ask(given_, wanted)
            answers[expected, found] += 1
            shown = json.dumps(both.broker.get(f"/sagas/sale_{both.mark}/can-run", environment="test")["reasons"], indent=1)
            assert found != "yes" or expected == "yes", shown
            assert (found == "error") == (expected == "error"), shown

    ask()
    assert answers["yes", "yes"] > EXAMPLES // 4, answers
    assert answers["not yes", "not yes"] > EXAMPLES // 4, answers
    assert answers["error", "error"] > 0, answers
    assert answers["yes", "not yes"] == 0, answers
