"""The manifests for Kubernetes are valid, fit together, and speak of options and addresses that the broker has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from saga_broker.serve.commands import clean, serve

MANIFESTS = list(yaml.safe_load_all((Path(__file__).parents[3] / "broker" / "deploy" / "kubernetes.yaml").read_text("utf-8")))
ROUTES = ("/diagnostic/status/heartbeat", "/diagnostic/status/dependencies", "/metrics/prometheus")


@pytest.mark.parametrize("version", ["1.28", "1.37"])
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']} {one['metadata']['name']}")
def test_each_manifest_is_valid(manifest: dict[str, Any], version: str) -> None:
    assert kubernetes_validate.validate(manifest, version, strict=True) is not None


def found(value: Any, name: str) -> Iterator[Any]:
    """Give the values of all members with a name, at any depth."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        if key == name:
            yield member
        yield from found(member, name)


def test_selectors_choose_pods_that_there_are() -> None:
    labels = [template["metadata"]["labels"] for template in found(MANIFESTS, "template") if "metadata" in template]
    chosen = [one for name in ("matchLabels", "selector") for one in found(MANIFESTS, name) if "matchLabels" not in one]
    assert all(one in labels for one in chosen)
    named = {label["app.kubernetes.io/name"] for label in labels}
    assert all(set(one["values"]) <= named for one in found(MANIFESTS, "matchExpressions") for one in one)


def test_probes_and_scraping_ask_what_the_broker_answers() -> None:
    paths = {one["path"] for one in found(MANIFESTS, "httpGet")} | set(found(MANIFESTS, "prometheus.io/path"))
    assert paths == set(ROUTES)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ROUTES)
def test_these_addresses_are_there(broker: Any, path: str) -> None:
    assert broker.http.get(path, headers={"Accept": "*/*"}).status_code == 200


def test_variables_are_those_that_the_commands_read() -> None:
    known = {name for command in (serve, clean) for one in command.params for name in variables(one)}
    (config,) = [one["data"] for one in MANIFESTS if one["kind"] == "ConfigMap"]
    ours = {one["name"] for env in found(MANIFESTS, "env") for one in env if one["name"].startswith("SAGAPACT")}
    assert set(config) | ours <= known


def variables(parameter: Any) -> list[str]:
    given = parameter.envvar or ()
    return [given] if isinstance(given, str) else list(given)


def test_nothing_runs_as_root_or_may_become_more_than_it_is() -> None:
    pods = [one["spec"] for one in found(MANIFESTS, "template") if "containers" in one.get("spec", {})]
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            own = container["securityContext"]
            assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True)
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
