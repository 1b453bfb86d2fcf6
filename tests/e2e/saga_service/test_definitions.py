"""Definitions have versions: a changed one is a new version, and a saga under way keeps the one that it was started with."""

import copy
from typing import Any

from patience import PATIENCE_S
from postgres import on_both_databases


@on_both_databases
def test_a_saga_under_way_keeps_its_version_while_newer_sagas_run_by_the_new_one(
    shared_service: Any, new_run: Any, definitions: dict[str, dict[str, Any]], wait_until: Any
) -> None:
    first, second = ({**copy.deepcopy(definitions["polled"]), "saga": "changing"} for _ in range(2))
    del second["steps"][1]  # the second version does without `next`
    http = shared_service.http
    answers = [http.put("/definitions/changing", json=one) for one in (first, first)]
    assert [(one.status_code, one.json()["version"]) for one in answers] == [(201, 1), (200, 1)]
    name, run = new_run({("ask", "do"): ["wait"]})
    old = shared_service.create("changing", name)
    wait_until(lambda: run.count("ask", "do") == 1, PATIENCE_S)
    assert http.put("/definitions/changing", json=second).json() == {"saga": "changing", "version": 2}
    other, other_run = new_run()
    new = shared_service.ended(shared_service.create("changing", other))
    versions = http.get("/definitions/changing").json()["versions"]
    assert [(one["number"], one["under_way"]) for one in versions] == [(1, 1), (2, 0)]
    run.gate.set()
    after = shared_service.ended(old)
    assert [(one["definition_version"], one["state"], list(one["steps"])) for one in (after, new)] == [
        (1, "committed", ["ask", "next"]),
        (2, "committed", ["ask"]),
    ]
    assert (run.order("do"), other_run.order("do")) == (["ask", "next"], ["ask"])
    contents = [http.get(f"/definitions/changing/{number}").json() for number in (1, 2)]
    assert [len(one["steps"]) for one in contents] == [2, 1]
    assert http.get("/definitions").json()["definitions"]["changing"] == 2


def test_what_there_is_not_is_not_found(shared_service: Any) -> None:
    for path in ("/definitions/nobody", "/definitions/nobody/1", "/definitions/diamond/99"):
        assert shared_service.http.get(path).status_code == 404
    assert shared_service.http.get("/definitions/diamond/0").status_code == 422
