"""Documents of the verdict of a set of versions, and of what it would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from saga_broker.gate.command import command
from saga_broker.gate.run.deploying import Change, Changed, SagaAnswer, SetAnswer, outcome, verdict_of
from saga_broker.gate.run.model import RunVerdict
from saga_broker.gate.run.together import Chosen, Found
from saga_broker.http.hal import Document, Links, link
from saga_broker.views.saga import reason, run_verdict

_WORDS = {True: "may be deployed to", False: "may not be deployed to", None: "are not known to be deployable to"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The question.

    Attributes:
        environment: Its name.
        given: Name, and version or `VERSION@INSTANCE`, of what comes.
        faults: The most faults in one history for which decks must be kept.
        today: The day on which waivers are judged.
        removed: What goes; None for every version.
    """

    environment: str
    given: tuple[tuple[str, str], ...]
    faults: int
    today: date
    removed: tuple[tuple[str, str | None], ...] = ()


def set_answer(links: Links, asked: Asked, answer: SetAnswer, found: Found | None) -> Document:
    """Write whether versions may be deployed together; `found` is what came of the search for the smallest set."""
    pairs = [one.reason for one in answer.pairs]
    return {
        "environment": asked.environment,
        "canDeploy": answer.can_deploy,
        "faults": asked.faults,
        "today": asked.today.isoformat(),
        "summary": _summary(asked, answer),
        "versions": _versions(asked.given),
        "pacts": {"canDeploy": verdict_of(pairs), "reasons": [reason(one) for one in pairs]},
        "sagas": [_saga(links, one, asked) for one in answer.sagas],
        "absentSagas": list(answer.absent),
        "together": None if found is None else _together(asked, found),
        "_links": {"self": link(f"{links.url('can-deploy')}?environment={asked.environment}", "Can these versions be deployed")},
    }


def changes(links: Links, asked: Asked, found: Sequence[Changed]) -> Document:
    """Write what becomes of every saga."""
    counts = {change: sum(one.change == change for one in found) for change in Change}
    told = ", ".join(f"{count} {change}" for change, count in counts.items() if count) or "no saga is there"
    return {
        "environment": asked.environment,
        "isSafe": outcome(found),
        "faults": asked.faults,
        "today": asked.today.isoformat(),
        "summary": f"Of the sagas in {asked.environment}: {told}.",
        "deployed": _versions(asked.given),
        "removed": [{"pacticipant": name, "version": version} for name, version in asked.removed],
        "sagas": [_changed(one) for one in found],
        "_links": {"self": link(f"{links.url('what-if')}?environment={asked.environment}", "What would change")},
    }


def _changed(one: Changed) -> Document:
    return {
        "saga": one.saga,
        "change": one.change,
        "before": _short(one.before),
        "after": _short(one.after),
        "new": [reason(each) for each in one.new],
        "gone": [reason(each) for each in one.gone],
    }


def _short(verdict: RunVerdict | None) -> Document | None:
    return None if verdict is None else {"canRun": verdict.can_run, "summary": verdict.summary}


def _saga(links: Links, one: SagaAnswer, asked: Asked) -> Document:
    return run_verdict(links, one.cases, one.verdict, asked.faults, asked.today)


def _summary(asked: Asked, answer: SetAnswer) -> str:
    names = _listed(asked.given)
    words = _WORDS[answer.can_deploy]
    if len(asked.given) == 1:
        words = words.replace("are not known", "is not known")
    sagas = len(answer.sagas)
    if answer.can_deploy:
        looked = f"its pacts are kept, and so {'is' if sagas == 1 else 'are'} {sagas} {'saga' if sagas == 1 else 'sagas'}"
        return f"{names} {words} {asked.environment}: {looked if sagas else 'its pacts are kept; no saga there names it'}."
    verdict = "no" if answer.can_deploy is False else "unknown"
    count = sum(one.verdict == verdict for one in answer.reasons)
    return f"{names} {words} {asked.environment}: {count} {'reason' if count == 1 else 'reasons'}."


def _together(asked: Asked, found: Found) -> Document:
    every = [*asked.given, *(found.added or ())]
    return {
        "found": found.added is not None,
        "added": _versions(found.added or ()),
        "tried": found.tried,
        "isComplete": found.is_complete,
        "text": _told(asked, found),
        "command": "" if found.added is None else _command(asked.environment, every),
    }


def _told(asked: Asked, found: Found) -> str:
    if found.added is not None:
        return f"Together with {_listed(found.added)} they may be deployed; no smaller set may."
    if found.is_complete:
        return f"No set of known versions with these may be deployed to {asked.environment} ({found.tried} were tried)."
    return f"The search was given up after {found.tried} sets: nobody knows whether a set with these may be deployed."


def _command(environment: str, versions: Sequence[Chosen]) -> str:
    options = [word for name, version in versions for word in ("--with", f"{name}:{version}")]
    return command("can-i-deploy", *options, "--to-environment", environment)


def _versions(given: Sequence[tuple[str, str]]) -> list[Document]:
    return [{"pacticipant": name, "version": version} for name, version in given]


def _listed(given: Sequence[tuple[str, str]]) -> str:
    names = [f"{name} {version}" for name, version in given]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
