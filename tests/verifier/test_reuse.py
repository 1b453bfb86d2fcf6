"""Results are reused while nothing they depend on has changed, and what is reused says so."""

import datetime as dt
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import shelf
from command_line import Sagapact
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import decks
from saga_contracts.derive.slices import step_slice
from saga_contracts.derive.trials import derive as derive_trials
from saga_contracts.errors import UsageError
from saga_contracts.sagafile import parse_saga
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import load_provider_file
from saga_verifier.reuse import Known, opened
from saga_verifier.reuse.artefact import digest_of
from saga_verifier.run import Settings, verify_files
from saga_verifier.verdicts import DeckResult, HistoryResult, InteractionOutcome, PactOutcome
from saga_verifier.verification import contents, whole
from saga_verifier.verification.reused import known_trials
from small_participant import SAGA
from small_participant import __file__ as program
from written_pacts import pact_of

TODAY = dt.date(2026, 1, 1)
CANARY = "canary-4711-very-secret"
MAIN = """
import sys
sys.path.insert(0, {support!r})
import small_participant
open({started!r}, "a").write("started\\n")
small_participant.main()
"""
PROVIDER = """
format: 1
provider: stock
start:
  command: ["{python}", "app/main.py", "{port}"]
  env: {TOKEN: "${TOKEN}"}
states: {path: /_states}
artefact: {globs: ["app/**/*.py"], lock: [requirements.txt]}
"""
WAIVED = SAGA.replace(
    "steps:\n",
    "waivers: [{step: take, obligation: O8, reason: being built, person: ann@example.org, expires: 2026-06-01}]\nsteps:\n",
    1,
)


@cache
def _pact(text: str) -> str:
    """Give the pact with the stock; writing it takes a moment."""
    with TemporaryDirectory() as folder:
        return pact_of(text, "stock", Path(folder)).read_text(encoding="utf-8")


class Landscape:
    """A provider with its files, its pact, and the folder of results."""

    def __init__(self, folder: Path, text: str = SAGA, wrong: str = "") -> None:
        self.folder, self.cache = folder, folder / "cache"
        self.started_file = folder / "started.txt"
        (folder / "app").mkdir()
        self.write("app/main.py", MAIN.format(support=str(Path(program).parent), started=str(self.started_file)))
        self.write("requirements.txt", "flask==3.0.1\n")
        words = "".join(f', "{word}"' for word in wrong.split())
        self.write("provider.yaml", PROVIDER.replace('"{port}"]', f'"{{port}}"{words}]'))
        self.pact = folder / "pact.json"
        self.pact.write_text(_pact(text), encoding="utf-8")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def change_pact(self, change: Callable[[Any], None]) -> None:
        document = json.loads(self.pact.read_text(encoding="utf-8"))
        change(document)
        self.pact.write_text(json.dumps(document), encoding="utf-8")

    @property
    def starts(self) -> int:
        return len(self.started_file.read_text(encoding="utf-8").splitlines()) if self.started_file.exists() else 0

    def verify(self, today: dt.date = TODAY) -> PactOutcome:
        provider = load_provider_file(self.folder / "provider.yaml", {"TOKEN": CANARY})
        settings = Settings(1, today, reuse=self.cache)
        (outcome,) = verify_files(provider, [self.pact], ProcessIsolation(), settings).pacts
        return outcome


@pytest.fixture
def landscape(tmp_path: Path) -> Landscape:
    return Landscape(tmp_path)


def reused(outcome: PactOutcome) -> tuple[set[str], set[str]]:
    """Give the names of what was reused: interactions and histories."""
    return (
        {one.key for one in outcome.interactions if one.reused},
        {one.name for deck in outcome.decks for one in deck.histories if one.reused},
    )


def everything(outcome: PactOutcome) -> tuple[set[str], set[str]]:
    return {one.key for one in outcome.interactions}, {one.name for deck in outcome.decks for one in deck.histories}


def verdicts(outcome: PactOutcome) -> Any:
    return (
        [(one.key, one.verdict) for one in outcome.interactions],
        [(one.name, one.verdict, one.seen) for deck in outcome.decks for one in deck.histories],
        [deck.obligations for deck in outcome.decks],
    )


