"""A second look at an interaction of a saga that Pact's verifier calls broken.

A contract holds one example of a reply; the saga file may declare several that are right in the same situation, asks for patience
with 'try again', and may waive the correlation. So the same case is brought about once more by real calls, with a fresh instance,
and judged by the one rule that decks are judged by. What differs from the contract without such a reason stays broken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from saga_contracts.declare import templates
from saga_contracts.declare.obligations import CATALOGUE
from saga_contracts.declare.outcomes import Outcome, State
from saga_contracts.declare.saga import Under
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import expectations
from saga_contracts.derive.adoption import Waivers
from saga_contracts.derive.cases import Course, Role, course_of
from saga_contracts.derive.expectations import Letter, Situation
from saga_contracts.errors import SagapactError
from saga_contracts.wire import replies
from saga_contracts.wire.bodies import is_json
from saga_contracts.wire.likeness import short
from saga_contracts.wire.replies import Received
from saga_contracts.wire.requests import content_type_of
from saga_verifier.play import told_later
from saga_verifier.play.called import Called, Instance
from saga_verifier.play.calling import call_until_clear
from saga_verifier.play.driver import Driver
from saga_verifier.play.pact_states import Arrivals
from saga_verifier.verdicts import Broken


@dataclass(frozen=True, slots=True)
class Looked:
    """What the second look came to.

    Attributes:
        broken: The obligations at fault, each with what is to be said.
        text: Why it is kept all the same, when it is.
    """

    verdict: Verdict
    broken: tuple[Broken, ...] = ()
    text: str = ""


class SecondLook:
    """Looks again at interactions of one pact.

    Args:
        drivers: By `saga/step`.
        today: The day on which waivers are judged.
    """

    def __init__(self, drivers: Mapping[str, Driver], today: date) -> None:
        self._drivers, self._today = drivers, today

    def __call__(self, key: str, mismatches: Sequence[str]) -> Looked:
        """Judge an interaction that differs from its contract.

        Args:
            key: Of the interaction: `saga/step/role/case`; any other stays broken.
            mismatches: What differs, one line each.
        """
        saga, _, rest = key.partition("/")
        step, _, case = rest.partition("/")
        driver = self._drivers.get(f"{saga}/{step}")
        role, _, name = case.partition("/")
        if driver is None or role not in set(Role):
            return Looked(Verdict.BROKEN)
        course = course_of(driver.slice, Role(role), name)
        if course is None and role != Role.CALLBACK:
            return Looked(Verdict.BROKEN)
        instance = driver.fresh()
        try:
            found, accepted = self._brought_about(driver, instance, Role(role), name, course)
            driver.release(instance)
        except SagapactError as error:
            return Looked(Verdict.BROKEN, text=str(error))
        if not accepted and not found and _asks_in_a_text(driver, Role(role)):
            accepted = (
                "Its call is a text, in which Pact's verifier can put no fresh values; with fresh ones it is answered right."
            )
        if not accepted and not _explained(driver, found, mismatches):
            obligation = course.obligations[0] if course is not None else "O18"
            found = [*found, Broken(obligation, "; ".join(mismatches))]
        return self._judged(driver, found, accepted)

    def deviations(self, key: str) -> tuple[Broken, ...]:
        """Bring the case of an interaction about, and give what deviates from all that is declared right.

        Args:
            key: Of the interaction: `saga/step/role/case`.

        Raises:
            SagapactError: when it cannot be brought about.
        """
        saga, step, role, name = key.split("/")
        driver = self._drivers[f"{saga}/{step}"]
        course = course_of(driver.slice, Role(role), name)
        instance = driver.fresh()
        found, _ = self._brought_about(driver, instance, Role(role), name, course)
        driver.release(instance)
        return tuple(found)

    def _brought_about(
        self, driver: Driver, instance: Instance, role: Role, name: str, course: Course | None
    ) -> tuple[list[Broken], str]:
        return self._callback(driver, instance, name) if course is None else self._again(driver, instance, course, role)

    def _judged(self, driver: Driver, found: list[Broken], accepted: str) -> Looked:
        waivers = Waivers(driver.slice.waivers, driver.slice.step.step, self._today)
        if any(not waivers.hides(one.obligation) for one in found):
            return Looked(Verdict.BROKEN, tuple(found))
        if found:
            words = " ".join(waivers.words(one.obligation) for one in found)
            return Looked(Verdict.WAIVED, tuple(found), f"{accepted} {words}".strip())
        return Looked(Verdict.KEPT, text=accepted)

    def _again(self, driver: Driver, instance: Instance, course: Course, role: Role) -> tuple[list[Broken], str]:
        """Bring the case about once more; give what deviates, and why another reply than the contract's is right."""
        instance = driver.prepare(instance, course.under)
        arrivals = Arrivals(driver, instance, Situation(refusing=course.under == Under.REFUSING))
        if course.word:
            arrivals.make(course.word)
        if role == Role.LOOKUP:
            return self._lookup(driver, arrivals)
        if course.letter is None:
            return self._status(driver, arrivals, course.obligations[0])
        expects = expectations.expect(driver.slice, arrivals.situation, course.letter)
        sent = Letter.FORWARD if course.letter == Letter.MISUSED else course.letter  # the other payload came before
        tries: list[Called] = []
        called, allowed = call_until_clear(driver, arrivals.instance, expects, sent, tries.append)
        found = _uncorrelated(driver, arrivals, called)
        if course.under == Under.RETRYABLE:
            driver.prepare(arrivals.instance, Under.ENOUGH)
            if called.outcome == Outcome.RETRYABLE and "retryable" not in called.names:
                return found, f"Answered {called.status}, which means 'try again' as well."
        if set(called.names) & set(allowed):
            usual = expects.replies[0] in called.names and _is_usual(driver, arrivals, called, role, expects.replies[0])
            return found, _accepted(called, len(tries), usual=usual)
        wanted, meaning = " or ".join(expects.outcomes), CATALOGUE[expects.obligation].meaning
        return [*found, Broken(expects.obligation, f"answered {_said(called)} instead of {wanted}. {meaning}")], ""

    def _lookup(self, driver: Driver, arrivals: Arrivals) -> tuple[list[Broken], str]:
        called = driver.look_up(arrivals.instance)
        found = _uncorrelated(driver, arrivals, called)
        right = expectations.looked_up(arrivals.situation)
        if called.outcome in right:
            return found, f"`{called.outcome}` is right here as well" if called.outcome != right[0] else ""
        return [*found, Broken("O33", f"the look-up says {_said(called)} instead of {' or '.join(right)}")], ""

    def _status(self, driver: Driver, arrivals: Arrivals, obligation: str) -> tuple[list[Broken], str]:
        called = driver.status(arrivals.instance)
        found = _uncorrelated(driver, arrivals, called)
        told = expectations.told(driver.slice, arrivals.situation)
        if called.outcome in told:
            usual = _is_usual(driver, arrivals, called, Role.STATUS, told[0])
            return found, "" if usual else f"`{called.outcome}` is right here as well, as it is declared."
        blamed = "O14" if called.outcome == State.APPLIED else obligation  # else it may be the truth about what was forgotten
        return [*found, Broken(blamed, f"the status call says {_said(called)} instead of {' or '.join(told)}")], ""

    def _callback(self, driver: Driver, instance: Instance, name: str) -> tuple[list[Broken], str]:
        refused = name == "refused"
        instance = driver.prepare(instance, Under.REFUSING if refused else Under.ENOUGH)
        arrivals = Arrivals(driver, instance, Situation(refusing=refused))
        arrivals.make("F X" if refused else "F D")
        if refused and arrivals.refused_at_once:
            return [], "Refused in the reply, which is right here as well, so that no callback tells it."
        found = []
        for callback in driver.callbacks.of(instance.key):
            found += [Broken(*one) for one in told_later.as_declared(driver, instance, callback)]
            outcome = told_later.outcome_of(driver, instance, callback)
            if outcome != name:
                found.append(Broken("O18", f"the callback tells {short(callback.body, 160)} instead of {name}"))
        return found, ""


