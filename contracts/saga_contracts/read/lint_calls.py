"""The rules of one step's calls: transports, replies that must be there, keys, paths, outputs (pure)."""

from collections.abc import Callable, Iterator
from typing import Any

from saga_contracts.declare import templates
from saga_contracts.declare.outputs import Teller, example_outputs, place_of, told_by, where
from saga_contracts.declare.problems import Path, Problem, did_you_mean
from saga_contracts.declare.saga import Completion, KeyStyle, Reply, Request, Saga, Step, StepClass, Transport
from saga_contracts.read.lint_templates import payload_problem
from saga_contracts.wire.keys import UUID, keys_of


def problems(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """Give every broken rule of a step's calls."""
    for rule in _RULES:
        yield from rule(saga, step, at)


def _transports(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "lookup", "callback", "probe"):
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
    if not step.tells_later and replies.done is None:
        yield Problem(here, "The reply for the outcome `done` is missing.", "Declare it.")
    if not step.tells_later and replies.in_progress is not None:
        what, mend = (
            "Only a step that tells its outcome later is accepted first.",
            "Set `completion: callback` or `completion: poll`.",
        )
        yield Problem((*here, "in_progress"), what, mend)
    if step.tells_later and replies.in_progress is None:
        what = f"A step with `completion: {step.completion}` needs the reply `in_progress`."
        yield Problem(here, what, "Declare it, usually status 202.")
    if step.step_class == StepClass.RETRIABLE and (replies.refused or step.given.refusing):
        yield Problem((*here, "refused"), "A retriable step never refuses (O25).", "Remove the refusal or change the class.")
    elif step.given.can_refuse and not (replies.refused or step.refuses_later):
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
    if step.completion != Completion.CALLBACK:
        if step.callback is not None:
            what = f"A step with `completion: {step.completion}` has no callback."
            yield Problem((*at, "callback"), what, "Set `completion: callback`.")
        return
    if step.callback is None:
        yield Problem(at, "A step with `completion: callback` needs `callback`.", "Declare the participant's later call.")
        return
    if "callback_url" not in set(templates.names_in(step.callback.request.path)):
        return
    if "callback_url" not in set(templates.names_in(step.forward.request.model_dump())):
        what = "The participant is to call `{callback_url}`, but the forward call does not tell it."
        yield Problem((*at, "forward", "request"), what, "Put `{callback_url}` into the body, a header or the query.")


def _poll(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    if step.polls and step.status is None:
        what = "A step with `completion: poll` needs `status`: the call that is made until it tells the outcome."
        yield Problem(
            at, what, "Declare it, with the replies `applied`, `absent`, `in_progress`, and `refused` if it can refuse."
        )
    late = sorted(step.own_outputs("status") - told_by(step, Teller.ACCEPTED).keys()) if step.polls else []
    if late and step.lookup is None:
        what = f"The status call is to tell the outcome, and it needs the output `{late[0]}`, which only the outcome tells."
        mend = "Take the output from the acceptance (`of: forward`), ask by the key, or declare `lookup`."
        yield Problem((*at, "status", "request"), what, mend)
    if step.poll is None:
        return
    if not step.polls:
        yield Problem((*at, "poll"), "`poll` belongs to `completion: poll`.", "Remove it, or set `completion: poll`.")
    elif step.poll.interval_ms > step.poll.timeout_ms:
        what = "From one status call to the next it takes longer than an outcome is waited for at all."
        yield Problem((*at, "poll", "interval_ms"), what, "Make `interval_ms` shorter than `timeout_ms`.")


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
            yield from _pair(step, call.request, (*at, role, "request"))
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


def _pair(step: Step, request: Request, here: Path) -> Iterator[Problem]:
    """Each call must tell saga, step and element by itself; the correlation headers are for people and logs."""
    parts = {"saga_id", "step", *(["item_index"] if step.for_each is not None else [])}
    for name in sorted(parts - set(templates.names_in(request.model_dump()))):
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
    """Give the calls that the key identifies; one that names an output of its own step needs none."""
    for role in ("forward", "compensate", "status"):
        call = getattr(step, role)
        if call is not None and not step.own_outputs(role):
            yield role, call


def _lookup(saga: Saga, step: Step, at: Path) -> Iterator[Problem]:
    """A look-up finds what the calls need, by what is known without any reply of the step."""
    if step.lookup is None:
        return
    here = (*at, "lookup")
    for name in sorted(step.lookup.outputs.keys() - step.forward.outputs.keys()):
        what = f"The step has no output `{name}` (`forward.outputs`)."
        yield Problem((*here, "outputs", name), what, did_you_mean(name, list(step.forward.outputs)))
    needed = step.own_outputs("compensate") | step.own_outputs("status")
    for name in sorted(needed - step.lookup.outputs.keys()):
        what = f"A call of the step needs its output `{name}`, and the look-up does not give it."
        yield Problem((*here, "outputs"), what, "Say where it stands in the reply `found`.")
    if not needed:
        what = "Neither the compensation nor the status call needs an output of this step, so that nothing is to be looked up."
        yield Problem(here, what, "Remove `lookup`, or name the output in a call, as `{outputs." + step.step + ".NAME}`.")
    by = {"key", "saga_id", *(f"payload.{name}" for name in saga.payload.fresh)}
    if by.isdisjoint(templates.names_in(step.lookup.request.model_dump())):
        what = "The look-up holds nothing by which this saga's step could be found."
        yield Problem((*here, "request"), what, "Put the key (`{key}`) or a fresh field of the payload into it.")


def _paths(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for role in ("forward", "compensate", "status", "lookup", "probe", "callback"):
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


_NEVER_TOLD = {(of, completion) for of in ("callback", "status") for completion in Completion} - {
    ("callback", Completion.CALLBACK),
    ("status", Completion.POLL),
}


def _outputs(_: Saga, step: Step, at: Path) -> Iterator[Problem]:
    for name, value in example_outputs(step).items():
        place = place_of(step.forward.outputs[name])
        if (place.of, step.completion) in _NEVER_TOLD:
            what = f"The {place.of} is to tell the output `{name}`, but it is not what tells the outcome of the step."
            mend = "Take `of` out, or set `completion: callback` or `completion: poll`, as it is."
            yield Problem((*at, "forward", "outputs", name), what, mend)
        elif value is None or not (place.body or "/").startswith("/"):
            what = f"Nothing that tells the outcome has a value {where(place)}."
            if place.of is None:
                teller = "the callback" if step.callback is not None else "the status reply `applied`"
                what = f"Neither the `done` reply nor {teller} has a value {where(place)}."
            mend = "Add it to the declared body as `{$like: example}`, or mend the pointer (it starts with `/`)."
            yield Problem((*at, "forward", "outputs", name), what, mend)


_RULES: tuple[Callable[[Saga, Step, Path], Iterator[Problem]], ...] = (
    _transports,
    _reads,
    _undo,
    _replies,
    _several,
    _callback,
    _poll,
    _lookup,
    _key_form,
    _key,
    _paths,
    _outputs,
)
