"""Whether a set of versions keeps the pacts of its pairs, in the words of the saga gate: typed reasons, mend and command. Pure.

A no is certain: here a pair that failed is a no also where another one is unknown, since nothing that is still to come mends it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from saga_broker.gate.command import command
from saga_broker.gate.matrix import Verdict
from saga_broker.gate.model import Resolved
from saga_broker.gate.reasons import Kind, Notice
from saga_broker.gate.run.model import Reason

VERSION = "VERSION"


@dataclass(frozen=True, slots=True)
class PairReason:
    """A reason, and the pacticipants that it speaks of."""

    reason: Reason
    concerns: frozenset[str]


def reasons(verdicts: Iterable[Verdict], environment: str) -> list[PairReason]:
    """Give what the matrix says of the pairs; several verdicts are of sets that are live side by side."""
    notices = dict.fromkeys(notice for verdict in verdicts for notice in verdict.notices if notice.type != "warning")
    found = [_reason(notice, environment) for notice in notices]
    against = [one for one in found if one.reason.verdict != "yes"]
    return against or found


def _reason(notice: Notice, environment: str) -> PairReason:
    text = f"{notice.text}."
    if notice.kind is None:
        return PairReason(Reason("pacts_verified", "yes", text), frozenset())
    concerns = frozenset(one.pacticipant for one in notice.about)
    last = notice.about[-1]
    absent = next((one for one in notice.about if one.number is None and one.selector.environment), None)
    if notice.kind == Kind.UNVERIFIED and absent is not None:
        return PairReason(_not_there(text, absent, environment), concerns)
    about = (None, last.pacticipant, last.number)
    verify = command("verify", "provider.yaml", "--provider-version", last.number or VERSION)
    if notice.kind == Kind.FAILED:
        mend = f"Mend {last.pacticipant}, or change the contract together with its consumer, and verify again."
        return PairReason(Reason("pact_broken", "no", text, mend, verify, *about), concerns)
    if notice.kind == Kind.UNVERIFIED:
        mend = f"Verify {last.pacticipant} {last.number or ''}".rstrip() + " in its own build and publish the result."
        return PairReason(Reason("pact_unverified", "unknown", text, mend, verify, *about), concerns)
    mend = "Publish or verify it first, or correct the version."
    listing = command("list", "versions", last.pacticipant)
    return PairReason(Reason("version_unknown", "no", text, mend, listing, *about), concerns)


def _not_there(text: str, absent: Resolved, environment: str) -> Reason:
    mend = f"Record what of {absent.pacticipant} is deployed to {environment}, or name the version that comes with this one."
    next_ = command("record-deployment", absent.pacticipant, "--version", VERSION, "--environment", environment)
    return Reason("pacticipant_not_in_environment", "unknown", text, mend, next_, None, absent.pacticipant)
