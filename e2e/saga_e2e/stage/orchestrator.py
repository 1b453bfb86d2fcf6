"""An orchestrator as its provider file describes it: what it must know, what it is asked, what its answers mean (pure).

Nothing else in the harness knows an orchestrator's addresses, variables or words. Sending is left to `play.gather`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.saga import Request, Saga, Step
from saga_contracts.errors import UsageError
from saga_contracts.wire.keys import key_of
from saga_e2e.judge.evidence import SagaRecord
from saga_verifier.isolation.placeholders import literal
from saga_verifier.provider_file import Orchestrator, ProviderFile

RUNNING = "running"
_ADDRESS = re.compile(r"\{(?:address:(?P<name>[^{}]+)|(?P<word>addresses|callback_base))\}")
_CALLBACK_URL = "{callback_url}"
_PICKED = re.compile(r"\[([^=\]]+)=([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one orchestrator is used for one saga.

    Attributes:
        name: The orchestrator's.
        declared: What its provider file says.
        saga: The saga whose steps are read in a record.
    """

    name: str
    declared: Orchestrator
    saga: Saga

    def define(self, definition: Saga) -> Request | None:
        """Give the request that uploads a saga file; None when the orchestrator takes none."""
        told = self.declared.define
        return None if told is None else _filled(told, {"saga": definition.saga, "definition": definition.as_json()})

    def create(self, request_id: str, payload: Mapping[str, Any]) -> Request:
        """Give the request that starts the saga."""
        values = {"saga": self.saga.saga, "request_id": request_id, "payload": dict(payload)}
        return _filled(self.declared.create.request, values)

    def saga_id(self, answer: Any, request_id: str) -> str | None:
        """Read the saga's id in the answer to its creation; None when it is not there."""
        place = self.declared.create.id
        if any(templates.names_in(place)):
            return str(templates.fill(place, {"request_id": request_id}))
        found = at(place, answer)
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None

    def read(self, saga_id: str, request_id: str = "") -> Request:
        """Give the request that reads where a saga stands."""
        return _filled(self.declared.read.request, self._of(saga_id, request_id))

    def check(self, saga_id: str, request_id: str = "") -> Request | None:
        """Give the request that makes the checker look at a saga now; None when there is none."""
        return None if self.declared.check is None else _filled(self.declared.check, self._of(saga_id, request_id))

    def record(self, answer: Any) -> SagaRecord | None:
        """Read a record; None when it does not tell where the saga stands."""
        read = self.declared.read
        state = at(read.state, answer)
        if not isinstance(state, str):
            return None
        history = None if read.history is None else at(read.history, answer)
        reason = None if read.reason is None else at(read.reason, answer)
        return SagaRecord(
            state=self._word(state),
            history=tuple(self._word(str(one)) for one in history) if isinstance(history, list) else (),
            steps={} if read.steps is None else {step.step: self._step(step, read.steps, answer) for step in self.saga.steps},
            outputs=self._outputs(answer),
            reason=str(reason or ""),
        )

    def callback_path(self, step: Step, saga_id: str) -> str:
        """Give where the orchestrator is told the outcome of a step, after its address."""
        values = {"key": key_of(step, saga_id), "saga_id": saga_id, "step": step.step}
        return str(templates.fill(self.declared.callback_path, values))

    def _of(self, saga_id: str, request_id: str) -> dict[str, Any]:
        return {"saga": self.saga.saga, "saga_id": saga_id, "request_id": request_id}

    def _word(self, theirs: str) -> str:
        """Give our word for a state of the saga; theirs itself where it is none of the ends."""
        known = (ours for ours, words in self.declared.read.words.items() if theirs in words)
        return next(known, theirs if theirs not in self.declared.read.words else RUNNING)

    def _step(self, step: Step, place: str, answer: Any) -> str:
        """Give our word for the state of a step; theirs where nothing says what it means, and nothing where there is none."""
        found = at(place.replace("{step}", step.step), answer)
        known = (ours for ours, words in self.declared.read.step_words.items() if found in words)
        return next(known, "" if found is None else str(found))

    def _outputs(self, answer: Any) -> dict[str, Mapping[str, Any]]:
        place = self.declared.read.outputs
        found = {} if place is None else {step.step: at(place.replace("{step}", step.step), answer) for step in self.saga.steps}
        return {name: told for name, told in found.items() if isinstance(told, Mapping)}


