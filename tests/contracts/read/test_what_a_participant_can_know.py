"""A file for which no participant could be right is refused, with the place and the mend."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from saga_contracts.read import lint_written
from saga_contracts.sagafile import SagaFileError, parse_saga

Change = Callable[[dict[str, Any]], None]


def definition() -> dict[str, Any]:
    """Give a saga that is right: one step, whose status call and probe are different calls."""
    key = {"Key": "{key}"}
    step = {
        "step": "take",
        "participant": "stock",
        "class": "compensatable",
        "given": {
            "enough": [{"state": "stock", "params": {"item": "{payload.item}", "left": 3}}],
            "refusing": [{"state": "stock", "params": {"item": "{payload.item}", "left": 0}}],
        },
        "forward": {
            "request": {"method": "POST", "path": "/take", "headers": key, "body": {"item": "{payload.item}"}},
            "replies": {
                "done": {"status": 201, "body": {"ticket": {"$like": "t-1"}}},
                "done_again": {"status": 200, "body": {"ticket": {"$like": "t-1"}}},
                "refused": {"status": 409},
            },
            "outputs": {"ticket": "/ticket"},
        },
        "compensate": {"request": {"method": "POST", "path": "/back", "headers": key}, "replies": {"done": {"status": 204}}},
        "status": {
            "request": {"method": "GET", "path": "/status", "headers": key},
            "replies": {"applied": {"status": 200, "body": {"state": "taken"}}, "absent": {"status": 404}},
        },
        "probe": {
            "request": {"method": "GET", "path": "/items/{payload.item}"},
            "reads": {"before": {"left": 3}, "applied": {"left": 2}, "refusing": {"left": 0}},
        },
    }
    payload = {
        "schema": {"type": "object"},
        "example": {"item": "i-1", "user": {"id": "u-1"}, "fixed": "f"},
        "fresh": ["item", "user.id"],
    }
    return {"format": 1, "saga": "small", "owner": "shop", "payload": payload, "steps": [step]}


def faults(change: Change) -> list[str]:
    """Give the places and the words of the faults of a changed file."""
    changed = copy.deepcopy(definition())
    change(changed)
    try:
        parse_saga(json.dumps(changed), "small.json")
    except SagaFileError as error:
        return [f"{one.where}: {one.what} {one.mend}" for one in error.faults]
    return []


def put(path: str, value: Any) -> Change:
    """Give a change: another value at a place of the step, by dots; of the saga, when it begins with a slash."""

    def change(saga: dict[str, Any]) -> None:
        at: Any = saga if path.startswith("/") else saga["steps"][0]
        *parents, last = path.removeprefix("/").split(".")
        for part in parents:
            at = at[part]
        at[last] = value

    return change


def refused_payload(fields: dict[str, Any]) -> Change:
    """Give a change: the step refuses by payload instead of by its precondition."""

    def change(saga: dict[str, Any]) -> None:
        step = saga["steps"][0]
        del step["given"]["refusing"], step["probe"]["reads"]["refusing"]
        step["given"]["refusing_payload"] = fields

    return change


def both(*changes: Change) -> Change:
    def change(saga: dict[str, Any]) -> None:
        for one in changes:
            one(saga)

    return change


def test_the_file_itself_has_no_fault() -> None:
    assert faults(lambda _: None) == []


NOT_TO_BE_KNOWN: dict[str, tuple[Change, str, str]] = {
    "forward and compensation are one": (
        both(put("compensate.request.path", "/take"), put("forward.request.body", None)),
        "forward.request",
        "It looks the same as the call `compensate`",
    ),
    "a reply gives back what its call does not say": (
        put("compensate.replies.done", {"status": 200, "body": {"item": "{payload.item}"}}),
        "compensate.replies.done",
        "It holds `{payload.item}`, and the participant cannot know that",
    ),
    "one of several replies does": (
        put("compensate.replies.done", [{"status": 204}, {"status": 200, "body": {"item": "{payload.item}"}}]),
        "compensate.replies.done.1",
        "It holds `{payload.item}`, and the participant cannot know that",
    ),
    "one of several replies reads as another": (
        put("forward.replies.refused", [{"status": 409}, {"status": 200, "body": {"ticket": {"$like": "t-1"}}}]),
        "forward.replies.refused.1",
        "It looks the same as `done_again` (O1).",
    ),
    "one of several replies stands twice": (
        put("forward.replies.refused", [{"status": 409}, {"status": 404}, {"status": 409}]),
        "forward.replies.refused.2",
        "The same reply stands before it in the list.",
    ),
    "one of several replies has not the outputs": (
        put("forward.replies.done_again", [{"status": 200, "body": {"ticket": {"$like": "t-1"}}}, {"status": 208}]),
        "forward.replies.done_again.1",
        "It tells that the step is done, and has no output `ticket`",
    ),
    "a refused payload beside a refusing precondition": (
        put("given.refusing_payload", {"item": "none"}),
        "given.refusing_payload",
        "A step is made to refuse either by its precondition (`refusing`) or by its payload",
    ),
    "a refused payload of a field that is none": (
        refused_payload({"itm": "none"}),
        "given.refusing_payload.itm",
        "no field `itm`",
    ),
    "a refused payload of a field that no call holds": (
        refused_payload({"fixed": "g"}),
        "given.refusing_payload.fixed",
        "The forward call does not hold `{payload.fixed}`, so that the participant cannot know it.",
    ),
    "a refused payload that is the example": (
        refused_payload({"item": "i-1"}),
        "given.refusing_payload.item",
        "The example has the same value.",
    ),
    "a refused payload that the schema forbids": (
        both(refused_payload({"item": 7}), put("/payload.schema", {"properties": {"item": {"type": "string"}}})),
        "given.refusing_payload",
        "The payload that is to be refused does not fit the schema, so that no saga is started with it",
    ),
    "a refused payload whose probe reads as if refused": (
        both(refused_payload({"item": "none"}), put("probe.reads.refusing", {"left": 0})),
        "probe.reads.refusing",
        "`refusing` is never read",
    ),
    "a probe that reads what only a refused payload changes": (
        both(
            put("/payload.example", {"item": "i-1", "user": {"id": "u-1"}, "fixed": "f", "amount": 5}),
            put("forward.request.body", {"item": "{payload.item}", "amount": "{payload.amount}"}),
            refused_payload({"amount": 1000}),
            put("probe.reads.before", {"left": "{payload.amount}"}),
        ),
        "probe.reads.before",
        "It holds `{payload.amount}`, and the participant cannot know that",
    ),
    "a refused payload with which the step does not run": (
        both(
            put("/payload.example", {"item": "i-1", "user": {"id": "u-1"}, "fixed": "f", "amount": 5}),
            put("forward.request.body", {"item": "{payload.item}", "amount": "{payload.amount}"}),
            put("when", "{payload.amount} > 3"),
            refused_payload({"amount": 2}),
        ),
        "given.refusing_payload",
        "With it the condition of the step (`when`) does not hold, so that the call is never made.",
    ),
    "a refused payload without a reply": (
        both(refused_payload({"item": "none"}), lambda saga: saga["steps"][0]["forward"]["replies"].pop("refused")),
        "given.refusing_payload",
        "The step is made to refuse (`given.refusing_payload`), but no refusal is declared.",
    ),
    "what is to be tried again is what succeeds": (
        put("given.retryable", [{"state": "stock", "params": {"item": "{payload.item}", "left": 3}}]),
        "given.retryable",
        "It is the same as `enough`. Name the state in which a forward call is answered 'try again'.",
    ),
    "what is to be tried again is never taken back": (
        both(put("given.retryable", [{"state": "closed"}]), put("given.enough", [])),
        "given.retryable",
        "No precondition (`given.enough`) takes it back, so that the same call could never succeed.",
    ),
    "a header does": (
        put("status.replies.absent", {"status": 404, "headers": {"X": "{payload.user.id}"}}),
        "status.replies.absent",
        "`{payload.user.id}`",
    ),
    "a callback does": (
        both(
            put("completion", "callback"),
            put("forward.replies", {"in_progress": {"status": 202}, "refused": {"status": 409}}),
            put("forward.request.query", {"to": "{callback_url}"}),
            put(
                "callback",
                {
                    "request": {"method": "POST", "path": "{callback_url}", "body": {"user": "{payload.user.id}"}},
                    "outcomes": {"done": {"ticket": {"$like": "t-1"}}},
                    "replies": {"done": {"status": 204}},
                },
            ),
        ),
        "callback",
        "the forward call does not tell it",
    ),
    "two values in one text": (
        both(
            put("forward.request.body", {"item": "{payload.item}/{payload.user.id}"}),
            put("forward.replies.refused", {"status": 409, "body": {"user": "{payload.user.id}"}}),
        ),
        "forward.replies.refused",
        "`{payload.user.id}`",
    ),
    "the correlation is to be given back and was never sent": (
        both(put("/correlation", {"headers": {}, "echo": {"headers": {"Saga": "{saga_id}"}}}), put("key_form", "uuid")),
        "forward.replies.done",
        "nothing of the call tells it",
    ),
    "the correlation is to stand in a body that is none": (
        put("/correlation", {"echo": {"body": {"/saga": "{saga_id}"}}}),
        "compensate.replies.done",
        "this one has no body of fields",
    ),
    "the probe asks by a value that only the probe knows": (
        put("probe.request.path", "/users/{payload.user.id}"),
        "probe.request",
        "which neither the forward call nor the precondition holds",
    ),
    "the probe reads a value that nothing tells": (
        put("probe.reads.before", {"left": "{payload.user.id}"}),
        "probe.reads.before",
        "neither the address nor the precondition tells it",
    ),
    "nothing sets back what the probe reads": (
        both(put("probe.request.path", "/items"), put("given", {})),
        "probe.request",
        "no precondition (`given.enough`) sets back what it reads",
    ),
    "status call and probe are one, and do not agree": (
        both(
            put("status.request", {"method": "GET", "path": "/items/{payload.item}", "headers": {"Key": "{key}"}}),
            put("probe.request", {"method": "GET", "path": "/items/{payload.item}", "headers": {"Key": "{key}"}}),
            put("status.replies.applied", {"status": 200, "body": {"left": 3, "state": "taken"}}),
        ),
        "status.replies.applied",
        "no room for what it reads",
    ),
    "both preconditions are the same": (
        put("given.refusing", [{"state": "stock", "params": {"item": "{payload.item}", "left": 3}}]),
        "given.refusing",
        "It is the same as `enough`",
    ),
    "a precondition is never taken back": (
        both(put("given", {"refusing": [{"state": "closed"}]}), put("probe", None)),
        "given.refusing",
        "no precondition (`given.enough`) takes it back",
    ),
}
NOT_TO_BE_WRITTEN: dict[str, tuple[Change, str, str]] = {
    "a body where there is none": (
        put("compensate.replies.done", {"status": 204, "body": {"a": 1}}),
        "compensate.replies.done",
        "A reply with status 204 has no body",
    ),
    "a reply that is none": (put("forward.replies.refused", {"status": 102}), "forward.replies.refused", "is no final reply"),
    "fields as a text": (
        put("forward.replies.refused", {"status": 409, "headers": {"Content-Type": "text/xml"}, "body": {"a": 1}}),
        "forward.replies.refused",
        "A body of fields cannot be written as text/xml",
    ),
    "fields as a form, which nobody reads as fields": (
        put(
            "forward.replies.refused",
            {"status": 409, "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": {"a": "1"}},
        ),
        "forward.replies.refused",
        "instead of an object",
    ),
    "a blank that is lost": (
        put("forward.replies.refused", {"status": 409, "headers": {"X": "a "}}),
        "forward.replies.refused",
        "begins or ends with a blank",
    ),
    "an object inside a text": (
        put("forward.request.query", {"user": "{payload.user}"}),
        "forward.request.query",
        "cannot stand in a text",
    ),
    "an output that a repeated call does not give": (
        put("forward.replies.done_again", {"status": 200}),
        "forward.replies.done_again",
        "has no output `ticket`",
    ),
    "a misused key that reads as 'try again'": (
        put("forward.replies.retryable", {"status": 422}),
        "forward.replies.retryable",
        "Status 422, which answers another payload under the same key, reads as this one",
    ),
}


@pytest.mark.parametrize(
    ("change", "where", "what"),
    [*NOT_TO_BE_KNOWN.values(), *NOT_TO_BE_WRITTEN.values()],
    ids=[*NOT_TO_BE_KNOWN, *NOT_TO_BE_WRITTEN],
)
def test_what_no_participant_can_know_or_write_is_refused(change: Change, where: str, what: str) -> None:
    found = faults(change)
    assert any(one.startswith(f"steps.take.{where}: ") and what in one for one in found), found


@pytest.mark.parametrize(
    "change",
    [
        put("compensate.request.path", "/take"),  # the forward call has a body
        put("forward.replies.done_again", {"status": 422, "body": {"ticket": {"$like": "t-1"}}}),  # a bare 422 has none
        put("compensate.replies.done", {"status": 200, "body": {"it": "{payload.fixed}"}}),
        put("compensate.replies.done", {"status": 200, "body": {"saga": "{saga_id}", "step": "{step}"}}),
        both(
            put("compensate.replies.null", {"status": 404}),
            put("compensate.replies.done", {"status": 200, "body": {"item": "{payload.item}"}}),
        ),
        put("probe.reads.applied", {"left": "{payload.item}"}),
        both(
            put("status.request", {"method": "GET", "path": "/items/{payload.item}", "headers": {"Key": "{key}"}}),
            put("probe.request", {"method": "GET", "path": "/items/{payload.item}", "headers": {"Key": "{key}"}}),
        ),
        both(put("given", {"refusing": [{"state": "none", "params": {"item": "{payload.item}"}}]}), put("probe", None)),
    ],
)
def test_what_a_participant_can_know_is_accepted(change: Change) -> None:
    assert faults(change) == []


def test_a_text_without_a_media_type_is_noted_as_json() -> None:
    changed = definition()
    put("compensate.replies.done", {"status": 200, "body": "OK"})(changed)
    put("forward.replies.refused", [{"status": 409}, {"status": 410, "headers": {"content-type": "text/plain"}, "body": "no"}])(
        changed
    )
    [note] = lint_written.notes(parse_saga(json.dumps(changed), "small.json"))
    assert note.startswith("take: the body of compensate.replies.done is a text without a media type")
