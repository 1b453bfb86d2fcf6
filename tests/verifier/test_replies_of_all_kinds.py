"""Services answer in many ways; each is declared as it is, kept by who keeps its word, and broken by who does not."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import cases
from saga_contracts.derive.slices import step_slice
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import parse_saga
from saga_contracts.stand_in.deviations import by_kind
from saga_contracts.stand_in.right import Choose, Right, first_of
from saga_verifier.play import deck
from saga_verifier.verdicts import PactOutcome
from stand_ins import all_right, played, verified

Json = dict[str, Any]
Change = Callable[[Json], None]
GUIDE = Path(__file__).parents[2] / "contracts" / "README.md"
KEY = {"Idempotency-Key": "{key}"}
XML = {"Content-Type": "text/xml; charset=utf-8"}


def definition() -> Json:
    """Give the JSON of a saga with one step at a bank."""
    amount = {"account": "{payload.account}", "amount": "{payload.amount}"}
    step = {
        "step": "reserve",
        "participant": "bank",
        "class": "compensatable",
        "timeout_ms": 20_000,
        "given": {
            "enough": [{"state": "balance", "params": {"account": "{payload.account}", "free": "{payload.amount}"}}],
            "refusing": [{"state": "balance", "params": {"account": "{payload.account}", "free": 0}}],
        },
        "forward": {
            "request": {"method": "POST", "path": "/holds", "headers": KEY, "body": amount},
            "replies": {"done": {"status": 201}, "refused": {"status": 402}, "misused": {"status": 422}},
        },
        "compensate": {
            "request": {"method": "POST", "path": "/holds/release", "headers": KEY},
            "replies": {"done": {"status": 204}},
        },
        "status": {
            "request": {"method": "GET", "path": "/holds", "headers": KEY},
            "replies": {
                "applied": {"status": 200, "body": {"state": "held"}},
                "refused": {"status": 200, "body": {"state": "refused"}},
                "compensated": {"status": 200, "body": {"state": "released"}},
                "absent": {"status": 404},
            },
        },
        "probe": {
            "request": {"method": "GET", "path": "/accounts/{payload.account}"},
            "reads": {"before": {"held": 0}, "applied": {"held": "{payload.amount}"}},
        },
    }
    payload = {"schema": {"type": "object"}, "example": {"account": "acc-1", "amount": 5}, "fresh": ["account"]}
    return {"format": 1, "saga": "hold", "owner": "shop", "payload": payload, "steps": [copy.deepcopy(step)]}


def replies(step: Json, role: str, **by_name: Any) -> None:
    step[role]["replies"] |= by_name


def soft_errors_in_200(step: Json) -> None:
    replies(
        step,
        "forward",
        done={"status": 200, "body": {"ok": True}},
        refused=[{"status": 200, "body": {"ok": False, "code": code}} for code in ("NO_FUNDS", "NO_ACCOUNT")],
        misused={"status": 200, "body": {"ok": False, "code": "KEY_REUSED"}},
        retryable={"status": 200, "body": {"ok": False, "code": "BUSY"}},
    )
    replies(step, "compensate", done={"status": 200, "body": {"ok": True}})
    replies(step, "status", absent={"status": 200, "body": {"ok": False, "code": "UNKNOWN"}})


def several_replies(step: Json) -> None:
    replies(step, "forward", refused=[{"status": one} for one in (402, 404, 409, 400)], done=[{"status": 201}, {"status": 202}])
    replies(step, "compensate", done=[{"status": 204}, {"status": 200, "body": {"state": "released"}}])
    states = [{"status": 200, "body": {"state": word}} for word in ("authorised", "captured")]
    replies(step, "status", applied=states)


def try_again_later(step: Json) -> None:
    again = {"status": 409, "headers": {"Retry-After": "1"}, "body": {"error": "in_progress"}}
    replies(step, "forward", retryable=[again, {"status": 420, "headers": {"Retry-After": "0"}}])
    closed = {"state": "the mail server is down"}
    step["given"]["enough"].append({"state": "the mail server is up"})
    step["given"]["refusing"].append({"state": "the mail server is up"})
    step["given"]["retryable"] = [step["given"]["enough"][0], closed]


def try_again_by_status_alone(step: Json) -> None:
    step["given"]["retryable"] = [{"state": "the bank is closed", "params": {"account": "{payload.account}"}}]


def refused_by_its_payload(step: Json) -> None:
    del step["given"]["refusing"]
    step["given"]["refusing_payload"] = {"amount": 1_000_000}
    replies(step, "forward", refused={"status": 400, "body": {"error": "over_limit", "amount": "{payload.amount}"}})


def told_apart_by_headers(step: Json) -> None:
    words = {"done": "held", "refused": "no-funds", "suspended": "released", "misused": "key-reused"}
    replies(step, "forward", **{name: {"status": 200, "headers": {"X-Result": word}} for name, word in words.items()})
    states = {"applied": "held", "refused": "no-funds", "compensated": "released", "absent": "none"}
    replies(step, "status", **{name: {"status": 204, "headers": {"X-Result": word}} for name, word in states.items()})


def as_a_form(step: Json) -> None:
    step["forward"]["request"]["headers"] = {**KEY, "Content-Type": "application/x-www-form-urlencoded"}
    step["compensate"]["request"] |= {
        "headers": {"Content-Type": "application/x-www-form-urlencoded", **KEY},
        "body": {"why": "it was undone & more"},
    }


def as_xml(step: Json) -> None:
    headers = {**KEY, **XML, "Accept": "text/xml"}
    hold = "<hold><account>{payload.account}</account><amount>{payload.amount}</amount></hold>"
    step["forward"]["request"] |= {"headers": headers, "body": hold}
    step["compensate"]["request"] |= {"headers": headers, "body": '<release reason="saga"/>'}
    texts = {"done": "<held/>", "refused": "<fault>no funds</fault>", "misused": "<fault>key reused</fault>"}
    replies(step, "forward", **{name: {"status": 200, "headers": XML, "body": text} for name, text in texts.items()})
    replies(step, "compensate", done={"status": 200, "headers": XML, "body": "<released/>"})
    states = {"applied": "<held/>", "refused": "<refused/>", "compensated": "<released/>"}
    replies(step, "status", **{name: {"status": 200, "headers": XML, "body": text} for name, text in states.items()})
    replies(step, "status", absent={"status": 404, "headers": {"Content-Type": "text/plain"}, "body": "41"})


def as_graphql(step: Json) -> None:
    def call(query: str, **variables: str) -> Json:
        variables = {"key": "{key}", **variables}
        accept = {"Accept": "application/graphql-response+json, application/json;q=0.9"}
        return {"method": "POST", "path": "/graphql", "headers": accept, "body": {"query": query, "variables": variables}}

    def error(code: str) -> Json:
        return {"status": 200, "body": {"errors": [{"message": {"$like": "text"}, "extensions": {"code": code}}]}}

    def state(name: str) -> Json:
        return {"status": 200, "body": {"data": {"hold": {"state": name}}}}

    hold = (
        "mutation($key: ID!, $account: ID!, $amount: Int!) {{ hold(key: $key, account: $account, amount: $amount) {{ state }} }}"
    )
    step["key"] = "body"
    step["forward"]["request"] = call(hold, account="{payload.account}", amount="{payload.amount}")
    step["compensate"]["request"] = call("mutation($key: ID!) {{ release(key: $key) {{ state }} }}")
    step["status"]["request"] = call("query($key: ID!) {{ hold(key: $key) {{ state }} }}")
    replies(step, "forward", done=state("HELD"), refused=error("NO_FUNDS"), misused=error("KEY_REUSED"))
    replies(step, "compensate", done={"status": 200, "body": {"data": {"release": {"state": "RELEASED"}}}})
    replies(step, "status", applied=state("HELD"), refused=state("REFUSED"), compensated=state("RELEASED"))
    replies(step, "status", absent={"status": 200, "body": {"data": {"hold": None}}})


def in_a_media_type_of_its_own(step: Json) -> None:
    own = {"Accept": "application/vnd.bank.v2+json", "Content-Type": "application/vnd.bank.v2+json"}
    step["forward"]["request"]["headers"] = {**KEY, **own}
    replies(step, "forward", done={"status": 201, "headers": {"Content-Type": own["Accept"]}, "body": {"state": "held"}})


KINDS: dict[str, tuple[Change, str]] = {
    "soft errors in 200": (soft_errors_in_200, "applies-refused-later"),
    "several replies": (several_replies, "status-lies"),
    "try again later": (try_again_later, "retries-for-ever"),
    "try again, with an effect": (try_again_later, "applies-retryable"),
    "try again by status alone": (try_again_by_status_alone, "refuses-retryable"),
    "refused by its payload": (refused_by_its_payload, "applies-refused"),
    "told apart by headers": (told_apart_by_headers, "applies-after-undoing"),
    "as a form": (as_a_form, "applies-again"),
    "as XML": (as_xml, "ignores-payload"),
    "as GraphQL": (as_graphql, "undoes-null"),
    "in a media type of its own": (in_a_media_type_of_its_own, "skips-undoing"),
}
SEVERAL = ("soft errors in 200", "several replies", "try again later")
"""Kinds of which an outcome has several replies, so that a participant may also give the last one."""


@pytest.fixture(autouse=True)
def waiting_shortly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for work that was undone as long as these participants need."""
    monkeypatch.setattr(deck, "SHORTEST_WAIT_S", 0.1)


