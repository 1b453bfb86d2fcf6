"""Sagas of every kind that the format knows, made by chance: most of them are accepted by lint, and all of those are to be kept.

Written from the guide of the saga file, without a look at what makes decks, cases and participants of it.
"""

import json
from itertools import pairwise
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import SagaFileError, parse_saga

Draw = st.DrawFn
Json = dict[str, Any]

PAYLOAD: Json = {
    "order_id": "order-1",
    "ref": "9f1c2a34-0b5d-4e6f-8a7b-1c2d3e4f5a6b",
    "amount": 499,
    "rate": 1.5,
    "express": True,
    "kind": "small",
    "note": "zwei Wörter/ü %20",
    "customer": {"id": "customer-1", "mail": "ann@example.org", "number": 12},
    "tags": ["a", "b"],
    "lines": [{"sku": "sku-1", "pieces": 2}, {"sku": "sku-2", "pieces": 1}],
}
SCHEMA: Json = {
    "type": "object",
    "required": ["order_id"],
    "additionalProperties": False,
    "properties": {
        "order_id": {"type": "string", "pattern": "^order-[0-9a-f-]+$"},
        "ref": {"type": "string", "format": "uuid"},
        "amount": {"type": "integer", "minimum": 1, "maximum": 2_000_000_000},
        "rate": {"type": "number", "minimum": 0},
        "express": {"type": "boolean"},
        "kind": {"enum": ["small", "large"]},
        "note": {"type": "string"},
        "customer": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "maxLength": 40},
                "mail": {"type": "string", "format": "email"},
                "number": {"type": "integer", "minimum": 0},
            },
        },
        "tags": {"type": "array"},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}}}},
    },
}
FRESH = ("order_id", "ref", "amount", "rate", "note", "customer.id", "customer.mail", "customer.number", "lines.0.sku")
FIELDS = (*FRESH, "express", "kind", "tags", "customer")
PLAIN = tuple(name for name in FIELDS if name not in ("tags", "customer"))
"""Fields that can stand in a text."""
NAMES = ("s", "s", "payBack", "create-order-", "予約", "réserver")
PARTICIPANTS = ("one", "acme/two", "Lager Süd")
STATUSES = (200, 201, 202, 204, 400, 402, 404, 409, 410, 422)
PATHS = ("/calls", "/calls/{key}", "/{step}", "/things/{payload.order_id}", "/things/{payload.customer.id}/calls")


IN_BODY = ("/id", {"body": "/id", "as": "text"}, {"body": "/id", "match": "id-{value}"})
IN_HEADER: tuple[Json, ...] = ({"match": "/things/{value}"}, {}, {"as": "number"}, {"match": "/n/{value}", "as": "number"})
"""Places of an output."""


@st.composite
def sagas(draw: Draw, *, most_steps: int = 2, level: int | None = None) -> Saga:
    """A strategy: sagas that lint accepts."""
    names = [f"{draw(st.sampled_from(NAMES))}{number}" for number in range(draw(st.integers(1, most_steps)))]
    fresh = draw(st.lists(st.sampled_from(FRESH), min_size=1, max_size=4, unique=True))
    steps: list[Json] = []
    for name in names:
        steps.append(draw(_steps(name, [one["step"] for one in steps], fresh)))
    _use_outputs(draw, steps)
    _use_keys(draw, steps)
    definition = {
        "format": 1,
        "saga": draw(st.sampled_from(["sale", "s", "a_long_name_2", "reduceInventory", "注文-1"])),
        "owner": "shop",
        "level": level or draw(st.sampled_from([3, 3, 3, 2, 1])),
        "payload": {"schema": SCHEMA, "example": PAYLOAD, "fresh": fresh},
        "correlation": draw(_correlations()),
        "policies": {
            "suspended_forward": draw(st.sampled_from(["refused", "accepted"])),
            "siblings_of_failed_step": draw(st.sampled_from(["wait", "cancel"])),
        },
        "steps": steps,
    } | draw(st.sampled_from([{}, {}, {"timeout_ms": 900_000}]))
    try:
        return parse_saga(json.dumps(definition, ensure_ascii=False), "random.json")
    except SagaFileError:
        reject()


