"""Reading provider files, and telling all of their faults."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from saga_contracts.errors import UsageError
from saga_verifier.isolation import Health
from saga_verifier.provider_file import ProviderFile, ProviderFileError, load_provider_file, load_provider_files

WHOLE = """
format: 1
provider: billing
start:
  command: ["{python}", "-m", "participants.billing"]
  cwd: ..
  env:
    PORT: "{port}"
    DATABASE_URL: "sqlite:///{workdir}/billing.sqlite"
    TOKEN: "Bearer ${BILLING_TOKEN}"
    WORKERS: 2
  pass_env: [PATH, NOT_THERE]
health: {path: /ready, timeout_s: 7}
states: {path: /_states}
messages: {path: /_messages}
"""
ENVIRON = {"PATH": "/bin", "BILLING_TOKEN": "canary-token", "OTHER": "canary-other"}
Load = Callable[..., ProviderFile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    folder = tmp_path / "billing"
    folder.mkdir()

    def read(text: str) -> ProviderFile:
        (folder / "provider.yaml").write_text(text, encoding="utf-8")
        return load_provider_file(folder / "provider.yaml", ENVIRON)

    return read


@pytest.fixture
def faults(load: Load) -> Callable[[str], list[str]]:
    def read(text: str) -> list[str]:
        with pytest.raises(ProviderFileError) as caught:
            load(text)
        return [f"{fault.line}:{fault.column} {fault.where}: {fault.what} {fault.mend}".rstrip() for fault in caught.value.faults]

    return read


def test_a_whole_file_gives_what_isolation_needs(load: Load, tmp_path: Path) -> None:
    file = load(WHOLE)
    assert file.provider == "billing"
    assert file.states_url("http://127.0.0.1:1/") == "http://127.0.0.1:1/_states"
    assert file.messages_url("http://127.0.0.1:1/") == "http://127.0.0.1:1/_messages"
    spec = file.spec()
    assert spec.name == "billing"
    assert spec.health == Health("/ready", 7)
    filled = spec.filled(81, "/w")
    assert filled.command == (sys.executable, "-m", "participants.billing")
    assert filled.cwd == str(tmp_path)
    assert filled.env == {
        "PATH": "/bin",
        "PORT": "81",
        "DATABASE_URL": "sqlite:////w/billing.sqlite",
        "TOKEN": "Bearer canary-token",
        "WORKERS": "2",
    }
    assert spec.secrets == {"BILLING_TOKEN": "canary-token"}


def test_the_shortest_file_has_defaults(load: Load, tmp_path: Path) -> None:
    file = load('{"format": 1, "provider": "p", "start": {"command": ["./run", "--port={port}"]}}')
    assert file.health.path == "/health"
    assert file.states is None
    assert file.states_url("http://x") is None
    assert file.spec().filled(81, "/w").cwd == str(tmp_path / "billing")
    assert file.spec().filled(81, "/w").env == {}


def test_a_file_takes_its_values_from_the_environment_of_this_process_by_default(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(WHOLE)
    monkeypatch.setenv("BILLING_TOKEN", "of this process")
    assert load_provider_file(tmp_path / "billing" / "provider.yaml").outside == {"BILLING_TOKEN": "of this process"}


def test_no_value_from_outside_shows_in_what_is_printed_or_dumped(load: Load) -> None:
    file = load(WHOLE)
    assert "canary" not in repr(file)
    assert "canary" not in str(file.start)
    assert "canary" not in repr(file.spec())
    assert "canary" not in json.dumps(file.model_dump(mode="json"))


def test_a_folder_with_braces_in_its_name_is_no_placeholder(tmp_path: Path) -> None:
    folder = tmp_path / "{port}"
    folder.mkdir()
    (folder / "provider.yaml").write_text('{format: 1, provider: p, start: {command: ["x", "{port}"]}}', encoding="utf-8")
    assert load_provider_file(folder / "provider.yaml", {}).spec().filled(81, "/w").cwd == str(folder)


def test_the_folder_may_be_the_fresh_directory(load: Load) -> None:
    file = load('{format: 1, provider: p, start: {command: ["x", "{port}"], cwd: "{workdir}/deep"}}')
    assert file.spec().filled(81, "/w").cwd == "/w/deep"


def test_all_faults_come_at_once_with_place_and_mend(faults: Callable[[str], list[str]], tmp_path: Path) -> None:
    text = """format: 1