def adapter_of(file: ProviderFile, saga: Saga) -> Adapter:
    """Give the adapter of an orchestrator.

    Raises:
        UsageError: when its provider file has none.
    """
    if file.orchestrator is None:
        raise UsageError(
            f"Whole sagas cannot be run by {file.provider}: its provider file in {file.folder} does not say how a saga is "
            "created and read there. Add `orchestrator: {create: …, read: …}`."
        )
    return Adapter(file.provider, file.orchestrator, saga)


def defined(saga: Saga, file: ProviderFile) -> Saga:
    """Give the saga as this orchestrator runs it: with its own form of keys and its own headers, where it has any."""
    declared, changed = file.orchestrator, dict[str, Any]()
    if declared is not None and declared.key is not None:
        changed["steps"] = tuple(_with_key(step, declared.key) for step in saga.steps)
    if declared is not None and declared.correlation is not None:
        changed["correlation"] = declared.correlation
    if (saga.orchestrator or saga.consumer) != file.provider:
        changed["orchestrator"] = file.provider
    return saga.model_copy(update=changed) if changed else saga


def called_back(saga: Saga, file: ProviderFile) -> Saga:
    """Give the saga with the path at which this orchestrator is called back, in the place of `{callback_url}`."""
    path = None if file.orchestrator is None else file.orchestrator.callback_path
    if path is None or all(step.callback is None for step in saga.steps):
        return saga
    return saga.model_copy(update={"steps": tuple(_with_path(step, path) for step in saga.steps)})


def environment(file: ProviderFile, addresses: Mapping[str, str], callback_base: str) -> dict[str, str]:
    """Give the variables by which an orchestrator learns where everybody is.

    Args:
        file: Its provider file.
        addresses: Where it reaches each service, by name.
        callback_base: Where the participants reach it.

    Raises:
        UsageError: when a variable names a service that is not there.
    """
    given = {"addresses": literal(json.dumps(dict(addresses))), "callback_base": callback_base}

    def told(match: re.Match[str]) -> str:
        name = match["name"]
        if name is not None and name not in addresses:
            raise UsageError(
                f"The provider file of {file.provider} names the address of {name}, which this saga does not have. "
                f"Known: {', '.join(addresses)}."
            )
        return addresses[name] if name is not None else given[match["word"]]

    declared = {} if file.orchestrator is None else file.orchestrator.env
    return {name: _ADDRESS.sub(told, text) for name, text in declared.items()}


def at(place: str, answer: Any) -> Any:
    """Give what stands at a place of an answer; None when nothing does.

    >>> at("legs.[name=pay].state", {"legs": [{"name": "pay", "state": "done"}]})
    'done'
    >>> at("events.-1.type", {"events": [{"type": "begun"}, {"type": "ended"}]})
    'ended'
    >>> at("events.*.type", {"events": [{"type": "begun"}, {"type": "ended"}]})
    ['begun', 'ended']
    """
    return _found(re.findall(r"\[[^\]]*\]|[^.\[\]]+", place), answer)


def _found(parts: Sequence[str], value: Any) -> Any:
    if not parts:
        return value
    if parts[0] == "*":
        return [_found(parts[1:], one) for one in value] if isinstance(value, list) else None
    return _found(parts[1:], _inside(value, parts[0]))


def _inside(value: Any, part: str) -> Any:
    picked = _PICKED.fullmatch(part)
    if isinstance(value, list):
        if picked is not None:
            fits = [one for one in value if isinstance(one, Mapping) and str(one.get(picked[1])) == picked[2]]
            return fits[-1] if fits else None
        index = int(part) if re.fullmatch(r"-?[0-9]+", part) else len(value)
        return value[index] if -len(value) <= index < len(value) else None
    return value.get(part) if isinstance(value, Mapping) else None


def _filled(request: Request, values: Mapping[str, Any]) -> Request:
    return request.model_copy(
        update={name: templates.fill(getattr(request, name), values) for name in ("path", "query", "headers", "body")}
    )


def _with_key(step: Step, form: str) -> Step:
    return step.model_copy(update={"key_form": form}) if step.has_written_key else step


def _with_path(step: Step, path: str) -> Step:
    if step.callback is None or step.callback.request.path != _CALLBACK_URL:
        return step
    request = step.callback.request.model_copy(update={"path": path})
    return step.model_copy(update={"callback": step.callback.model_copy(update={"request": request})})