def _correlations() -> st.SearchStrategy[Any]:
    return st.sampled_from(
        [
            {},
            {},
            "none",
            {"saga_id": "X-Call", "step": "X-Part"},
            {"headers": {"Traceparent": "00-{saga_id}-{step}"}},
            {"echo": "none"},
            {"headers": {"Trace": "{saga_id}"}, "echo": {"headers": {}, "body": {"/meta/trace": "{saga_id}"}}},
        ]
    )


@st.composite
def _steps(draw: Draw, name: str, earlier: list[str], fresh: list[str]) -> Json:
    kind = draw(st.sampled_from(["compensatable", "compensatable", "compensatable", "pivot", "retriable", "read_only"]))
    if kind == "read_only":
        return draw(_readings(name, earlier))
    completion = draw(st.sampled_from(["sync", "sync", "sync", "callback", "poll"]))
    key = draw(st.sampled_from(["header", "header", "path", "body", "natural", "none", "pair", "unneeded", "places"]))
    step: Json = {
        "step": name,
        "participant": draw(st.sampled_from(PARTICIPANTS)),
        "class": kind,
        "after": earlier,
        "completion": completion,
        "tries": draw(st.integers(1, 3)),
        "timeout_ms": 20_000,
        "callback_timeout_ms": 20_000,
        "key": key,
    }
    _say_more_of_the_key(draw, step)
    refuses = kind != "retriable" and draw(st.booleans())
    by_payload = refuses and draw(st.integers(0, 2)) == 0
    step["given"] = draw(_givens(refuses=refuses and not by_payload))
    step["forward"] = draw(_forwards(step, refuses=refuses))
    if by_payload:
        step["given"]["refusing_payload"] = draw(_refused_payloads(step["forward"]["request"]))
    step["poll"] = {"interval_ms": 10, "timeout_ms": 20_000} if completion == "poll" else None
    if completion == "callback":
        step["callback"] = draw(_callbacks(refuses=refuses or draw(st.booleans())))
        if step["forward"].get("outputs"):
            step["callback"]["outcomes"]["done"]["id"] = {"$like": "id-1"}
    if kind == "compensatable":
        step["compensate"] = draw(_compensations(step)) if draw(st.integers(0, 5)) else "none"
    step |= draw(_choices(step))
    if completion == "poll" or draw(st.integers(0, 3)):
        step["status"] = draw(_status_calls(step, refuses=refuses))
    if draw(st.integers(0, 3)):
        step["probe"] = draw(_probes(refuses=refuses and not by_payload, fresh=fresh))
    _use_own_output(draw, step, fresh)
    _share_with_others(draw, step, fresh)
    return step


def _share_with_others(draw: Draw, step: Json, fresh: list[str]) -> None:
    """Let two sagas share what a field names: one keeps it from the other, or there is enough for two."""
    enough = step["given"]["enough"]
    if enough and draw(st.integers(0, 3)) == 0:
        step["given"]["enough_for_two"] = [{"state": "there is enough for two", "params": enough[0].get("params", {})}]
    told = [name for name in fresh if f"{{payload.{name}}}" in json.dumps(step["forward"]["request"])]
    if told and "for_each" not in step and draw(st.integers(0, 3)) == 0:
        conflict = draw(st.sampled_from(["refused", "retryable"]))
        step["semantic_lock"] = {"resource": f"{{payload.{draw(st.sampled_from(told))}}}", "conflict": conflict}


