"""The participants of the shop order and the registration keep their word alone; a planted mistake is named by its obligation."""

import datetime as dt
from pathlib import Path

import pytest

from outcomes import written
from repetitions import REPEAT
from saga_contracts.declare.verdict import Verdict
from saga_contracts.sagafile import load_saga
from saga_verifier.isolation import ProcessIsolation
from saga_verifier.provider_file import load_provider_file
from saga_verifier.run import ProviderOutcome, Settings, verify_files, with_environment

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("participants that keep their word")]
ROOT = Path(__file__).parents[3]
SETTINGS = Settings(faults=1, today=dt.date(2026, 1, 1))
PARTICIPANTS = {
    "shop_order": ("orders", "warehouse", "payments", "delivery", "notifications"),
    "user_registration": ("accounts", "profiles", "loyalty", "mail"),
}
MISTAKES = [
    ("orders", "cancels_by_customer", "O24"),
    ("warehouse", "forgets_null_release", "O8"),
    ("payments", "asks_the_card_first", "O3"),
    ("delivery", "callback_body_changed", "O18"),
    ("accounts", "removes_by_address", "O2"),
    ("profiles", "undo_skips", "O6"),
    ("loyalty", "revokes_by_campaign", "O24"),
    ("mail", "sends_twice", "O3"),
]
MORE = [  # in `make nightly`
    ("orders", "other_number_again", "O33"),
    ("orders", "forgets_confirmation", "O14"),
    ("warehouse", "never_frees", "O6"),
    ("warehouse", "keeps_for_refused", "O2"),
    ("payments", "charges_twice", "O3"),
    ("payments", "refuses_what_may_pass", "O1"),
    ("payments", "status_forgets_refusals", "O14"),
    ("delivery", "hands_over_twice", "O3"),
    ("accounts", "other_id_again", "O33"),
    ("profiles", "forgets_removal", "O8"),
    ("loyalty", "grants_twice", "O3"),
]


@pytest.fixture(scope="module")
def pacts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pact with each participant."""
    found: dict[str, Path] = {}
    for saga, names in PARTICIPANTS.items():
        files = written(load_saga(ROOT / "contracts/sagas" / saga / "saga.yaml"), tmp_path_factory.mktemp(saga))
        found |= {name: file for file in files for name in names if file.name.endswith(f"-{name}.json")}
    return found


def verified(name: str, pacts: dict[str, Path], fault: str = "") -> ProviderOutcome:
    provider = load_provider_file(ROOT / "e2e/participants" / name / "provider.yaml")
    changed = with_environment(provider, {"FAULT": fault}) if fault else provider
    return verify_files(changed, [pacts[name]], ProcessIsolation(), SETTINGS)


@pytest.mark.parametrize("name", [name for names in PARTICIPANTS.values() for name in names])
def test_a_participant_keeps_its_contracts_and_decks(name: str, pacts: dict[str, Path]) -> None:
    outcome = verified(name, pacts)

    assert outcome.verdict == Verdict.KEPT, outcome
    assert all(deck.histories for pact in outcome.pacts for deck in pact.decks)


@pytest.mark.parametrize(("name", "fault", "obligation"), MISTAKES + (MORE if REPEAT > 1 else []))
def test_a_planted_mistake_is_named_by_its_obligation(name: str, fault: str, obligation: str, pacts: dict[str, Path]) -> None:
    outcome = verified(name, pacts, fault)

    assert outcome.verdict == Verdict.BROKEN
    broken = {
        one
        for pact in outcome.pacts
        for deck in pact.decks
        for one, verdict in deck.obligations.items()
        if verdict == Verdict.BROKEN
    }
    assert obligation in broken
