"""A deployed version and a candidate in turns on the same data: what deviates is the mix's fault, if each keeps it alone."""

import datetime as dt
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive.decks import derive
from saga_contracts.derive.slices import step_slice
from saga_contracts.sagafile import parse_saga
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.run import Settings, verify_files
from saga_verifier.verdicts import DeckResult, HistoryResult
from saga_verifier.versions import Upgrade, mixed, recognised
from small_participant import SAGA
from stock_of_versions import __file__ as in_sqlite
from written_pacts import pact_of

TODAY = dt.date(2026, 1, 1)
SLICE = step_slice(parse_saga(SAGA, "saga.yaml"), "take")
IN_NODE = Path(in_sqlite).with_name("stock_on_files.mjs")


@pytest.fixture(scope="module")
def pact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pact_of(SAGA, "stock", tmp_path_factory.mktemp("small"))


def python(*wrong: str) -> list[str]:
    return ["{python}", in_sqlite, "{port}", "{workdir}/stock.sqlite", *wrong]


def provider_of(tmp_path: Path, command: list[str]) -> ProviderFile:
    path = tmp_path / "provider.yaml"
    start = f"{{command: {json.dumps(command)}, pass_env: [PATH]}}"
    path.write_text(f"format: 1\nprovider: stock\nstart: {start}\nstates: {{path: /_states}}\n")
    return load_provider_file(path)


def upgrade_of(provider: ProviderFile, old: list[str]) -> Upgrade:
    given = f"command:{' '.join(map(repr, old))}"
    return Upgrade(recognised(given, provider, containers=False), lambda _: ProcessIsolation())


def mixed_of(tmp_path: Path, old: list[str], new: list[str], words: tuple[str, ...] = ("F C", "F F")) -> DeckResult:
    """Play some histories with two versions in turns."""
    deck = derive(SLICE)
    some = replace(deck, histories=tuple(one for one in deck.histories if one.name in words))
    assert len(some.histories) == len(words)
    provider = provider_of(tmp_path, new)
    alone = DeckResult(some, SLICE, (), TODAY)
    (found,) = mixed(upgrade_of(provider, old), provider, [alone], lambda *_: None)
    return found


def broken(deck: DeckResult) -> dict[str, HistoryResult]:
    return {one.name: one for one in deck.histories if one.verdict == Verdict.BROKEN}


def test_two_versions_that_understand_each_other_keep_every_history_both_ways(tmp_path: Path) -> None:
    names = [one.name for one in derive(SLICE).histories]
    deck = mixed_of(tmp_path, python(), python("a new one"), tuple(names))
    assert {one.verdict for one in deck.histories} == {Verdict.KEPT}, [one.text for one in deck.histories]
    told = {one.name for one in deck.histories}
    assert {"F > C (from deployed)", "F > C (back to deployed)", "F C > (from deployed)", "F > (back to deployed)"} <= told
    assert deck.verdict == Verdict.KEPT
    assert not deck.obligations
    assert "one change of versions, which served" in deck.histories[0].how


@pytest.mark.parametrize(
    ("new", "shown", "obligation"),
    [
        ("forgets old keys", "F > F (from deployed)", "O14"),
        ("stores new words", "F > C (from deployed)", "O14"),
        ("renames a column", "F > F (back to deployed)", "O14"),
        ("stores new words,reads both words", "F > C (back to deployed)", "O14"),
    ],
)
def test_what_only_the_mix_breaks_is_told_as_such(tmp_path: Path, new: str, shown: str, obligation: str) -> None:
    found = broken(mixed_of(tmp_path, python(), python(new)))
    assert found[shown].broken[0].obligation == obligation, found[shown].text
    assert "it is the mix of versions (F21), since each alone keeps this history" in found[shown].text
    assert "(back" not in shown or not any("(from" in name for name in found), "the way forward is kept"


def test_a_migration_after_which_the_deployed_version_does_not_start_breaks_the_way_back(tmp_path: Path) -> None:
    deck = mixed_of(tmp_path, python("refuses a newer file"), python("marks the file as newer"))
    found = broken(deck)
    assert found
    assert all("back to deployed)" in name for name in found)
    assert "does not start on the data" in found["F > C (back to deployed)"].text
    assert [*deck.obligations] == ["O16"]


def test_what_the_deployed_version_breaks_alone_is_said_and_not_blamed_on_the_candidate(tmp_path: Path) -> None:
    deck = mixed_of(tmp_path, python("charges again"), python())
    (one,) = [one for one in deck.histories if one.name == "F F > (from deployed)"]
    assert one.verdict == Verdict.NOT_APPLICABLE
    assert "deployed alone breaks F F over a restart already: the candidate is not to blame" in one.inapplicable
    assert not broken(deck)
    assert deck.verdict in (Verdict.KEPT, Verdict.NOT_APPLICABLE)


def test_what_the_candidate_breaks_alone_is_to_be_mended_first(tmp_path: Path) -> None:
    deck = mixed_of(tmp_path, python(), python("charges again"))
    assert not broken(deck)
    troubles = {one.name: one.trouble for one in deck.histories if one.verdict == Verdict.UNPROVEN}
    assert troubles, "the candidate's second forward call deviates"
    assert all("the candidate alone breaks" in one and "mend that first" in one for one in troubles.values())


def test_of_a_whole_verification_the_mix_is_a_part_that_may_be_unknown(tmp_path: Path, pact: Path) -> None:
    provider = provider_of(tmp_path, python())
    upgrade = upgrade_of(provider, ["{python}", "-c", "raise SystemExit(3)"])
    outcome = verify_files(provider, [pact], ProcessIsolation(), Settings(0, TODAY, upgrade=upgrade))
    assert outcome.pacts[0].verdict == Verdict.KEPT
    assert "stock (deployed) died at its start" in outcome.unmixed
    assert (outcome.word, outcome.exit_status) == ("could not find out", 4)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js was not found; install it (Debian: apt-get install nodejs).")
def test_a_rewrite_in_node_with_files_of_its_own_loses_what_the_deployed_version_knew(tmp_path: Path) -> None:
    found = broken(mixed_of(tmp_path, python(), ["node", str(IN_NODE), "{port}", "{workdir}/files"]))
    assert {"F > C (from deployed)", "F > C (back to deployed)"} <= found.keys()
