"""What `sagapact verify` refuses before anything is started."""

from pathlib import Path

import pytest

from command_line import Sagapact

FILE = 'format: 1\nprovider: p\nstart: {command: ["{python}"], env: {PORT: "{port}"}}\n'
SELECTORS = '[{"mainBranch": true}]'


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "neither --broker-url (or SAGAPACT_BROKER_URL) nor --pact is given"),
        (("--pact", "p.json", "--selectors", SELECTORS), "Give one of them"),
        (("--broker-url", "http://127.0.0.1:9", "--selectors", '[{"mainBrnach": true}]'), "Did you mean 'mainBranch'?"),
        (("--broker-url", "ftp://x", "--provider-version", "1"), "Correct --broker-url"),
        (("--pact", "none.json"), "there is no such file"),
        (("--isolation", "magic"), "magic"),
    ],
)
def test_wrong_usage_is_told_in_words_with_exit_status_2(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "provider.yaml").write_text(FILE)
    done = Sagapact(tmp_path)("verify", "provider.yaml", *words)
    assert done.status == 2, done.text
    assert said in done.err
    assert "Traceback" not in done.text
