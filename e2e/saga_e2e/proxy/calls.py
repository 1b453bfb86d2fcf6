"""Which call of the saga is this? Recognised from what the saga file declares, by any participant's server or proxy (pure).

The step comes from the correlation headers, or else from the step key where the declared request has it: in the path, a header or
the body. The role comes from method, path, query, headers and body; a call that has the method and the path of just one declared
request is taken for that one, and what differs is said. Any other call is a stray: it says what it comes nearest to. Only looking
at a service's health or metrics is no call of the saga.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from saga_contracts.declare.elements import parted
from saga_contracts.declare.kinds import written
from saga_contracts.declare.saga import Saga
from saga_contracts.wire.keys import key_of, saga_of, step_key
from saga_e2e.derive.faults import Role
from saga_e2e.proxy.shapes import Incoming, Shape, shapes_of

_HEALTH = frozenset(
    {"health", "healthz", "healthcheck", "heartbeat", "live", "livez", "liveness", "metrics", "ping", "prometheus", "ready"}
    | {"readyz", "readiness", "startup"}
)
_LOOKS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """A call of the saga.

    Attributes:
        differs: Where it is not the declared request, in sentences; empty when it is.
    """

    saga_id: str
    step: str
    role: Role
    key: str
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """A call that the saga file does not declare.

    Attributes:
        differs: What it comes nearest to, and where it differs, in sentences.
    """

    differs: str


class Recogniser:
    """Recognises the calls of one saga.

    Args:
        saga: The saga.
        health: Where each service tells that it is healthy, by the service's name.
    """

    def __init__(self, saga: Saga, health: Mapping[str, str] | None = None) -> None:
        self._saga, self._health = saga, health or {}
        self._steps = {written(step.step): step.step for step in saga.steps}
        self._shapes = tuple(shapes_of(saga, service_name(saga)))

    def recognise(self, call: Incoming) -> Recognised | Unrecognised | None:
        """Say which call of the saga this is; None when it only looks at a service's health or metrics."""
        compared = [(shape.differences(call), shape) for shape in self._shapes if shape.target == call.target]
        for differences, shape in compared:
            found = None if differences else self._identified(shape, call)
            if found is not None:
                return found
        near = [found for differences, shape in compared if (found := self._near(differences, shape, call)) is not None]
        if len(near) == 1:
            return near[0]
        return None if self._is_look_at_health(call) else Unrecognised(self._nearest(compared, call))

    def _identified(self, shape: Shape, call: Incoming, differs: str = "") -> Recognised | None:
        """Say of which saga and step a call is that has this shape; None when it does not tell, or tells another step."""
        key = shape.key_in(call)
        named, keyed = self._named(call, key), self._split(key) or self._paired(shape, call)
        found = (keyed or named) if shape.role == Role.CALLBACK else (named or keyed)
        if found is None or shape.step not in (found[1], None):
            return None
        return Recognised(found[0], found[1], shape.role, step_key(*found), differs)

    def _near(self, differences: tuple[str, ...], shape: Shape, call: Incoming) -> Recognised | None:
        return self._identified(shape, call, " ".join(differences)) if differences and shape.is_at(call) else None

    def _named(self, call: Incoming, key: str) -> tuple[str, str] | None:
        """Give saga id and step of the correlation headers; None when one is missing or names no step.

        Which element is meant of a step that is run for each of a list is told by the key only.
        """
        sent = self._saga.correlation.sent
        saga_id, step = (_header(call, sent, template) for template in ("{saga_id}", "{step}"))
        if not saga_id or step in self._steps:
            return (saga_id, self._steps[step]) if saga_id else None
        units = [unit for unit in self._saga.steps if parted(unit.step)[1] is not None and written(parted(unit.step)[0]) == step]
        return next(((saga_id, unit.step) for unit in units if key_of(unit, saga_id) == key), None)

    def _paired(self, shape: Shape, call: Incoming) -> tuple[str, str] | None:
        found = shape.pair_in(call)
        return (found[0], self._steps[found[1]]) if found is not None and found[1] in self._steps else None

    def _split(self, key: str) -> tuple[str, str] | None:
        for step in self._saga.steps:
            saga_id = saga_of(step, key)
            if saga_id is not None:
                return saga_id, step.step
        return None

    def _is_look_at_health(self, call: Incoming) -> bool:
        path = call.path.rstrip("/").lower()
        known = {self._health.get(call.target, "").rstrip("/").lower()} - {""}
        words = path.split("/")
        return call.method in _LOOKS and (path in known or words[-1] in _HEALTH or words[1:2] == ["actuator"])

    def _nearest(self, compared: list[tuple[tuple[str, ...], Shape]], call: Incoming) -> str:
        if not compared:
            return f"No call to {call.target} is declared."
        differences, shape = min(compared, key=lambda pair: (not pair[1].is_at(call), len(pair[0])))
        unnamed = "" if self._identified(shape, call) is not None or not shape.is_at(call) else self._unnamed()
        return " ".join(filter(None, (f"It comes nearest to {shape.text}.", *differences, unnamed)))

    def _unnamed(self) -> str:
        names = " and ".join(self._saga.correlation.sent) or "(none is declared)"
        return f"Neither its headers {names} nor its step key say that it is of this step."


def _header(call: Incoming, sent: Mapping[str, str], template: str) -> str:
    """Give the value of the correlation header that is one template and nothing else; empty when there is none."""
    return next((call.headers.get(name.lower(), "") for name, value in sent.items() if value == template), "")


def service_name(saga: Saga) -> str:
    """Give the name of the saga service: of the orchestrator, or of whoever makes the calls."""
    return saga.orchestrator or saga.consumer
