"""A broker with the small saga `sale`, whose gate is asked: steps `pay` and `tell`, executed by the owner `shop`."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from saga_contracts.declare.saga import Saga
from saga_contracts.sagafile import parse_saga
from saga_evidence import deck_result, slice_of, step_pacts
from small_sagas import retriable, saga_text, step

TODAY = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Landscape:
    """What happens at one broker, in a few words, and what its gate answers.

    Attributes:
        moment: The moment of the questions.
    """

    def __init__(self, broker: Any, moment: datetime = TODAY) -> None:
        self.broker = broker
        self.moment = moment
        self.sagas: dict[str, str] = {}

    def saga(self, version: str = "1", branch: str = "main", **fields: Any) -> None:
        """Publish the saga file; the fields replace its own."""
        text = saga_text(*fields.pop("steps", (step(), retriable())), **fields)
        self.sagas[version] = text
        self.broker.put(f"/sagas/sale/versions/{version}", {"content": text, "contentType": "application/json", "branch": branch})

    def read(self, version: str) -> Saga:
        """Give a saga version."""
        return parse_saga(self.sagas[version], "sale.json")

    def pacts(self, version: str = "1", *, of: str | None = None, lacks: str = " ", only: str = "") -> None:
        """Publish the pacts of a version: those of the saga file `of`, without the cases whose name has `lacks` in it."""
        saga = self.read(of or version)
        found = [(name, pact) for name, pact in step_pacts(saga) if only in name]
        for _, pact in found:
            pact["interactions"] = [one for one in pact["interactions"] if lacks not in one["key"]]
        self.broker.publish(saga.consumer, version, *found)

    def verify(self, name: str, version: str = "10", *, of: str = "1", success: bool = True) -> None:
        """Publish the verification of a pact by a participant's version."""
        self.broker.verify(self.read(of).consumer, of, name, version, success=success)

    def deck(self, step_name: str, version: str = "10", faults: int = 1, *changes: Any, of: str = "1", **fields: Any) -> None:
        """Publish the result of a deck."""
        slice_ = slice_of(self.read(of), step_name)
        path = f"/sagas/sale/contents/{slice_.sha}/steps/{step_name}/providers/{slice_.step.participant}"
        body = deck_result(slice_, faults, *changes, **fields)
        self.broker.post(f"{path}/versions/{version}/deck-results", body, 201)

    def kept(self, name: str, version: str = "10", *, faults: int = 1, of: str = "1") -> None:
        """Let a participant's version keep its pact and its decks."""
        self.verify(name, version, of=of)
        for one in self.read(of).steps:
            if one.participant == name:
                self.deck(one.step, version, faults, of=of)

    def deploy(self, name: str, version: str, instance: str | None = None) -> None:
        """Record a deployment to `test`."""
        self.broker.deploy(name, version, "test", **({} if instance is None else {"applicationInstance": instance}))

    def release(self, name: str, version: str) -> None:
        """Record a release to `test`."""
        uuid = self.broker.environment("test")
        self.broker.post(f"/pacticipants/{name}/versions/{version}/released-versions/environment/{uuid}", {}, 201)

    def exists(self, name: str, version: str) -> None:
        """Make a version known, and nothing about it."""
        self.broker.put(f"/pacticipants/{name}/versions/{version}", {})

    def holds(self, **fields: Any) -> None:
        """Let everything be kept and deployed: shop 1, and 10 of each participant."""
        self.saga(**fields)
        self.pacts()
        saga = self.read("1")
        for name in dict.fromkeys(one.participant for one in saga.steps):
            self.kept(name)
            self.deploy(name, "10")
        self.deploy(saga.consumer, "1")

    def ask(self, *candidates: str, status: int = 200, **params: Any) -> Any:
        """Ask whether the saga can run in `test`."""
        return self.broker.get("/sagas/sale/can-run", status, **{"environment": "test", "with[]": list(candidates)}, **params)


@pytest.fixture
def database_url(migrated: Path, tmp_path: Path) -> str:
    """A fresh database; one kind is enough here, the other tests of the broker have both."""
    shutil.copy(migrated, tmp_path / "broker.sqlite")
    return f"sqlite:///{tmp_path}/broker.sqlite"


@pytest.fixture
def landscape(serve: Any) -> Landscape:
    made = Landscape(None)
    made.broker = serve(clock=lambda: made.moment)
    return made
