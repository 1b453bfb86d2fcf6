"""Sagas of many shapes, and evidence made by hand: what a right run leaves behind, to be spoilt in one place."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Saga
from saga_contracts.wire.keys import step_key
from saga_contracts.wire.replies import Received, example_of
from saga_contracts.wire.requests import (
    BuiltRequest,
    StepCall,
    call_context,
    notification_context,
    notification_request,
    step_request,
)
from saga_e2e.derive.faults import Fault, Role
from saga_e2e.judge.evidence import Evidence, SagaRecord, StepEvidence
from saga_e2e.proxy.shapes import Incoming
from saga_e2e.proxy.trace import Answered, Asked, Fate, Stray, TracedCall
from saga_e2e.stage.landscape import reference_landscape
from saga_e2e.stage.orchestrator import called_back

SAGA_ID = "saga-7"
STATUS_OF = {
    "applied": "applied",
    "pending": "absent",
    "skipped": "absent",
    "refused": "refused",
    "compensated": "compensated",
    "running": "applied",
    "exhausted": "applied",
    "failed_compensation": "applied",
}


@pytest.fixture(scope="session")
def vas_purchase() -> Saga:
    """The saga as the reference saga service runs it."""
    land = reference_landscape()
    return called_back(land.saga("vas_purchase"), land.services(land.saga("vas_purchase"))["saga_service"])


@dataclass
class Story:
    """One run as it went: states of the steps, calls in their order; every call takes 5 ms and begins 10 ms after the last."""

    saga: Saga
    end: str
    states: dict[str, str]
    history: tuple[str, ...]
    refusing: frozenset[str] = frozenset()
    calls: list[TracedCall] = field(default_factory=list)
    statuses: dict[str, str] = field(default_factory=dict)
    probes: dict[str, Any] = field(default_factory=dict)
    again: SagaRecord | None = None
    strays: list[Stray] = field(default_factory=list)
    tells_steps: bool = True
    before: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of the evidence, such as `ended_ms`."""

    def call(self, step: str, role: Role, outcome: str | None = "done", **more: Any) -> "Story":
        """Add a call as the saga file declares it, answered as it declares the outcome; None: not answered."""
        at_ms, told = more.pop("at_ms", 10.0 * len(self.calls)), more.pop("told", None)
        fate = more.pop("fate", Fate.OK)
        answers = () if outcome is None else (self.answer(step, role, outcome),)
        if fate == Fate.DUPLICATED and outcome == "done":
            answers = (*answers, self.answer(step, role, "done_again"))
        one = TracedCall(
            at_ms=at_ms,
            ended_ms=more.pop("ended_ms", at_ms + 5),
            source=self.saga.step(step).participant if role == Role.CALLBACK else "saga_service",
            target=self.target_of(step, role),
            saga_id=SAGA_ID,
            step=step,
            role=role,
            key=step_key(SAGA_ID, step),
            sent=self.sent(step, role, told),
            replies=more.pop("replies", answers),
            told=told,
            fate=fate,
        )
        self.calls.append(replace(one, **more))
        return self

    def target_of(self, step: str, role: Role) -> str:
        if role == Role.NOTIFICATION and self.saga.policies.owner_notification is not None:
            return self.saga.policies.owner_notification.participant
        return "saga_service" if role == Role.CALLBACK else self.saga.step(step).participant

    def sent(self, step: str, role: Role, told: str | None = None) -> Incoming:
        """Give the request as the saga file declares it."""
        one, target = self.saga.step(step), self.target_of(step, role)
        values = StepCall(SAGA_ID, self.saga.payload.example, callback_url=f"http://saga/callbacks/{step_key(SAGA_ID, step)}")
        if role == Role.CALLBACK:
            assert one.callback is not None
            outcome = getattr(one.callback.outcomes, told or "", None) or {"outcome": told}
            body = templates.fill({**one.callback.request.body, **outcome}, call_context(one, values))
            return Incoming(target, "POST", f"/callbacks/{step_key(SAGA_ID, step)}", {}, body)
        if role == Role.NOTIFICATION:
            assert self.saga.policies.owner_notification is not None
            known = notification_context(step, told or "", values)
            return incoming(target, notification_request(self.saga, self.saga.policies.owner_notification.request, known, ""))
        return incoming(target, step_request(self.saga, one, getattr(one, role.value).request, values, ""))

    def answer(self, step: str, role: Role, outcome: str) -> Answered:
        """Give the reply that the saga file declares for an outcome; 418 for one that it does not declare."""
        one = self.saga.step(step)
        owner = self.saga.policies.owner_notification
        declared = owner.replies if role == Role.NOTIFICATION and owner is not None else getattr(one, role.value).replies
        names = {"done": ("done", "done_again"), "done_again": ("done_again", "done")}.get(outcome, (outcome,))
        replies = (getattr(declared, name, None) for name in names)
        reply = next((found[0] if isinstance(found, tuple) else found for found in replies if found is not None), None)
        meaning = "done" if outcome == "done_again" else outcome
        if reply is None:
            return Answered(Received(503 if outcome == "retryable" else 418), meaning)
        context = call_context(one, StepCall(SAGA_ID, self.saga.payload.example))
        return Answered(example_of(reply, context), meaning)

    def forward(self, step: str, outcome: str | None = "done", **more: Any) -> "Story":
        return self.call(step, Role.FORWARD, outcome, **more)

    def accepted(self, step: str, told: str = "done") -> "Story":
        return self.forward(step, "in_progress").call(step, Role.CALLBACK, "done", told=told)

    def undo(self, step: str, outcome: str | None = "done", **more: Any) -> "Story":
        return self.call(step, Role.COMPENSATE, outcome, **more)

    def tell_owner(self, step: str, event: str = "it_failed") -> "Story":
        return self.call(step, Role.NOTIFICATION, "done", told=event)

    def asks(self, step: str, outcome: str | None = "applied", **more: Any) -> "Story":
        return self.call(step, Role.STATUS, outcome, **more)

    def evidence(self) -> Evidence:
        record = SagaRecord(self.end, self.history, self.states if self.tells_steps else {})
        steps = tuple(self._step(step.step) for step in self.saga.steps)
        if not self.tells_steps:
            steps = tuple(replace(step, state=None) for step in steps)
        return Evidence(SAGA_ID, record, self.again or record, steps, tuple(self.calls), tuple(self.strays), **self.more)

    def asked(self, step: str, status: str | None, world: str | None = None) -> Asked:
        """Give what a participant says of its step in one of the probe's declared worlds; None: it is not read."""
        one = self.saga.step(step)
        context = call_context(one, StepCall(SAGA_ID, self.saga.payload.example))
        if one.probe is None or world is None:
            return Asked(status, None, "it was not read", context)
        return Asked(status, templates.fill(getattr(one.probe.reads, world), context), "", context)

    def meets(self, fault: Fault, **changes: Any) -> "Story":
        """Let the last call have met a fault."""
        self.calls[-1] = replace(self.calls[-1], met=fault, **changes)
        return self

    def _step(self, name: str) -> StepEvidence:
        step, state = self.saga.step(name), self.states[name]
        context = call_context(step, StepCall(SAGA_ID, self.saga.payload.example))
        status = self.statuses.get(name, STATUS_OF[state])
        assert step.probe is not None
        reads = step.probe.reads
        world = reads.applied if status == "applied" else reads.before
        if name in self.refusing and reads.refusing is not None:
            world = reads.refusing
        probe = self.probes.get(name, templates.fill(world, context))
        return StepEvidence(name, state, status, probe, "", context, self.before.get(name))


