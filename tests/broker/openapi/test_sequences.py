"""Sequences of requests that schemathesis finds in the description: what one answer names, the next request uses."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from repetitions import REPEAT, times
from saga_broker import api
from saga_broker.openapi.document import DescribedApp, describe

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 * REPEAT)]
ROUTES = [route for router in api.routers() for route in router.routes]
DOCUMENT = describe(DescribedApp(title="broker"), ROUTES)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
EXAMPLES, STEPS = times(8), 8
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def test_every_answer_of_a_sequence_is_described(template: Any, broker_kind: Any, tmp_path: Path) -> None:
    reached: Counter[int] = Counter()

    class Sequence(SCHEMA.as_state_machine()):  # type: ignore[misc]  # the class is made at run time
        def setup(self) -> None:
            """Begin each sequence with the same data: what is drawn next depends on the answers."""
            shutil.copy(template[0], tmp_path / "broker.sqlite")
            self.broker = broker_kind(database_url=f"sqlite:///{tmp_path}/broker.sqlite")
            self.made_by_patch = False

        def teardown(self) -> None:
            self.broker.stop()
            for left in tmp_path.glob("broker.sqlite*"):
                left.unlink()
            assert self.broker.watch.faults == []

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:  # noqa: ARG002  (schemathesis gives it)
            return {"base_url": self.broker.url, "allow_redirects": False}

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            reached[response.status_code] += 1
            self.made_by_patch |= case.method == "PATCH" and response.status_code == 201
            if not leads_elsewhere(case) and not (response.status_code == 409 and not response.content):
                # PATCH makes a pacticipant that is not there (again), which the check of what was deleted does not expect of it
                own = CHECKS if self.made_by_patch else [*CHECKS, checks.use_after_free]
                case.validate_response(response, checks=own, recorder=self.recorder)

    chances = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize=REPEAT == 1,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    Sequence.run(settings=chances)
    assert {200, 201, 404} <= reached.keys(), dict(reached)


def leads_elsewhere(case: Any) -> bool:
    """Tell whether a generated name is a fixed word of another path."""
    words = {part for path in DOCUMENT["paths"] for part in path.split("/") if not part.startswith("{")} | {"all", "", ".", ".."}
    values = [str(value) for value in (case.path_parameters or {}).values()]
    return any(value in words for value in values)
