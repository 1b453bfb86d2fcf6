"""Putting pacts into a folder in which other things stand: each pair has its file, and nothing is lost that was there."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_contracts.derive import pactfile
from saga_contracts.errors import UsageError
from saga_contracts.exercise import pactfolder

KEY = "sale/a/forward/done"
NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
LIKE_OTHERS = st.text(st.sampled_from("ab-AB_ %./ü"), min_size=1, max_size=6)


def pact(consumer: str = "shop", provider: str = "bank", key: str = KEY, **more: Any) -> dict[str, Any]:
    return {
        "consumer": {"name": consumer},
        "provider": {"name": provider},
        "interactions": [{"key": key, "description": key, "type": "Synchronous/HTTP", **more}],
        "metadata": {"pactSpecification": {"version": "4.0"}},
    }


def put(folder: Path, document: dict[str, Any], *sagas: str) -> Path:
    sources = {one["key"]: "native" for one in document["interactions"]}
    return pactfolder.put(folder, document, sources, dict.fromkeys(sagas or ("sale",), ()))


def keys(path: Path) -> list[Any]:
    return [one.get("key") for one in json.loads(path.read_text(encoding="utf-8"))["interactions"]]


def write(path: Path, document: dict[str, Any]) -> bytes:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path.read_bytes()


@pytest.mark.parametrize(
    "pairs",
    [
        [("a b", "x"), ("a_b", "x"), ("a%20b", "x")],
        [("shop-bank", "x"), ("shop", "bank-x")],
        [("a-b", "c-d"), ("a", "b-c-d"), ("a-b-c", "d")],
        [("Shop", "x"), ("shop", "x"), ("SHOP", "x")],
        [("ü", "x"), ("u\u0308", "x"), ("Ü", "x"), ("_", "x")],
        [("../x", "y"), ("..%2Fx", "y"), ("x", "y")],
        [("n" * 250, "x"), ("n" * 250, "y"), ("N" * 250, "x")],
    ],
)
def test_every_pair_has_a_file_of_its_own_in_one_run_and_in_several(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    for _ in range(2):
        files = [put(tmp_path, pact(*pair)) for pair in pairs]
        assert len({path.name.casefold() for path in files}) == len(pairs)
        assert all(path.parent == tmp_path for path in files)
        assert sorted(tmp_path.iterdir()) == sorted(files)
        found = [json.loads(path.read_text(encoding="utf-8")) for path in files]
        assert [(one["consumer"]["name"], one["provider"]["name"]) for one in found] == pairs


@pytest.mark.parametrize(
    ("consumer", "provider", "name"),
    [
        ("saga_service", "vas_packages", "saga_service-vas_packages.json"),
        ("order-service", "payment-service", "order-service-payment-service.json"),
        ("OrderService", "Payment.Api", "OrderService-Payment.Api.json"),
        ("my shop", "bank", "my%20shop-bank.json"),
        ("a/../b", "bücher", "a%2F..%2Fb-b%C3%BCcher.json"),
    ],
)
def test_ordinary_names_stay_as_they_are_and_others_are_escaped(tmp_path: Path, consumer: str, provider: str, name: str) -> None:
    assert put(tmp_path, pact(consumer, provider)).name == name


@given(st.lists(st.tuples(NAME | LIKE_OTHERS, NAME | LIKE_OTHERS), min_size=2, max_size=2, unique=True))
def test_no_two_pairs_have_one_unmistakable_name(pairs: list[tuple[str, str]]) -> None:
    first, second = (pactfile.unmistakable_name(*pair).casefold() for pair in pairs)
    assert first != second
    assert len(first) < 255


def test_a_pact_goes_into_the_file_of_its_pair_whatever_that_is_called(tmp_path: Path) -> None:
    write(tmp_path / "my own name.json", pact(key="mine"))
    path = put(tmp_path, pact())
    assert path == tmp_path / "my own name.json"
    assert list(tmp_path.iterdir()) == [path]
    assert keys(path) == ["mine", KEY]


def test_ordinary_interactions_of_the_pair_stay_as_they_are(tmp_path: Path) -> None:
    document = pact(key="x") | {"extra": {"kept": True}}
    document["interactions"] = [{"description": "get a price", "response": {"status": 200}}, {"description": "b", "key": None}]
    document["metadata"]["client"] = {"name": "another library"}
    write(tmp_path / "shop-bank.json", document)
    path = put(tmp_path, pact())
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [one for one in found["interactions"] if one.get("key") != KEY] == [
        {"description": "b", "key": None},
        {"description": "get a price", "response": {"status": 200}},
    ]
    assert found["extra"] == {"kept": True}
    assert found["metadata"]["client"] == {"name": "another library"}
    assert found["metadata"]["sagapact"]["source"] == {KEY: "native"}


def test_numbers_of_ordinary_interactions_are_written_as_they_were(tmp_path: Path) -> None:
    document = json.dumps(pact(key="x")).replace('"x"', '"x", "n": [1563454500.123456789, 1E+400, -0.0, 100.0]', 1)
    (tmp_path / "shop-bank.json").write_text(document, encoding="utf-8")
    text = put(tmp_path, pact()).read_text(encoding="utf-8")
    for number in ("1563454500.123456789", "1E+400", "-0.0", "100.0"):
        assert f" {number}" in text


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "shop-bank.json").write_text(json.dumps(pact(key="x")), encoding="utf-8-sig")
    assert keys(put(tmp_path, pact())) == [KEY, "x"]


def test_sagas_that_were_not_recorded_as_a_whole_keep_their_interactions(tmp_path: Path) -> None:
    put(tmp_path, pact(key="other/a/forward/done"), "other")
    put(tmp_path, pact(key="sale/a/forward/removed"), "sale")
    path = put(tmp_path, pact(), "sale")
    assert keys(path) == ["other/a/forward/done", KEY]
    assert json.loads(path.read_text(encoding="utf-8"))["metadata"]["sagapact"]["source"] == {
        "other/a/forward/done": "native",
        KEY: "native",
    }


def test_a_case_that_need_not_be_exercised_stays_until_it_is_exercised_again(tmp_path: Path) -> None:
    told = "sale/_saga/creation/started"
    put(tmp_path, pact(key=told))
    path = pactfolder.put(tmp_path, pact(), {KEY: "native"}, {"sale": {told}})
    assert keys(path) == [told, KEY]


def test_an_interaction_that_another_library_made_under_our_key_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "shop-bank.json", pact(response="old"))
    path = put(tmp_path, pact(response="new"))
    assert [one["response"] for one in json.loads(path.read_text(encoding="utf-8"))["interactions"]] == ["new"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "is in the way"),
        (b"{", "is in the way"),
        (b"\xff\xfe", "is in the way"),
        (b"[]", "is in the way"),
        (b"{}", "is in the way"),
        (json.dumps(pact("other", "pair")).encode(), "is in the way"),
        (json.dumps({**pact(), "interactions": "odd"}).encode(), "cannot be read as a pact"),
        (json.dumps({**pact(), "interactions": ["odd"]}).encode(), "cannot be read as a pact"),
        (json.dumps({**pact(), "metadata": None}).encode(), "cannot be read as a pact"),
        (json.dumps({**pact(), "metadata": {"pactSpecification": {"version": "3.0.0"}}}).encode(), "pact of version 3.0.0"),
    ],
)
def test_a_file_that_holds_something_else_is_left_alone_and_told(tmp_path: Path, content: bytes, part: str) -> None:
    path = tmp_path / "shop-bank.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"shop-bank.json.*{part}.*Move it"):
        put(tmp_path, pact())
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_bears_the_name_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "shop-bank.json").mkdir()
    with pytest.raises(UsageError, match="is in the way"):
        put(tmp_path, pact())


def test_a_target_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "pacts").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="cannot be written to"):
        put(tmp_path / "pacts", pact())


def test_a_file_that_does_not_change_is_not_written(tmp_path: Path) -> None:
    path = put(tmp_path, pact())
    path.chmod(0o444)
    before = path.stat().st_mtime_ns
    assert put(tmp_path, pact()).stat().st_mtime_ns == before


def test_an_interrupted_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, pact())
    before = path.read_bytes()

    def interrupted(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(tmp_path, pact(response="new"))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
