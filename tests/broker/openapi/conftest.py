"""A broker in which there is something of everything, and names that mean something there."""

import base64
import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

REACHED = "reached"


@dataclass(frozen=True)
class World:
    """What is in the broker.

    Attributes:
        names: A value for each path variable; those of one row belong together.
        by_path: Other values, for paths that begin so.
        query: Values of query parameters.
        questions: Whole queries that have an answer, by operation.
        bodies: Bodies that are taken, by operation.
    """

    names: Mapping[str, str]
    others: Mapping[str, tuple[str, ...]]
    by_path: Mapping[str, Mapping[str, str]]
    query: Mapping[str, tuple[Any, ...]]
    questions: Mapping[str, list[dict[str, Any]]]
    bodies: Mapping[str, list[Any]] = field(default_factory=dict)

    def names_for(self, operation: str) -> dict[str, str]:
        """Give the values of path variables that belong together for an operation."""
        found = dict(self.names)
        for beginning, values in self.by_path.items():
            if beginning in operation:
                found |= values
        return found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, migrated: Path, broker_kind: Any, make_pacts: Any) -> tuple[Path, World]:
    """A filled database, made once, and what is in it."""
    path = tmp_path_factory.mktemp("world") / "broker.sqlite"
    shutil.copy(migrated, path)
    broker = broker_kind(database_url=f"sqlite:///{path}")
    try:
        world = _filled(broker, make_pacts)
    finally:
        broker.stop()
    return path, world


@pytest.fixture
def database_url(template: tuple[Path, World], tmp_path: Path) -> str:
    """A copy of the filled database; one kind is enough for what is looked at here."""
    shutil.copy(template[0], tmp_path / "broker.sqlite")
    return f"sqlite:///{tmp_path}/broker.sqlite"


