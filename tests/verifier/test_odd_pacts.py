"""Odd pacts beside good ones: each ends with its own value, and what it is, is said. A new row is a new kind."""

import codecs
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from plain_provider import __file__ as program
from saga_contracts.declare.verdict import Verdict
from saga_contracts.errors import UsageError
from saga_verifier import reporting
from saga_verifier.isolation.process.backend import ProcessIsolation
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.run import ProviderOutcome, Settings, verify_files
from saga_verifier.verdicts import PactOutcome

SETTINGS = Settings(1, dt.date(2026, 1, 1))
V3, V4, V9 = ({"metadata": {"pactSpecification": {"version": version}}} for version in ("3.0.0", "4.0", "9.0"))
SERVED = "states: {path: /_states}\nmessages: {path: /_messages}\n"


def call(path: str = "/ok", **more: Any) -> dict[str, Any]:
    return {"description": "a call", "request": {"method": "GET", "path": path}, "response": {"status": 200}} | more


def call4(path: str = "/ok", **more: Any) -> dict[str, Any]:
    return call(path, type="Synchronous/HTTP") | more


def pact(*interactions: Any, version: dict[str, Any] = V3, **more: Any) -> dict[str, Any]:
    return {"consumer": {"name": "web"}, "provider": {"name": "plain"}, "interactions": list(interactions)} | version | more


MESSAGE3 = {"description": "order placed", "contents": {"id": 1}, "metaData": {"topic": "orders"}}
CONTENTS = {"contents": {"content": {"id": 1}, "contentType": "application/json", "encoded": False}}
MESSAGE4 = {"type": "Asynchronous/Messages", "description": "order placed", "metadata": {"topic": "orders"}} | CONTENTS
EXCHANGE4 = {"type": "Synchronous/Messages", "description": "order placed", "request": CONTENTS, "response": [CONTENTS]}
FROM_STATE = {
    "method": "GET",
    "path": "/ok",
    "query": {"id": ["1"]},
    "generators": {"query": {"id": {"type": "ProviderState", "expression": "${given}"}}},
}
WITH_STATE = call("/ok", providerStates=[{"name": "an order"}])


@dataclass(frozen=True)
class Row:
    """One kind of pact.

    Attributes:
        pact: The document, or the file's bytes.
        status: The exit status if it were the only one.
        verdicts: Of its interactions; empty when nothing was judged.
        words: What must be said.
        served: Does the provider file name addresses for states and messages?
    """

    name: str
    pact: dict[str, Any] | bytes
    status: int
    verdicts: str = ""
    words: tuple[str, ...] = ()
    served: bool = False


