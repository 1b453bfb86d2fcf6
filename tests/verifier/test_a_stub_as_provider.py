"""`sagapact stub` is a provider like any other: `sagapact verify` starts it, and finds out whether it keeps its word."""

from pathlib import Path

import pytest

from command_line import Sagapact
from saga_contracts.derive import cases
from saga_contracts.exercise.library import library_client
from saga_contracts.exercise.recording import Recording
from saga_contracts.exercise.turns import exercise
from saga_contracts.sagafile import load_saga

pytestmark = pytest.mark.slow
VAS = Path(__file__).parents[2] / "contracts" / "sagas" / "vas_purchase" / "saga.yaml"
PROVIDER = """
format: 1
provider: billing
start:
  command: ["{{python}}", -m, saga_contracts, stub, {saga}, --participant, billing, --port, "{{port}}"{more}]
  pass_env: [PATH]
health: {{path: /health}}
states: {{path: /_states}}
"""


@pytest.fixture
def pact(tmp_path: Path) -> Path:
    """Write the pacts of the reference saga, and give that of billing."""
    saga, recording = load_saga(VAS), Recording(tmp_path / "recording")
    for case in cases.derive(saga):
        exercise(saga, case, library_client, recording, source="library")
    [outcome] = recording.finish(tmp_path / "pacts")
    return next(file for file in outcome.files if "billing" in file.name)


@pytest.mark.parametrize(
    ("planted", "status", "said"), [("", 0, "kept"), ("skips-undoing", 1, "O6"), ("drops-correlation:reserve_money", 1, "O31")]
)
def test_it_is_kept_as_it_is_and_broken_as_it_deviates(tmp_path: Path, pact: Path, planted: str, status: int, said: str) -> None:
    more = f", --deviate, '{planted}'" if planted else ""
    (tmp_path / "provider.yaml").write_text(PROVIDER.format(saga=VAS, more=more), encoding="utf-8")
    done = Sagapact(tmp_path)("verify", "provider.yaml", "--pact", pact, "--no-publish", "--provider-version", "1")
    assert done.status == status, done.text
    assert said in done.out