provder: billing
start:
  command: "python x"
  cwd: nowhere
  env: {PORT: "{prot}", T: "${NOPE}", P: "${port}", 1bad: x, L: [1]}
  pass_env: [PATH, T]
  extra: 1
health: {path: health, timeout_s: -1, timout: 3}
states: 5
"""
    assert faults(text) == [
        "1:1 : The field `provider` is missing. Add it.",
        "2:1 provder: The field `provder` is not known. Did you mean `provider`?",
        (
            '3:1 start: Nothing tells the participant its port. Add `PORT: "{port}"` to env, or an argument; '
            "or write `port: 8080` if it cannot be told another."
        ),
        '4:3 start.command: This must be a list. Write it as ["one", "two"].',
        (
            f"5:3 start.cwd: There is no folder {tmp_path}/billing/nowhere. "
            "Name one, from this file's folder on, or from the root on."
        ),
        "6:9 start.env.PORT: The placeholder {prot} is not known. Did you mean {port}?",
        "6:25 start.env.T: The caller's environment has no NOPE. Set it where this is run, or remove it here.",
        "6:39 start.env.P: The caller's environment has no port. Did you mean {port}?",
        "6:53 start.env.1bad: A name of an environment variable has letters, digits and underscores only. Rename it.",
        "6:62 start.env.L: This must be a text. Put it between quotes.",
        "7:20 start.pass_env.1: T stands in env, too. Remove it from one of them.",
        "8:3 start.extra: The field `extra` is not known. Remove it; known here: command, cwd, env, pass_env, port.",
        "9:10 health.path: A path begins with a slash and has no blanks. Mend it.",
        "9:24 health.timeout_s: This must be greater than 0. Found -1.",
        "9:39 health.timout: The field `timout` is not known. Did you mean `timeout_s`?",
        "10:1 states: This must be a mapping of fields. Write it as {name: value}.",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "The file is empty."),
        ("[1]", "A provider file is a mapping of fields. Start it with `format: 1`."),
        ("a: [", "Not readable as YAML or JSON"),
        ("format: 1\nformat: 1", "stands twice"),
        (
            '{format: 2, provider: p, start: {command: ["{port}"]}}',
            "Format 2 is not known to this version, which reads format 1.",
        ),
        ("{format: 1, provider: p, start: {command: []}}", "This list is empty."),
        ('{format: 1, provider: p, start: {command: ["{port}", 5]}}', "1:54 start.command.1: This must be a text."),
        ('{format: 1, provider: p, start: {command: ["{port}"], env: {A: "canary-value-{zzz}"}}}', "Write {{zzz}} for the text"),
    ],
)
def test_each_fault_is_told(faults: Callable[[str], list[str]], text: str, fault: str) -> None:
    told = "\n".join(faults(text))
    assert fault in told
    assert "canary" not in told


BESIDE = """
format: 1
provider: billing
base_path: /api/v1/
start: {command: ["./billing"], port: 8080, cwd: /}
health: {path: ./health}
states: {path: /_states, teardown: true}
messages: {path: ./messages}
headers: {X-Api-Key: "${BILLING_TOKEN}", X-Count: 3}
token: {command: ["{python}", log_in.py, "{base_url}"], env: {S: "${OTHER}"}, pass_env: [PATH], format: "T {token}", lasts_s: 60}
probes:
  shop/charge:
    {sql: "SELECT h FROM a WHERE id = :id AND b = '::x'::text", url: "sqlite:///{workdir}/x", params: {id: "{payload.account}"}}
  shop/notify: {command: ["{python}", outbox.py, "{key}"], env: {A: "{payload.account}", B: "{workdir}"}}
  shop/pack: {requests: ["/shelves/{payload.shelf}", {method: POST, path: /parcels, body: {key: "{key}"}}]}