def _use_own_output(draw: Draw, step: Json, fresh: list[str]) -> None:
    """Let the compensation, and perhaps the status call, need the reply to the step's own call, which a look-up may find."""
    undone = step["class"] == "compensatable" and step["compensate"] != "none"
    if not undone or "for_each" in step or not step["forward"].get("outputs") or draw(st.booleans()):
        return
    own = f"/own/{{outputs.{step['step']}.id}}"
    step["compensate"]["request"] = {"method": "DELETE", "path": own}
    if "status" in step and draw(st.booleans()):
        step["status"]["request"] = {"method": "GET", "path": f"{own}/state"}
    if draw(st.booleans()):
        by = "{key}" if step["key"] in ("header", "path", "body") else f"{{payload.{fresh[0]}}}"
        step["lookup"] = {
            "request": {"method": "GET", "path": "/seek", "query": {"by": by}},
            "replies": {"found": {"status": 200, "body": {"all": [{"id": {"$like": "id-1"}}]}}, "absent": {"status": 404}},
            "outputs": {"id": "/all/0/id"},
        }


def _say_more_of_the_key(draw: Draw, step: Json) -> None:
    if step["key"] in ("header", "path", "body", "places") and draw(st.booleans()):
        step["key_form"] = draw(st.sampled_from(["uuid", "{saga_id}-{step}", '"{step}/{saga_id}"', "{saga_id}{step}"]))
    if step["key"] == "unneeded":
        step["key_reason"] = "it sets a value"
    if step["key"] == "places":
        step["key"] = {role: draw(st.sampled_from(["header", "path", "body"])) for role in ("forward", "compensate")}
        step["key"]["status"] = draw(st.sampled_from(["header", "path"]))
    if step["key"] == "natural":
        step["key_fields"] = draw(
            st.lists(st.sampled_from(["order_id", "customer.id", "kind"]), min_size=1, max_size=2, unique=True)
        )


@st.composite
def _readings(draw: Draw, name: str, earlier: list[str]) -> Json:
    """A step that only reads, with or without a key."""
    refuses = draw(st.booleans())
    step: Json = {
        "step": name,
        "participant": draw(st.sampled_from(PARTICIPANTS)),
        "class": "read_only",
        "after": earlier,
        "completion": "sync",
        "tries": draw(st.integers(1, 3)),
        "timeout_ms": 20_000,
        "key": draw(st.sampled_from(["header", "none"])),
        "given": draw(_givens(refuses=refuses)),
    }
    request = draw(_requests(step, role="status"))
    replies = draw(_looks(["done", *(["refused"] if refuses else [])]))
    step["forward"] = {"request": {**request, "path": f"/read{request['path']}"}, "replies": replies}
    done = _several(replies["done"])
    if draw(st.booleans()) and not {reply["status"] for reply in done} & {204, 205}:
        for reply in done:
            reply["body"] = {"id": {"$like": "id-1"}}
        step["forward"]["outputs"] = {"id": "/id"}
    return step


def _run_for_each_line(draw: Draw, step: Json) -> None:
    step["for_each"] = "{payload.lines}"
    if step.get("key_form", "uuid") != "uuid":
        step["key_form"] = "{saga_id}-{step}-{item_index}"
    body = step["forward"]["request"].setdefault("body", {})
    if isinstance(body, dict):
        body["line"] = draw(
            st.sampled_from(["{item.sku}", {"of": "{item.sku}", "pieces": "{item.pieces}"}, ["{item}"], "{item_index}"])
        )


@st.composite
def _choices(draw: Draw, step: Json) -> Json:
    """When the step runs, for what, in which order it is undone, and how long its tries wait."""
    found: Json = {}
    undone = step["class"] == "compensatable"
    if step["class"] != "pivot" and step["key"] in ("header", "path", "body") and draw(st.integers(0, 5)) == 0:
        _run_for_each_line(draw, step)
    if draw(st.integers(0, 5)) == 0:
        found |= draw(st.sampled_from([{"when": "{payload.express} == true"}, {"when": '{payload.kind} in ["small"]'}]))
    if draw(st.integers(0, 5)) == 0:
        found |= {"backoff": {"first_ms": 100, "factor": 1.5}}
    if undone and draw(st.integers(0, 2)) == 0:
        found |= draw(st.sampled_from([{"suspended_forward": "accepted"}, {"suspended_forward": "refused"}, {"undo_after": []}]))
    return found


