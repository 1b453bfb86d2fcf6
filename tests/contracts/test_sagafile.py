"""Malformed saga files: each fault is found at its place, said in one sentence, and has a mend.

In the table, `¦` stands in the changed text where the fault has to be placed; it is taken out before the text is read.
"""
# ruff: noqa: E501  (a table is read by its columns)

import json
from pathlib import Path

import pytest

from saga_contracts.declare.saga import Reply
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import SagaFileError, load_saga, parse_saga

TRIP = """\
format: 1
saga: trip
owner: travel
executes_as: saga_service
payload:
  schema: {type: object, required: [user, nights], properties: {user: {type: string}, nights: {type: integer}}}
  example: {user: u-1, nights: 2}
  fresh: [user]
policies:
  owner_notification:
    participant: travel
    request: {method: POST, path: /events, body: {saga: "{saga_id}", what: "{step} {event}"}}
    replies: {done: {status: 204}}
steps:
  - step: book_hotel
    participant: hotel
    class: compensatable
    given: {refusing: [{state: the hotel is full, params: {user: "{payload.user}"}}]}
    forward:
      request: {method: POST, path: /bookings, headers: {Idempotency-Key: "{key}"}, body: {nights: "{payload.nights}"}}
      replies:
        done: {status: 201, body: {state: booked, id: {$like: b-1}}}
        refused: {status: 409, body: {error: full}}
      outputs: {booking_id: /id}
    compensate:
      request: {method: POST, path: /bookings/cancel, headers: {Idempotency-Key: "{key}"}}
      replies: {done: {status: 200}}
    status:
      request: {method: GET, path: /bookings/status, headers: {Idempotency-Key: "{key}"}}
      replies: {applied: {status: 200}, absent: {status: 404}}
  - step: charge_card
    participant: payments
    class: pivot
    after: [book_hotel]
    key: path
    forward:
      request: {method: PUT, path: "/charges/{key}", body: {booking: "{outputs.book_hotel.booking_id}"}}
      replies: {done: {status: 200}}
  - step: send_ticket
    participant: mail
    class: retriable
    after: [charge_card]
    completion: callback
    key: body
    forward:
      request: {method: POST, path: /mails, body: {key: "{key}", tell: "{callback_url}"}}
      replies: {in_progress: {status: 202}}
    callback:
      request: {method: POST, path: "{callback_url}", body: {key: "{key}"}}
      outcomes: {done: {outcome: sent}}
      replies: {done: {status: 204}}
waivers:
  - {obligation: O8, step: book_hotel, reason: legacy system, person: Ann, expires: 2027-01-31}
"""

