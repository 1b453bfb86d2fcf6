"""A broker filled with sagas as teams have them, and with one whose every name and text is hostile; for who looks at pages."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from saga_broker.store import triggered, webhooks
from saga_broker.store.database.engine import Database
from saga_broker.store.triggered import About, NewTriggered
from saga_broker.webhooks.model import Execution
from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import parse_saga
from saga_evidence import Change, breaks, deck_result, slice_of, step_pacts
from small_sagas import retriable, saga_text, step

VAS_PURCHASE = Path(__file__).parents[2] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
HOSTILE = "</title><script>document.title='run'</script><img src=x onerror=alert(1)> \"'&{{7*7}}"
HOSTILE_NAME = "\"><b id=hostile>shop</b> '&"


def day(days: int) -> str:
    """Give the day so many days from today."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def publish(broker: Any, text: str, number: str, branch: str = "main") -> Saga:
    """Publish a saga file with its pacts under a version of its owner and executor."""
    saga = parse_saga(text, "saga.yaml")
    kind = "application/json" if text.startswith("{") else "application/yaml"
    body = {"content": text, "contentType": kind, "branch": branch}
    broker.put(f"/sagas/{saga.saga}/versions/{quote(number, safe='')}", body)
    broker.publish(saga.consumer, number, *step_pacts(saga), branch=branch)
    return saga


def play(
    broker: Any, saga: Saga, name: str, version: str, *changes: Change, of: str, success: bool | None = None, **fields: Any
) -> None:
    """Publish the verification of a step's pact and the result of its deck by a version of its participant."""
    slice_ = slice_of(saga, name)
    participant = slice_.step.participant
    pair = f"/pacts/provider/{quote(participant, safe='')}/consumer/{quote(saga.consumer, safe='')}/version/{quote(of, safe='')}"
    link = broker.get(pair)["_links"]["pb:publish-verification-results"]["href"]
    broker.post(link, {"success": not changes if success is None else success, "providerApplicationVersion": version}, 201)
    path = f"/sagas/{saga.saga}/contents/{slice_.sha}/steps/{name}/providers/{quote(participant, safe='')}"
    body = deck_result(slice_, 1, *changes, verdict="broken" if changes else "kept", **fields)
    broker.post(f"{path}/versions/{quote(version, safe='')}/deck-results", body, 201)


def deploy(broker: Any, name: str, version: str, environment: str) -> None:
    """Record a deployment."""
    broker.put(
        f"/pacticipants/{quote(name, safe='')}/versions/{quote(version, safe='')}",
        {},
        201 if _is_new(broker, name, version) else 200,
    )
    broker.deploy(quote(name, safe=""), quote(version, safe=""), environment)


def _is_new(broker: Any, name: str, version: str) -> bool:
    found = broker.http.get(f"/pacticipants/{quote(name, safe='')}/versions/{quote(version, safe='')}")
    return bool(found.status_code == 404)


def vas_purchase(broker: Any) -> None:
    """Let the reference saga run in production and be broken in test; staging holds nothing of it."""
    text = VAS_PURCHASE.read_text(encoding="utf-8")
    waivers = f"\nwaivers:\n  - {{obligation: O4, step: reserve_money, reason: the new store, person: Ada, expires: {day(3)}}}\n"
    first, second = publish(broker, text, "1.0.0"), publish(broker, text + waivers, "1.1.0")
    for one in first.steps:
        play(broker, first, one.step, "10", of="1.0.0")
        deploy(broker, one.participant, "10", "production")
    for one in second.steps:
        broken = one.step == "apply_vas"
        changes = (breaks("O8", text="the status tells absent, not compensated"),) if broken else ()
        if one.step == "reserve_money":
            changes = (breaks("O4", text="the second payload was taken"),)
        if one.step != "notify":
            play(broker, second, one.step, "11", *changes, of="1.1.0", success=not broken)
        deploy(broker, one.participant, "11", "test")
    deploy(broker, first.consumer, "1.0.0", "production")
    deploy(broker, second.consumer, "1.1.0", "test")


def hostile(broker: Any) -> None:
    """Publish a saga of which every name and text that may be free is hostile."""
    participant = f"{HOSTILE_NAME} pay"
    steps = step(participant=participant), retriable(participant=f"{HOSTILE_NAME} tell", after=("pay",))
    waivers = [{"obligation": "O4", "step": "pay", "reason": HOSTILE, "person": HOSTILE, "expires": day(-2)}]
    text = saga_text(*steps, owner=HOSTILE_NAME, description=HOSTILE, waivers=waivers)
    saga = publish(broker, text, "1 <b>", branch="<i>main</i>")
    told: dict[str, Any] = {"verifier": "<b>0</b>", "branch": "<i>feat</i>", "claim": HOSTILE}
    play(broker, saga, "pay", "2 <b>", breaks("O8", text=HOSTILE), of="1 <b>", **told)
    deploy(broker, participant, "2 <b>", "test")
    deploy(broker, HOSTILE_NAME, "1 <b>", "test")


def work(broker: Any) -> None:
    """Let a worker do a job and leave one undone, and let webhooks be called with and without success; names are hostile."""
    job = _made(broker, "user_service", "11")
    broker.put("/workers/w1%20%3Cb%3E", {"labels": ["linux"], "jobs": []})
    broker.put(f"/jobs/{job['id']}/leases/w1%20%3Cb%3E", {"generation": 1}, 200)
    log = broker.http.put(f"/jobs/{job['id']}/log", content=f"began\n{HOSTILE}", headers={"Content-Type": "text/plain"})
    assert log.status_code == 204, log.text
    _made(broker, f"{HOSTILE_NAME} pay", "2 <b>")
    body = {
        "description": HOSTILE,
        "consumer": {"name": HOSTILE_NAME},
        "events": [{"name": "provider_verification_published"}],
        "request": {
            "method": "POST",
            "url": "https://ci.example.org/hook?token=s3cret-token",
            "headers": {"Authorization": "Bearer s3cret-token"},
            "body": {"text": "<b>${pactbroker.providerName}</b>", "password": "s3cret-token"},
        },
    }
    uuid = broker.post("/webhooks", body, 201)["uuid"]
    database = Database(broker.database_url)
    with database.write() as connection:
        _call(connection, uuid, 1, Execution(True, f"HTTP/1.1 200\n{HOSTILE}", datetime.now(UTC)), None)
        _call(
            connection, uuid, 2, Execution(False, "no route to host", datetime.now(UTC)), datetime.now(UTC) + timedelta(hours=1)
        )
    database.close()


def _made(broker: Any, provider: str, version: str) -> Any:
    """Ask for a version to be verified, with an announcement, so that it is queued."""
    own = f"/pacticipants/{quote(provider, safe='')}/versions/{quote(version, safe='')}/announcement"
    broker.put(own, {"providerFile": json.dumps({"provider": provider}), "labels": []})
    body = {"provider": provider, "version": version}
    return broker.post("/jobs", body, 201)["_embedded"]["jobs"][0]


def _call(connection: Connection, webhook: str, number: int, execution: Execution, due_at: datetime | None) -> None:
    found = webhooks.find(connection, webhook)
    assert found is not None
    event = {"name": "provider_verification_published"}
    triggered.create(connection, About(), NewTriggered(f"call-{number}", found.id, number, event, 6, datetime.now(UTC)))
    made = triggered.find(connection, f"call-{number}")
    assert made is not None
    triggered.record(connection, made, 1, execution, due_at)


def fill(broker: Any) -> None:
    """Fill a broker."""
    vas_purchase(broker)
    hostile(broker)
    work(broker)
