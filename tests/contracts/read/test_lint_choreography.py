"""Every rule of what a saga file says of events: one thing is changed in a right file, and one fault is told, with its mend."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from saga_contracts.sagafile import SagaFileError, load_saga, parse_saga

SAGAS = Path(__file__).parents[3] / "contracts" / "sagas"
Document = dict[str, Any]


def plain(**fields: Any) -> Document:
    """Give a small saga: an order is placed, paid and packed, or cancelled; a payment has a minute."""
    document: Document = {
        "format": 1,
        "saga": "sale",
        "owner": "orders",
        "payload": {"schema": {"type": "object"}, "example": {"order_id": "o1"}},
        "start": {"event": "placed"},
        "events": {
            "placed": _event("orders"),
            "paid": _event("payments"),
            "not_paid": _event("payments"),
            "late": _event("orders"),
            "packed": _event("stock"),
            "not_packed": _event("stock"),
            "refunded": _event("payments"),
        },
        "reactions": [
            {
                "reaction": "pay",
                "participant": "payments",
                "on": "placed",
                "class": "compensatable",
                "emits": {"done": "paid", "refused": "not_paid"},
            },
            {
                "reaction": "pack",
                "participant": "stock",
                "on": "paid",
                "class": "pivot",
                "emits": {"done": "packed", "refused": "not_packed"},
            },
            {
                "reaction": "refund",
                "participant": "payments",
                "on": {"any": ["not_packed", "late"]},
                "undoes": "pay",
                "emits": {"done": "refunded"},
            },
        ],
        "timers": [
            {
                "timer": "window",
                "participant": "orders",
                "starts": "placed",
                "ends": ["paid", "not_paid"],
                "after_ms": 60_000,
                "emits": "late",
            }
        ],
        "ends": {"committed": {"events": ["packed"]}, "compensated": {"events": ["refunded", "not_paid"]}},
        "policies": {"late_success": "undone", "poison": {"dead_letters": "dead", "tells": "orders"}},
    }
    return document | fields


def _event(publisher: str, **fields: Any) -> Document:
    whole: Document = {
        "publisher": publisher,
        "channel": "sale",
        "ordering_key": "{body.order_id}",
        "business_key": ["order_id"],
        "schema": {"type": "object", "required": ["order_id"], "properties": {"order_id": {"type": "string"}}},
        "example": {"order_id": "o1"},
    }
    return whole | fields


def _faults(document: Document) -> list[str]:
    try:
        parse_saga(json.dumps(document), "sale.json")
    except SagaFileError as error:
        return [f"{fault.where}: {fault.what} {fault.mend}" for fault in error.faults]
    return []


def _at(*path: str | int, value: Any = None, gone: bool = False) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place: Any = document
        for part in path[:-1]:
            place = place[part]
        if gone:
            del place[path[-1]]
        else:
            place[path[-1]] = value

    return change


TOLD = (
    "After `not_packed` nothing undoes `pay` of payments (E12): `placed` begins it; on `placed` `pay` is done and publishes "
    "`paid`; on `paid` `pack` is refused and publishes `not_packed`; and then nothing leads to `refund`."
)
QUEUE = {"exchange": "sale", "routing_key": "a", "queue": "one"}
CASES: dict[str, tuple[Callable[[Document], None], str, str]] = {
    "unknown event": (_at("reactions", 1, "on", value="payd"), "no event `payd`", "Did you mean `paid`?"),
    "unknown start": (_at("start", "event", value="plased"), "no event `plased`", "`placed`"),
    "unknown end": (_at("ends", "committed", "events", value=["paked"]), "no event `paked`", "`packed`"),
    "unknown event of a timer": (_at("timers", 0, "ends", value=["paidd"]), "no event `paidd`", "`paid`"),
    "undoes nothing": (_at("reactions", 2, "undoes", value="pai"), "no reaction `pai`", "`pay`"),
    "a name twice": (_at("timers", 0, "timer", value="pay"), "`pay` stands twice", "its own name"),
    "nobody publishes": (_at("events", "lost", value=_event("stock")), "Nobody publishes `lost`", "`emits`"),
    "nobody hears": (_at("events", "lost", value=_event("stock")), "Nobody hears `lost`", "`on`"),
    "not its own": (_at("events", "paid", "publisher", value="stock"), "`paid` is published by stock", "event of its own"),
    "not the timer's own": (
        _at("events", "late", "publisher", value="stock"),
        "the time is kept by orders (E9)",
        "keep the time",
    ),
    "a join of one": (
        _at("reactions", 1, "on", value={"all": ["paid"], "within_ms": 1, "otherwise": "not_packed"}),
        "join of one",
        "`on: paid`",
    ),
    "a join for ever": (
        _at("reactions", 1, "on", value={"all": ["paid", "placed"]}),
        "waits for ever (E8)",
        "`otherwise: EVENT`",
    ),
    "any and all": (
        _at("reactions", 1, "on", value={"any": ["paid"], "all": ["placed", "paid"]}),
        "(`any`), or for all",
        "one of the two",
    ),
    "waits for more": (_at("reactions", 1, "on", value={"any": ["paid"], "within_ms": 3}), "Only a join", "`timers`"),
    "no ordering key": (_at("events", "paid", "ordering_key", gone=True), "ordering key is missing (E7)", "{body.FIELD}"),
    "one key for all": (_at("events", "paid", "ordering_key", value="all"), "same for every run", "body.order_id"),
    "key of no field": (_at("events", "paid", "ordering_key", value="{body.id}"), "no `body.id`", "add it to the example"),
    "keys that differ": (
        _at("events", "paid", "example", value={"order_id": "o2"}),
        "does not keep them in order (E7)",
        "both examples",
    ),
    "a queue that is not named": (_at("events", "paid", "ordered_by", value="queue"), "no queue is named (E7)", "Name the queue"),
    "no business key": (
        _at("events", "paid", "business_key", gone=True),
        "business key is missing (E4)",
        "business_key: [FIELD]",
    ),
    "business key of no field": (_at("events", "paid", "business_key", value=["id"]), "no field `id`", "by dots"),
    "example unlike its schema": (
        _at("events", "paid", "example", value={"order_id": 1}),
        "does not fit the schema",
        "Change the example",
    ),
    "schema that is none": (_at("events", "paid", "schema", value={"type": "strin"}), "strin", ""),
    "topic and queue": (_at("events", "paid", "channel", value={**QUEUE, "topic": "x"}), "one of the two", "for a topic"),
    "no class": (_at("reactions", 1, "class", gone=True), "may happen to this reaction", "Add `class`"),
    "retriable refuses": (_at("reactions", 1, "class", value="retriable"), "never refuses (O25)", "correct the class"),
    "undoing refuses": (
        _at("reactions", 2, "emits", value={"done": "refunded", "refused": "not_paid"}),
        "never refuses (O9)",
        "for ever",
    ),
    "nothing undoes it": (
        _at(
            "reactions",
            2,
            value={
                "reaction": "refund",
                "participant": "payments",
                "on": {"any": ["not_packed", "late"]},
                "class": "retriable",
                "emits": {"done": "refunded"},
            },
        ),
        "no reaction undoes it (E12)",
        "undoes: pay",
    ),
    "undoes what stays": (_at("reactions", 0, "class", value="pivot"), "is not compensatable", "class: compensatable"),
    "undoes another's": (
        _at("reactions", 2, "participant", value="stock"),
        "whose effects stock cannot undo",
        "Let payments hear",
    ),
    "E12": (_at("reactions", 2, "on", value="late"), TOLD, "Let `refund` hear `not_packed`"),
    "E9 by E12": (
        _at("reactions", 2, "on", value="not_packed"),
        "After `late` nothing undoes `pay` of payments (E9, E12)",
        "Let `refund` hear `late`",
    ),
    "a time without an end": (_at("timers", 0, "ends", gone=True), "Nothing ends this time", "in `ends`"),
    "a time that starts its end": (_at("timers", 0, "ends", value=["placed"]), "starts this time and ends it", "one of the two"),
    "a time that waits for itself": (_at("timers", 0, "ends", value=["late"]), "is what this time waits for", "event of its own"),
    "late success": (
        _at("policies", "late_success", gone=True),
        "a success that arrives after its time-out (E9)",
        "late_success: undone",
    ),
    "poison": (_at("policies", "poison", gone=True), "cannot be processed (E10)", "dead_letters"),
    "no start": (_at("start", gone=True), "how a run begins", "start: {event: NAME}"),
    "no ends": (_at("ends", gone=True), "the end of a run is seen", "Add `ends:"),
    "an end that nothing shows": (_at("ends", "committed", value={}), "Nothing shows this end", "`applied`"),
    "no end of what is undone": (_at("ends", "compensated", gone=True), "by what that end is seen", "compensated"),
    "an effect without a probe": (_at("ends", "committed", value={"applied": ["pay"]}), "has no probe", "Add `probe`"),
    "another style": (_at("style", value="mixed"), "called mixed, and has reactions and no steps", "style: choreographed"),
    "a waiver of nothing": (
        _at("waivers", value=[{"obligation": "E7", "step": "windo", "reason": "r", "person": "p", "expires": "2030-01-31"}]),
        "There is no step, reaction, timer or event `windo`",
        "`window`",
    ),
    "nothing happens": (_at("reactions", gone=True), "The field `steps` is missing", "where nobody leads"),
    "no reactions": (_at("reactions", value=[]), "Nothing stands here", "at least one"),
}


def test_the_plain_file_is_right() -> None:
    assert _faults(plain()) == []


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_told_with_its_mend(case: tuple[Callable[[Document], None], str, str]) -> None:
    change, what, mend = case
    document = plain()
    change(document)
    told = [one for one in _faults(document) if what in one]
    assert told, _faults(document)
    assert mend in told[0]


def test_all_faults_are_told_at_once() -> None:
    document = plain()
    for name in ("no ordering key", "poison", "nobody hears", "a time without an end"):
        CASES[name][0](document)
    told = " ".join(_faults(document))
    assert all(CASES[name][1] in told for name in ("no ordering key", "poison", "nobody hears", "a time without an end"))


@pytest.mark.parametrize(
    ("obligation", "name", "case"),
    [
        ("E7", "paid", "no ordering key"),
        ("E4", "paid", "no business key"),
        ("E12", "pay", "E12"),
        ("E12", "not_packed", "E12"),
        ("E9", "window", "late success"),
        ("E8", "pack", "a join for ever"),
    ],
)
def test_what_is_waived_is_not_asked(obligation: str, name: str, case: str) -> None:
    document = plain(waivers=[{"obligation": obligation, "step": name, "reason": "r", "person": "p", "expires": "2030-01-31"}])
    CASES[case][0](document)
    assert not [one for one in _faults(document) if CASES[case][1] in one]


def test_a_circle_without_a_way_out_is_told_and_one_with_a_way_out_is_not() -> None:
    document = plain()
    document["events"] |= {"ping": _event("a"), "pong": _event("b")}
    first: Document = {"reaction": "to", "participant": "b", "on": "ping", "class": "read_only", "emits": {"done": "pong"}}
    document["reactions"] += [
        first,
        {
            "reaction": "fro",
            "participant": "a",
            "on": {"any": ["pong", "packed"]},
            "class": "read_only",
            "emits": {"done": "ping"},
        },
    ]
    assert any("nothing leads out: ping → pong → ping" in one for one in _faults(document))
    first["emits"]["refused"] = []
    first["given"] = {"refusing": [{"state": "tired"}]}
    assert not any("nothing leads out" in one for one in _faults(document))


def test_an_effect_beside_the_failure_must_be_undone_too() -> None:
    """`reserve` is on no path to `not_paid`, and may have been done before it."""
    document = plain()
    document["events"] |= {"reserved": _event("stock"), "freed": _event("stock")}
    document["ends"]["committed"]["events"] += ["reserved", "freed"]
    document["reactions"] += [
        {"reaction": "reserve", "participant": "stock", "on": "placed", "class": "compensatable", "emits": {"done": "reserved"}},
        {
            "reaction": "free",
            "participant": "stock",
            "on": {"any": ["late", "not_packed"]},
            "undoes": "reserve",
            "emits": {"done": "freed"},
        },
    ]
    told = _faults(document)
    assert len(told) == 1
    assert "After `not_paid` nothing undoes `reserve` of stock (E12)" in told[0]
    assert "on `placed` `reserve` is done and publishes `reserved`" in told[0]


def test_after_the_pivot_nothing_need_be_undone() -> None:
    document = plain()
    document["events"] |= {"lost": _event("couriers")}
    document["ends"]["committed"]["events"] += ["lost"]
    document["timers"] += [
        {"timer": "way", "participant": "couriers", "starts": "packed", "ends": ["refunded"], "after_ms": 5, "emits": "lost"}
    ]
    assert _faults(document) == []


def test_an_optional_reaction_fails_nothing() -> None:
    document = plain()
    document["events"] |= {"no_gift": _event("gifts")}
    document["ends"]["committed"]["events"] += ["no_gift"]
    gift: Document = {
        "reaction": "gift",
        "participant": "gifts",
        "on": "paid",
        "class": "read_only",
        "emits": {"refused": "no_gift"},
    }
    document["reactions"].append(gift)
    assert any("After `no_gift` nothing undoes `pay`" in one for one in _faults(document))
    gift["optional"] = True
    assert _faults(document) == []


def test_one_queue_keeps_the_order_where_all_that_is_heard_comes_through_it() -> None:
    document = plain()
    by_queue = {"ordered_by": "queue", "channel": QUEUE}
    for name in ("not_packed", "late"):
        document["events"][name] = {**_event(document["events"][name]["publisher"]), **by_queue}
        del document["events"][name]["ordering_key"]
    assert _faults(document) == []
    document["events"]["late"]["channel"] = {**QUEUE, "queue": "two"}
    told = _faults(document)
    assert any(
        "hears `late` by the queue two and `not_packed` by one: nothing keeps the two in order (E7)" in one for one in told
    )


def test_a_mixed_saga_has_steps_that_publish() -> None:
    text = (SAGAS / "vas_purchase" / "saga.yaml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    first = document["steps"][0]
    document |= {
        "style": "mixed",
        "start": {"event": "bought"},
        "events": {"bought": _event(first["participant"], step=first["step"])},
        "reactions": [{"reaction": "count", "participant": "loyalty", "on": "bought", "class": "retriable"}],
        "ends": {"committed": {"events": ["bought"]}},
    }
    document["policies"] = {**document.get("policies", {}), "poison": {"dead_letters": "dead", "tells": "loyalty"}}
    assert _faults(document) == []
    document["events"]["bought"]["step"] = "bye"
    assert any("There is no step `bye`" in one for one in _faults(document))


@pytest.mark.parametrize("name", ["food_delivery", "user_registration_by_events"])
def test_the_reference_sagas_are_right(name: str) -> None:
    saga = load_saga(SAGAS / name / "saga.yaml")
    assert saga.reactions
    assert not saga.steps
