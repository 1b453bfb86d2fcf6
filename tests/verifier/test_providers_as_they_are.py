"""A provider that was not built for Sagapact is verified as it is: what it needs stands in its provider file."""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from command_line import ROOT, Done, Sagapact, here
from plain_provider import __file__ as plain
from saga_verifier.isolation.process.ports import Reservation
from small_participant import __file__ as small
from stock_in_sqlite import SAGA_WITHOUT_A_LOOK
from stock_in_sqlite import __file__ as in_sqlite
from written_pacts import pact_of

EXAMPLE = ROOT / "provider_verifier" / "examples" / "stock_in_node"
GUIDE = (ROOT / "provider_verifier" / "README.md").read_text(encoding="utf-8")
Verify = Callable[..., Done]
NODE = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js was not found; install it (Debian: apt-get install nodejs)."
)


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pact of a saga whose probe has no request."""
    return pact_of(SAGA_WITHOUT_A_LOOK, "stock", tmp_path_factory.mktemp("unseen"))


@pytest.fixture
def sagapact(tmp_path: Path) -> Sagapact:
    return Sagapact(tmp_path)


def free_port() -> int:
    with Reservation() as reservation:
        return reservation.port


def decks(done: Done) -> list[Any]:
    return [deck for pact in json.loads(done.out)["pacts"] for deck in pact["decks"]]


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pact of the example's saga."""
    text = (EXAMPLE / "saga.yaml").read_text()
    return pact_of(text, "stock", tmp_path_factory.mktemp("orders"))


@pytest.fixture
def in_node(tmp_path: Path) -> Callable[..., Path]:
    """The example in Node, at a free port or another one; gives its provider file."""

    def write(*wrong: str, port: int = 0) -> Path:
        folder = tmp_path / "provider_verifier" / "examples" / "stock_in_node"
        shutil.copytree(EXAMPLE, folder)
        number = port or free_port()
        (folder / "config.json").write_text(json.dumps({"port": number}))
        file = folder / "provider.yaml"
        changes = {
            "port: 18080": f"port: {number}",
            "[node, stock.mjs]": json.dumps(["node", "stock.mjs", *wrong]),
            'env: {DATA: "{workdir}"}\n  pass': f'env: {{DATA: "{{workdir}}", STATES_LOG: "{tmp_path}/states.log"}}\n  pass',
        }
        text = file.read_text()
        for was, now in changes.items():
            assert was in text
            text = text.replace(was, now)
        file.write_text(text)
        return file

    return write


@NODE
@pytest.mark.slow
def test_a_service_in_node_is_kept_under_its_base_path_with_live_tokens_its_own_port_and_a_probe_by_a_program(
    sagapact: Sagapact, in_node: Callable[..., Path], orders: Path
) -> None:
    (command,) = re.findall(r"sagapact (verify \S*examples\S*) --pact (\S+)", GUIDE)
    in_node()
    (sagapact.folder / "build" / "pacts").mkdir(parents=True)
    shutil.copy(orders, sagapact.folder / command[1])

    done = sagapact(*command[0].split(), "--pact", command[1], "--json")

    assert done.status == 0, done.text
    assert {deck["verdict"] for deck in decks(done)} == {"kept"}
    assert "live-" not in done.text
    changes = Counter((sagapact.folder / "states.log").read_text().splitlines())
    assert set(changes) == {"setup stock for shop", "teardown stock for shop"}
    assert changes["setup stock for shop"] == changes["teardown stock for shop"]


@NODE
@pytest.mark.slow
def test_a_wrong_service_in_node_is_broken_by_what_the_program_reads_and_its_tokens_are_not_shown(
    sagapact: Sagapact, in_node: Callable[..., Path], orders: Path
) -> None:
    done = sagapact("verify", in_node("applies_twice"), "--pact", orders)

    assert done.status == 1, done.text
    assert "broken: O3 " in done.out
    assert "the probe reads" in done.out
    assert "live-" not in done.text


def test_lint_says_that_the_provider_file_has_to_say_how_the_effect_is_read() -> None:
    done = here("contracts", "lint", EXAMPLE / "saga.yaml")

    assert done.status == 0, done.text
    assert "so the provider file has to say how it is read (`probes: {orders/take_stock: …}`)" in done.out


@NODE
def test_a_fixed_port_that_is_in_use_is_told_as_such(sagapact: Sagapact, in_node: Callable[..., Path], orders: Path) -> None:
    with Reservation() as taken:
        assert taken._socket is not None
        taken._socket.listen()
        done = sagapact("verify", in_node(port=taken.port), "--pact", orders)

    assert done.status == 4, done.text
    assert f"stock cannot be started: it is to listen on port {taken.port}, and another program listens there." in done.text


