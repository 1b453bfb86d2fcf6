"""Replays a pact against a running provider.

Pact's verifier runs in a process of its own (`child`): it prints to standard output, may crash, and must be stopped when it takes
too long. Whatever keeps an interaction from being judged is an exception; a broken interaction is a value.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from saga_verifier.replay import mismatches
from saga_verifier.replay.interactions import Interaction, read_pact
from saga_verifier.replay.relay import Relay, Traffic
from saga_verifier.replay.results import Cause, InteractionResult, ReplayError, ReplayResult

REQUEST_TIMEOUT_S = 30.0
MEANWHILE_S = 1.0
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "PACT_PLUGIN_DIR",
)
_CHILD = "saga_verifier.replay.child"
_RELAY_MARGIN = 0.9  # the relay answers before Pact's verifier gives up, so that the reason is known
_COMPLAINT_CHARACTERS = 2000


def replay(
    pact: bytes | Mapping[str, Any],
    provider_name: str,
    base_url: str,
    state_url: str | None,
    message_url: str | None,
    timeout_s: float,
    *,
    request_timeout_s: float = REQUEST_TIMEOUT_S,
    meanwhile: Callable[[], None] = lambda: None,
) -> ReplayResult:
    """Replay every interaction of a pact against a running provider.

    Args:
        pact: The pact, as JSON text or read from it.
        provider_name: Whose pact it must be.
        base_url: Where the provider answers.
        state_url: Takes state changes by POST `{"state", "params", "action"}` and may answer with values for the pact's
            generators; None: there are none, and an interaction that asks for a state is broken.
        message_url: Gives the provider's messages: POST `{"description", "providerStates"}`, answered by
            `{"contents": …, "metadata": {…}}`; None: there are none.
        timeout_s: How long all of it may take.
        request_timeout_s: How long one call to the provider, one state change or one message may take.
        meanwhile: Called every second; what it raises ends the replay.

    Raises:
        ReplayError: when it could not be found out: no pact of this provider, no interaction, an interaction without a result,
            a crash, too much time.
    """
    consumer, wanted = read_pact(pact, provider_name)
    if message_url is None and any(one.is_message for one in wanted):
        raise ReplayError(
            f"The pact between {consumer} and {provider_name} holds messages, and there is no address to get them from. "
            "Serve the provider's messages and name their address."
        )
    began = time.monotonic()
    with Relay(state_url, message_url, request_timeout_s * _RELAY_MARGIN) as relay:
        job = {
            "parent": os.getpid(),
            "provider": provider_name,
            "base_url": base_url,
            "relay_url": relay.base_url,
            "request_timeout_s": request_timeout_s,
            "tasks": [{"document": dict(one.document), "is_message": one.is_message} for one in wanted],
        }
        facts = _run(job, wanted, timeout_s, meanwhile)
        results = tuple(
            _result(one, fact, relay.traffic(index), request_timeout_s)
            for index, (one, fact) in enumerate(zip(wanted, facts, strict=True))
        )
    return ReplayResult(consumer, provider_name, results, (time.monotonic() - began) * 1000)


def _run(
    job: Mapping[str, Any], wanted: Sequence[Interaction], timeout_s: float, meanwhile: Callable[[], None]
) -> list[dict[str, Any]]:
    """Run the child; give its facts, one for each interaction."""
    with tempfile.TemporaryDirectory(prefix="sagapact-replay-") as name:
        folder = Path(name)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        exit_code = _run_child(folder, timeout_s, meanwhile)
        facts = _facts(folder / "results.jsonl")
        complaint = (folder / "complaints.txt").read_text(encoding="utf-8", errors="replace")[-_COMPLAINT_CHARACTERS:].strip()
    if exit_code == 0 and len(facts) == len(wanted):
        return facts
    at = f"in {_called(wanted[len(facts)])!r}, " if len(facts) < len(wanted) else ""
    progress = f"{at}after {len(facts)} of {len(wanted)} interactions"
    if exit_code is None:
        raise ReplayError(
            f"The replay for {job['provider']} was stopped {progress}: it took longer than {timeout_s:g} s. "
            "Look why the provider answers so slowly, or allow more time."
        )
    raise ReplayError(
        f"The replay for {job['provider']} ended with exit status {exit_code} {progress}; nothing is known about the rest.\n"
        f"{complaint or 'It said nothing.'}"
    )


def _run_child(folder: Path, timeout_s: float, meanwhile: Callable[[], None]) -> int | None:
    """Run the child in the folder; give its exit status, or None when it took too long and was killed."""
    with (folder / "complaints.txt").open("wb") as complaints:
        child = subprocess.Popen(
            [sys.executable, "-m", _CHILD, str(folder / "job.json"), str(folder / "results.jsonl")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=folder,
            env=_environment(),
        )
        until = time.monotonic() + timeout_s
        try:
            while (left := until - time.monotonic()) > 0:
                with suppress(subprocess.TimeoutExpired):
                    return child.wait(min(left, MEANWHILE_S))
                meanwhile()
            return None
        finally:
            child.kill()
            child.wait()


def _environment() -> dict[str, str]:
    """Give the child what it needs: no secrets, and no proxy (they are variables) between it and the provider."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    modules = os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if entry)
    return {**inherited, "PYTHONPATH": modules, "PACT_DO_NOT_TRACK": "true"}


def _facts(file: Path) -> list[dict[str, Any]]:
    """Give the facts that were written whole."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def _result(one: Interaction, fact: Mapping[str, Any], traffic: Traffic, request_timeout_s: float) -> InteractionResult:
    found = [result for result in fact["results"] if result.get("description") == one.description]
    if len(found) != 1 or found[0].get("result") not in ("OK", "Error"):
        said = "; ".join(line for error in fact["errors"] for line in mismatches.lines(error.get("mismatch")))
        raise ReplayError(
            f"Pact's verifier gave no result for the interaction {_called(one)!r}: {said or fact['trouble'] or 'nothing said'}. "
            "Mend the interaction in the pact, or report it if the pact is right."
        )
    cause, lines = _judged(found[0], fact, traffic, request_timeout_s)
    return InteractionResult(
        key=one.key,
        description=one.description,
        interaction_id=one.interaction_id,
        kept=cause is None,
        cause=cause,
        mismatches=tuple(lines),
        values_not_given=tuple(sorted(one.names - traffic.values)),
        duration_ms=fact["duration_ms"],
    )


def _judged(
    found: Mapping[str, Any], fact: Mapping[str, Any], traffic: Traffic, request_timeout_s: float
) -> tuple[Cause | None, list[str]]:
    """Give the cause of a broken interaction and its lines; what the relay saw comes before what Pact's verifier made of it."""
    if traffic.state_troubles:
        return Cause.STATE, traffic.state_troubles
    if traffic.message_trouble is not None:
        return Cause.MESSAGE, [traffic.message_trouble]
    if found["result"] == "OK":
        return None, []
    mismatch = found.get("mismatch") or {}
    if mismatch.get("type") == "error":
        return Cause.NO_ANSWER, list(_without_answer(mismatch, fact, request_timeout_s))
    return Cause.MISMATCH, list(mismatches.lines(mismatch))


def _without_answer(mismatch: Mapping[str, Any], fact: Mapping[str, Any], request_timeout_s: float) -> Iterator[str]:
    late = fact["duration_ms"] >= request_timeout_s * 1000
    when = f"within {request_timeout_s:g} s" if late else "(it closed the connection, or does not listen)"
    yield f"the provider did not answer {when}: {' '.join(mismatches.lines(mismatch))}"


def _called(one: Interaction) -> str:
    return one.key or one.description