def incoming(target: str, built: BuiltRequest) -> Incoming:
    """Give a rendered request as it comes to the proxy."""
    headers = {name.lower(): value for name, value in built.headers}
    body = None if built.content is None else json.loads(built.content)
    return Incoming(target, built.method, built.url, headers, body, built.query)


@pytest.fixture
def committed(vas_purchase: Saga) -> Story:
    """Nothing failed."""
    states = dict.fromkeys(("reserve_money", "apply_vas", "create_packages", "notify"), "applied")
    story = Story(vas_purchase, "committed", states, ("running", "committed"))
    return story.forward("reserve_money").forward("apply_vas").accepted("create_packages").forward("notify")


@pytest.fixture
def compensated(vas_purchase: Saga) -> Story:
    """`apply_vas` was refused while `create_packages` was done beside it."""
    states = {"reserve_money": "compensated", "apply_vas": "refused", "create_packages": "compensated", "notify": "pending"}
    story = Story(vas_purchase, "compensated", states, ("running", "compensating", "compensated"), frozenset({"apply_vas"}))
    story.forward("reserve_money").forward("apply_vas", "refused").accepted("create_packages")
    return story.undo("create_packages").undo("reserve_money")


@pytest.fixture
def escalated(vas_purchase: Saga) -> Story:
    """`create_packages` was refused, and `apply_vas` could not be undone: its participant was not available."""
    states = {
        "reserve_money": "compensated",
        "apply_vas": "failed_compensation",
        "create_packages": "refused",
        "notify": "pending",
    }
    history = ("running", "compensating", "escalated")
    story = Story(vas_purchase, "escalated", states, history, frozenset({"create_packages"}))
    story.forward("reserve_money").forward("apply_vas").accepted("create_packages", told="refused")
    lost = {"fate": Fate.UNAVAILABLE}
    story.undo("apply_vas", None, **lost).undo("apply_vas", None, **lost)
    return story.undo("reserve_money").tell_owner("apply_vas")


@pytest.fixture
def exhausted(vas_purchase: Saga) -> Story:
    """No reply of `notify` came back any more."""
    states = {"reserve_money": "applied", "apply_vas": "applied", "create_packages": "applied", "notify": "exhausted"}
    story = Story(vas_purchase, "escalated", states, ("running", "escalated"))
    story.forward("reserve_money").forward("apply_vas").accepted("create_packages")
    for _ in range(3):
        story.forward("notify", fate=Fate.REPLY_LOST)
    return story.tell_owner("notify")


@pytest.fixture(scope="session")
def make_story(vas_purchase: Saga) -> Callable[[], Story]:
    """Give what makes an empty story."""
    return lambda: Story(vas_purchase, "committed", {}, ("running", "committed"))


SagaMaker = Callable[..., Saga]


@pytest.fixture(scope="session")
def saga_of(vas_purchase: Saga) -> SagaMaker:
    """Make a saga from steps in short: `saga_of({"step": "a"}, {"step": "b", "after": ("a",)}, policies={...})`."""

    def make(*steps: Mapping[str, Any], policies: Mapping[str, Any] | None = None) -> Saga:
        template = vas_purchase.step("apply_vas")
        callback = vas_purchase.step("create_packages")
        made = []
        for changes in steps:
            like = callback if changes.get("completion") == "callback" else template
            fields = {"after": (), **changes}
            if fields.get("step_class", "compensatable") != "compensatable":
                fields["compensate"] = None
            made.append(like.model_copy(update=fields))
        chosen = vas_purchase.policies.model_copy(update=dict(policies or {}))
        return vas_purchase.model_copy(update={"steps": tuple(made), "policies": chosen})

    return make