def saga_of(change: Change) -> Saga:
    declared = definition()
    change(declared["steps"][0])
    return parse_saga(json.dumps(declared), "hold.json")


def pacts_of(saga: Saga, folder: Path) -> list[Json]:
    """Give the pacts that the step client library writes."""
    recording = Recording(folder / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(folder / "pacts")
    return [json.loads(file.read_text(encoding="utf-8")) for file in outcome.files]


def broken(result: PactOutcome) -> dict[str, Any]:
    found: dict[str, Any] = {one.key: one.mismatches for one in result.interactions if one.verdict != Verdict.KEPT}
    return found | {one.name: one.text for deck in result.decks for one in deck.histories if one.verdict != Verdict.KEPT}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_service_answers_is_kept_as_it_is_declared(kind: str, tmp_path: Path) -> None:
    change, deviates = KINDS[kind]
    saga = saga_of(change)
    slice_ = step_slice(saga, "reserve")
    [pact] = pacts_of(saga, tmp_path)
    ways: list[Choose] = [first_of, *([lambda several: several[-1]] if kind in SEVERAL else [])]
    for choose in ways:
        result = verified([Right(slice_, choose)], "bank", pact)
        assert broken(result) == {}
        assert {verdict for one in result.decks for verdict in one.obligations.values()} == {Verdict.KEPT}
    deviation = by_kind(deviates)
    assert deviation is not None
    assert deviation.possible(slice_)
    deviating = played([deviation.rules(slice_)], slice_)
    found = {one.obligation for history in deviating.histories for one in history.broken}
    assert found
    assert found <= {deviation.obligation, *deviation.follow}


def test_the_services_of_the_guide_are_kept_by_their_stubs(tmp_path: Path) -> None:
    [text] = re.findall(r"^```yaml\n# services.yaml\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    saga = parse_saga(text, "services.yaml")
    pacts = pacts_of(saga, tmp_path)
    assert len(pacts) == 3
    for pact in pacts:
        participant = pact["provider"]["name"]
        assert verified(all_right(saga, participant), participant, pact).verdict == Verdict.KEPT


def requests_of(kind: str, folder: Path) -> dict[str, Json]:
    [pact] = pacts_of(saga_of(KINDS[kind][0]), folder)
    return {one["key"].removeprefix("hold/reserve/"): one["request"] for one in pact["interactions"]}


def test_a_payload_that_is_refused_stands_in_the_contract_of_the_refusal_and_in_no_other(tmp_path: Path) -> None:
    found = requests_of("refused by its payload", tmp_path)
    amounts = {name: request["body"]["content"]["amount"] for name, request in found.items() if name.startswith("forward/")}
    refused = {"forward/refused": 1_000_000, "forward/refused_again": 1_000_000}
    assert amounts == {"forward/done": 5, "forward/done_again": 5, "forward/suspended": 5, "forward/misused": 5} | refused


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("as a form", "Content-Type", "application/x-www-form-urlencoded"),
        ("as XML", "Content-Type", "text/xml; charset=utf-8"),
        ("as XML", "Accept", "text/xml"),
        ("as GraphQL", "Accept", "application/graphql-response+json, application/json;q=0.9"),
        ("in a media type of its own", "Accept", "application/vnd.bank.v2+json"),
        ("in a media type of its own", "Content-Type", "application/vnd.bank.v2+json"),
    ],
)
def test_media_types_are_asked_for_and_sent_as_declared(kind: str, name: str, value: str, tmp_path: Path) -> None:
    headers = {one.lower(): found for one, found in requests_of(kind, tmp_path)["forward/done"]["headers"].items()}
    assert ", ".join(headers[name.lower()]) == value