@st.composite
def _givens(draw: Draw, *, refuses: bool) -> Json:
    """Preconditions: told apart by name, by a literal, or by a further state; with and without values of the payload."""
    given: Json = draw(_ways_to_refuse(refuses=refuses))
    if given["enough"] and draw(st.integers(0, 3)) == 0:
        others = [{"state": "the line is cut"}, {"state": "the line is cut", "params": {"who": "{payload.order_id}"}}]
        given["retryable"] = [*draw(st.sampled_from([[], given["enough"]])), draw(st.sampled_from(others))]
    return given


@st.composite
def _refused_payloads(draw: Draw, request: Json) -> Json:
    """A field of the forward call, with a value that the example does not have."""
    others = {
        "amount": 1_000_000,
        "kind": "large",
        "express": False,
        "customer.number": 13,
        "customer.id": "nobody",
        "rate": 99.5,
    }
    shown = [name for name in others if f"{{payload.{name}}}" in json.dumps(request)]
    names = draw(st.lists(st.sampled_from(shown), min_size=1, max_size=2, unique=True)) if shown else ["amount"]
    if not shown:
        request.setdefault("body", {})["amount"] = "{payload.amount}"
    return {name: others[name] for name in names}


@st.composite
def _ways_to_refuse(draw: Draw, *, refuses: bool) -> Json:
    field = draw(
        st.sampled_from(["{payload.order_id}", "{payload.customer.id}", "acct:{payload.order_id}", ["{payload.customer.id}", 1]])
    )
    params: Json = {"who": field, "left": draw(st.sampled_from(["{payload.amount}", 3, {"is": "{payload.amount}"}]))}
    enough: list[Json] = [{"state": "there is enough", "params": params}]
    way = draw(st.integers(0, 3))
    if way == 0:
        enough.append({"state": "the shop is open"})
    if not refuses:
        return {"enough": enough if draw(st.booleans()) else []}
    if way == 1:
        return {"enough": enough, "refusing": [{"state": "there is nothing", "params": {"who": field}}]}
    if way == 2:
        return {"enough": [{"state": "open"}], "refusing": [{"state": "closed"}]}
    return {"enough": enough, "refusing": [{"state": "there is enough", "params": {**params, "left": 0}}, *enough[1:]]}


@st.composite
def _requests(draw: Draw, step: Json, *, role: str, paths: tuple[str, ...] = PATHS) -> Json:
    """A call that holds its key where the step says, and some fields of the payload wherever they can stand."""
    undoing = {"forward": "", "compensate": "/undo", "status": "/status"}[role]
    method = draw(st.sampled_from(["GET"] if role == "status" else ["POST", "PUT", "PATCH"]))
    place = step["key"][role] if isinstance(step["key"], dict) else step["key"]
    path = draw(st.sampled_from([one for one in paths if ("{key}" in one) == (place == "path")]))
    request: Json = {"method": method, "path": path + (undoing if draw(st.integers(0, 5)) else ""), "headers": {}, "query": {}}
    request["body"] = {}
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=4, unique=True)):
        _put_field(draw, request, name)
    _put_key(draw, request, place)
    for name in step.get("key_fields", ()):
        request[draw(st.sampled_from(["query", "headers"]))][f"K-{name.replace('_', '-')}"] = f"{{payload.{name}}}"
    if role == "forward" and step["completion"] == "callback":
        where = draw(st.sampled_from(["body", "headers", "query"]))
        request[where]["Callback"] = "{callback_url}"
    without = role == "status" and place not in ("body", "pair")
    if without or (not request["body"] and draw(st.integers(0, 9))):
        del request["body"]
    return request


