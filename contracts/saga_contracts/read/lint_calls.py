"""The rules of one step's calls: transports, replies that must be there, keys, paths, outputs (pure)."""

from collections.abc import Callable, Iterator
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outputs import example_outputs
from saga_contracts.declare.problems import Path, Problem
from saga_contracts.declare.saga import Completion, KeyStyle, Reply, Request, Saga, Step, StepClass, Transport
from saga_contracts.read.lint_templates import payload_problem
from saga_contracts.wire.keys import UUID, keys_of


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every broken rule of a step's calls."""
    for rule in _RULES:
        yield from rule(saga, step, at)


def _transports(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "callback", "probe"):
        call = getattr(step, role)
        if call is not None and call.transport != Transport.HTTP:
            what = f"The transport `{call.transport}` does not work yet."
            mend = "messages come with choreographed sagas" if call.transport == Transport.MESSAGE else "gRPC comes later"
            yield Problem((*at, role, "transport"), what, f"Use `http`; {mend}.")


def _reads(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A step that only reads leaves nothing behind that anybody could ask for, wait for or take back."""
    if not step.only_reads:
        return
    for role in ("status", "probe", "callback", "semantic_lock"):
        if getattr(step, role) is not None:
            what = f"A read_only step has no effect, so there is nothing for `{role}`."
            yield Problem((*at, role), what, "Remove it, or declare another class.")
    if step.completion != Completion.SYNC:
        yield Problem((*at, "completion"), "A read_only step tells what it read in its reply.", "Set `completion: sync`.")
    for name in ("done_again", "suspended", "misused"):
        if getattr(step.forward.replies, name) is not None:
            what = f"A read_only step needs no key, so no reply is ever `{name}`."
            yield Problem((*at, "forward", "replies", name), what, "Remove it, or declare another class.")


def _undo(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.step_class == StepClass.COMPENSATABLE and step.undo is None:
        mend = "Add it, or declare another class; `compensate: none` says that there is none yet."
        yield Problem(at, "A compensatable step needs a compensation (`compensate`).", mend)
    if step.step_class != StepClass.COMPENSATABLE and step.undo is not None:
        what = f"A {step.step_class} step is never undone (O25)."
        yield Problem((*at, "compensate"), what, "Remove `compensate` or change the class.")


def _replies(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    replies = step.forward.replies
    here = (*at, "forward", "replies")
    if step.completion == Completion.SYNC and replies.done is None:
        yield Problem(here, "The reply for the outcome `done` is missing.", "Declare it.")
    if step.completion == Completion.SYNC and replies.in_progress is not None:
        yield Problem((*here, "in_progress"), "Only a callback step is accepted first.", "Set `completion: callback`.")
    if step.completion == Completion.CALLBACK and replies.in_progress is None:
        yield Problem(here, "A callback step needs the reply `in_progress`.", "Declare it, usually status 202.")
    told = step.callback is not None and step.callback.outcomes.refused is not None
    if step.step_class == StepClass.RETRIABLE and (replies.refused or step.given.refusing):
        yield Problem((*here, "refused"), "A retriable step never refuses (O25).", "Remove the refusal or change the class.")
    elif step.given.can_refuse and not (replies.refused or told):
        field = "refusing_payload" if step.given.refusing_payload else "refusing"
        what = f"The step is made to refuse (`given.{field}`), but no refusal is declared."
        yield Problem((*at, "given", field), what, f"Declare the reply `refused`, or remove `{field}`.")


def _several(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Of several replies under one name each must be another one."""
    for role in ("forward", "compensate", "status"):
        call = getattr(step, role)
        seen: list[tuple[object, Reply]] = []
        for place, reply in call.replies.each() if call is not None else ():
            if (place[0], reply) in seen:
                yield Problem(
                    (*at, role, "replies", *place), "The same reply stands before it in the list.", "Remove one of them."
                )
            seen.append((place[0], reply))


def _callback(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.completion == Completion.SYNC:
        if step.callback is not None:
            yield Problem((*at, "callback"), "A step with `completion: sync` has no callback.", "Set `completion: callback`.")
        return
    if step.callback is None:
        yield Problem(at, "A step with `completion: callback` needs `callback`.", "Declare the participant's later call.")
        return
    if "callback_url" not in set(templates.names_in(step.callback.request.path)):
        return
    if "callback_url" not in set(templates.names_in(step.forward.request.model_dump())):
        what = "The participant is to call `{callback_url}`, but the forward call does not tell it."
        yield Problem((*at, "forward", "request"), what, "Put `{callback_url}` into the body, a header or the query.")


def _key_form(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    form, here = step.key_form, (*at, "key_form")
    if form is not None and not step.has_written_key:
        what = "A read_only step" if step.only_reads else f"A step with `key: {step.key}`"
        yield Problem(here, f"{what} has no key to be written.", "Remove `key_form`.")
    if form is None or form == UUID:
        return
    if not (form.isascii() and form.isprintable() and form == form.strip()):
        what = "A key is sent in headers and addresses, and they carry neither letters beyond ASCII nor blanks around a text."
        yield Problem(
            here, what, "Write it in plain letters, digits and signs; the names of steps are percent-encoded by themselves."
        )
    names = set(templates.names_in(form))
    if "saga_id" not in names:
        what = "The key does not hold `{saga_id}`, so two sagas would share it."
        yield Problem(here, what, "Write a template such as `{saga_id}-{step}`, or `uuid`.")
    for other in _with_the_same_key(saga, step) if "step" not in names else ():
        what = f"The key does not hold `{{step}}`, and the step `{other}` at {step.participant} would share it."
        yield Problem(here, what, "Write a template such as `{saga_id}-{step}`, or another text in each of them.")
    known = {"saga_id", "step"} if step.for_each is None else {"saga_id", "step", "item_index"}
    for name in sorted(names - known):
        yield Problem(here, f"The template {{{name}}} is not known here.", f"Known here: {', '.join(sorted(known))}.")


def _with_the_same_key(saga: Saga, step: Step) -> Iterator[str]:
    keys = keys_of(saga.key_forms, "saga-1")
    for other in saga.steps:
        if other.step != step.step and other.participant == step.participant and keys.get(other.step) == keys.get(step.step):
            yield other.step


def _key(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    yield from _key_reason(step, at)
    if step.key == KeyStyle.NATURAL:
        yield from _natural_key(saga, step, at)
    elif step.key_fields is not None:
        yield Problem((*at, "key_fields"), "`key_fields` belongs to `key: natural`.", "Remove it, or set `key: natural`.")
    for role, call in _keyed_calls(step):
        if step.key == KeyStyle.PAIR and not step.only_reads:
            yield from _pair(call.request, (*at, role, "request"))
        if not step.has_written_key:
            continue
        place = step.key_place(role)
        part = {KeyStyle.HEADER: "headers", KeyStyle.PATH: "path", KeyStyle.BODY: "body"}[place]
        where = (call.request.path, call.request.query) if part == "path" else getattr(call.request, part)
        if not any(name == "key" or name.startswith("keys.") for name in templates.names_in(where)):
            what = f"The step key is declared in the {place}, but `{{key}}` does not stand there."
            if "saga_id" in set(templates.names_in(where)):
                what += " The saga's id is no step key: the key holds the step, too."
            yield Problem((*at, role, "request", part), what, f"Put `{{key}}` into `{part}`, or declare another `key`.")


def _pair(request: Request, here: Path) -> Iterator[Problem]:
    """Each call must tell saga and step by itself; the correlation headers are for people and logs."""
    for name in sorted({"saga_id", "step"} - set(templates.names_in(request.model_dump()))):
        what = f"The key is declared as a pair, but `{{{name}}}` does not stand in the call."
        yield Problem(here, what, "Put it into the path, the query, a header or the body, or declare another `key`.")


def _key_reason(step: Step, at: Path) -> Iterator[Problem]:
    if step.key == KeyStyle.UNNEEDED and step.key_reason is None:
        yield Problem((*at, "key"), "That no key is needed has to have a reason.", 'Add `key_reason: "…"`, or declare a key.')
    if step.key != KeyStyle.UNNEEDED and step.key_reason is not None:
        yield Problem((*at, "key_reason"), "`key_reason` belongs to `key: unneeded`.", "Remove it, or set `key: unneeded`.")


def _natural_key(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if not step.key_fields:
        what = "A natural key needs `key_fields`: the fields of the payload that identify the step."
        yield Problem((*at, "key"), what, "Name them, such as `key_fields: [order_id]`.")
        return
    for index, name in enumerate(step.key_fields):
        problem = payload_problem(saga, name)
        if problem:
            yield Problem((*at, "key_fields", index), *problem)
            continue
        for role, call in _keyed_calls(step):
            if f"payload.{name}" not in set(templates.names_in(call.request.model_dump())):
                what = f"The call does not hold `{{payload.{name}}}`, which is to identify the step (O33)."
                yield Problem((*at, role, "request"), what, "Put it into the path, the query, a header or the body.")
    if not set(step.key_fields) & set(saga.payload.fresh):
        what = "No field of the natural key is fresh, so that two runs would meet under one key."
        yield Problem((*at, "key_fields"), what, "Add one of them to `payload.fresh`.")


def _keyed_calls(step: Step) -> Iterator[tuple[str, Any]]:
    for role in ("forward", "compensate", "status"):
        call = getattr(step, role)
        if call is not None:
            yield role, call


def _paths(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "probe", "callback"):
        call = getattr(step, role)
        if call is None or call.request is None:
            continue
        path, here = call.request.path, (*at, role, "request", "path")
        if role == "callback" and path.startswith("{callback_url}"):
            continue
        if not path.startswith("/"):
            yield Problem(here, "A path starts with `/`.", "Write it from the service's root.")
        if "?" in path or "#" in path:
            yield Problem(here, "A path holds neither `?` nor `#`.", "Put the parameters into `query`.")
        if any(letter.isspace() for letter in path):
            yield Problem(here, "A path holds no blanks.", "Remove them, or write %20.")


def _outputs(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for name, value in example_outputs(step).items():
        pointer = step.forward.outputs[name]
        if value is None or not pointer.startswith("/"):
            what = f"Neither the `done` reply nor the callback has a value at `{pointer}`."
            mend = "Add it to the declared body as `{$like: example}`, or mend the pointer (it starts with `/`)."
            yield Problem((*at, "forward", "outputs", name), what, mend)


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (
    _transports,
    _reads,
    _undo,
    _replies,
    _several,
    _callback,
    _key_form,
    _key,
    _paths,
    _outputs,
)