"""


def test_a_file_says_how_the_participant_is_reached_as_it_is(load: Load) -> None:
    file = load(BESIDE)
    at = "http://127.0.0.1:1"
    assert file.calls_url(at) == f"{at}/api/v1"
    assert file.states_url(at) == f"{at}/_states"
    assert file.messages_url(at) == f"{at}/api/v1/messages"
    assert (file.spec().health.path, file.spec().port, file.spec().cwd) == ("/api/v1/health", 8080, "/")
    assert file.live_headers == {"X-Api-Key": "canary-token", "X-Count": "3"}
    assert {"canary-token", "canary-other"} <= set(file.secrets.values())
    assert "3" not in file.secrets.values(), "X-Count is no secret"
    assert "canary" not in repr(file) + json.dumps(file.model_dump(mode="json"))
    assert file.probes["shop/pack"].requests is not None
    assert [one.method for one in file.probes["shop/pack"].requests] == ["GET", "POST"]


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("base_path: api", "base_path: A path begins with a slash and has no blanks."),
        ("states: {path: _states}", "states.path: A path begins with a slash and has no blanks."),
        ('headers: {"bad name": x}', "A header's name has letters, digits and dashes, and its value no line break."),
        ('headers: {Name: "a\\nb"}', "A header's name has letters, digits and dashes, and its value no line break."),
        ('headers: {Name: "${NOPE}"}', "headers.Name: The caller's environment has no NOPE. Set it where this is run"),
        ("token: {command: [x], format: Bearer}", "token.format: The token has no place in it. Write {token} where it stands"),
        ('token: {command: ["{payload.x}"]}', "token.command.0: The placeholder {payload.x} is not known. Known here: python"),
        ('token: {command: [x], env: {A: "${NOPE}"}}', "token.env.A: The caller's environment has no NOPE."),
        ("token: {command: [x], env: {A: b}, pass_env: [A]}", "token.pass_env.0: A stands in env, too."),
        ("token: {command: [x], last_s: 1}", "Did you mean `lasts_s`?"),
        ("token: {command: [x]}\nheaders: {authorization: x}", "token: The header Authorization stands in `headers`, too."),
        ("probes: {charge: {command: [x]}}", "probes.charge: A probe is called by its saga and its step"),
        (
            "probes: {s/t: {}}",
            "probes.s/t: It does not say how the effect is read. Write one of `sql`, `command` and `requests`.",
        ),
        ("probes: {s/t: {command: [x], requests: [/x]}}", "probes.s/t: It says so in 2 ways."),
        ("probes: {s/t: {command: [x], params: {a: 1}}}", "probes.s/t.params: The field `params` belongs to `sql`. Remove it."),
        ("probes: {s/t: {sql: SELECT 1}}", "probes.s/t: It does not say where the database is."),
        ("probes: {s/t: {sql: DELETE FROM x, url: u}}", "probes.s/t.sql: A probe reads only. Begin it with SELECT or WITH."),
        ("probes: {s/t: {sql: 'SELECT :id', url: u}}", "probes.s/t.sql: Nothing says what :id stands for. Add `params"),
        ("probes: {s/t: {sql: SELECT 1, url: u, params: {id: 1}}}", "probes.s/t.params.id: The statement has no :id."),
        (
            'probes: {s/t: {sql: SELECT 1, url: "{workdri}"}}',
            "probes.s/t.url: The placeholder {workdri} is not known. Did you mean",
        ),
        ('probes: {s/t: {requests: ["/x/{paylod.a}"]}}', "The placeholder {paylod.a} is not known. Did you mean {payload}?"),
        ("probes: {s/t: {requests: [{method: FETCH, path: /}]}}", "probes.s/t.requests.0.method: This cannot stand here."),
        ("probes: {s/t: {requests: [{metod: GET, path: /}]}}", "Did you mean `method`?"),
        ("probes: {s/t: {comand: [x]}}", "Did you mean `command`?"),
    ],
)
def test_each_fault_beside_the_start_is_told_at_its_place(faults: Callable[[str], list[str]], part: str, fault: str) -> None:
    told = "\n".join(faults(f'format: 1\nprovider: p\nstart: {{command: ["x", "{{port}}"]}}\n{part}\n'))
    assert fault in told


SEVERAL = """
format: 1
health: {path: /ready, timeout_s: 9}
start: {pass_env: [PATH], env: {MODE: test}}
services:
  - provider: orders
    start: {command: [./orders, "{port}"], env: {TOKEN: "${BILLING_TOKEN}"}}
  - provider: stock
    start: {command: [./stock, "{port}"], env: {MODE: other}}
    health: {path: /health}