# What it is, the text that is replaced, its replacement, what the fault says, what its mend says.
ONE_FAULT = [
    ("later format", "format: 1", "¦format: 2", "Format 2 is not known", "Upgrade sagapact"),
    ("format in quotes", "format: 1", '¦format: "1"', "Format '1' is not known", "write format 1"),
    ("no format", "format: 1\nsaga", "¦saga", "`format` is missing", "format: 1"),
    ("no owner", "owner: travel\n", "", "`owner` is missing", "Add it"),
    ("bad saga name", "saga: trip", "¦saga: trip 1", "letters, digits, `_` and `-`", "Write it as `trip_1`"),
    ("unknown field", "executes_as: s", "¦executed_as: s", "`executed_as` is not known", "Did you mean `executes_as`?"),
    ("unknown field deep down", "path: /mails,", "¦pathh: x, path: /mails,", "`pathh` is not known", "Did you mean `path`?"),
    ("no steps", TRIP[TRIP.index("steps:") : TRIP.index("waivers:")], "¦steps: []\n", "Nothing stands here", "at least one"),
    ("steps as a word", TRIP[TRIP.index("steps:") : TRIP.index("waivers:")], "¦steps: many\n", "must be a list", 'Found "many"'),
    ("unknown class", "class: pivot", "¦class: pivott", "'pivott' is not one of", "Did you mean `pivot`?"),
    ("unknown key style", "key: body", "¦key: cookie", "'cookie' is not one of", "Use one of them"),
    ("unknown method", "method: PUT", "¦method: PUTT", "'PUTT' is not one of", "Did you mean `PUT`?"),
    ("no class", "    class: pivot\n", "", "`class` is missing", "Add it"),
    ("status as text", "done: {status: 200}}\n  - step: s", "done: {¦status: ok}}\n  - step: s", "must be a whole number", 'Found "ok"'),
    ("status out of range", "{status: 202}", "{¦status: 999}", "less than or equal to 599", "Found 999"),
    ("too many tries", "class: pivot\n", "class: pivot\n    ¦tries: 99\n", "less than or equal to 10", "Found 99"),
    ("no time at all", "class: pivot\n", "class: pivot\n    ¦timeout_ms: 0\n", "greater than or equal to 1", "Found 0"),
    ("level 5", "executes_as", "¦level: 5\nexecutes_as", "less than or equal to 4", "Found 5"),
    ("unknown step in after", "after: [charge_card]", "after: [¦charge_cart]", "no step `charge_cart`", "Did you mean `charge_card`?"),
    ("step twice", "- step: send_ticket", "- ¦step: charge_card", "`charge_card` stands twice", "its own name"),
    ("cycle", "class: compensatable\n", "class: compensatable\n    ¦after: [send_ticket]\n", "wait for one another", "Break the cycle"),
    ("waits for itself", "after: [book_hotel]", "¦after: [charge_card]", "charge_card → charge_card", "Break the cycle"),
    (
        "compensatable without compensation",
        TRIP[TRIP.index("    compensate:") : TRIP.index("    status:")],
        "",
        "needs a compensation",
        "Add it, or declare another class",
    ),
    ("payload field missing", 'nights: "{payload.nights}"}', 'nights: "{payload.nigths}"}', "no field `nigths`", "Did you mean `nights`?"),
    ("own reply", "path: /bookings, ", '¦path: "/b/{outputs.book_hotel.booking_id}", ', "own step's reply (O33)", "step key"),
    ("output of a later step", "{outputs.book_hotel.booking_id}", "{outputs.send_ticket.id}", "not a step that is done before", "book_hotel"),
    ("unknown output", "{outputs.book_hotel.booking_id}", "{outputs.book_hotel.id}", "no output `id`", "booking_id"),
    ("unknown root", '"{outputs.book_hotel.booking_id}"', '"{input.x}"', "{input.x} is not known", "Known here"),
    ("callback url in a sync compensation", "path: /bookings/cancel", '¦path: "/x/{callback_url}"', "not known", "Known here"),
    ("parts of a plain template", 'path: "/charges/{key}"', '¦path: "/charges/{key}{key.id}"', "has no parts", "Write {key}"),
    ("key not where it is declared", "key: path", "key: header", "declared in the header", "headers"),
    ("path without slash", "path: /bookings/status", "¦path: bookings/status", "starts with `/`", "root"),
    ("schema that is none", "schema: {type: object,", "schema: {¦type: objekt,", "Not a JSON Schema", "Mend the schema"),
    ("example that does not fit", "example: {user: u-1, nights: 2}", "example: {user: u-1, ¦nights: two}", "does not fit", "schema"),
    ("fresh field that is none", "fresh: [user]", "fresh: [¦usr]", "is no field of the example", "Did you mean `user`?"),
    ("done missing", "replies: {done: {status: 200}}\n  - step: s", "¦replies: {refused: {status: 409}}\n  - step: s", "`done` is missing", "Declare"),
    ("acceptance missing", "replies: {in_progress: {status: 202}}", "¦replies: {done: {status: 202}}", "needs the reply `in_progress`", "202"),
    ("callback of a sync step", "    completion: callback\n", "", "has no callback", "completion: callback"),
    ("retriable that refuses", "{in_progress: {status: 202}}", "{in_progress: {status: 202}, ¦refused: {status: 409}}", "never refuses", "class"),
    ("outcomes alike", "refused: {status: 409, body: {error: full}}", "¦refused: {status: 201, body: {state: booked, id: {$like: b-1}}}", "same as `done` (O1)", "Tell them apart"),
    ("compensatable after the pivot", "class: retriable", "¦class: compensatable", "after the pivot", "order"),
    ("two pivots", "class: retriable", "¦class: pivot", "a pivot already: `charge_card`", "at most one"),
    ("pivot with compensation", "class: compensatable\n", "class: pivot\n", "never undone (O25)", "Remove `compensate`"),
    ("transport to come", "      request: {method: PUT", "      ¦transport: message\n      request: {method: PUT", "`message` does not work yet", "http"),
    ("unknown transport", "      request: {method: PUT", "      ¦transport: carrier\n      request: {method: PUT", "is not one of", "Use one"),
    ("notification template", 'saga: "{saga_id}"', 'saga: "{key}"', "{key} is not known here", "saga_id"),
    ("notification payload", 'saga: "{saga_id}"', 'saga: "{payload.usr}"', "no field `usr`", "Did you mean `user`?"),
    ("waived obligation unknown", "obligation: O8", "¦obligation: O99", "no obligation O99", "such as O8"),
    ("waived obligation malformed", "obligation: O8", "¦obligation: null_compensation", "named by its id", "O8"),
    ("waived step unknown", "step: book_hotel, r", "¦step: book_hostel, r", "no step `book_hostel`", "Did you mean `book_hotel`?"),
    ("waiver without reason", "reason: legacy system, ", "", "`reason` is missing", "Add it"),
    ("waiver without person", "person: Ann", '¦person: ""', "This text is empty", "Found"),
    ("waiver without a date", "2027-01-31", "soon", "A day is written as YYYY-MM-DD", 'Found "soon"'),
    ("waiver without an existing day", "2027-01-31", "2027-02-31", "is no date", "existing day"),
    ("choreography", "owner: travel\n", "owner: travel\n¦choreography: {}\n", "`choreography` is not known", "`events` and `reactions`"),
    ("step that listens", "class: pivot\n", "class: pivot\n    ¦listens_to: [x]\n", "`listens_to` is not known", "`events` and `reactions`"),
    ("grpc", "      request: {method: PUT", "      ¦transport: grpc\n      request: {method: PUT", "`grpc` does not work yet", "gRPC comes later"),
    ("natural key without fields", "key: path", "¦key: natural", "needs `key_fields`", "key_fields: [order_id]"),
    ("natural key of an unknown field", "key: path", "key: natural\n    key_fields: [¦usr]", "no field `usr`", "Did you mean `user`?"),
    ("natural key that the call does not hold", "key: path", "key: natural\n    key_fields: [user]", "does not hold `{payload.user}`", "Put it"),
    ("natural key that is never fresh", "key: path", "key: natural\n    ¦key_fields: [nights]", "two runs would meet", "payload.fresh"),
    ("key fields of another key", "key: path", "key: path\n    ¦key_fields: [user]", "belongs to `key: natural`", "Remove it"),
    ("saga id instead of the key", '{Idempotency-Key: "{key}"}, body', '{Idempotency-Key: "{saga_id}"}, body', "The saga's id is no step key", "Put `{key}`"),
    ("retriable step beside the pivot", "after: [charge_card]", "¦after: [book_hotel]", "has to wait for `charge_card`", "Add `charge_card`"),
    ("pivot beside a compensatable step", "    after: [book_hotel]\n    key: path", "    key: path", "has to wait for `book_hotel`", "Add `book_hotel`"),
    ("pivot after a retriable step", "class: compensatable\n", "class: retriable\n", "may not come after the retriable step `book_hotel`", "order"),
    ("waits twice", "after: [charge_card]", "after: [charge_card, ¦charge_card]", "stands twice in `after`", "Remove one"),
    ("refusing without a refusal", "        refused: {status: 409, body: {error: full}}\n", "", "no refusal is declared", "Declare the reply `refused`"),
    ("accepted by a sync step", "replies: {done: {status: 200}}\n  - step: s", "replies: {done: {status: 200}, ¦in_progress: {status: 202}}\n  - step: s", "tells its outcome later", "completion: callback"),
    ("callback missing", TRIP[TRIP.index("    callback:\n") : TRIP.index("waivers:")], "", "needs `callback`", "Declare the participant's later call"),
    ("callback address not told", ', tell: "{callback_url}"', "", "does not tell it", "Put `{callback_url}`"),
    ("statuses alike", "absent: {status: 404}", "¦absent: {status: 200}", "same as `applied` (O14)", "Tell them apart"),
    ("impossible alike", "replies: {done: {status: 200}}\n    status:", "replies: {done: {status: 200}, ¦impossible: {status: 200}}\n    status:", "same as `done` (O1)", "Tell them apart"),
    ("null compensation by 200", 'cancel, headers: {Idempotency-Key: "{key}"}}\n', 'cancel, headers: {Idempotency-Key: "{key}"}}\n      null_compensation: {200: done}\n', "one of 400 to 499", 'Found "200"'),
    ("null compensation as refused", 'cancel, headers: {Idempotency-Key: "{key}"}}\n', 'cancel, headers: {Idempotency-Key: "{key}"}}\n      null_compensation: {404: refused}\n', "'refused' is not one of done", "Use one"),
    ("null compensation twice", "replies: {done: {status: 200}}\n    status:", "replies: {done: {status: 200}, null: {status: 410}}\n      null_compensation: {404: done}\n    status:", "different statuses", "Keep one of them"),
    ("output that no reply has", "{booking_id: /id}", "{¦booking_id: /identity}", "has a value at `/identity`", "$like"),
    ("output that is no pointer", "{booking_id: /id}", "{¦booking_id: id}", "value at `id`", "starts with `/`"),
    ("query in the path", "path: /bookings/status", '¦path: "/bookings/status?by=key"', "neither `?` nor `#`", "query"),
    ("blank in the path", "path: /bookings/status", '¦path: "/bookings/ status"', "no blanks", "%20"),
    ("template in capitals", '"{payload.user}"', '"{Payload.user}"', "is no template", "double the braces"),
    ("brace left open", 'path: "/charges/{key}"', '¦path: "/charges/{key}{"', "`{` is no template", "double the braces"),
    ("template in a reply", "refused: {status: 409, body: {error: full}}", 'refused: {status: 409, body: {error: "{payload.usr}"}}', "no field `usr`", "Did you mean `user`?"),
    ("unknown directive", "id: {$like: b-1}", "id: {$lik: b-1}", "`$lik` is not known", "Did you mean `$like`?"),
    ("like with company", "id: {$like: b-1}", "id: {$like: b-1, $more: 1}", "stands alone", "Move the other fields"),
    ("lock of an unknown field", "class: pivot\n", 'class: pivot\n    semantic_lock: {resource: "{payload.usr}"}\n', "no field `usr`", "Did you mean `user`?"),
    ("lock with an unknown conflict", "class: pivot\n", "class: pivot\n    semantic_lock: {resource: x, ¦conflict: wait}\n", "'wait' is not one of", "Use one"),
    ("conserved at a stranger", "waivers:\n", "conserved: [{quantity: money, reads: [{¦participant: bank, request: {method: GET, path: /x}, sum: [/a]}]}]\nwaivers:\n", "No step of the saga is at `bank`", "Known here"),
    ("conserved twice", "waivers:\n", "conserved:\n  - {quantity: money, reads: [{participant: hotel, request: {method: GET, path: /x}, sum: [/a]}]}\n  - {¦quantity: money, reads: [{participant: hotel, request: {method: GET, path: /x}, sum: [/a]}]}\nwaivers:\n", "`money` stands twice", "Put all reads"),
    ("conserved sum that is no pointer", "waivers:\n", "conserved: [{quantity: money, reads: [{participant: hotel, request: {method: GET, path: /x}, sum: [¦a]}]}]\nwaivers:\n", "begins with a slash", 'Found "a"'),
    ("unknown policy", "  owner_notification:\n", "  ¦uncertain_step: ignore\n  owner_notification:\n", "is not one of", "Use one"),
    ("example missing", "  example: {user: u-1, nights: 2}\n", "", "`example` is missing", "Add it"),
    ("key stands twice", "owner: travel\n", "owner: travel\n¦owner: other\n", "'owner' stands twice", "Remove one"),
    ("tab", "saga: trip\n", "saga: trip\n¦\tx: 1\n", "Not readable", "Mend the syntax"),
    ("not closed", "fresh: [user]", "fresh: [user", "Not readable", "Mend the syntax"),
    ("a list", TRIP, "¦- 1\n", "is a mapping", "format: 1"),
    ("a word", TRIP, "¦saga\n", "is a mapping", "format: 1"),
    ("nothing", TRIP, "¦", "empty", "format: 1"),
]  # fmt: skip