def _put_field(draw: Draw, request: Json, name: str) -> None:
    place = draw(st.sampled_from(["body", "body", "body", "query", "headers", "text", "list"]))
    if name not in PLAIN or name == "note":
        place = "body"
    whole, flat = f"{{payload.{name}}}", name.replace(".", "-").replace("_", "-")
    if place in ("query", "headers"):
        request[place][f"X-{flat}"] = whole
    else:
        request["body"][flat] = {"body": whole, "text": f"is {whole}!", "list": [1, {"it": whole}]}[place]


def _put_key(draw: Draw, request: Json, place: str) -> None:
    if place == "header":
        request["headers"]["Idempotency-Key"] = draw(st.sampled_from(["{key}", "{key}", "Key {key}"]))
    if place == "body":
        request["body"]["key"] = draw(st.sampled_from(["{key}", "{key}", "no {key}"]))
    if place == "pair":
        for name, template in (("Gid", "{saga_id}"), ("Branch", "{step}")):
            request[draw(st.sampled_from(["query", "headers", "body"]))][name] = template


@st.composite
def _looks(draw: Draw, names: list[str]) -> Json:
    """Replies by name, told apart by status, body or header; now and then not told apart at all."""
    found: Json = {}
    used: set[Any] = set()
    for name in names:
        status = draw(st.sampled_from(STATUSES))
        way = draw(st.integers(0, 6))
        reply: Json = {"status": status}
        if way <= 2 and status != 204:
            reply["body"] = {"state": name, **draw(st.sampled_from([{}, {"more": {"$like": {"a": 1}}}, {"n": 1}]))}
        elif way == 3 and status != 204:
            reply["body"] = {"$like": {"state": "x"}}
        elif way == 4:
            reply["headers"] = {"X-State": name}
        if draw(st.integers(0, 15)) and (status, way) in used and way >= 3:
            reply = {"status": 200, "body": {"state": name}}
        used.add((status, way))
        found[name] = reply
    for name in _some(draw, *found) if draw(st.integers(0, 3)) == 0 else ():
        others = draw(st.lists(st.sampled_from((205, 206, 416, 418, 451)), min_size=1, max_size=2, unique=True))
        found[name] = [found[name], *({"status": status} for status in others)]
    return found


def _several(declared: Any) -> list[Json]:
    return declared if isinstance(declared, list) else [declared]


def _some(draw: Draw, *names: str) -> list[str]:
    return [name for name in names if draw(st.booleans())]


@st.composite
def _forwards(draw: Draw, step: Json, *, refuses: bool) -> Json:
    later = step["completion"] != "sync"
    names = ["in_progress"] if later else ["done"]
    names += ["done"] if step["completion"] == "poll" and draw(st.booleans()) else []
    names += _some(draw, "done_again", "suspended", "misused", "retryable")
    if step["class"] != "retriable" and (draw(st.booleans()) or (refuses and not later)):
        names.append("refused")
    replies = draw(_looks(names))
    forward: Json = {"request": draw(_requests(step, role="forward")), "replies": replies}
    done = [reply for name in ("done", "done_again") for reply in _several(replies.get(name, []))]
    if draw(st.booleans()) and (done or later):
        for reply in done:
            _show_id(reply)
        forward["outputs"] = {"id": draw(st.sampled_from(IN_BODY))}
    elif draw(st.integers(0, 3)) == 0 and not later:
        forward["outputs"] = {"id": {"header": "Location", **draw(st.sampled_from(IN_HEADER))}}
    return forward


def _show_id(reply: Json) -> None:
    body = reply.get("body")
    reply["body"] = {**(body if isinstance(body, dict) and "$like" not in body else {}), "id": {"$like": "id-1"}}
    reply["status"] = 200 if reply["status"] in (204, 205) else reply["status"]


@st.composite
def _compensations(draw: Draw, step: Json) -> Json:
    found: Json = {"request": draw(_requests(step, role="compensate"))}
    found["replies"] = draw(_looks(["done", *_some(draw, "done_again", "null", "impossible")]))
    if draw(st.booleans()):
        found["tries"] = draw(st.integers(1, 3))
    return found