"""


def several(tmp_path: Path, text: str, *only: str, environ: dict[str, str] | None = None) -> tuple[ProviderFile, ...]:
    (tmp_path / "provider.yaml").write_text(text, encoding="utf-8")
    return load_provider_files(tmp_path / "provider.yaml", ENVIRON if environ is None else environ, only)


def test_services_of_one_file_share_what_stands_beside_them_and_say_the_rest(tmp_path: Path) -> None:
    orders, stock = several(tmp_path, SEVERAL)
    assert (orders.provider, stock.provider) == ("orders", "stock")
    assert (orders.spec().health, stock.spec().health) == (Health("/ready", 9), Health("/health", 9))
    assert orders.spec().filled(81, "/w").env == {"PATH": "/bin", "MODE": "test", "TOKEN": "canary-token"}
    assert stock.spec().filled(81, "/w").env == {"PATH": "/bin", "MODE": "other"}


def test_of_several_services_those_that_are_named_are_read_and_only_they_need_the_environment(tmp_path: Path) -> None:
    assert [one.provider for one in several(tmp_path, SEVERAL, "stock", environ={})] == ["stock"]
    with pytest.raises(ProviderFileError, match=r"services\.0\.start\.env\.TOKEN: The caller's environment has no BILLING_TOKEN"):
        several(tmp_path, SEVERAL, environ={})
    with pytest.raises(UsageError, match=r"has no service 'stok'. Did you mean stock\?"):
        several(tmp_path, SEVERAL, "stok")


def test_where_one_service_is_meant_a_file_of_several_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "provider.yaml").write_text(SEVERAL, encoding="utf-8")
    with pytest.raises(UsageError, match=r"has several services \(orders, stock\), and one is meant here"):
        load_provider_file(tmp_path / "provider.yaml", ENVIRON)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("format: 1\nservices: []", "2:1 services: This must be a list of services."),
        ("format: 1\nservices: [x]", "2:12 services.0: A service is a mapping of fields."),
        ("format: 1\nprovider: p\n" + SEVERAL.partition("format: 1\n")[2], "2:1 provider: Each service has a name of its own."),
        (SEVERAL.replace("provider: stock", "provider: orders"), "8:5 services.1.provider: orders stands twice here."),
        (SEVERAL.replace("path: /ready", "path: ready"), "3:10 health.path: A path begins with a slash"),
        (SEVERAL.replace("path: /health", "path: health"), "10:14 services.1.health.path: A path begins with a slash"),
        (
            SEVERAL.replace("command: [./stock", "comand: [./stock"),
            "9:13 services.1.start.comand: The field `comand` is not known.",
        ),
    ],
)
def test_a_fault_of_one_of_several_services_is_told_once_and_at_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ProviderFileError) as caught:
        several(tmp_path, text)
    found = [f"{fault.line}:{fault.column} {fault.where}: {fault.what}" for fault in caught.value.faults]
    assert len([one for one in found if one.startswith(told)]) == 1, found


def test_a_missing_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Cannot read the provider file .*: No such file or directory"):
        load_provider_file(tmp_path / "none.yaml")


def test_a_file_that_is_not_utf8_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "provider.yaml").write_bytes(b"format: \xff")
    with pytest.raises(ProviderFileError, match="Byte 8 is not UTF-8"):
        load_provider_file(tmp_path / "provider.yaml")


WITH_CONTAINER = """
format: 1
provider: billing
start: {command: ["{python}", "{port}"], env: {PORT: "{port}"}}
container:
  image: registry/billing:1.4
  command: ["serve", "{port}"]
  env: {DATABASE_URL: "{database_url}", TOKEN: "${BILLING_TOKEN}", WORKERS: 2}
  postgres_image: postgres:15-bookworm
  limits: {memory_mb: 128}