def by_sql(tmp_path: Path, *wrong: str, probe: str) -> Path:
    command = ["{python}", in_sqlite, "{port}", "{workdir}/stock.sqlite", *wrong]
    file = tmp_path / "provider.yaml"
    start = json.dumps({"command": command})
    file.write_text(f"format: 1\nprovider: stock\nstart: {start}\nstates: {{path: /_states}}\n{probe}\n")
    return file


SQL = 'probes: {small/take: {sql: "SELECT free AS \\"left\\" FROM shelves WHERE item = :item", url: "sqlite:///{workdir}/stock.sqlite", params: {item: "{payload.item}"}}}'  # noqa: E501


@pytest.mark.slow
def test_an_effect_that_no_call_shows_is_read_by_sql(sagapact: Sagapact, tmp_path: Path, unseen: Path) -> None:
    right = sagapact("verify", by_sql(tmp_path, probe=SQL), "--pact", unseen, "--json")
    wrong = sagapact("verify", by_sql(tmp_path, "applies", "twice", probe=SQL), "--pact", unseen, "--json")

    assert (right.status, wrong.status) == (0, 1), right.text + wrong.text
    (deck,) = decks(wrong)
    assert deck["obligations"]["O3"] == "broken"
    reading = next(call for history in deck["histories"] for call in history["calls"] if call["letter"] == "probe")
    assert (reading["request"]["method"], reading["reply"]["body"]) == ("SQL", [{"left": 3}])


@pytest.mark.slow
def test_a_probe_that_asks_by_a_field_that_is_not_there_is_told_once(sagapact: Sagapact, tmp_path: Path, unseen: Path) -> None:
    done = sagapact("verify", by_sql(tmp_path, probe=SQL.replace("payload.item", "payload.itm")), "--pact", unseen)

    assert done.status == 3, done.text
    assert "warning: the provider file's probe of small/take asks by {payload.itm}, which the saga's payload" in done.out
    assert done.out.count("the effect cannot be read: The template {payload.itm} cannot be filled") == 1


@pytest.mark.slow
def test_a_probe_of_a_step_that_is_not_there_is_told(sagapact: Sagapact, tmp_path: Path, unseen: Path) -> None:
    done = sagapact("verify", by_sql(tmp_path, probe="probes: {small/tkae: {command: [x]}}"), "--pact", unseen)

    assert "warning: the provider file has a probe of small/tkae, and the saga has no step tkae here (it has: take)" in done.out


@pytest.mark.slow
def test_an_effect_that_neither_file_says_how_to_read_is_unproven_in_words(
    sagapact: Sagapact, tmp_path: Path, unseen: Path
) -> None:
    done = sagapact("verify", by_sql(tmp_path, probe=""), "--pact", unseen)

    assert done.status == 3, done.text
    assert "no call of the API shows the effect, and the provider file does not say how it is read (`probes`)" in done.out
    assert "broken" not in done.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("probe", "told"),
    [
        (SQL.replace("shelves", "shelfs"), "no such table: shelfs"),
        (SQL.replace("stock.sqlite", "none.sqlite"), "unable to open database file"),
        ('probes: {small/take: {command: ["{python}", -c, "print(1/0)"]}}', "ZeroDivisionError"),
        (
            'probes: {small/take: {command: ["{python}", -c, "print(\'left: 3\')"]}}',
            "printed no JSON, but 'left: 3'. Let it print",
        ),
        ('probes: {small/take: {requests: ["/items/{payload.item}"]}}', 'the probe reads {"left": null} instead of {"left": 3}'),
    ],
)
def test_an_effect_that_cannot_be_read_makes_histories_unproven_with_the_reason(
    sagapact: Sagapact, tmp_path: Path, unseen: Path, probe: str, told: str
) -> None:
    done = sagapact("verify", by_sql(tmp_path, probe=probe), "--pact", unseen)

    assert done.status == 3, done.text
    assert told in done.out


@pytest.mark.slow
def test_a_probe_cannot_write(sagapact: Sagapact, tmp_path: Path, unseen: Path) -> None:
    kept = tmp_path / "kept.sqlite"
    with sqlite3.connect(kept) as database:
        database.execute("CREATE TABLE shelves (item TEXT, free INTEGER)")
    sql = "WITH a AS (SELECT 1) INSERT INTO shelves SELECT 1, 2 FROM a"
    probe = "probes: " + json.dumps({"small/take": {"sql": sql, "url": f"sqlite:///{kept}"}})

    done = sagapact("verify", by_sql(tmp_path, probe=probe), "--pact", unseen)

    assert done.status == 3, done.text
    assert "attempt to write a readonly database" in done.out
    with sqlite3.connect(kept) as database:
        assert database.execute("SELECT count(*) FROM shelves").fetchone() == (0,)


