"""I11 over a whole run: calls that no published contract speaks of, that differ from theirs, contracts not seen (pure)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from saga_contracts.declare.saga import Saga
from saga_contracts.derive.expectations import Situation
from saga_e2e.derive.faults import Role
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.judge.traffic.cases import situations, told_apart
from saga_e2e.judge.traffic.contracts import Contract
from saga_e2e.proxy.meanings import RETRYABLE
from saga_e2e.proxy.trace import TracedCall


@dataclass(frozen=True, slots=True)
class Odd:
    """Calls of one kind that no contract speaks of, or that differ from theirs.

    Attributes:
        what: `no contract`, `call differs` or `answer differs`.
        contract: The nearest contract; empty when there is none.
        differs: Where the calls differ from it.
        count: How many calls were so.
        scenario: One in which it was so.
    """

    what: str
    request: str
    target: str
    step: str
    role: str
    contract: str
    differs: str
    count: int
    scenario: str


@dataclass(frozen=True, slots=True)
class Used:
    """One contract, and how often it was seen at work; `source`: what exercised it (`library`, `native`, or not told)."""

    consumer: str
    provider: str
    name: str
    source: str
    count: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the calls of a run say of the contracts.

    Attributes:
        calls: How many calls were held against contracts.
        matched: How many of them, with their answers, are what a contract says.
        odd: The others.
        used: Every contract with the calls that were like it. Of several that say the same, the one that the situation tells.
    """

    calls: int
    matched: int
    odd: tuple[Odd, ...]
    used: tuple[Used, ...]

    @property
    def unused(self) -> tuple[Used, ...]:
        """The contracts that no call was like."""
        return tuple(one for one in self.used if not one.count)

    def as_json(self) -> dict[str, object]:
        """Give it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one call is by the contracts: those that it is like, or what is odd about it."""

    likes: tuple[Contract, ...] = ()
    what: str = ""
    nearest: str = ""
    differs: str = ""


def compare(saga: Saga, records: Sequence[ScenarioRecord], contracts: Sequence[Contract]) -> Traffic:
    """Hold every call of a run against the contracts."""
    used: Counter[tuple[str, str, str]] = Counter()
    odd: dict[tuple[str, ...], Odd] = {}
    calls = []
    for record in records:
        before = situations(saga, record.trace)
        calls += [(record, call, _seen(call, contracts, before.get(id(call)))) for call in record.trace]
    for record, call, seen in calls:
        used.update((one.consumer, one.provider, one.name) for one in seen.likes)
        if seen.what:
            _add(odd, _odd(record, call, seen))
    for record in records:
        for stray in record.strays:
            _add(odd, Odd("no contract", stray.request, stray.target, "", "", "", stray.differs, 1, record.name))
    matched = sum(not seen.what for _, _, seen in calls)
    return Traffic(len(calls), matched, tuple(sorted(odd.values(), key=lambda one: -one.count)), tuple(_used(contracts, used)))


def _add(known: dict[tuple[str, ...], Odd], odd: Odd) -> None:
    key = (odd.what, odd.request, odd.target, odd.step, odd.role, odd.contract, odd.differs)
    before = known.get(key)
    known[key] = odd if before is None else replace(before, count=before.count + 1)


def _odd(record: ScenarioRecord, call: TracedCall, seen: _Seen) -> Odd:
    return Odd(seen.what, _form(call), call.target, call.step, call.role.value, seen.nearest, seen.differs, 1, record.name)


def _used(contracts: Iterable[Contract], used: Counter[tuple[str, str, str]]) -> Iterator[Used]:
    for one in contracts:
        count = used[(one.consumer, one.provider, one.name)]
        yield Used(one.consumer, one.provider, one.name, one.source, count)


def _seen(call: TracedCall, contracts: Sequence[Contract], now: Situation | None) -> _Seen:
    if call.role == Role.CALLBACK:
        return _message(call, [one for one in contracts if one.is_message and one.provider == call.source])
    own = [one for one in contracts if not one.is_message and one.provider == call.target]
    messages = [one for one in contracts if one.is_message and call.target in (one.provider, one.consumer)]
    if call.role == Role.NOTIFICATION and not own:
        return _message(call, messages)
    alike = [one for one in own if one.request_differs(call.sent) is None]
    if alike:
        return _answered(call, alike, now)
    near = [one for one in own if one.place_fits(call.sent)]
    if near:
        return _Seen((), "call differs", near[0].name, near[0].request_differs(call.sent) or "")
    return _Seen((), "no contract")


def _message(call: TracedCall, contracts: Sequence[Contract]) -> _Seen:
    alike = tuple(one for one in contracts if one.message_differs(call.sent.body) is None)
    if alike:
        return _Seen(alike)
    if not contracts:
        return _Seen((), "no contract")
    return _Seen((), "call differs", contracts[0].name, contracts[0].message_differs(call.sent.body) or "")


def _answered(call: TracedCall, alike: Sequence[Contract], now: Situation | None) -> _Seen:
    """Look at what came back: 'try again' needs no contract, and neither does a call that nobody answered."""
    answers = [reply for reply in call.replies if reply.outcome != RETRYABLE]
    likes = tuple(dict.fromkeys(one for reply in answers for one in alike if one.answer_differs(reply) is None))
    likes = told_apart(likes, call, now)
    odd = next((reply for reply in answers if all(one.answer_differs(reply) is not None for one in alike)), None)
    if odd is None:
        return _Seen(likes)
    return _Seen(likes, "answer differs", alike[0].name, alike[0].answer_differs(odd) or "")


def _form(call: TracedCall) -> str:
    """Give a call's line with its key as a name, so that calls of many sagas are one kind."""
    return call.request.replace(call.key, "{key}") if call.key else call.request