@st.composite
def _status_calls(draw: Draw, step: Json, *, refuses: bool) -> Json:
    polls = step["completion"] == "poll"
    names = ["applied", "absent", *_some(draw, "compensated", "in_progress")]
    names += ["refused"] if (polls and refuses) or draw(st.booleans()) else []
    replies = draw(_looks(names))
    if polls and step["forward"].get("outputs"):
        for reply in _several(replies["applied"]):
            _show_id(reply)
    return {"request": draw(_requests(step, role="status")), "replies": replies}


@st.composite
def _callbacks(draw: Draw, *, refuses: bool) -> Json:
    body = draw(st.sampled_from([{"key": "{key}"}, {"order": "{payload.order_id}"}, {"saga": "{saga_id}", "n": 1}]))
    outcomes: Json = {"done": {"outcome": "done"}}
    if draw(st.booleans()):
        outcomes["done"]["id"] = {"$like": "id-1"}
    if refuses:
        outcomes["refused"] = draw(st.sampled_from([{"outcome": "refused"}, {"why": {"$like": "x"}}]))
    request = {"method": draw(st.sampled_from(["POST", "PUT"])), "path": "{callback_url}", "body": body}
    pauses = draw(st.sampled_from([{}, {}, {"backoff": {"first_ms": 50, "longest_ms": 1000}}]))
    return pauses | {
        "request": request,
        "outcomes": outcomes,
        "replies": {"done": draw(st.sampled_from([{"status": 204}, {"status": 200}]))},
    }


@st.composite
def _probes(draw: Draw, *, refuses: bool, fresh: list[str]) -> Json:
    address = draw(
        st.sampled_from(["{payload.order_id}", "{payload.customer.id}", "{payload.ref}", "x{payload.order_id}", "all"])
    )
    before, applied = draw(
        st.sampled_from(
            [
                (0, 1),
                ("{payload.amount}", 0),
                ([], ["{payload.kind}"]),
                ("free", "taken"),
                (False, True),
                (None, {"order": "{payload.order_id}"}),
            ]
        )
    )
    reads: Json = {"before": {"it": before, "same": 7}, "applied": {"it": applied, "same": 7}}
    if refuses and draw(st.booleans()):
        reads["refusing"] = {"it": draw(st.sampled_from([0, "none left"])), "same": 7}
    into = draw(st.sampled_from(["", "", "/", "/0/", "/seen/last/"]))  # fields by name, or by pointer into whatever is read
    pointed = {world: {f"{into}{name}": value for name, value in fields.items()} for world, fields in reads.items()}
    if draw(st.integers(0, 7)) == 0:
        return {"reads": pointed}  # the provider file says how
    return {"request": {"method": "GET", "path": f"/world/{address}"}, "reads": pointed}


def _use_outputs(draw: Draw, steps: list[Json]) -> None:
    """Let a later step call with an output of an earlier one, and be prepared with it."""
    for earlier, later in pairwise(steps):
        output = f"{{outputs.{earlier['step']}.id}}"
        if earlier["forward"].get("outputs") and draw(st.booleans()):
            later["forward"]["request"].setdefault("query", {})["from"] = output
            for state in later["given"].get("enough") or () if draw(st.booleans()) else ():
                state.setdefault("params", {})["of"] = output


def _use_keys(draw: Draw, steps: list[Json]) -> None:
    """Let a later step call under the key of an earlier one, as a confirmation does."""
    for earlier, later in pairwise(steps):
        written = earlier["class"] != "read_only" and earlier["key"] in ("header", "path", "body") and "for_each" not in earlier
        if written and draw(st.booleans()):
            call = later[draw(st.sampled_from([role for role in ("forward", "compensate") if isinstance(later.get(role), dict)]))]
            call["request"].setdefault(draw(st.sampled_from(["query", "headers"])), {})["Tried"] = f"{{keys.{earlier['step']}}}"