"""


def test_a_part_for_containers_is_read_with_its_values_from_outside(load: Load, tmp_path: Path) -> None:
    file = load(WITH_CONTAINER)

    assert file.container is not None
    container = file.container.spec(file.folder)
    assert (container.image, container.command, container.limits.memory_mb) == ("registry/billing:1.4", ("serve", "{port}"), 128)
    assert container.env == {"DATABASE_URL": "{database_url}", "TOKEN": "${BILLING_TOKEN}", "WORKERS": "2"}
    assert file.spec().secrets == {"BILLING_TOKEN": "canary-token"}
    assert "canary" not in repr(file)


def test_a_dockerfile_is_looked_for_beside_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "billing" / "Dockerfile").write_text("FROM scratch")
    file = load(WITH_CONTAINER.replace("image: registry/billing:1.4", "dockerfile: Dockerfile", 1))

    assert file.container is not None
    assert file.container.spec(file.folder).dockerfile == tmp_path / "billing" / "Dockerfile"


IN_CONTAINER = "Write it in the part `container`: only there is such a database."


def test_all_faults_of_the_part_for_containers_come_at_once(faults: Callable[[str], list[str]], tmp_path: Path) -> None:
    text = """format: 1
provider: billing
start: {command: ["x", "{port}"], env: {URL: "{database_url}"}}
container:
  dockerfile: Nowhere
  image: --privileged
  comand: [x]
  command: ["{prot}"]
  port: 0
  env: {URL: "{databas_url}", T: "${NOPE}", 1bad: x}
  writable: [relative]
  limits: {memory_mb: 1, cpus: 2}
