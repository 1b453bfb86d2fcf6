"""Whatever stands in a provider file, it is read, or its faults are told in our own words; nothing else is raised."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_contracts.errors import UsageError
from saga_contracts.read import positions
from saga_verifier.provider_file import ProviderFileError, load_provider_file

ROOT = Path(__file__).parents[2]
FILES = sorted([*(ROOT / "e2e" / "participants").rglob("provider.yaml"), *(ROOT / "provider_verifier").rglob("provider.yaml")])
WHOLE: dict[str, Any] = {
    "format": 1,
    "base_path": "/api",
    "headers": {"X-Key": "x"},
    "instances": {"most": 1, "reason": "x"},
    "token": {"command": ["x"], "env": {"A": "b"}, "pass_env": ["PATH"], "header": "X", "format": "{token}", "lasts_s": 1},
    "probes": {
        "s/t": {"sql": "SELECT :a", "url": "sqlite://", "params": {"a": "{payload.x}"}, "timeout_s": 1},
        "s/u": {"requests": ["/x", {"method": "GET", "path": "/y", "query": {"a": "b"}}]},
    },
    "services": [
        {"provider": "p", "start": {"command": ["x"], "port": 8080}},
        {"provider": "q", "start": {"command": ["{port}"]}},
    ],
}
DOCUMENTS = [WHOLE, *(positions.read_file(file).data for file in FILES)]
ODD: list[Any] = [
    *(
        None,
        True,
        -1,
        0.5,
        10**9,
        1e300,
        "",
        "x",
        "/",
        "{port}",
        "{nothing}",
        "{workdir}/..",
        "${NOWHERE}",
        "a" * 5000,
        "\0",
        "\n",
    ),
    *([], {}, [[]], [1], {"a": 1}, ["{port}"], {"path": "/x"}),
]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


def put(document: Any, path: tuple[str | int, ...], value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value


@given(st.sampled_from(DOCUMENTS) | st.just(WHOLE), st.data())
@settings(max_examples=times(150), suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_odd_value_is_read_or_told_as_a_fault(
    tmp_path_factory: pytest.TempPathFactory, good: Any, data: st.DataObject
) -> None:
    document = copy.deepcopy(good)
    for _ in range(data.draw(st.integers(1, 3))):
        put(document, data.draw(st.sampled_from(list(places(document)))), copy.deepcopy(data.draw(st.sampled_from(ODD))))
    file = tmp_path_factory.getbasetemp() / "provider.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    try:
        load_provider_file(file, {})
    except UsageError as error:
        said = str(error)
    else:
        said = ""
    assert not any(word in said for word in ("Input should", "should match", "should have", "Value error", "Tuple"))


def test_a_provider_file_without_end_is_not_read_to_its_end() -> None:
    with pytest.raises(ProviderFileError, match="larger than"):
        load_provider_file("/dev/zero")
