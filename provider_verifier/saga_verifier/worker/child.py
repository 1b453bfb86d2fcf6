"""What one job's process does: the only one of a worker's that starts foreign code. It has no token and knows no broker.

The job's folder holds `order.json`, `contract.json` and the provider file; `result.json` is written there, as the broker takes
it. What is printed is the job's log.
"""

import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from saga_broker.client.records import NewDeckResult
from saga_contracts.errors import SagapactError, crash
from saga_contracts.wire import exact
from saga_verifier import backends, run
from saga_verifier.pacts.publishing import Version, publish
from saga_verifier.pacts.source import Loaded, Source
from saga_verifier.provider_file import ProviderFile, load_provider_file
from saga_verifier.reporting import screen, view
from saga_verifier.reporting.view import Asked
from saga_verifier.verdicts import Origin

ORDER, CONTRACT, RESULT = "order.json", "contract.json", "result.json"
MAX_TEXT = 4_000
COULD_NOT_FIND_OUT = "could not find out"


class Recorder:
    """Takes what is published of a pact, in the place of a broker, and keeps it for the job's result."""

    def __init__(self) -> None:
        self.verification: dict[str, Any] | None = None
        self.decks: list[dict[str, Any]] = []

    def keeps_sagas(self) -> bool:
        """Say that decks are taken."""
        return True

    def publish_deck_result(
        self, saga: str, *, sha: str, step: str, provider: str, version: str, result: NewDeckResult
    ) -> NewDeckResult:
        """Take a deck's result; the provider version is the job's."""
        del provider, version
        self.decks.append({"saga": saga, "step": step, "sha": sha, **result.model_dump(mode="json", by_alias=True)})
        return result

    def publish_verification(self, link: str, **fields: Any) -> str:
        """Take the pact's result."""
        self.verification = {
            "success": fields["success"],
            "testResults": fields["test_results"],
            "verifiedBy": fields["verified_by"],
        }
        return link


def main(folder: Path) -> None:
    """Do the job of a folder."""
    order = json.loads((folder / ORDER).read_text(encoding="utf-8"))
    try:
        found = _found(folder, order)
    except SagapactError as error:
        text = str(error).replace(f"{folder}/", "")  # where it lay on this machine is of no use to anybody
        found = {"verdict": COULD_NOT_FIND_OUT, "text": text[:MAX_TEXT]}
    except Exception as error:  # noqa: BLE001  (a fault of ours must not look like one of the job's)
        found = {"verdict": COULD_NOT_FIND_OUT, "text": crash(error)[:MAX_TEXT]}
    print(found.get("text", ""))  # noqa: T201  (the log)
    part = folder / f"{RESULT}.part"
    part.write_text(json.dumps(found), encoding="utf-8")
    part.rename(folder / RESULT)


def _found(folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    path = folder / order["provider_file"]
    provider = _with_image(load_provider_file(path), order["image"])
    isolation = backends.CONTAINER if order["image"] else order["isolation"]
    backend = backends.backend(isolation, provider, None, partial(print, flush=True))
    settings = run.Settings(order["faults"], datetime.now(tz=UTC).date())
    recorder, version = Recorder(), Version(order["number"], order.get("branch"))
    placed = backends.placed(isolation, provider)
    outcome = run.verify_source(placed, version, Source(order["consumer"], False, partial(_contract, folder)), backend, settings)
    print("\n".join(screen.told(view.of(outcome, Asked(path.name, (), "")))))  # noqa: T201  (the log)
    for pact in outcome.pacts:
        publish(recorder, version, pact, "job")
    troubles = [text for pact in outcome.pacts for text in pact.troubles]
    text = " ".join(troubles) or outcome.trouble
    found = {"verdict": outcome.word, "text": text[:MAX_TEXT], "decks": recorder.decks}
    return found if recorder.verification is None else {**found, "verification": recorder.verification}


def _with_image(provider: ProviderFile, image: str | None) -> ProviderFile:
    """Give the provider as it is started from the image that was announced."""
    if image is None or provider.container is None:
        return provider
    container = provider.container.model_copy(update={"image": image, "dockerfile": None})
    return provider.model_copy(update={"container": container})


def _contract(folder: Path) -> Loaded:
    document = exact.loads((folder / CONTRACT).read_bytes())
    for name in ("_links", "createdAt", "_embedded"):
        document.pop(name, None)
    return Loaded(document, Origin(), "job")