"""
    assert faults(text) == [
        f"3:41 start.env.URL: The placeholder {{database_url}} is not known. {IN_CONTAINER}",
        "4:1 container: Both an image and a dockerfile stand here. Name either an image or a dockerfile.",
        f"5:3 container.dockerfile: There is no file {tmp_path}/billing/Nowhere. Name a Dockerfile, from this file's folder on.",
        "6:3 container.image: An image's name begins with a small letter or a digit and has no blanks. Mend it.",
        "7:3 container.comand: The field `comand` is not known. Did you mean `command`?",
        "8:13 container.command.0: The placeholder {prot} is not known. Did you mean {port}?",
        "9:3 container.port: This must be greater than or equal to 1. Found 0.",
        "10:9 container.env.URL: The placeholder {databas_url} is not known. Did you mean {database_url}?",
        "10:31 container.env.T: The caller's environment has no NOPE. Set it where this is run, or remove it here.",
        "10:45 container.env.1bad: A name of an environment variable has letters, digits and underscores only. Rename it.",
        "11:14 container.writable.0: A folder begins with a slash and has no blanks. Mend it.",
        "12:12 container.limits.memory_mb: This must be greater than or equal to 16. Found 1.",
        "12:26 container.limits.cpus: The field `cpus` is not known. Remove it; known here: memory_mb, processes, tmp_mb.",
    ]


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("{}", "Nothing says which image it is. Name either an image or a dockerfile."),
        ("5", "This must be a mapping of fields."),
        ('{image: one, command: "serve"}', "This must be a list."),
        ("{image: one, env: {A: [canary]}}", "This must be a text."),
        ("{image: one, limits: {memory_mb: much}}", "container.limits.memory_mb"),
    ],
)
def test_each_fault_of_the_part_for_containers_is_told(faults: Callable[[str], list[str]], part: str, fault: str) -> None:
    told = "\n".join(faults(f'{{format: 1, provider: p, start: {{command: ["{{port}}"]}}, container: {part}}}'))

    assert fault in told
    assert "canary" not in told


@pytest.mark.parametrize(
    ("written", "most", "reason"),
    [("1", 1, None), ("{most: 1, reason: a file lock}", 1, "a file lock"), ("3", 3, None), ("{}", None, None)],
)
def test_how_many_instances_run_is_a_number_or_a_number_with_its_reason(
    load: Load, written: str, most: int | None, reason: str | None
) -> None:
    found = load(f"{WHOLE}instances: {written}\n").instances
    assert (found.most, found.reason) == (most, reason)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "instances.most: This must be greater than or equal to 1. Found 0."),
        ("{mots: 1}", "instances.mots: The field `mots` is not known. Did you mean `most`?"),
        ("one", "instances: This must be a mapping of fields."),
    ],
)
def test_a_wrong_number_of_instances_is_told(faults: Callable[[str], list[str]], written: str, said: str) -> None:
    assert any(said in one for one in faults(f"{WHOLE}instances: {written}\n")), faults(f"{WHOLE}instances: {written}\n")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("depends: [{name: a, env: A_URL}]", "depends.0: It does not say what this service answers."),
        ("depends: [{name: a, env: A_URL, pact: nowhere.json}]", "depends.0.pact: There is no file"),
        ("depends: [{name: a, env: A-URL, replies: [{path: /}]}]", "depends.0.env: This is no method, path, name"),
        ("depends: [{name: a, env: A_URL, replies: [{path: /, once_per: cookie}]}]", "depends.0.replies.0.once_per: This is no"),
        ("depends: [{name: a, env: A_URL, replies: [{paht: /}]}]", "Did you mean `path`?"),
        ("depends: none", "depends: This must be a list."),
        ("clock: {keeps_s: 60}", "clock: It does not say in one way how the clock is moved. Write either `env` or `path`."),
        ("clock: {keeps_s: 0, path: /_clock}", "clock.keeps_s: This must be greater than 0."),
        ("clock: {keep_s: 9, path: /_clock}", "Did you mean `keeps_s`?"),
    ],
)
def test_what_is_wrong_with_services_and_clock_is_told(faults: Callable[[str], list[str]], written: str, said: str) -> None:
    assert any(said in one for one in faults(f"{WHOLE}{written}\n")), faults(f"{WHOLE}{written}\n")


def test_a_service_that_depends_on_nothing_is_another_than_one_that_says_nothing(load: Load) -> None:
    assert (load(WHOLE).depends, load(f"{WHOLE}depends: []\n").depends) == (None, ())


CREATE = "create: {request: {method: POST, path: /o, body: '{payload}'}, id: ref}"
READ = "read: {request: {method: GET, path: '/o/{saga_id}'}, state: phase, words: {committed: [A], compensated: [B]}}"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (f"{{{CREATE}, {READ}, callback_path: /hooks}}", "The address of a callback does not tell which step it is about."),
        (
            f"{{{CREATE}, {READ}, callback_path: '/hooks/{{kee}}/{{key}}'}}",
            "The template {kee} is not known. Did you mean {key}?",
        ),
        (f"{{{CREATE}, {READ}, check: {{method: POST, path: '/{{payload.x}}'}}}}", "The template {payload.x} is not known."),
        (f"{{{CREATE}, {READ.replace('[B]', '[A]')}}}", "The word 'A' means both committed and compensated."),
        (f"{{{CREATE}, {READ.replace(', compensated: [B]', '')}}}", "Nothing says by which word a saga is compensated."),
        (f"{{{CREATE}, {READ.replace('phase', 'phase, stats: x')}}}", "The field `stats` is not known. Did you mean `state`?"),
        (f"{{{READ}}}", "The field `create` is missing."),
    ],
)
def test_what_is_wrong_with_an_adapter_is_told(faults: Callable[[str], list[str]], written: str, said: str) -> None:
    told = faults(f"format: 1\nprovider: o\nstart: {{command: [x, '{{port}}']}}\norchestrator: {written}\n")

    assert any(said in one for one in told), told


def test_an_adapter_without_faults_is_read(load: Load) -> None:
    read = load(f"format: 1\nprovider: o\nstart: {{command: [x, '{{port}}']}}\norchestrator: {{{CREATE}, {READ}}}\n")

    assert read.orchestrator is not None
    assert read.orchestrator.read.words == {"committed": ("A",), "compensated": ("B",)}
    assert read.orchestrator.callback_path == "/callbacks/{key}"