def place(marked: str) -> str:
    before = marked[: marked.index("¦")]
    return f"trip.yaml:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}:"


def faults_of(text: str) -> list[str]:
    with pytest.raises(SagaFileError) as error:
        parse_saga(text, "trip.yaml")
    return [str(fault) for fault in error.value.faults]


def test_the_unchanged_file_is_valid() -> None:
    assert [step.step for step in parse_saga(TRIP, "trip.yaml").steps] == ["book_hotel", "charge_card", "send_ticket"]


@pytest.mark.parametrize(("old", "new", "what", "mend"), [row[1:] for row in ONE_FAULT], ids=[row[0] for row in ONE_FAULT])
def test_a_fault_is_placed_and_explained(old: str, new: str, what: str, mend: str) -> None:
    assert old in TRIP
    marked = TRIP.replace(old, new, 1)
    found = faults_of(marked.replace("¦", ""))
    fitting = [fault for fault in found if what in fault and mend in fault]
    assert fitting, found
    if "¦" in marked:
        assert fitting[0].startswith(place(marked)), fitting[0]
    assert all(fault.startswith("trip.yaml:") for fault in found)


def test_all_faults_of_the_shape_come_at_once_in_the_order_of_the_file() -> None:
    text = (
        TRIP.replace("owner: travel\n", "").replace("method: PUT", "method: PUTT").replace("class: retriable", "class: forever")
    )
    found = faults_of(text)
    assert len(found) == 3
    assert [int(fault.split(":")[1]) for fault in found] == sorted(int(fault.split(":")[1]) for fault in found)