def test_an_unchanged_participant_is_not_even_started_and_its_results_say_where_they_are_from(landscape: Landscape) -> None:
    first, second = landscape.verify(), landscape.verify(TODAY + dt.timedelta(days=1))

    assert first.verdict == second.verdict == Verdict.KEPT
    assert reused(first) == (set(), set())
    assert reused(second) == everything(second) == everything(first)
    assert verdicts(second) == verdicts(first)
    assert landscape.starts == 1
    since = second.interactions[0].reused
    assert since.startswith("reused from 2026-01-01, artefact ")
    assert any(since in note and "--no-reuse" in note for note in second.notes)
    assert since in second.decks[0].claim()
    assert second.decks[0].histories[0].as_json()["reused"] == since


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("requirements.txt", lambda text: text.replace("3.0.1", "3.0.2")),
        ("app/main.py", lambda text: text + "# changed\n"),
        ("provider.yaml", lambda text: text + "health: {timeout_s: 21}\n"),
    ],
    ids=["one line of the lock file", "a source file", "the provider file"],
)
def test_a_change_of_what_the_participant_is_made_of_has_all_of_it_verified_anew(
    landscape: Landscape, name: str, change: Callable[[str], str]
) -> None:
    landscape.verify()
    landscape.write(name, change((landscape.folder / name).read_text(encoding="utf-8")))

    assert reused(landscape.verify()) == (set(), set())
    assert landscape.starts == 2


def test_only_the_interaction_that_has_changed_is_replayed(landscape: Landscape) -> None:
    landscape.verify()
    changed = "small/take/status/absent"

    def change(document: Any) -> None:
        (one,) = [one for one in document["interactions"] if one["key"] == changed]
        one["request"]["headers"]["X-New"] = ["yes"]

    landscape.change_pact(change)
    outcome = landscape.verify()

    interactions, histories = everything(outcome)
    assert changed in interactions
    assert reused(outcome) == (interactions - {changed}, histories)
    assert [one.key for one in outcome.interactions] == sorted(interactions, key=[*interactions_of(landscape)].index)


def interactions_of(landscape: Landscape) -> list[str]:
    return [one["key"] for one in json.loads(landscape.pact.read_text(encoding="utf-8"))["interactions"]]


def test_what_is_broken_is_found_out_again(tmp_path: Path) -> None:
    landscape = Landscape(tmp_path, wrong="404 on null")
    first, second = landscape.verify(), landscape.verify()

    bad = {one.key for one in first.interactions if one.verdict != Verdict.KEPT}
    bad_histories = {one.name for one in first.decks[0].histories if one.verdict != Verdict.KEPT}
    interactions, histories = everything(second)
    assert bad
    assert bad_histories
    assert reused(second) == (interactions - bad, histories - bad_histories)
    assert verdicts(second) == verdicts(first)


def test_what_is_waived_is_reused_as_long_as_the_waiver_lasts(tmp_path: Path) -> None:
    landscape = Landscape(tmp_path, WAIVED, wrong="404 on null")
    first, second, later = landscape.verify(), landscape.verify(), landscape.verify(dt.date(2026, 7, 1))

    waived = {one.name for one in first.decks[0].histories if one.verdict == Verdict.WAIVED}
    assert waived
    assert waived <= reused(second)[1]
    assert verdicts(second) == verdicts(first)
    assert not waived & reused(later)[1]
    assert later.verdict == Verdict.BROKEN


@pytest.mark.parametrize("damage", ["", "{", '{"artefact": "other", "results": {"x": 1}}'])
def test_a_damaged_file_of_results_is_told_and_not_used(landscape: Landscape, damage: str) -> None:
    landscape.verify()
    (file,) = landscape.cache.iterdir()
    file.write_text(damage, encoding="utf-8")
    outcome = landscape.verify()

    assert reused(outcome) == (set(), set())
    assert outcome.verdict == Verdict.KEPT
    assert any("the file is damaged" in note for note in outcome.notes)
    assert reused(landscape.verify()) == everything(outcome)


def test_a_provider_file_that_does_not_say_what_it_is_made_of_has_nothing_reused_and_is_told_once(landscape: Landscape) -> None:
    landscape.write("provider.yaml", PROVIDER.replace("artefact:", "# artefact:"))
    for _ in range(2):
        outcome = landscape.verify()
        assert reused(outcome) == (set(), set())
        assert sum("does not say what it is made of" in note for note in outcome.notes) == 1
    assert not landscape.cache.exists()


def test_a_pattern_that_matches_no_file_is_wrong_use(landscape: Landscape) -> None:
    landscape.write("provider.yaml", PROVIDER.replace("app/**/*.py", "src/**/*.py"))

    with pytest.raises(UsageError, match=r"`artefact` of stock: 'src/\*\*/\*.py' matches no file"):
        landscape.verify()


