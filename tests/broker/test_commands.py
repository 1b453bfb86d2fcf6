"""The commands, run as a user runs them: in a process of their own."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S
from saga_broker.client.broker import BrokerClient
from saga_evidence import step_pacts
from small_sagas import saga, step

BIN = Path(sys.executable).parent
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command of the environment that the tests run in."""

    def started(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
        words = [str(BIN / command[0]), *command[1:]]
        known = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PACT_DO_NOT_TRACK": "true", **env}
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=known)

    return started


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve a broker in a process of its own."""
    words = [str(BIN / "sagapact"), "broker", "serve", "--port", "0", "--database-url", f"sqlite:///{tmp_path}/served.sqlite"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("broker ready at http://127.0.0.1:"), line
    yield line.split()[-1], process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=PATIENCE_S)


def test_serve_stops_when_it_is_told_to(served: tuple[str, subprocess.Popen[str]]) -> None:
    _, process = served
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert [json.loads(line)["message"] for line in told.splitlines()] == ["serving", "stopping", "stopped"]


def test_a_taken_port_is_told_in_one_message(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("sagapact", "broker", "serve", "--port", port)
    assert done.returncode == 4
    assert f"Cannot serve on 127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/broker.sqlite", "postgresql://secret:hunter2@127.0.0.1:1/x", "mysql://h/x", "x"]
)
def test_a_database_that_cannot_be_used_is_told_in_one_message(run: Run, url: str) -> None:
    done = run("sagapact", "broker", "serve", "--port", "0", "--database-url", url)
    assert done.returncode == 4, done.stderr
    assert "database" in done.stderr
    assert "--database-url" in done.stderr
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_pacts_and_sagas_are_published_and_asked_about(
    run: Run, served: tuple[str, Any], tmp_path: Path, make_pact: Any, saga_file: Path
) -> None:
    url, _ = served
    pacts = tmp_path / "pacts"
    pacts.mkdir()
    (pacts / "one.json").write_text(json.dumps(make_pact("saga_service", "billing", "a")))
    build = {"GITHUB_SHA": "abc", "GITHUB_REF_NAME": "main", "SAGAPACT_BROKER_URL": url}

    published = run("sagapact", "publish", "--pacts", str(pacts), "--saga", str(saga_file), **build)
    recorded = run("sagapact", "record-deployment", "saga_service", "--version", "abc", "--environment", "test", **build)
    asked = run("sagapact", "can-run", "vas_purchase", "--environment", "test", **build)
    twice = ("--with", "saga_service:abc", "--with", "saga_service:abc")
    as_json = run("sagapact", "can-run", "vas_purchase", "--environment", "test", *twice, "--faults", "2", "--json", **build)
    unknown = run("sagapact", "can-run", "vas_purchase", "--environment", "test", "--with", "biling:1", **build)

    assert published.returncode == 0, published.stderr
    assert "saga vas_purchase abc" in published.stdout
    assert recorded.returncode == 0, recorded.stderr
    assert asked.returncode == 3, asked.stderr
    assert "no version of billing is known to be in test" in asked.stdout
    assert "next: sagapact record-deployment billing" in asked.stdout
    assert json.loads(as_json.stdout)["canRun"] is None
    assert json.loads(as_json.stdout)["faults"] == 2
    assert unknown.returncode == 2
    assert "Did you mean billing?" in unknown.stderr


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_pact_with_a_byte_order_mark_is_published_without_it(
    run: Run, served: tuple[str, Any], tmp_path: Path, make_pact: Any, encoding: str
) -> None:
    url, _ = served
    (tmp_path / "pacts").mkdir()
    (tmp_path / "pacts" / "one.json").write_text(json.dumps(make_pact("web", "shop", "a")), encoding=encoding)
    done = run("sagapact", "publish", "--pacts", "pacts", "--version", "1", "--branch", "main", "--broker-url", url)
    assert done.returncode == 0, done.stderr
    with BrokerClient(url) as client:
        (place,) = client.latest_pacts("shop")
    assert place.consumer == "web"


def test_an_empty_pact_directory_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("sagapact", "publish", "--pacts", "empty", "--version", "1", "--broker-url", "http://127.0.0.1:9")
    assert done.returncode == 2
    assert "it holds no pact file" in done.stderr


def test_the_commands_that_ask_a_broker_need_the_base_install_only() -> None:
    code = (
        "import sys, saga_broker.client.commands, saga_broker.client.asking, saga_broker.client.recording\n"
        "heavy = {'fastapi', 'sqlalchemy', 'uvicorn', 'alembic', 'orjson', 'starlette'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_pact_command_line_works_with_the_broker(run: Run, served: tuple[str, Any], tmp_path: Path, make_pact: Any) -> None:
    url, _ = served
    (tmp_path / "foo-bar.json").write_text(json.dumps(make_pact("Foo", "Bar", "a")))
    to = ("--broker-base-url", url)

    def pact(*command: str) -> subprocess.CompletedProcess[str]:
        return run("pact", "broker", *command, *to)

    published = pact("publish", "foo-bar.json", "--consumer-app-version", "1", "--branch", "main")
    made = pact("create-environment", "--name", "stage")
    unknown = pact("can-i-deploy", "--pacticipant", "Foo", "--version", "1", "--to-environment", "stage")
    recorded = pact("record-deployment", "--pacticipant", "Foo", "--version", "1", "--environment", "stage")

    assert published.returncode == 0, published.stdout + published.stderr
    assert "Pact successfully published" in published.stdout + published.stderr
    assert made.returncode == 0, made.stdout + made.stderr
    assert unknown.returncode != 0
    assert "There is no verified pact" in unknown.stdout + unknown.stderr
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr


@pytest.fixture
def sale_pact(tmp_path: Path) -> Path:
    """A pact of the saga `sale`, in a folder of a folder."""
    sale = saga(step())
    (tmp_path / "pacts" / "deep").mkdir(parents=True)
    path = tmp_path / "pacts" / "deep" / "one.json"
    [(_, document)] = step_pacts(sale)
    path.write_text(json.dumps(document), encoding="utf-8")
    (tmp_path / "saga.json").write_text(sale.model_dump_json(by_alias=True, exclude_defaults=True), encoding="utf-8")
    return path


def test_pacts_in_folders_of_the_folder_are_published(run: Run, served: tuple[str, Any], sale_pact: Path) -> None:
    done = run("sagapact", "publish", "--pacts", "pacts", "--saga", "saga.json", "--version", "1", "--broker-url", served[0])
    assert done.returncode == 0, done.stderr
    assert "published: pact between shop 1 and pay_service" in done.stdout


def test_a_pact_of_another_version_of_the_saga_file_is_refused_and_nothing_is_published(
    run: Run, served: tuple[str, Any], tmp_path: Path, sale_pact: Path
) -> None:
    changed = saga(step(timeout_ms=900)).model_dump_json(by_alias=True, exclude_defaults=True)
    (tmp_path / "saga.json").write_text(changed, encoding="utf-8")
    done = run("sagapact", "publish", "--pacts", "pacts", "--saga", "saga.json", "--version", "1", "--broker-url", served[0])
    assert done.returncode == 2
    assert "one.json holds pay of another version of saga.json" in done.stderr
    assert "Run the contract tests again" in done.stderr
    with BrokerClient(served[0]) as client:
        assert not client.knows("pay_service")
        assert client.sagas() == ()


def test_two_files_with_the_pact_of_one_pair_are_refused(run: Run, tmp_path: Path, sale_pact: Path) -> None:
    (tmp_path / "pacts" / "two.json").write_bytes(sale_pact.read_bytes())
    done = run("sagapact", "publish", "--pacts", "pacts", "--version", "1", "--broker-url", "http://127.0.0.1:1")
    assert done.returncode == 2
    assert "are both the pact between shop and pay_service" in done.stderr
