"""Documents of sagas, deck results and the verdict whether a saga can run."""

from collections.abc import Sequence
from datetime import date

from saga_broker.gate.run.model import Case, Reason, RunVerdict, StepVerdict
from saga_broker.http.hal import Document, Links, link, moment
from saga_broker.store.deck_results import DeckResult
from saga_broker.store.sagas import SagaStep, SagaVersion
from saga_contracts.wire import exact


def saga_version(links: Links, row: SagaVersion, steps: Sequence[SagaStep], *, with_content: bool = True) -> Document:
    """Write a saga version; lists leave the content out."""
    own = links.url("sagas", row.saga, "versions", row.number)
    document: Document = {
        "saga": row.saga,
        "version": row.number,
        "owner": row.owner,
        "executesAs": row.executor,
        "branch": row.branch,
        "sha": row.sha,
        "contentType": row.content_type,
        "buildUrl": row.build_url,
        "createdAt": moment(row.created_at),
        "steps": [
            {"step": step.step, "participant": step.participant, "class": step.step_class, "sha": step.sha} for step in steps
        ],
        "_links": {
            "self": link(own, "Saga version", f"{row.saga} {row.number}"),
            "pb:pacticipant": link(links.pacticipant(row.owner), "Owner", row.owner),
            "pb:pacticipant-version": link(links.version(row.owner, row.number), "Version of the owner", row.number),
            "saga:can-run": link(
                f"{links.url('sagas', row.saga, 'can-run')}?environment={{environment}}",
                "Can this saga run in an environment",
                templated=True,
            ),
            "saga:deck-results": link(
                f"{links.url('sagas', row.saga)}/contents/{{sha}}/steps/{{step}}/providers/{{provider}}/versions/{{version}}"
                "/deck-results",
                "Results of playing a step's deck",
                templated=True,
            ),
        },
    }
    if with_content:
        document["content"] = row.content.decode()
    return document


def deck_results_url(links: Links, saga: str, sha: str, step: str, provider: str, number: str) -> str:
    """Give the address of the results of a step's slice at a provider version."""
    parts = ("sagas", saga, "contents", sha, "steps", step, "providers", provider, "versions", number, "deck-results")
    return links.url(*parts)


def deck_result(row: DeckResult) -> Document:
    """Write a deck result."""
    return {
        "saga": row.saga,
        "step": row.step,
        "sha": row.sha,
        "provider": row.provider,
        "providerVersion": row.provider_version,
        "derivation": row.derivation,
        "faults": row.faults,
        "verifier": row.verifier,
        "verdict": row.verdict,
        "branch": row.branch,
        "buildUrl": row.build_url,
        "claim": row.claim,
        "obligations": exact.loads(row.obligations),
        "histories": exact.loads(row.histories),
        "createdAt": moment(row.created_at),
    }


def run_verdict(links: Links, cases: Sequence[Case], verdict: RunVerdict, faults: int, today: date) -> Document:
    """Write whether a saga can run; `faults` and `today` are those of the question."""
    case = cases[0]
    own = f"{links.url('sagas', case.saga, 'can-run')}?environment={case.environment}"
    return {
        "saga": case.saga,
        "environment": case.environment,
        "canRun": verdict.can_run,
        "faults": faults,
        "today": today.isoformat(),
        "summary": verdict.summary,
        "sagaVersion": case.saga_version,
        "executesAs": {"name": case.executes_as, "version": case.executor_version},
        "reasons": [reason(one) for one in verdict.reasons],
        "steps": [_step(step) for step in verdict.steps],
        "_links": {"self": link(own, "Can this saga run")},
    }


def reason(one: Reason) -> Document:
    """Write one reason of a verdict."""
    return {
        "type": one.type,
        "verdict": one.verdict,
        "step": one.step,
        "participant": one.participant,
        "version": one.version,
        "obligation": one.obligation,
        "text": one.text,
        "mend": one.mend,
        "command": one.command,
        "sagaVersion": one.saga_version,
        "until": None if one.until is None else moment(one.until),
    }


def _step(step: StepVerdict) -> Document:
    return {
        "step": step.step,
        "participant": step.participant,
        "version": step.version,
        "pact": step.pact,
        "deck": step.deck,
        "obligations": dict(step.obligations),
        "said": step.said,
        "faults": step.faults,
        "sagaVersion": step.saga_version,
    }
