"""A shrunk failure as a person wants it: a command, a pytest case, a participant's history or the orchestrator's fault (pure)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from saga_contracts.declare.saga import Saga
from saga_e2e.derive.scenarios import Scenario
from saga_e2e.shrink.blame import Guilty, guilty
from saga_e2e.shrink.search import Shrunk

_TEST = '''"""Found by a nightly run: {title}."""

{imports}


def test_{name}() -> None:
    landscape = {landscape}
    records = list(run(landscape.saga("{saga}"), landscape, {chosen}))

    assert [(one.id, one.text) for record in records for one in record.broken] == []
'''


@dataclass(frozen=True, slots=True)
class Told:
    """A shrunk failure in words.

    Attributes:
        scenario: The smallest scenario, by its name.
        first: The scenario that failed in the run.
        invariant: What it breaks.
        text: What the invariant says.
        faults: What happens in the smallest scenario, in words.
        plays: How many scenarios were played to find it.
        note: What is to be known of the shrinking; empty when it went as it should.
        command: Replays the smallest scenario.
        test: The same as a pytest case.
        guilty: Each participant at fault, with its history, what deck has it, and the command that replays it there.
        orchestrator: The orchestrator's fault in words; empty when participants are at fault.
    """

    scenario: str
    first: str
    invariant: str
    text: str
    faults: tuple[str, ...]
    plays: int
    note: str
    command: str
    test: str
    guilty: tuple[dict[str, str], ...]
    orchestrator: str

    def as_json(self) -> dict[str, object]:
        """Give it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the run took its services from, as commands name it.

    Attributes:
        options: The options of `sagapact e2e run` that say so.
        landscape: The same as an expression of Python.
        imports: What a Python file imports for that.
        files: The provider file of each participant, by name.
        choose: Gives the option that chooses a scenario on the command line, and the argument that does so in Python.
    """

    options: str
    landscape: str
    imports: tuple[str, ...]
    files: Mapping[str, str]
    choose: Callable[[Scenario], tuple[str, str]]


def tell(saga: Saga, shrunk: Shrunk, place: Place) -> Told:
    """Tell a shrunk failure."""
    last, finding = shrunk.last, shrunk.finding
    found = guilty(saga, last.scenario, last.evidence) if last.evidence is not None else ()
    option, argument = place.choose(last.scenario)
    test = _TEST.format(
        title=last.title.replace('"', "'").rstrip("."),
        imports="\n".join(place.imports),
        name=re.sub(r"\W+", "_", f"{finding.id}_{last.name}").strip("_").lower(),
        landscape=place.landscape,
        saga=saga.saga,
        chosen=argument,
    )
    return Told(
        scenario=last.name,
        first=shrunk.first.name,
        invariant=finding.id,
        text=finding.text,
        faults=tuple(fault.text for fault in last.scenario.faults),
        plays=shrunk.plays,
        note=_note(shrunk),
        command=" ".join(filter(None, ("sagapact e2e run --saga", saga.saga, place.options, option))),
        test=test,
        guilty=tuple(_told_of(saga, one, place.files.get(one.participant, "PROVIDER.yaml")) for one in found),
        orchestrator="" if found else _of_the_orchestrator(saga, finding.id, finding.text),
    )


def _note(shrunk: Shrunk) -> str:
    if not shrunk.again:
        return "It did not fail when it was played again: it fails by chance, so it was not shrunk."
    return "" if shrunk.last.scenario.faults != shrunk.first.scenario.faults else "No smaller scenario fails alike."


def _told_of(saga: Saga, one: Guilty, file: str) -> dict[str, str]:
    known = one.faults is not None
    counted = "one fault" if one.faults == 1 else f"{one.faults} faults"
    deck = (
        f"The deck for {counted} has this history: its own verification finds it."
        if known
        else "No deck of at most four faults has this history: the orchestrator left the model as well."
    )
    command = f"sagapact verify {file} --pact PACTS --faults {one.faults} --replay '{one.history}' --step {saga.saga}/{one.step}"
    return {
        "step": one.step,
        "participant": one.participant,
        "history": one.history,
        "why": one.why,
        "deck": deck,
        "command": command if known else "",
    }


def _of_the_orchestrator(saga: Saga, invariant: str, text: str) -> str:
    name = saga.orchestrator or saga.consumer
    return f"Every participant did right by what arrived, so {name} is at fault ({invariant}): {text}"
