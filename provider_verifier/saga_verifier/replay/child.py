"""Runs Pact's verifier: the process that `run` starts for one replay, and the only file of this package that imports `pact`.

    python -m saga_verifier.replay.child JOB RESULTS

JOB is a JSON file written by `run`. RESULTS gets one line of JSON per interaction, written as soon as it is known, since standard
output belongs to Pact's own printing. Each interaction has a verifier of its own, so that its result, its calls for states
and its time are known without doubt; that costs less than a millisecond.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pact import Verifier

from saga_contracts.wire import exact
from saga_verifier.isolation.guarding.with_parent import die_with_parent

MOST_MEMORY_BYTES = 1024**3
"""Pact's verifier reads an answer without end until its time is up: it ends before this machine's memory does."""


def main(job_file: str, results_file: str) -> None:
    """Replay the job's interactions, one after the other."""
    job = exact.loads(Path(job_file).read_text(encoding="utf-8"))
    die_with_parent(job["parent"])
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    folder = Path(job_file).parent
    with Path(results_file).open("w", encoding="utf-8") as results:
        for task in job["tasks"]:
            pact_file = folder / f"interaction-{task['number']}.json"
            pact_file.write_text(exact.dumps(task["document"]), encoding="utf-8")
            fact = _replayed(job, task, pact_file)
            results.write(json.dumps(fact).replace(str(pact_file), "the pact") + "\n")
            results.flush()


def _replayed(job: dict[str, Any], task: dict[str, Any], pact_file: Path) -> dict[str, Any]:
    relay, number = urlsplit(job["relay_url"]), task["number"]
    provider_url = job["relay_url"] if task["message"] else job["base_url"]
    verifier = Verifier(job["provider"], host=urlsplit(provider_url).hostname).add_transport(url=provider_url)
    if task["message"]:
        verifier.add_transport(protocol="message", port=relay.port, path=f"/{number}/{task['message']}", scheme="http")
    verifier.state_handler(f"{job['relay_url']}/{number}/state", teardown=True, body=True)
    if task["live"]:
        headers = json.loads((pact_file.parent / "headers.json").read_text(encoding="utf-8"))
        verifier.add_custom_headers(headers)
    verifier.set_request_timeout(round(job["request_timeout_s"] * 1000))
    verifier.set_coloured_output(enabled=False)
    verifier.add_source(pact_file)
    began, trouble = time.monotonic(), ""
    try:
        verifier.verify()
    except RuntimeError as error:  # raised for every interaction that is not as expected, too
        trouble = str(error)
    return {
        "duration_ms": (time.monotonic() - began) * 1000,
        "results": verifier.results.get("interactionResults", []),
        "errors": verifier.results.get("errors", []),
        "trouble": trouble and " ".join([*verifier.results.get("output", []), trouble]),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
