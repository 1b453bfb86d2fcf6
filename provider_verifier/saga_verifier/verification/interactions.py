"""From what a replay found to the outcomes of a pact's interactions, those of sagas looked at a second time."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from saga_contracts.declare import templates
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.adoption import Evidence, looks_at
from saga_contracts.derive.cases import Role
from saga_verifier import replay
from saga_verifier.play.driver import Driver
from saga_verifier.play.second_look import SecondLook
from saga_verifier.replay import InteractionResult, ReplayResult
from saga_verifier.verdicts import InteractionOutcome
from saga_verifier.verification.target import Drivers, Target


def outcomes(result: ReplayResult, drivers: Drivers, look: SecondLook) -> tuple[InteractionOutcome, ...]:
    """Give the outcomes of all interactions."""
    return tuple(_outcome(one, drivers, look) for one in result.interactions)


def warnings(result: ReplayResult) -> Iterator[str]:
    """Say which provider states nobody was asked for."""
    for one in result.interactions:
        if one.states_not_set_up:
            names = ", ".join(repr(name) for name in one.states_not_set_up)
            yield (
                f"warning: {one.name}: the provider state {names} was not set up, since the provider file names no address for "
                "states. Add `states: {path: …}` to it if the provider needs them"
            )


def unread(target: Target, drivers: Drivers) -> Iterator[str]:
    """Say which probes of the provider file nobody reads."""
    sagas = {name.partition("/")[0] for name in drivers}
    for name in target.probers:
        saga, _, step = name.partition("/")
        for unknown in _unknown(target.probers[name].names, drivers[name]) if name in drivers else ():
            yield f"warning: the provider file's probe of {name} asks by {{{unknown}}}, which the saga's payload does not have"
        if name in drivers and drivers[name].slice.step.probe is None:
            yield f"warning: the provider file says how the effect of {name} is read, and the saga file declares no `probe` there"
        elif saga in sagas and name not in drivers:
            steps = ", ".join(sorted(one.partition("/")[2] for one in drivers if one.startswith(f"{saga}/")))
            yield f"warning: the provider file has a probe of {name}, and the saga has no step {step} here (it has: {steps})"


def _unknown(names: Iterable[str], driver: Driver) -> Iterator[str]:
    payload = {"payload": driver.slice.payload.example}
    for name in sorted(names):
        if name.startswith("payload."):
            try:
                templates.look_up(name, payload)
            except templates.TemplateError:
                yield name


def not_judged(result: ReplayResult) -> Iterator[str]:
    """Say about which interactions nothing is known."""
    names = [one.name for one in result.interactions if one.cause in replay.NOT_FOUND_OUT]
    if names:
        yield f"{len(names)} of {len(result.interactions)} interactions could not be judged: {', '.join(names)}"


def _outcome(one: InteractionResult, drivers: Drivers, look: SecondLook) -> InteractionOutcome:
    found = InteractionOutcome(one.name, one.description, one.verdict, one.lines, one.interaction_id)
    if one.verdict != Verdict.BROKEN or one.key is None or "/".join(one.key.split("/")[:2]) not in drivers:
        return found
    saga, step, role, *_ = (*one.key.split("/"), "")
    level = drivers[f"{saga}/{step}"].slice.level
    if role == Role.STATUS and Evidence.STATUS not in looks_at(level):
        text = f"Not looked at: the step is at level {level}, and status calls begin with level 2. It differs: {one.lines[0]}"
        return replace(found, verdict=Verdict.NOT_APPLICABLE, mismatches=(), text=text)
    looked = look(one.key, one.lines)
    return replace(found, verdict=looked.verdict, broken=looked.broken, text=looked.text)