LISTED = SAGA_WITHOUT_A_LOOK.replace(
    "{before: {left: 3}, refusing: {left: 0}, applied: {left: 0}}",
    "{before: {/0/left: 3, /1/left: 0, /#: 2}, refusing: {/0/left: 0, /1/left: 0, /#: 2}, "
    "applied: {/0/left: 0, /1/left: 0, /#: 2}}",
)


@pytest.mark.slow
@pytest.mark.parametrize(("wrong", "status"), [((), 0), (("skips", "the", "undoing"), 1)])
def test_an_effect_is_read_at_several_addresses(sagapact: Sagapact, tmp_path: Path, wrong: tuple[str, ...], status: int) -> None:
    assert "/0/left" in LISTED
    pact = pact_of(LISTED, "stock", tmp_path / "recording")
    file = tmp_path / "provider.yaml"
    start = json.dumps({"command": ["{python}", small, "{port}", *wrong]})
    probes = 'probes: {small/take: {requests: ["/items/{payload.item}", "/items/never-{saga_id}"]}}'
    file.write_text(f"format: 1\nprovider: stock\nstart: {start}\nstates: {{path: /_states}}\n{probes}\n")

    done = sagapact("verify", file, "--pact", pact)

    assert done.status == status, done.text
    if wrong:
        assert "broken: O6 " in done.out


def test_a_service_without_a_health_path_is_ready_when_it_takes_connections(tmp_path: Path) -> None:
    ordinary(tmp_path, "shy", "/ok")
    start = json.dumps({"command": ["{python}", plain, "{port}"]})
    (tmp_path / "provider.yaml").write_text(f"format: 1\nprovider: shy\nstart: {start}\nhealth: {{path: null}}\n")

    done = here("verify", tmp_path / "provider.yaml", "--pact", tmp_path / "pacts")

    assert (done.status, done.out.splitlines()[-1]) == (0, "shy: kept"), done.text


def ordinary(tmp_path: Path, provider: str, *paths: str) -> None:
    calls = [{"description": path, "request": {"method": "GET", "path": path}, "response": {"status": 200}} for path in paths]
    pact = {"consumer": {"name": "web"}, "provider": {"name": provider}, "interactions": calls}
    (tmp_path / "pacts").mkdir(exist_ok=True)
    (tmp_path / "pacts" / f"{provider}.json").write_text(json.dumps(pact))


SEVERAL = """
format: 1
start: {command: ["{python}", %s, "{port}"]}
services:
  - {provider: good}
  - {provider: bad}
  - {provider: dead, start: {command: [nowhere, "{port}"]}}
  - {provider: unasked}
"""


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A file of four services: a good one, a bad one, one that cannot be started, and one without a pact."""
    ordinary(tmp_path, "good", "/ok")
    ordinary(tmp_path, "bad", "/ok", "/no")
    ordinary(tmp_path, "dead", "/ok")
    (tmp_path / "provider.yaml").write_text(SEVERAL % json.dumps(plain))
    return tmp_path / "provider.yaml"


def test_each_service_of_a_file_ends_with_its_own_value_and_the_worst_is_the_exit_status(services: Path, tmp_path: Path) -> None:
    done = here("verify", services, "--pact", tmp_path / "pacts")

    assert done.status == 1, done.text
    for line in (
        "good: kept",
        "bad: broken",
        "dead: could not find out: dead cannot be started",
        "unasked: could not find out: ",
    ):
        assert f"\n{line}" in f"\n{done.out}", done.out


def test_the_services_that_are_named_are_verified_and_the_others_left_alone(services: Path, tmp_path: Path) -> None:
    one = here("verify", services, "--pact", tmp_path / "pacts", "--provider", "good")
    two = here("verify", services, "--pact", tmp_path / "pacts", "--provider", "good", "--provider", "dead", "--json")
    none = here("verify", services, "--pact", tmp_path / "pacts", "--provider", "god")

    assert (one.status, one.out.splitlines()[-1]) == (0, "good: kept")
    assert "bad" not in one.out
    assert two.status == 4
    told = json.loads(two.out)
    assert (told["exit_status"], [each["provider"] for each in told["providers"]]) == (4, ["good", "dead"])
    assert [each["verdict"] for each in told["providers"]] == ["kept", "unknown"]
    assert (none.status, "has no service 'god'. Did you mean good?" in none.text) == (2, True)