ROWS = [
    Row("a good one", pact(call()), 0, "kept"),
    Row("a broken one", pact(call(), call("/no")), 1, "kept broken", ("status: expected 200, got 404",)),
    Row("no JSON", b"{", 4, words=("is not JSON",)),
    Row("a list", b"[]", 4, words=("is no pact", "not a JSON object")),
    Row("a null", b"null", 4, words=("is no pact",)),
    Row("no consumer", pact(call(), consumer=None), 4, words=("does not name its consumer",)),
    Row("a null name", pact(call(), consumer={"name": None}), 4, words=("does not name its consumer",)),
    Row("a null provider", pact(call(), provider={"name": None}), 4, words=("does not name its provider",)),
    Row("no interaction", pact(), 4, words=("has no interaction", "Publish one")),
    Row("null interactions", pact(interactions=None), 4, words=("has no interaction",)),
    Row("an interaction that is a number", pact(5), 4, words=("not a list of objects",)),
    Row("an unknown specification", pact(call(), version=V9), 4, words=("version '9.0' of the Pact specification",)),
    Row("a byte order mark", codecs.BOM_UTF8 + json.dumps(pact(call())).encode(), 0, "kept"),
    Row("UTF-16", json.dumps(pact(call())).encode("utf-16"), 0, "kept"),
    Row(
        "a missing plugin",
        pact(call4(), metadata={"pactSpecification": {"version": "4.0"}, "plugins": [{"name": "nosuch", "version": "1.2.3"}]}),
        4,
        words=("nosuch 1.2.3", "not installed"),
    ),
    Row("a V3 message", pact(messages=[MESSAGE3]), 4, "unproven", ("it is a message", "`messages: {path: …}`")),
    Row("a V4 message", pact(MESSAGE4, call4(), version=V4), 4, "unproven kept", ("1 of 2", "order placed")),
    Row("a V4 message that is answered", pact(EXCHANGE4, version=V4), 4, "unproven", ("it is a message",)),
    Row("a served V3 message", pact(messages=[MESSAGE3]), 0, "kept", served=True),
    Row("a served V4 message", pact(MESSAGE4, version=V4), 0, "kept", served=True),
    Row("a served V4 message that is answered", pact(EXCHANGE4, version=V4), 0, "kept", served=True),
    Row("no such message", pact(messages=[MESSAGE3 | {"description": "other"}]), 1, "broken", ("status 404",), served=True),
    Row("another message", pact(messages=[MESSAGE3 | {"contents": {"id": "x"}}]), 1, "broken", ("body $.id",), served=True),
    Row("an unknown type", pact(call4(type="Telepathy"), version=V4), 4, "unproven", ("gave no result", "1 of 1")),
    Row("no type", pact(call(), call4(), version=V4), 4, "unproven kept", ("no type attribute",)),
    Row("no description", pact({**call(), "description": None}), 0, "kept"),
    Row(
        "descriptions that are null or the same",
        pact(call(), call("/no"), {**call("/no"), "description": None}),
        1,
        "kept broken broken",
        ("broken: a call (interaction 2)", "broken: without a description (interaction 3)"),
    ),
    Row("a pending interaction", pact(call4(), call4("/no", pending=True), version=V4), 3, "kept pending", ("pending: a call",)),
    Row("a pending interaction that is kept", pact(call4(pending=True), version=V4), 0, "kept"),
    Row("a pending and a broken one", pact(call4("/no", pending=True), call4("/no"), version=V4), 1, "pending broken"),
    Row("a state without an address", pact(WITH_STATE), 0, "kept", ("warning", "'an order' was not set up")),
    Row("a state with an address", pact(WITH_STATE), 0, "kept", served=True),
    Row("a value that no state gives", pact(call(request=FROM_STATE)), 3, "unproven", ("no provider state gave given",)),
    Row("a value that a state gives", pact(WITH_STATE | {"request": FROM_STATE}), 0, "kept", served=True),
    Row("a value of a state without an address", pact(WITH_STATE | {"request": FROM_STATE}), 3, "unproven", ("given", "warning")),
    Row("a state that fails", pact(call(providerState="leaky")), 4, "unproven", ("'leaky' could not be set up",), served=True),
    Row("a slice that is none", pact(call4(comments={"sagapact": {"format": 1}}), version=V4), 4, words=("slice of a saga",)),
    Row("a slice that is a text", pact(call4(comments={"sagapact": "x"}), version=V4), 4, words=("slice of a saga",)),
    Row("comments that are none", pact(call4(comments=None), version=V4), 0, "kept"),
    Row("what ends the provider", pact(call("/die")), 4, words=("ended while it was verified (exit status 3)",)),
    Row("a good one after that", pact(call()), 0, "kept"),
]  # fmt: skip


def provider(folder: Path, more: str) -> ProviderFile:
    file = folder / "provider.yaml"
    command = json.dumps(["{python}", str(program), "{port}"])
    file.write_text(f"format: 1\nprovider: plain\nstart: {{command: {command}}}\n{more}")
    return load_provider_file(file)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, ProviderOutcome]:
    """All rows verified, as the files of one folder each: without addresses for states and messages, and with them."""
    return {served: together(tmp_path_factory.mktemp("odd"), served=served) for served in (False, True)}


