"""Prometheus reads the figures of a broker; the dashboard asks for nothing that is not there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

DASHBOARD = Path(__file__).parents[3] / "broker" / "deploy" / "grafana.json"
NAMES = re.compile(r"\b(?:sagapact|process)_[a-z_]+\b")


def scraped(broker: Any) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Give the samples by name and labels."""
    reply = broker.http.get(
        "/metrics/prometheus", headers={"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"}
    )
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def requests(broker: Any) -> dict[tuple[str, str, str], float]:
    return {
        (labels["method"], labels["route"], labels["status"]): value
        for labels, value in ((dict(key), value) for key, value in scraped(broker)["sagapact_requests_total"].items())
    }


def test_requests_are_counted_by_the_template_of_their_route(broker: Any, make_pact: Any) -> None:
    broker.publish("Foo/1", "1", ("Bar", make_pact("Foo/1", "Bar", "a")))
    for name in ("Foo%2F1", "Bar", "Nobody", "Bar"):
        broker.http.get(f"/pacticipants/{name}")
    broker.http.get("/nowhere/at/all")
    broker.http.head("/pacticipants")
    counted = requests(broker)
    assert counted["POST", "/contracts/publish", "200"] == 1
    assert counted["GET", "/pacticipants/{name}", "200"] == 3
    assert counted["GET", "/pacticipants/{name}", "404"] == 1
    assert counted["GET", "none", "404"] == 1
    assert counted["GET", "/pacticipants", "200"] == 1
    assert all("Foo" not in route and "Nobody" not in route for _, route, _ in counted)


def test_threads_connections_and_queues_are_told(broker: Any) -> None:
    broker.get("/pacticipants")
    found = scraped(broker)
    assert found["sagapact_requests_at_work"][("lane", "reads"),] == 1  # the one that asks
    assert set(found["sagapact_requests_waiting"].values()) == {0}
    assert set(found["sagapact_database_connections"]) == {(("state", "used"),), (("state", "idle"),)}
    assert (("queue", "events"), ("state", "waiting")) in found["sagapact_queue"]
    assert found["sagapact_request_seconds_count"]
    assert found["process_resident_memory_bytes"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_dashboard_names_only_figures_that_there_are(broker: Any) -> None:
    broker.get("/pacticipants")
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    named = {name for text in expressions for name in NAMES.findall(text)}
    found = scraped(broker)
    assert named <= set(found)
    ours = {name for name in found if name.startswith("sagapact_") and not name.endswith("_created")}
    assert ours <= named | {"sagapact_request_seconds_sum"}
    labels = {label for name in named for key in found[name] for label, _ in key}
    grouped = {word for text in expressions for group in re.findall(r"by \(([^)]*)\)", text) for word in re.split(r",\s*", group)}
    assert grouped <= labels
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