def test_all_faults_across_fields_come_at_once() -> None:
    text = TRIP.replace("after: [charge_card]", "after: [nobody]").replace("fresh: [user]", "fresh: [usr]")
    text = text.replace("step: book_hotel, r", "step: nobody, r").replace("path: /mails", "path: mails")
    assert len(faults_of(text)) == 4


def test_the_message_counts_the_faults_and_lists_each_on_a_line() -> None:
    with pytest.raises(SagaFileError) as error:
        parse_saga(TRIP.replace("fresh: [user]", "fresh: [a, b]"), "trip.yaml")
    lines = str(error.value).splitlines()
    assert lines[0] == "trip.yaml is not a valid saga file (2 faults):"
    assert len(lines) == 3
    assert error.value.exit_status == 2


def test_the_short_form_of_a_null_compensation_is_a_null_reply() -> None:
    replies = "replies: {done: {status: 200}}\n    status:"
    short = parse_saga(TRIP.replace(replies, f"null_compensation: {{404: done}}\n      {replies}"), "trip.yaml")
    assert short.steps[0].compensate is not None
    assert short.steps[0].compensate.replies.null == (Reply(status=404),)
    assert parse_saga(json.dumps(short.as_json()), "trip.json") == short


def test_a_natural_key_needs_no_step_key_in_the_calls() -> None:
    text = TRIP.replace("key: path", "key: natural\n    key_fields: [user, nights]")
    text = text.replace('path: "/charges/{key}"', 'path: "/charges/{payload.user}/{payload.nights}"')
    assert parse_saga(text, "trip.yaml").steps[1].key_fields == ("user", "nights")


