"""What pacts and their verification mean for the saga, in words: why not, the mend, and the command to run next. Pure."""

from collections.abc import Sequence
from datetime import date

from saga_broker.gate.command import command
from saga_broker.gate.run.contracts import Messages, missing_cases
from saga_broker.gate.run.model import Case, Reason, StepAt
from saga_broker.gate.run.reasons import publish_command, verify_command
from saga_contracts.declare.schemas.values import shortened

NAMED = 5
"""So many cases or interactions are named at most."""
LONGEST = 160
"""So long is what a verifier said of an interaction at most."""
_BY_DECK = ": no interaction is named that failed, but the step's deck is not kept, and that fails the pact as well"


def pact_reasons(case: Case, at: StepAt, sha: str, today: date, *, deck_fails: bool = False) -> list[Reason]:
    """Give the reasons that a step's pact is one; none when it holds the step's cases and was verified.

    Args:
        case: The saga version.
        at: The step at a version of its participant.
        sha: That of the step's slice.
        today: The day on which waivers are judged.
        deck_fails: Is the step's deck broken or pending? That fails the pact as well.
    """
    if at.held is None:
        who = f"{case.executes_as} {case.executor_version}"
        text = f"Step {at.step} of saga {case.saga}: {who} has published no pact with {at.participant}."
        mend = f"Publish the contracts of {case.saga} together with its saga file."
        return [Reason("pact_missing", "unknown", text, mend, publish_command(case), at.step, at.participant, at.version)]
    return [*_verification(case, at, deck_fails=deck_fails), *_content(case, at, sha, today)]


def _verification(case: Case, at: StepAt, *, deck_fails: bool) -> list[Reason]:
    pair = f"the pact between {case.executes_as} {case.executor_version} and {at.participant}"
    about = (verify_command(at), at.step, at.participant, at.version)
    if at.pact is None:
        text = f"Step {at.step} of saga {case.saga}: {pair} was never verified by {at.participant} {at.version}."
        mend = f"Verify {at.participant} {at.version} in its own build and publish the result."
        return [Reason("pact_unverified", "unknown", text, mend, *about)]
    if at.pact is False:
        why = _failures(case, at) or (_BY_DECK if deck_fails else "")
        text = f"Step {at.step} of saga {case.saga}: {pair} is broken by {at.participant} {at.version}{why}."
        mend = f"Mend {at.participant}, or change the contract together with its consumer, and verify again."
        return [Reason("pact_broken", "no", text, mend, *about)]
    return []


def _failures(case: Case, at: StepAt) -> str:
    """Name the interactions that failed, those of the step first; nothing where the verifier named none."""
    own = f"{case.saga}/{at.step}/"
    failed = sorted(at.failed, key=lambda one: not one.name.startswith(own))
    if not failed:
        return ""
    told = "; ".join(f"{one.name} ({shortened(one.problem, LONGEST)})" if one.problem else one.name for one in failed[:NAMED])
    more = f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return f" in {len(failed)} {'interaction' if len(failed) == 1 else 'interactions'}: {told}{more}"


def _content(case: Case, at: StepAt, sha: str, today: date) -> list[Reason]:
    assert at.slice_ is not None  # noqa: S101  (the saga file can be read)
    assert at.held is not None  # noqa: S101  (the caller looked)
    pair = f"the pact between {case.executes_as} {case.executor_version} and {at.participant}"
    about = (publish_command(case), at.step, at.participant, at.version)
    if at.held.is_of_other_file(at.slice_, sha):
        why = f" {at.held.fault}" if at.held.fault else ""
        text = f"Step {at.step} of saga {case.saga}: {pair} was made from another saga file than the one that is published.{why}"
        mend = "Publish the pacts together with the saga file they were made from."
        return [Reason("pact_of_other_saga_file", "unknown", text, mend, *about)]
    missing = missing_cases(at.slice_, at.cases, at.held, today)
    if missing:
        text = f"Step {at.step} of saga {case.saga}: {pair} lacks {_listed(missing)}."
        mend = f"Run the contract tests of {case.saga} and publish the pacts under a new version."
        return [Reason("case_missing", "unknown", text, mend, *about)]
    return []


def message_reasons(case: Case) -> list[Reason]:
    """Give what there is to say of the messages between owner and executor; nothing when one is both."""
    if not case.messages:
        return []
    found = [_message_broken(case, one, version) for one in case.messages for version in one.broken_by]
    if not any(one.is_begun for one in case.messages):
        return [*found, _not_begun(case)]
    missing = [one for one in case.messages if one.missing]
    return [*found, *([_message_missing(case, one) for one in missing] or [_held(case)])]


def _message_broken(case: Case, messages: Messages, version: str) -> Reason:
    pair = f"{messages.consumer} {messages.version} and {messages.provider}"
    text = f"Saga {case.saga}: the message pact between {pair} is broken by {messages.provider} {version}."
    mend = f"Mend {messages.provider}, or change the contract together with {messages.consumer}, and verify again."
    return Reason("message_contract_broken", "no", text, mend, participant=messages.provider, version=version)


def _message_missing(case: Case, messages: Messages) -> Reason:
    who = f"{messages.consumer} {messages.version or '(no version is known)'}"
    text = f"Saga {case.saga}: the pact between {who} and {messages.provider} lacks {_listed(messages.missing)}."
    mend = f"Publish the message contracts of {messages.consumer} as well; others of this saga are published."
    about = (None, messages.consumer, messages.version)
    return Reason("message_contract_missing", "unknown", text, mend, _publish(messages), *about)


def _not_begun(case: Case) -> Reason:
    every = [name for one in case.messages for name in one.cases]
    pairs = " and ".join(f"between {one.consumer} and {one.provider}" for one in case.messages)
    text = (
        f"Not looked at: saga {case.saga} has {len(every)} message {_cases(len(every))} ({pairs}) that no contract holds, "
        "so nobody would notice when they change. They are asked for once one of them is published."
    )
    mend = f"Let the owner's contract tests write the message contracts of {case.saga}, and publish them."
    return Reason("message_contract_missing", "yes", text, mend, _publish(case.messages[0]))


def _held(case: Case) -> Reason:
    count = sum(len(one.cases) for one in case.messages)
    text = (
        f"Saga {case.saga}: contracts hold all {count} message {_cases(count)} of owner and executor. "
        "Not looked at: no provider verifies them in this version of sagapact."
    )
    return Reason("message_contracts_held", "yes", text)


def _publish(messages: Messages) -> str:
    return command("publish", "--pacts", "build/pacts", "--version", messages.version or "VERSION")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f"{len(names)} {_cases(len(names))} of the saga file: {shown}"


def _cases(count: int) -> str:
    return "case" if count == 1 else "cases"
