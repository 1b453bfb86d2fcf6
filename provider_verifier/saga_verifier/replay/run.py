"""Replays a pact against a running provider.

Pact's verifier runs in a process of its own (`child`): it prints to standard output, may crash, and must be stopped when it takes
too long. What was found until then is given, with the reason why there is no more.
"""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from saga_contracts.errors import UsageError
from saga_contracts.rim.transport import certificates
from saga_contracts.wire import exact
from saga_verifier.replay import judging
from saga_verifier.replay.pact import Interaction, wants_credentials, without_headers
from saga_verifier.replay.relay import Relay, Serving
from saga_verifier.replay.results import ReplayResult

Live = Callable[[], Mapping[str, str]]
"""Gives headers by name."""
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
_OUT_OF_MEMORY = "memory allocation of"


def replay(
    interactions: Sequence[Interaction],
    provider_name: str,
    base_url: str,
    serving: Serving,
    timeout_s: float,
    *,
    request_timeout_s: float = REQUEST_TIMEOUT_S,
    live: Live | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> ReplayResult:
    """Replay interactions of a pact against a running provider, one after the other.

    Args:
        interactions: Those of one pact, as `read_pact` gives them.
        provider_name: Whose they are.
        base_url: What stands before the path of every call.
        serving: Who serves states and messages.
        timeout_s: How long all of it may take.
        request_timeout_s: How long one call to the provider, one state change or one message may take.
        live: Gives the live headers as they are now, in the place of those of the same names; None: there are none.
        meanwhile: Called every second; what it raises ends the replay.
    """
    headers = live() if live is not None else {}
    names = {name.lower() for name in headers}
    interactions = [without_headers(one, names) for one in interactions]
    wanted = [one for one in interactions if not one.is_message or serving.serves(one.states)]
    found = {one.number: judging.not_served(one) for one in interactions if one not in wanted}
    with Relay(serving, request_timeout_s * _RELAY_MARGIN) as relay:
        job = {
            "parent": os.getpid(),
            "provider": provider_name,
            "base_url": base_url,
            "relay_url": relay.base_url,
            "request_timeout_s": request_timeout_s,
            "tasks": [_task(one, serving) for one in wanted],
        }
        facts, trouble = _run(job, wanted, timeout_s, live or dict, meanwhile) if wanted else ([], "")
        for one, fact in zip(wanted, facts, strict=False):
            found[one.number] = judging.judged(one, fact, relay.traffic(one.number), request_timeout_s)
    return ReplayResult(tuple(found[number] for number in sorted(found)), trouble)


def _task(one: Interaction, serving: Serving) -> dict[str, Any]:
    message = ("made" if serving.makes(one.states) else "given") if one.is_message else None
    return {"number": one.number, "document": dict(one.document), "message": message, "live": wants_credentials(one)}


def _run(
    job: Mapping[str, Any], wanted: Sequence[Interaction], timeout_s: float, live: Live, meanwhile: Callable[[], None]
) -> tuple[list[dict[str, Any]], str]:
    """Run the child; give its facts, one for each interaction, and why some are missing."""
    with tempfile.TemporaryDirectory(prefix="sagapact-replay-") as name:
        folder = Path(name)
        (folder / "job.json").write_text(exact.dumps(job), encoding="utf-8")
        tell = _Teller(folder / "headers.json", live)
        tell()

        def watch() -> None:
            tell()
            meanwhile()

        exit_code = _run_child(folder, timeout_s, watch)
        facts = _facts(folder / "results.jsonl")
        complaint = (folder / "complaints.txt").read_text(encoding="utf-8", errors="replace")[-_COMPLAINT_CHARACTERS:].strip()
    if exit_code == 0 and len(facts) == len(wanted):
        return facts, ""
    at = f"in {wanted[len(facts)].name!r}, " if len(facts) < len(wanted) else ""
    progress = f"{at}after {len(facts)} of {len(wanted)} interactions"
    if exit_code is None:
        return facts, (
            f"The replay for {job['provider']} was stopped {progress}: it took longer than {timeout_s:g} s. "
            "Look why the provider answers so slowly, or allow more time."
        )
    ended = "ended, since what the provider answers is more than its memory holds," if _OUT_OF_MEMORY in complaint else None
    return facts, (
        f"The replay for {job['provider']} {ended or f'ended with exit status {exit_code}'} {progress}; nothing is known about "
        f"the rest.\n{complaint or 'It said nothing.'}"
    )


class _Teller:
    """Tells the child the live headers, whenever they are others than before."""

    def __init__(self, file: Path, live: Live) -> None:
        self._file, self._live, self._told = file, live, ""

    def __call__(self) -> None:
        """Write them, whole or not at all."""
        headers = json.dumps(self._live())
        if headers != self._told:
            self._told = headers
            draft = self._file.with_suffix(".new")
            draft.write_text(headers, encoding="utf-8")
            draft.replace(self._file)


def _run_child(folder: Path, timeout_s: float, meanwhile: Callable[[], None]) -> int | None:
    """Run the child in the folder; give its exit status, or None when it took too long and was killed."""
    with (folder / "complaints.txt").open("wb") as complaints:
        child = subprocess.Popen(
            [sys.executable, "-m", _CHILD, str(folder / "job.json"), str(folder / "results.jsonl")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=folder,
            env={**_environment(), **_few_certificates(folder)},
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


def _few_certificates(folder: Path) -> dict[str, str]:
    """Give Pact's verifier a store with one certificate: it reads the whole one for each interaction, and meets no TLS here."""
    try:
        known = certificates().get_ca_certs(binary_form=True)[:1]  # with none at all it does not begin
    except UsageError:  # those that are named cannot be read, which matters to nobody here
        known = []
    (folder / "certificates").mkdir()
    (folder / "certificates.pem").write_text("".join(map(ssl.DER_cert_to_PEM_cert, known)), encoding="ascii")
    names = {"SSL_CERT_FILE": str(folder / "certificates.pem"), "SSL_CERT_DIR": str(folder / "certificates")}
    return names if known else {}


def _facts(file: Path) -> list[dict[str, Any]]:
    """Give the facts that were written whole."""
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
