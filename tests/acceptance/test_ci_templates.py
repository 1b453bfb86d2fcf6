"""The files for GitHub Actions and GitLab are what these take, and their own commands verify, publish, gate and leave results.

What they install is installed here from the wheel; every other line of theirs is run as it stands, in a stranger's repository.
"""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from command_line import ROOT, Done
from installed import Environment, installed
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.isolation.spec import Health, Spec

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CI = ROOT / "provider_verifier" / "ci"
EXAMPLES = ROOT / "provider_verifier" / "examples" / "warehouse"
BIN = Path(sys.executable).parent
NOTIFICATIONS = """
format: 1
provider: notifications
start: {command: [sagapact, stub, contracts/sale/saga.yaml, --participant, notifications, --port, "{port}"], pass_env: [PATH]}
health: {path: /health}
states: {path: /_states}
"""
TIMEOUT_S = 300


@dataclass
class Pipeline:
    """What a template runs: its commands, in their order, with the variables that it gives them."""

    commands: list[str]
    variables: dict[str, str]
    results: list[str] = field(default_factory=list)


def github() -> Pipeline:
    document = yaml.safe_load((CI / "github.yml").read_text(encoding="utf-8"))
    job = document["jobs"]["verify"]
    own = {name: value for name, value in job["env"].items() if "${{" not in value}
    commands = [step["run"] for step in job["steps"] if "run" in step]
    kept = next(step["with"]["path"] for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_REF_NAME": "main", "GITHUB_REF_TYPE": "branch"}
    return Pipeline(commands, document["env"] | own | runner, [kept])


def gitlab() -> Pipeline:
    document = yaml.safe_load((CI / "gitlab.yml").read_text(encoding="utf-8"))
    shared, verify, gate = document[".sagapact"], document["sagapact verify"], document["sagapact gate"]
    reports = [*verify["artifacts"]["reports"].values(), *verify["artifacts"]["paths"]]
    runner = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    return Pipeline([*shared["before_script"], *verify["script"], *gate["script"]], shared["variables"] | runner, reports)


PIPELINES = {"github": github, "gitlab": gitlab}


@pytest.mark.parametrize(
    "words",
    [
        ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", CI / "github.yml"),
        ("zizmor", "--offline", "--no-progress", "--pedantic", CI / "github.yml"),
        ("check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", CI / "gitlab.yml"),
    ],
    ids=["schema of github", "audit of github", "schema of gitlab"],
)
def test_the_linters_of_the_templates_find_nothing(words: tuple[str | Path, ...]) -> None:
    done = subprocess.run([BIN / words[0], *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("template", PIPELINES)
def test_what_they_install_has_all_that_they_run(template: str) -> None:
    (line,) = [one for one in PIPELINES[template]().commands if one.startswith("pip install")]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    (wanted,) = shlex.split(line)[2:]
    name, extra = re.fullmatch(r"(\w+)\[(\w+)\]", wanted).groups()  # type: ignore[union-attr]  # it fails with its text
    assert (name, extra in extras) == ("sagapact", True)


@dataclass
class Repository:
    """A stranger's repository, and the broker that its CI knows."""

    folder: Path
    environment: Environment
    broker: str

    def run(self, line: str, **env: str) -> Done:
        variables = self.environment.variables | {"SAGAPACT_BROKER_URL": self.broker} | env
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", line], cwd=self.folder, env=variables,
            capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def works(self, line: str) -> None:
        done = self.run(line)
        assert done.status == 0, f"{line}\n{done.text}"


@pytest.fixture(scope="module")
def environment() -> Environment:
    return installed("[all]")


@pytest.fixture
def repository(environment: Environment, tmp_path: Path) -> Iterator[Repository]:
    """A warehouse whose saga is published, and whose other participant is verified and deployed."""
    folder = tmp_path / "acme-stock"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "stub.yaml").write_text(NOTIFICATIONS, encoding="utf-8")
    command = (str(environment.bin / "sagapact"), "broker", "serve", "--port", "{port}")
    words = (*command, "--database-url", "sqlite:///{workdir}/broker.sqlite")
    with ProcessIsolation().start(Spec("broker", words, health=Health("/diagnostic/status/heartbeat", 60))) as running:
        found = Repository(folder, environment, running.base_url)
        for line in (
            "sagapact contracts init contracts/sale",
            "pytest -q contracts --pacts build/pacts",
            "sagapact publish --pacts build/pacts --saga contracts/sale/saga.yaml --version 1 --branch main",
            "sagapact verify stub.yaml --publish --provider-version 1 --branch main",
            "sagapact record-deployment notifications --version 1 --environment production",
            "sagapact record-deployment shop --version 1 --environment production",
        ):
            found.works(line)
        yield found


def run(pipeline: Pipeline, repository: Repository, number: str) -> list[Done]:
    """Run a template's commands for a commit, except what installs; after one that fails nothing runs."""
    summary = repository.folder / "summary.md"
    summary.touch()
    commit = {"GITHUB_SHA": number, "CI_COMMIT_SHA": number, "CI_PROJECT_DIR": str(repository.folder)}
    env = expanded(pipeline.variables | commit | {"GITHUB_STEP_SUMMARY": str(summary)})
    ended: list[Done] = []
    for line in pipeline.commands:
        if not line.startswith("pip install") and (not ended or ended[-1].status == 0):
            ended.append(repository.run(line, **env))
    return ended


def expanded(variables: dict[str, str]) -> dict[str, str]:
    """Give variables as a runner does, which fills one into another."""
    return {name: re.sub(r"\$(\w+)", lambda found: variables.get(found[1], found[0]), value) for name, value in variables.items()}


@pytest.mark.parametrize("template", PIPELINES)
def test_a_right_provider_passes_the_gate_and_a_wrong_one_is_stopped_with_its_results(
    repository: Repository, template: str
) -> None:
    pipeline = PIPELINES[template]()

    ended = run(pipeline, repository, "c0ffee1")

    assert [one.status for one in ended] == [0, 0], "\n".join(one.text for one in ended)
    assert "can run in production" in ended[1].out
    assert [path for path in pipeline.results if not (repository.folder / path).exists()] == []

    service = repository.folder / "warehouse.py"
    right = service.read_text(encoding="utf-8")
    service.write_text(right.replace('if state == "reserved":\n            return', 'if state == "never":\n            return'))
    ended = run(pipeline, repository, "c0ffee2")

    assert [one.status for one in ended] == [1], "\n".join(one.text for one in ended)
    assert "O3 idempotent forward" in (repository.folder / "build/sagapact/report.html").read_text(encoding="utf-8")
    gate = repository.run(
        pipeline.commands[-1], **expanded(pipeline.variables | {"GITHUB_SHA": "c0ffee2", "CI_COMMIT_SHA": "c0ffee2"})
    )
    assert gate.status == 1, gate.text
    if template == "github":
        assert "::error file=provider.yaml,line=1,title=broken sale/reserve_goods O3 idempotent forward::" in ended[0].out
        assert "❌ warehouse" in (repository.folder / "summary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", PIPELINES)
def test_a_gate_that_is_asked_about_no_saga_is_no_yes(environment: Environment, tmp_path: Path, template: str) -> None:
    pipeline = PIPELINES[template]()
    nowhere = Repository(tmp_path, environment, "http://127.0.0.1:9")

    done = nowhere.run(pipeline.commands[-1], **(pipeline.variables | {"SAGAS": ""}))

    assert (done.status != 0, "name the sagas of the provider" in done.err) == (True, True)
