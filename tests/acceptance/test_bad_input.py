"""Bad input ends with one clear message, all faults of a file at once, the right exit status, and nothing left running."""

import json
import re
from pathlib import Path

import pytest
import yaml

from command_line import ROOT, Sagapact

pytestmark = pytest.mark.usefixtures("nothing_left")
GOOD = (ROOT / "contracts/sagas/vas_purchase/saga.yaml").read_text(encoding="utf-8")


def lint(sagapact: Sagapact, tmp_path: Path, text: str) -> str:
    file = tmp_path / "saga.yaml"
    file.write_text(text, encoding="utf-8")
    done = sagapact("contracts", "lint", file)
    assert done.status == 2, done.text
    assert "Traceback" not in done.text
    return done.text


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


def place(text: str) -> tuple[int, int]:
    found = re.search(r"saga\.yaml:(\d+):(\d+)", text)
    assert found, text
    return int(found[1]), int(found[2])


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_malformed_saga_file_is_named_with_line_and_column(sagapact: Sagapact, tmp_path: Path) -> None:
    text = lint(sagapact, tmp_path, "format: 1\nsaga: [unclosed\n")

    assert place(text)[0] >= 2
    assert "Mend the syntax" in text


def test_an_unknown_step_in_after_comes_with_a_suggestion(sagapact: Sagapact, tmp_path: Path) -> None:
    text = lint(sagapact, tmp_path, changed("after: [reserve_money]", "after: [reserve_mony]"))

    assert "There is no step `reserve_mony`" in text
    assert "Did you mean `reserve_money`?" in text


def test_a_cycle_in_after_is_written_out(sagapact: Sagapact, tmp_path: Path) -> None:
    text = lint(sagapact, tmp_path, changed("    participant: billing\n", "    participant: billing\n    after: [notify]\n"))

    assert "wait for one another" in text
    assert "reserve_money → " in text


def test_a_compensatable_step_without_a_compensation_is_named(sagapact: Sagapact, tmp_path: Path) -> None:
    saga = yaml.safe_load(GOOD)
    del saga["steps"][0]["compensate"]

    text = lint(sagapact, tmp_path, yaml.safe_dump(saga))

    assert "steps.reserve_money" in text
    assert "needs a compensation" in text


def test_a_template_with_a_missing_payload_field_is_named(sagapact: Sagapact, tmp_path: Path) -> None:
    bad = changed('amount_minor: "{payload.price_minor}"', 'amount_minor: "{payload.price_mino}"')

    text = lint(sagapact, tmp_path, bad)

    assert place(text)[0] in range(line_of(bad, "price_mino}") - 4, line_of(bad, "price_mino}") + 1)
    assert "The payload has no field `price_mino`. Did you mean `price_minor`?" in text


def test_a_compensation_that_needs_its_own_steps_reply_breaks_o33(sagapact: Sagapact, tmp_path: Path) -> None:
    file = tmp_path / "saga.yaml"
    file.write_text(changed("/reservations/cancel", '"/reservations/{outputs.reserve_money.reservation_id}"'), encoding="utf-8")

    done = sagapact("contracts", "lint", file)

    assert done.status == 0, done.text
    assert "its own forward call, which may be lost; so O33 is broken" in done.text


def test_all_faults_of_a_file_come_at_once(sagapact: Sagapact, tmp_path: Path) -> None:
    bad = changed("after: [reserve_money]", "after: [nothing]").replace("{payload.package}", "{payload.packag}")

    text = lint(sagapact, tmp_path, bad)

    assert "There is no step `nothing`" in text
    assert text.count("no field `packag`") >= 2


@pytest.fixture
def provider_file(tmp_path: Path) -> Path:
    return tmp_path / "provider.yaml"


def provider(program: str) -> str:
    command = json.dumps(["{python}", "-c", program])
    return f'format: 1\nprovider: p\nstart: {{command: {command}, env: {{PORT: "{{port}}"}}}}\n'


def verify(sagapact: Sagapact, provider_file: Path, *more: str | Path) -> str:
    pact = provider_file.parent / "pact.json"
    pact.write_text(
        '{"consumer": {"name": "c"}, "provider": {"name": "p"}, "interactions": [{"description": "d"}]}', encoding="utf-8"
    )
    done = sagapact("verify", provider_file, *(more or ("--pact", pact)))
    assert done.status == 4, done.text
    assert "Traceback" not in done.text
    return done.text


def test_a_provider_that_dies_at_start_shows_its_last_lines(sagapact: Sagapact, provider_file: Path) -> None:
    provider_file.write_text(provider("print('no such table'); raise SystemExit(3)"))

    text = verify(sagapact, provider_file)

    assert "no such table" in text


def test_a_provider_that_never_gets_healthy_is_given_up(sagapact: Sagapact, provider_file: Path) -> None:
    provider_file.write_text(provider("import time; time.sleep(99)") + "health: {timeout_s: 0.5}\n")

    text = verify(sagapact, provider_file)

    assert re.search(r"p .*(not ready|not healthy|did not)", text), text


def test_an_unreachable_broker_is_named(sagapact: Sagapact, provider_file: Path) -> None:
    provider_file.write_text('format: 1\nprovider: p\nstart: {command: ["{python}"], env: {PORT: "{port}"}}\n')

    text = verify(sagapact, provider_file, "--broker-url", "http://127.0.0.1:9", "--provider-version", "1")

    assert "http://127.0.0.1:9" in text


def test_a_taken_port_is_named(sagapact: Sagapact, taken_port: int, tmp_path: Path) -> None:
    done = sagapact("broker", "serve", "--port", str(taken_port), "--database-url", f"sqlite:///{tmp_path}/broker.sqlite")

    assert done.status == 4, done.text
    assert str(taken_port) in done.text
    assert "Traceback" not in done.text


def test_an_empty_pact_directory_is_an_error(sagapact: Sagapact, tmp_path: Path) -> None:
    (tmp_path / "pacts").mkdir()

    done = sagapact("publish", "--pacts", tmp_path / "pacts", "--version", "1", "--broker-url", "http://127.0.0.1:9")

    assert done.status == 2, done.text
    assert "pacts" in done.text
    assert "Traceback" not in done.text


def test_a_saga_with_a_participant_that_nobody_can_start_is_refused(sagapact: Sagapact, tmp_path: Path) -> None:
    (tmp_path / "sagas/vas_purchase").mkdir(parents=True)
    (tmp_path / "sagas/vas_purchase/saga.yaml").write_text(
        GOOD.replace("participant: billing", "participant: bank"), encoding="utf-8"
    )

    done = sagapact("e2e", "run", "--sagas", tmp_path / "sagas", "--services", ROOT / "e2e")

    assert done.status == 2, done.text
    assert "no provider file of bank" in done.text