def test_a_step_without_any_key_is_valid() -> None:
    text = TRIP.replace("key: path", "key: none").replace("/charges/{key}", "/charges")
    assert parse_saga(text, "trip.yaml").steps[1].key == "none"


def test_conserved_quantities_locks_levels_and_options_can_be_declared() -> None:
    lock = 'class: pivot\n    semantic_lock: {resource: "{payload.user}", conflict: retryable}\n'
    text = TRIP.replace("class: pivot\n", lock).replace(
        'body: {booking: "{outputs', 'body: {who: "{payload.user}", booking: "{outputs'
    )
    text = text.replace("class: retriable", "class: retriable\n    optional: true")
    text = text.replace(
        "waivers:\n",
        'level: 2\nconserved: [{quantity: money, reads: [{participant: payments, request: {method: GET, path: "/{payload.user}"}, '
        "sum: [/free, /held]}]}]\nwaivers:\n",
    )
    saga = parse_saga(text, "trip.yaml")
    assert saga.conserved[0].reads[0].sum == ("/free", "/held")
    assert (saga.level, saga.steps[2].optional) == (2, True)
    assert parse_saga(json.dumps(saga.as_json()), "trip.json") == saga


def test_there_are_at_least_sixty_kinds_of_malformed_files() -> None:
    assert len({row[0] for row in ONE_FAULT}) == len(ONE_FAULT) >= 60


def test_json_is_a_saga_file_too() -> None:
    saga = parse_saga(TRIP, "trip.yaml")
    assert parse_saga(json.dumps(saga.as_json()), "trip.json") == saga


def test_a_missing_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read the saga file .*none\.yaml: No such file"):
        load_saga(tmp_path / "none.yaml")


def test_a_folder_is_no_saga_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot read the saga file"):
        load_saga(tmp_path)


def test_a_file_in_another_encoding_is_a_fault_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("saga: größe".encode("latin-1"))
    with pytest.raises(SagaFileError, match=r"Byte 8 is not UTF-8"):
        load_saga(tmp_path / "latin.yaml")


def test_a_path_with_a_null_byte_is_said_plainly() -> None:
    with pytest.raises(UsageError, match="Cannot read the saga file"):
        load_saga("bad\0name.yaml")
