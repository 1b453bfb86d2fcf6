"""Systems that were built without Sagapact are declared and judged as they are: kept, waived or broken, by obligation.

Each stands in a folder here, with its saga file and its provider file. Between it and `sagapact verify` stands nothing.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foreign import FOREIGN, Judged, compile_go, need, verify, write_pacts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Judge = Callable[..., Judged]
WAIVERS, LEVEL = r"^waivers:.*", r"^level:[^\n]*\n"
LOOKUP = r"^    lookup:.*?(?=^    compensate:)"
NEED_A_STATUS = ("O2", "O6", "O7", "O8", "O9", "O11", "O12", "O14", "O15")
PROGRAMS = {"lra_flights": "node", "lookup_bookings": "node", "dtm_bank": "go", "dtm_tcc": "go"}


@pytest.fixture(scope="session")
def pacts_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """The pacts of a system's saga, written once by the contract tests with the step client library."""
    written: dict[tuple[str, str], Path] = {}

    def pacts(system: str, leave_out: str) -> Path:
        if (system, leave_out) not in written:
            written[system, leave_out] = write_pacts(system, tmp_path_factory.mktemp(system), leave_out)
        return written[system, leave_out]

    return pacts


@pytest.fixture(scope="session")
def go_cache(pytestconfig: pytest.Config) -> Path:
    """Where Go keeps what it has compiled, from run to run."""
    cache = Path(os.environ.get("GOCACHE") or pytestconfig.cache.mkdir("go-build"))
    compile_go(FOREIGN / "dtm_bank", cache)
    return cache


@pytest.fixture
def judge(
    pacts_of: Callable[[str, str], Path], tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Judge:
    """Start a system, with one fault planted or none, and judge it; parts of its saga file may be left out."""

    def judged(system: str, mutant: str = "", leave_out: str = "") -> Judged:
        program = PROGRAMS.get(system)
        if program is not None:
            need(program)
        if program == "go":
            monkeypatch.setenv("GOCACHE", str(request.getfixturevalue("go_cache")))
        return verify(system, pacts_of(system, leave_out), tmp_path, mutant)

    return judged


def test_an_lra_participant_in_node_is_kept(judge: Judge) -> None:
    judged = judge("lra_flights")
    assert (judged.status, judged.obligations) == (0, {}), judged.text
    assert "histories kept" in judged.text


def test_an_lra_participant_that_answers_202_until_it_has_compensated_is_kept(judge: Judge) -> None:
    judged = judge("lra_flights", "slow")
    assert (judged.status, judged.obligations) == (0, {}), judged.text
    assert "Answered 'try again' first" in judged.text


def test_a_service_with_the_ietf_header_on_bare_sockets_is_kept(judge: Judge) -> None:
    judged = judge("ietf_payments")
    assert (judged.status, judged.obligations) == (0, {}), judged.text


def test_a_dtm_branch_in_go_is_green_at_level_1_with_what_its_barrier_gives_up_waived(judge: Judge) -> None:
    judged = judge("dtm_bank")
    assert (judged.status, judged.obligations) == (0, {"O4": "waived", "O32": "waived"}), judged.text
    assert "at level 1 only: O2" in judged.text


def test_a_dtm_try_that_tells_its_result_by_a_word_in_the_body_is_judged_alike(judge: Judge) -> None:
    judged = judge("dtm_tcc")
    assert (judged.status, judged.obligations) == (0, {"O4": "waived", "O32": "waived"}), judged.text


def test_the_same_branch_at_level_3_is_unproven_where_dtm_has_no_call_that_tells_its_state(judge: Judge) -> None:
    judged = judge("dtm_bank", leave_out=LEVEL)
    assert judged.status == 3, judged.text
    unproven = dict.fromkeys((*NEED_A_STATUS, "O24"), "unproven")
    assert judged.obligations == {"O4": "waived", "O32": "waived"} | unproven, judged.text
    assert "the step declares no status call" in judged.text


def test_a_bought_api_is_waived_by_name_for_what_it_does_not_remember(judge: Judge) -> None:
    judged = judge("bought_charges")
    assert (judged.status, judged.obligations) == (0, {"O8": "waived", "O9": "waived"}), judged.text
    assert "Waived by A. Buyer until 2099-12-31" in judged.text


def test_the_same_api_without_the_waivers_is_broken_in_these_and_nothing_else(judge: Judge) -> None:
    judged = judge("bought_charges", leave_out=WAIVERS)
    assert (judged.status, judged.obligations) == (1, {"O8": "broken", "O9": "broken"}), judged.text


def test_what_has_its_id_from_the_server_is_looked_up_before_it_is_undone_or_asked_for(judge: Judge) -> None:
    judged = judge("lookup_bookings")
    assert (judged.status, judged.obligations) == (0, {"O9": "waived"}), judged.text


def test_the_same_service_without_its_look_up_cannot_be_called_when_its_reply_is_lost(judge: Judge) -> None:
    judged = judge("lookup_bookings", leave_out=LOOKUP)
    assert (judged.status, judged.broken) == (1, {"O33"}), judged.text
    assert "no look-up is declared" in judged.text


def test_the_same_service_without_the_waiver_books_what_was_given_up_already(judge: Judge) -> None:
    judged = judge("lookup_bookings", leave_out=WAIVERS)
    assert (judged.status, judged.obligations) == (1, {"O9": "broken"}), judged.text


def test_a_service_that_accepts_and_is_asked_until_it_is_done_is_kept(judge: Judge) -> None:
    judged = judge("polling_transfers")
    assert (judged.status, judged.obligations) == (0, {}), judged.text


MUTANTS = [
    ("lra_flights", "forgets-null", {"O8", "O9"}),
    ("lra_flights", "keeps-seats", {"O6"}),
    ("lra_flights", "active-for-ever", {"O14"}),
    ("dtm_bank", "no-barrier", {"O3"}),
    ("dtm_bank", "soft-failure", {"O1"}),
    ("ietf_payments", "any-payload", {"O4"}),
    ("lookup_bookings", "new-id-each-time", {"O33"}),
    ("lookup_bookings", "hides", {"O33"}),
    ("lookup_bookings", "keeps-rooms", {"O6"}),
    ("polling_transfers", "starts-again", {"O3", "O6"}),
    ("polling_transfers", "forgets-cancel", {"O8", "O9"}),
    ("polling_transfers", "pays-when-cancelled", {"O12"}),
    ("ietf_payments", "forgets-errors", {"O14", "O32"}),
    ("ietf_payments", "answers-at-work", {"O1"}),
    ("ietf_payments", "pays-twice", {"O1", "O2", "O3", "O4"}),
]


@pytest.mark.parametrize(("system", "mutant", "broken"), MUTANTS)
def test_a_planted_fault_is_blamed_on_its_obligation(judge: Judge, system: str, mutant: str, broken: set[str]) -> None:
    judged = judge(system, mutant)
    assert (judged.status, judged.broken) == (1, broken), judged.text


def test_what_replies_do_not_show_is_seen_by_the_probe(judge: Judge) -> None:
    judged = judge("dtm_bank", "hangs", leave_out=LEVEL)
    assert (judged.status, judged.broken) == (1, {"O9"}), judged.text


def test_each_system_is_declared_where_it_stands() -> None:
    for folder in FOREIGN.iterdir():
        if folder.is_dir() and not folder.name.startswith(("_", ".")):
            assert {"saga.yaml", "provider.yaml"} <= {file.name for file in folder.iterdir()}, folder