def together(folder: Path, *, served: bool) -> ProviderOutcome:
    for number, row in enumerate(ROWS):
        if row.served == served:
            place = folder / "pacts" / f"{number:02d}"
            place.mkdir(parents=True)
            content = row.pact if isinstance(row.pact, bytes) else json.dumps(row.pact).encode()
            (place / "pact.json").write_bytes(content)
    return verify_files(provider(folder, SERVED if served else ""), [folder / "pacts"], ProcessIsolation(), SETTINGS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_pact_ends_with_its_own_value(outcomes: dict[bool, ProviderOutcome], row: Row) -> None:
    folder = f"/{ROWS.index(row):02d}/"
    (one,) = (one for one in outcomes[row.served].pacts if folder in f"{one.origin.place} {one.consumer}")
    alone = ProviderOutcome("plain", "", (one,))
    told = "\n".join(reporting.lines(alone))

    assert [one.verdict.value for one in one.interactions] == row.verdicts.split(), told
    assert alone.exit_status == row.status, told
    assert all(word in told for word in row.words), told
    assert "Traceback" not in told
    assert reporting.as_json(alone)["exit_status"] == row.status


def test_the_exit_status_is_that_of_the_worst_where_a_certain_no_comes_first(outcomes: dict[bool, ProviderOutcome]) -> None:
    for outcome in outcomes.values():
        assert (outcome.exit_status, outcome.verdict, outcome.word) == (1, Verdict.BROKEN, "broken")


def outcome_of(*rows: str) -> ProviderOutcome:
    pacts = {"kept": PactOutcome("c", "p", False, ()), "unknown": PactOutcome("c", "p", False, (), troubles=("why",))}
    return ProviderOutcome("p", "1", tuple(pacts[row] for row in rows))


def test_what_could_not_be_found_out_is_never_a_yes() -> None:
    assert outcome_of("unknown").exit_status == 4
    assert outcome_of("unknown").verdict == Verdict.UNPROVEN
    assert outcome_of("kept", "unknown").word == "could not find out"


class TestFiles:
    """Files that are wrong usage, before anything is started."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> ProviderFile:
        return provider(tmp_path, "")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"{", "is no pact file: it is not JSON"),
            (b"{}", "pact.json: It is no pact: it does not name its consumer"),
            (json.dumps(pact(call(), provider={"name": "other"})).encode(), "is a pact with other"),
        ],
    )
    def test_a_file_that_is_no_pact_of_the_provider_is_wrong_usage(
        self, file: ProviderFile, tmp_path: Path, content: bytes, said: str
    ) -> None:
        (tmp_path / "pact.json").write_bytes(content)
        with pytest.raises(UsageError, match=said):
            verify_files(file, [tmp_path / "pact.json"], ProcessIsolation(), SETTINGS)

    def test_a_file_that_is_not_there_is_wrong_usage(self, file: ProviderFile, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no such file"):
            verify_files(file, [tmp_path / "none.json"], ProcessIsolation(), SETTINGS)

    def test_a_folder_without_pacts_is_wrong_usage(self, file: ProviderFile, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(UsageError, match="holds no pact file"):
            verify_files(file, [tmp_path / "empty"], ProcessIsolation(), SETTINGS)

    def test_a_folder_without_pacts_of_the_provider_is_wrong_usage(self, file: ProviderFile, tmp_path: Path) -> None:
        (tmp_path / "pacts").mkdir()
        (tmp_path / "pacts" / "a.json").write_text(json.dumps(pact(call(), provider={"name": "other"})))
        with pytest.raises(UsageError, match=r"None of the 1 pact files .* is with plain; they are with other"):
            verify_files(file, [tmp_path / "pacts"], ProcessIsolation(), SETTINGS)

    def test_of_a_folder_the_pacts_of_the_provider_are_verified_nested_ones_too(self, file: ProviderFile, tmp_path: Path) -> None:
        (tmp_path / "pacts" / "deep" / "er").mkdir(parents=True)
        (tmp_path / "pacts" / "a.json").write_text(json.dumps(pact(call(), provider={"name": "other"})))
        (tmp_path / "pacts" / "deep" / "er" / "b.json").write_text(json.dumps(pact(call())))
        outcome = verify_files(file, [tmp_path / "pacts", tmp_path / "pacts"], ProcessIsolation(), SETTINGS)
        assert [Path(one.origin.place).name for one in outcome.pacts] == ["b.json"]
        assert outcome.verdict == Verdict.KEPT