@pytest.fixture
def world(template: tuple[Path, World]) -> World:
    return template[1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell which answers were reached."""
    reached: dict[str, Counter[int]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == REACHED:
                    operation, counts = value
                    reached[operation] = Counter({int(status): count for status, count in counts.items()})
    if reached:
        pairs = sum(len(counts) for counts in reached.values())
        requests = sum(counts.total() for counts in reached.values())
        terminalreporter.write_line(
            f"broker: {requests} generated requests to {len(reached)} operations, {pairs} operations and statuses reached"
        )
        if terminalreporter.config.get_verbosity() > 0:
            for operation, counts in sorted(reached.items()):
                terminalreporter.write_line(f"  {operation}: {dict(sorted(counts.items()))}")


@dataclass(frozen=True, slots=True)
class _Made:
    """What the filled broker gave names to."""

    environment: str
    deployed: str
    released: str
    step: dict[str, Any]
    shas: list[str]
    result: str
    chosen: str
    job: str
    webhook: str
    call: str


def _filled(broker: Any, pacts: Any) -> World:
    """Fill a broker, and tell the names of what is in it."""
    first, second = pacts("saga_service", "billing", "a"), pacts("saga_service", "billing", "a", "b")
    first["interactions"][0]["providerStates"] = [{"name": "an account", "params": {"amount": 3}}]
    _publish(broker, first, second, pacts("saga_service", "vas_packages", "c"))
    text, deck = _saga_text(), _deck()
    made = _record(broker, text, deck)
    return World(
        names=_names(made),
        others=_others(made),
        by_path=_by_path(made),
        query=QUERY,
        questions=QUESTIONS,
        bodies=_bodies(text, deck, first, second, pacts("saga_service", "billing", "another")),
    )


def _publish(broker: Any, first: Any, second: Any, packages: Any) -> None:
    """Publish pacts, provider versions and results."""
    broker.publish("saga_service", "1", ("billing", first), ("vas_packages", packages), branch="main", tags=["prod"])
    broker.publish("saga_service", "2", ("billing", second), branch="main", buildUrl="https://ci.example/2")
    broker.publish("saga_service", "3", ("billing", second), branch="feat", tags=["dev"])
    broker.publish("saga_service", "4", ("billing", second), branch="alone")
    broker.publish("lonely", "1")
    broker.put("/pacticipants/billing/branches/main/versions/10", {})
    broker.put("/pacticipants/billing/versions/10/tags/prod", {})
    broker.verify("saga_service", "1", "billing", "10")
    broker.verify("saga_service", "2", "billing", "10", success=False)
    broker.verify("saga_service", "1", "vas_packages", "20")


def _record(broker: Any, text: str, deck: Any) -> _Made:
    """Record labels, deployments, a release, a saga and a deck result."""
    broker.put("/pacticipants/billing/labels/team-a", {})
    broker.put("/pacticipants/saga_service/labels/team-a", {})
    deployed = broker.deploy("billing", "10", "test")["uuid"]
    broker.deploy("saga_service", "1", "test", applicationInstance="blue")
    environment = broker.environment("test")
    path = f"/pacticipants/billing/versions/10/released-versions/environment/{environment}"
    released = broker.post(path, {}, 201)["uuid"]
    saga = broker.put("/sagas/vas_purchase/versions/1", {"content": text, "contentType": "application/yaml", "branch": "main"})
    step = next(one for one in saga["steps"] if one["participant"] == "billing")
    where = f"contents/{step['sha']}/steps/{step['step']}/providers/billing/versions/10"
    broker.post(f"/sagas/vas_purchase/{where}/deck-results", deck, 201)
    links = [broker.get(f"/pacts/provider/billing/consumer/saga_service/version/{n}")["_links"] for n in (1, 2)]
    shas = [one["pb:pact-version"]["href"].rpartition("/")[2] for one in links]
    result = broker.get(f"/pacts/provider/billing/consumer/saga_service/pact-version/{shas[0]}/verification-results/latest")
    chosen = broker.post("/pacts/provider/billing/for-verification", {})["_embedded"]["pacts"][0]["_links"]["self"]["href"]
    number = result["_links"]["self"]["href"].rpartition("/")[2]
    said = (unquote(chosen.rpartition("/")[2]), _job(broker), *_webhook(broker))
    return _Made(environment, deployed, released, step, shas, number, *said)


def _webhook(broker: Any) -> tuple[str, str]:
    """Make a webhook and let it be triggered; gives it and its call."""
    webhook = broker.post("/webhooks", WEBHOOK, 201)["uuid"]
    broker.verify("saga_service", "1", "vas_packages", "20")
    calls = broker.get(f"/webhooks/{webhook}/triggered-webhooks")["_embedded"]["triggeredWebhooks"]
    return webhook, calls[0]["_links"]["pb:logs"]["href"].split("/")[-2]


def _job(broker: Any) -> str:
    """Announce a version, and let a worker take its job; gives the job."""
    broker.put("/pacticipants/billing/versions/10/announcement", ANNOUNCEMENT)
    jobs = broker.post("/jobs", {"provider": "billing", "version": "10"}, 201)["_embedded"]["jobs"]
    broker.put("/workers/ann", {"labels": ["linux"], "jobs": []})
    own = f"/jobs/{jobs[0]['id']}"
    broker.put(f"{own}/leases/ann", {"generation": 1}, 200)
    broker.http.put(f"{own}/log", content="it began", headers={"Content-Type": "text/plain"})
    return str(jobs[0]["id"])


def _names(made: _Made) -> dict[str, str]:
    """Give the name that each path parameter has usually."""
    return {
        "name": "saga_service",
        "number": "1",
        "label": "team-a",
        "tag": "prod",
        "to": "prod",
        "branch": "main",
        "uuid": made.environment,
        "environment": "test",
        "provider": "billing",
        "consumer": "saga_service",
        "sha": made.shas[0],
        "other": "2",
        "meta": made.chosen,
        "saga": "vas_purchase",
        "step": made.step["step"],
        "key": made.job,
    }


def _others(made: _Made) -> dict[str, tuple[str, ...]]:
    """Give further names of path parameters."""
    return {
        "name": ("billing", "lonely"),
        "number": ("2", "3", "10", "latest"),
        "tag": ("dev",),
        "branch": ("feat", "alone"),
        "sha": (made.shas[1],),
        "provider": ("vas_packages", "lonely"),
        "environment": ("production",),
        "meta": (base64.urlsafe_b64encode(b"cvn=1").decode().rstrip("="), "w%3Dtrue"),
    }


def _by_path(made: _Made) -> dict[str, dict[str, str]]:
    """Give the names that fit some paths only."""
    return {
        "/labels/": {"name": "billing"},
        "/deployed-versions/environment/": {"name": "billing", "number": "10"},
        "/released-versions/environment/": {"name": "billing", "number": "10"},
        "/environments/{uuid}/versions": {"name": "billing"},
        " /deployed-versions/": {"uuid": made.deployed},
        " /released-versions/": {"uuid": made.released},
        " /webhooks/{uuid}": {"uuid": made.webhook},
        " /triggered-webhooks/": {"uuid": made.call},
        "/verification-results/{number}": {"number": made.result},
        "/previous-distinct": {"number": "2"},
        "/diff/pact-version/": {"other": made.shas[1]},
        "/announcement": {"name": "billing", "number": "10"},
        "/webhooks/{uuid}": {"uuid": made.webhook},
        "/triggered-webhooks/{uuid}": {"uuid": made.call},
        "/leases/": {"name": "ann"},
        "/workers/": {"name": "ann"},
        "/deck-results": {"sha": made.step["sha"], "number": "10"},
        "GET /pacts/provider/{provider}/consumer/{consumer}/latest-untagged": {},
    }


ANNOUNCEMENT = {"providerFile": "provider: billing\n", "archive": "H4sI", "branch": "main", "labels": ["linux"], "atOnce": 2}
"""An announcement that is taken for billing; its archive is none, which only a worker would find out."""
WEBHOOK = {
    "description": "a build",
    "provider": {"name": "vas_packages"},
    "events": [{"name": "provider_verification_published"}],
    "request": {
        "method": "POST",
        "url": "https://127.0.0.1:1/x",
        "headers": {"A": "b"},
        "body": {"c": "${pactbroker.eventName}"},
    },
}
QUERY: dict[str, tuple[Any, ...]] = {
    "q": ("bill", "saga"),
    "page": (1, 2),
    "size": (1, 3),
    "q[][pacticipant]": ("saga_service", "billing"),
    "q[][version]": ("1", "2", "10"),
    "q[][tag]": ("prod", "dev"),
    "q[][branch]": ("main", "feat"),
    "q[][environment]": ("test",),
    "ignore[][pacticipant]": ("billing", "lonely"),
    "ignore[]": ("vas_packages",),
    "tag": ("prod",),
    "environment": ("test",),
    "pacticipant": ("saga_service", "billing"),
    "version": ("1", "10"),
    "to": ("prod",),
    "name": ("test", "production"),
    "provider": ("billing",),
    "branch": ("main",),
    "with[]": ("saga_service:1", "billing:10"),
    "deployed[]": ("saga_service:1", "billing:10"),
    "removed[]": ("billing", "saga_service:1@blue"),
    "exclude[]": ("feat",),
    "consumer_version_selectors[][tag]": ("prod", "dev"),
    "provider_version_tags[]": ("prod",),
    "include_wip_pacts_since": ("2020-01-01",),
}
"""Values of query parameters that mean something here."""
QUESTIONS: dict[str, list[dict[str, Any]]] = {
    "GET /matrix": [
        {"q[][pacticipant]": ["saga_service"], "q[][version]": ["1"], "latestby": "cvpv", "environment": "test"},
        {"q[][pacticipant]": ["saga_service", "billing"], "latestby": "cvp"},
        {"q[][pacticipant]": ["saga_service"], "q[][latest]": ["true"], "latest": "true", "mainBranch": "true"},
        {
            "q[][pacticipant]": ["saga_service"],
            "ignore[][pacticipant]": ["billing"],
            "success[]": ["true", ""],
            "limit": 2,
        },
    ],
    "GET /can-i-deploy": [
        {"pacticipant": "saga_service", "version": "1", "environment": "test"},
        {"pacticipant": "billing", "version": "10", "to": "prod", "ignore[]": ["lonely"]},
    ],
    "/can-run": [
        {"environment": "test"},
        {"environment": "test", "with[]": ["saga_service:1", "billing:10", "vas_packages:20"]},
    ],
    "GET /can-deploy": [
        {"environment": "test", "with[]": ["billing:10"]},
        {"environment": "test", "with[]": ["saga_service:2", "billing:10"], "together": "true"},
        {"environment": "test", "with[]": ["saga_service:1@blue"], "faults": 2, "together": "false"},
    ],
    "GET /what-if": [
        {"environment": "test", "deployed[]": ["saga_service:2"]},
        {"environment": "test", "removed[]": ["saga_service"], "deployed[]": ["billing:10"]},
    ],
    "GET /sagas": [{"environment": "test"}, {"branch": "main", "provider": "billing"}, {}],
    "for-verification": [{"consumer_version_selectors[][tag]": ["prod"], "include_pending_status": "true"}],
}
"""Whole queries, by a part of the operation."""


def _bodies(saga_text: str, deck: Any, first: Any, second: Any, other: Any) -> dict[str, list[Any]]:
    selectors = [
        *({"mainBranch": True}, {"branch": "feat", "fallbackBranch": "main"}, {"tag": "prod", "latest": True}),
        *({"deployedOrReleased": True}, {"environment": "test", "consumer": "saga_service"}, {"matchingBranch": True}),
        {"tag": "nothing", "latest": True, "fallbackTag": "prod"},
    ]
    contract = {
        "consumerName": "saga_service",
        "providerName": "billing",
        "content": base64.b64encode(json.dumps(second).encode()).decode(),
        "contentType": "application/json",
        "specification": "pact",
    }
    publication = {"pacticipantName": "saga_service", "pacticipantVersionNumber": "9", "contracts": [contract]}
    result = {
        "success": True,
        "providerApplicationVersion": "11",
        "testResults": [{"interactionId": "x", "success": True}],
        "verifiedBy": {"implementation": "pact", "version": "1", "clientLanguage": {"name": "python"}},
    }
    asked = [{"providerVersionBranch": "main", "includePendingStatus": True, "includeWipPactsSince": "2020-01-01"}]
    asked += [{**asked[0], "consumerVersionSelectors": [one]} for one in selectors]
    found_out = {"worker": "ann", "verdict": "kept", "verification": {"success": True}}
    return {
        "/announcement": [ANNOUNCEMENT],
        **{
            key: [{"request": WEBHOOK["request"]}]
            for key in (
                *(
                    "POST /webhooks/execute",
                    "PUT /webhooks/{uuid}",
                    "POST /pacts/provider/{provider}/consumer/{consumer}/webhooks",
                ),
                *("POST /webhooks/provider/", "POST /webhooks/consumer/"),
            )
        },
        "/leases/": [{"generation": 1}],
        "PUT /jobs/{key}/result": [found_out, {"worker": "ann", "verdict": "could not find out", "text": "It hung."}],
        "POST /jobs": [{"provider": "billing", "version": "10"}],
        "PUT /workers": [{"labels": ["linux"], "jobs": []}],
        "PUT /job-queue": [{"paused": True, "reason": "night"}, {"paused": False}],
        "POST /webhooks": [
            WEBHOOK,
            {"request": {"method": "POST", "url": "https://127.0.0.1:1/"}, "consumer": {"label": "team-a"}},
        ],
        "POST /pacticipants": [{"name": "new_one", "mainBranch": "main"}],
        "PUT /pacticipants/{name}": [{"displayName": "Shown", "repositoryUrl": "https://code.example"}],
        "PATCH /pacticipants/{name}": [{"mainBranch": "main"}],
        "PUT /pacticipants/{name}/versions/{number}": [{"buildUrl": "https://ci.example", "tags": [{"name": "t"}]}],
        "POST /contracts/publish": [
            publication,
            {**publication, "branch": "main", "tags": ["a"]},
            {**publication, "contracts": []},
            {**publication, "pacticipantVersionNumber": "1"},
        ],
        "PUT /pacts/provider/": [first, second, {"interactions": []}],
        "PATCH /pacts/provider/": [first, other, {"messages": []}],
        "POST /environments": [{"name": "other", "production": False, "contacts": [{"name": "us", "details": {"chat": "#us"}}]}],
        "PUT /environments/{uuid}": [{"name": "test", "production": True}],
        "POST /pacts/provider/{provider}/for-verification": asked,
        "verification-results": [result, {**result, "success": False, "buildUrl": "https://ci.example"}],
        "deck-results": [deck],
        "PUT /sagas/{saga}/versions/{number}": [
            {"content": saga_text, "contentType": "application/yaml", "branch": "main"},
            {"content": saga_text + "\n", "contentType": "application/yaml"},
        ],
        "PATCH /deployed-versions/{uuid}": [{"currentlyDeployed": False}, {"currentlyDeployed": True}],
        "PATCH /released-versions/{uuid}": [{"currentlySupported": False}, {"currentlySupported": True}],
    }


def _deck() -> dict[str, Any]:
    history = {"word": "C", "verdict": "broken", "obligations": ["O8"], "text": "why", "calls": [{"status": 404}]}
    return {
        "derivation": 1,
        "faults": 1,
        "verifier": "0.1.0",
        "verdict": "broken",
        "claim": "Checked.",
        "obligations": {"O8": "broken", "O3": "kept"},
        "histories": [history],
    }


def _saga_text() -> str:
    return (Path(__file__).parents[3] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml").read_text(encoding="utf-8")