def test_no_secret_stands_in_the_folder_of_results(tmp_path: Path) -> None:
    landscape = Landscape(tmp_path, WAIVED, wrong="404 on null")
    landscape.verify()

    (file,) = landscape.cache.iterdir()
    assert "/take" in file.read_text(encoding="utf-8") or "/back" in file.read_text(encoding="utf-8")
    assert CANARY not in file.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_command_reuses_by_an_option_or_a_variable_and_not_where_it_is_told_not_to(
    landscape: Landscape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", CANARY)
    run = Sagapact(landscape.folder)
    words = ("verify", "provider.yaml", "--pact", str(landscape.pact))
    first = run(*words, "--reuse", "cache")
    monkeypatch.setenv("SAGAPACT_CACHE", "cache")
    again, anew = run(*words), run(*words, "--no-reuse")

    assert (first.status, again.status, anew.status) == (0, 0, 0)
    assert ["reused from" in one.out for one in (first, again, anew)] == [False, True, False]
    assert landscape.starts == 2


class _AsContainer(ProcessIsolation):
    """Knows the image of its programs, as isolation by containers does."""

    def __init__(self, image: str | None) -> None:
        super().__init__()
        self.image = image

    def image_digest(self, name: str) -> str | None:
        assert name == "stock"
        return self.image


def test_an_image_that_is_another_one_has_all_of_it_verified_anew(landscape: Landscape) -> None:
    landscape.write("provider.yaml", PROVIDER.replace("artefact:", "# artefact:"))
    provider = load_provider_file(landscape.folder / "provider.yaml", {"TOKEN": CANARY})
    digests = {image: digest_of(provider, _AsContainer(image)) for image in ("sha256:1", "sha256:2", None)}

    assert digests["sha256:1"] != digests["sha256:2"]
    assert digests["sha256:1"] == digest_of(provider, _AsContainer("sha256:1"))
    assert digests[None] is None


def test_trials_that_disturb_are_never_kept_and_never_reused(tmp_path: Path) -> None:
    text = SAGA.replace("saga: small\n", "saga: small\nlevel: 4\n")
    document = json.loads(_pact(text))
    landscape = Landscape(tmp_path)
    provider = load_provider_file(landscape.folder / "provider.yaml", {"TOKEN": CANARY})
    known = opened(landscape.cache, provider, ProcessIsolation(), TODAY)
    assert isinstance(known, Known)
    consumer, interactions, slices = contents("stock", document) or pytest.fail("it is a pact")
    kept = [InteractionOutcome(one.name, one.description, Verdict.KEPT) for one in interactions]
    deck = decks.derive(slices[0], 1)
    trials = derive_trials(slices[0], deck)
    assert trials
    names = [*(one.name for one in deck.histories), *(one.name for one in trials)]
    results = [HistoryResult(name, Verdict.KEPT, ()) for name in names]
    assert known.keep(consumer, interactions, slices, kept, [DeckResult(deck, slices[0], tuple(results), TODAY)]) == ""

    known = opened(landscape.cache, provider, ProcessIsolation(), TODAY)
    assert isinstance(known, Known)
    assert all(known.interaction(consumer, one, slices) for one in interactions)
    assert all(known.history(slices[0], one) for one in deck.histories)
    assert whole("stock", document, 1, TODAY, known, pending=False) is None
    (file,) = landscape.cache.iterdir()
    meetings = [one for one in trials if one.is_undisturbed]
    assert meetings
    assert all(known.history(slices[0], one) for one in meetings)
    wanted = len(interactions) + len(deck.histories) + len(meetings)
    assert len(json.loads(file.read_text(encoding="utf-8"))["results"]) == wanted


def test_what_two_sagas_show_is_found_out_again_when_the_step_changes_that_frees_the_lock(tmp_path: Path) -> None:
    lock = {"conflict": "refused", "released_by": "ship"}
    saga = parse_saga(json.dumps(shelf.definition(lock, enough_for_two=4, ships=True)), "shelf.json")
    reserve, ship = (step_slice(saga, one) for one in ("reserve", "ship"))
    provider = load_provider_file(Landscape(tmp_path).folder / "provider.yaml", {"TOKEN": CANARY})
    known = opened(tmp_path / "cache", provider, ProcessIsolation(), TODAY)
    assert isinstance(known, Known)
    deck = decks.derive(reserve, 1)
    meeting = next(one for one in derive_trials(reserve, deck) if one.is_undisturbed)
    result = HistoryResult(meeting.name, Verdict.KEPT, meeting.obligations)
    assert known.keep("shop", (), (reserve, ship), (), [DeckResult(deck, reserve, (result,), TODAY)]) == ""

    known = opened(tmp_path / "cache", provider, ProcessIsolation(), TODAY)
    assert isinstance(known, Known)
    changed = ship.model_copy(update={"step": ship.step.model_copy(update={"tries": 9})})
    assert known_trials(reserve, [meeting], known, (reserve, ship)).keys() == {meeting.name}
    assert known_trials(reserve, [meeting], known, (reserve, changed)) == {}