def _asks_in_a_text(driver: Driver, role: Role) -> bool:
    """Does the body of a call hold fresh values in a text, so that a replay sends those of the example?"""
    request = getattr(driver.slice.step, role.value).request
    own = {"key", "saga_id", "callback_url", *(f"payload.{name}" for name in driver.slice.payload.fresh)}
    is_text = isinstance(request.body, str) and not is_json(content_type_of(request))
    return is_text and not own.isdisjoint(templates.names_in(request.body))


def _is_usual(driver: Driver, arrivals: Arrivals, called: Called, role: Role, name: str) -> bool:
    """Is it the reply that a contract demands: the first one under the name?"""
    demanded = expectations.declared(driver.slice.step, role, name)[:1]
    came = Received(called.status or 0, called.body, called.headers)
    return bool(replies.fitting(demanded, came, driver.context(arrivals.instance)))


def _accepted(called: Called, tries: int, *, usual: bool) -> str:
    """Say why another answer than the contract's is right; empty when it is the contract's."""
    if not usual:
        return f"Answered as declared by `{called.names[0]}`, which is right here as well."
    return f"Answered 'try again' first, and as declared at try {tries}." if tries > 1 else ""


def _explained(driver: Driver, found: list[Broken], mismatches: Sequence[str]) -> bool:
    """Does what deviates explain all that differs from the contract?"""
    if any(one.obligation != "O31" for one in found):
        return True
    correlation = driver.slice.correlation
    places = [*(name.lower() for name in correlation.echoed), *(place.replace("/", ".") for place in correlation.echoed_in_body)]
    about_it = [any(place in line.lower() for place in places) for line in mismatches]
    return bool(found) and all(about_it)


def _uncorrelated(driver: Driver, arrivals: Arrivals, called: Called) -> list[Broken]:
    missing = driver.unechoed(arrivals.instance, called.headers, called.body)
    return [Broken("O31", f"the reply has {'; '.join(missing)}")] if missing else []


def _said(called: Called) -> str:
    return f"{called.status} {short(called.body, 160)}" if called.status is not None else f"nothing: it {called.error}"
