"""The chain of the demo, link by link.

Broker, contract tests, publishing, verification in isolation, both gates, a billing version that breaks a compensation and its
mended successor, whole sagas with faults, and the report. Everything is real: processes or containers, HTTP, databases, Pact.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from saga_broker.client.broker import BrokerClient
from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_contracts.derive import pactfile
from saga_contracts.errors import SagapactError
from saga_contracts.sagafile import load_saga
from saga_e2e.console import Console
from saga_e2e.demo.story import BROKEN, FIRST, MENDED, Story
from saga_e2e.play import runner
from saga_e2e.play.nightly import write_report
from saga_e2e.report.files import Results
from saga_e2e.stage.broker_program import broker_spec, own_environment
from saga_e2e.stage.landscape import reference_landscape
from saga_verifier import reporting
from saga_verifier.isolation.interface import Isolation
from saga_verifier.provider_file import ProviderFile
from saga_verifier.run import ProviderOutcome, Settings, Version, verify_provider, with_environment

SAGA = "vas_purchase"
ENVIRONMENT = "production"
BRANCH = "main"
PACTS = "pacts"
CONTRACT_TESTS_TIMEOUT_S = 120


class Demo:
    """One run of the demo."""

    def __init__(self, out: Results, console: Console, isolation: Isolation) -> None:
        self.out = out
        self.console = console
        self.story = Story()
        self.land = reference_landscape()
        self.saga_file = self.land.sagas[SAGA]
        self.saga: Saga = load_saga(self.saga_file)
        self.isolation = isolation
        self._broker: BrokerClient | None = None

    @property
    def broker(self) -> BrokerClient:
        """The broker's client, while the broker runs."""
        assert self._broker is not None  # noqa: S101  (only used inside `serving`)
        return self._broker

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the broker; gives its address."""
        self.console.step("A broker")
        with self.isolation.start(broker_spec()) as running, BrokerClient(running.base_url) as client:
            self._broker = client
            self.console.line(f"serves at {running.base_url}")
            yield running.base_url

    def contract_tests(self) -> None:
        """Let the owner's real step client meet Pact's mock provider for every case of the saga."""
        self.console.step("Contract tests of the saga's owner: the real step client against Pact's mock provider")
        pacts = self.out.path.resolve() / PACTS
        self.out.folder.will_make(*(f"{PACTS}/{self._pact_file(name)}" for name in self._participants()))
        tests = self.saga_file.with_name("test_contracts.py")
        done = subprocess.run(
            [sys.executable, "-m", "saga_e2e.stage.contract_tests", str(os.getpid()), str(pacts), str(tests)],
            capture_output=True,
            text=True,
            timeout=CONTRACT_TESTS_TIMEOUT_S,
            check=False,
            env=own_environment(),
        )
        if done.returncode != 0:
            raise SagapactError(f"The contract tests of {SAGA} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        for line in done.stdout.splitlines():
            if "cases exercised" in line or line.strip().endswith(".json"):
                self.console.line(line.strip())

    def publish(self) -> None:
        """Publish pacts and saga file."""
        self.console.step(f"Pacts and saga file are published as version {FIRST} of {self.saga.consumer}, branch {BRANCH}")
        files = [self.out.path / PACTS / self._pact_file(name) for name in self._participants()]
        pacts = [(json.loads(content), content) for content in (file.read_bytes() for file in files)]
        named = [(pact["consumer"]["name"], pact["provider"]["name"], content) for pact, content in pacts]
        self.broker.publish_contracts(self.saga.consumer, FIRST, branch=BRANCH, pact_files=named)
        self.broker.publish_saga(self.saga.saga, FIRST, self.saga_file.read_text(encoding="utf-8"), branch=BRANCH)
        self.console.line(f"{len(files)} pacts and the saga file {self.saga.saga}")

    def verify_all(self) -> None:
        """Verify every participant alone, two at a time."""
        self.console.step(
            "Each participant is verified alone: pacts replayed, decks for k = 1 played, effects probed, results published"
        )
        with ThreadPoolExecutor(max_workers=2) as threads:
            names = self._participants()
            for outcome in threads.map(lambda name: self._verify(self._provider(name), FIRST), names):
                self._show(outcome)
                self.story.expect(outcome.verdict == Verdict.KEPT, f"{outcome.provider} {FIRST} is {outcome.verdict}, not kept")

    def ask_first(self) -> None:
        """Record deployments and ask both gates."""
        self.console.step(f"Everything is deployed to {ENVIRONMENT}; both gates are asked")
        for name in (self.saga.consumer, *self._participants()):
            self.broker.record_deployment(name, FIRST, ENVIRONMENT)
        self._ask("The first versions", self.saga.consumer, FIRST, {}, expected=True)

    def break_and_mend(self) -> None:
        """Let billing break its null compensation, and mend it."""
        billing = self._provider("billing")
        self.console.step(f"billing {BROKEN}: a compensation that was never preceded by its forward call is answered 404")
        outcome = self._verify(with_environment(billing, {"FAULT": "null_compensation_404"}), BROKEN)
        self._show(outcome)
        self.story.expect(outcome.verdict == Verdict.BROKEN, f"billing {BROKEN} is {outcome.verdict}, not broken")
        self._ask(f"billing {BROKEN}", "billing", BROKEN, {"billing": BROKEN}, expected=False)
        self.console.step(f"billing {MENDED}: mended")
        outcome = self._verify(billing, MENDED)
        self._show(outcome)
        self.story.expect(outcome.verdict == Verdict.KEPT, f"billing {MENDED} is {outcome.verdict}, not kept")
        self._ask(f"billing {MENDED}", "billing", MENDED, {"billing": MENDED}, expected=True)

    def end_to_end(self) -> None:
        """Run whole sagas with faults."""
        self.console.step("Whole sagas, end to end, with faults: all services up, invariants checked from their own state")
        for result in runner.run(self.saga, self.land, tier="demo", isolation=self.isolation):
            self.story.scenarios.append(result.as_json())
            self.console.result(result.verdict, f"{result.title}: {result.outcome}")
            self.story.expect(result.verdict == "kept", f"the scenario {result.name} is {result.verdict}")
        self.story.expect(bool(self.story.scenarios), "no scenario was run")

    def write_report(self) -> None:
        """Write the report as a page, JSON and JUnit, and say how everything ended."""
        self.console.step("The report")
        self.story.figures.append({"name": "the whole run", "value": round(self.console.elapsed_s(), 1), "unit": "s"})
        write_report(self.out, self.saga, self.story.headline(self.saga), **self.story.parts())
        self.console.line(f"{self.out.path / 'report.html'}")
        for surprise in self.story.surprises:
            self.console.result("broken", f"not as told: {surprise}")
        if not self.story.surprises:
            self.console.result("kept", f"everything ended as told, in {self.console.elapsed_s():.0f} s")

    def _pact_file(self, participant: str) -> str:
        return pactfile.file_name(self.saga.consumer, participant)

    def _participants(self) -> list[str]:
        return sorted({step.participant for step in self.saga.steps})

    def _provider(self, name: str) -> ProviderFile:
        return self.land.services(self.saga)[name]

    def _verify(self, provider: ProviderFile, version: str) -> ProviderOutcome:
        settings = Settings(faults=1, today=datetime.now(tz=UTC).date(), publish=True)
        return verify_provider(provider, Version(version, BRANCH), self.broker, self.isolation, settings)

    def _show(self, outcome: ProviderOutcome) -> None:
        self.story.providers.append(outcome)
        *details, last = reporting.lines(outcome)
        for line in details:
            self.console.line(line)
        self.console.result(outcome.verdict.value, last)

    def _ask(self, title: str, pacticipant: str, version: str, candidates: Mapping[str, str], *, expected: bool) -> None:
        pair = self.broker.can_i_deploy(pacticipant, version, ENVIRONMENT)
        whole = self.broker.can_run(self.saga.saga, ENVIRONMENT, candidates)
        self.console.result(
            _word(pair.deployable),
            f"can-i-deploy {pacticipant} {version} to {ENVIRONMENT}: {_word(pair.deployable)}. {pair.reason}",
        )
        self.console.result(
            _word(whole.can_run), f"can-run {self.saga.saga} in {ENVIRONMENT}: {_word(whole.can_run)}. {whole.summary}"
        )
        for reason in whole.reasons:
            if reason.verdict != "yes":
                self.console.line(f"  {reason.text} Mend: {reason.mend}")
        answer = {"pacticipant": pacticipant, "version": version, "deployable": pair.deployable, "reason": pair.reason}
        gate = {"title": title, "can_i_deploy": [answer], "can_run": whole.model_dump(mode="json", by_alias=True)}
        self.story.gates.append(gate)
        self.story.expect(pair.deployable is expected, f"can-i-deploy {pacticipant} {version} says {_word(pair.deployable)}")
        self.story.expect(whole.can_run is expected, f"can-run with {pacticipant} {version} says {_word(whole.can_run)}")


def _word(answer: bool | None) -> str:  # noqa: FBT001
    return "unknown" if answer is None else "yes" if answer else "no"


def run(out: Results, console: Console, isolation: Isolation, wait: Callable[[], None] | None = None) -> int:
    """Run the demo.

    Args:
        out: Where the pacts and the report go; what an earlier run left there is deleted, and nothing else.
        console: Where the story is told.
        isolation: The backend that starts the broker and every service.
        wait: Called at the end, while the broker still serves; None: the broker stops.

    Returns:
        The exit status: 0 when everything ended as the story says, else 1.
    """
    out.folder.clear()
    told = Demo(out, console, isolation)
    with isolation, told.serving() as address:
        told.contract_tests()
        told.publish()
        told.verify_all()
        told.ask_first()
        told.break_and_mend()
        told.end_to_end()
        told.write_report()
        if wait is not None:
            console.line(f"the broker serves at {address} until you press Ctrl+C")
            wait()
    return 1 if told.story.surprises else 0
