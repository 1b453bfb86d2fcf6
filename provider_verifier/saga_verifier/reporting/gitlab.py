"""What a verification found, as a Code Quality report, which GitLab shows beside a merge request (pure)."""

import hashlib
import json
from collections.abc import Sequence

from saga_contracts.declare.verdict import Verdict
from saga_verifier.outcomes import COULD_NOT_FIND_OUT
from saga_verifier.reporting.printable import printable
from saga_verifier.reporting.view import Finding, Provider, findings

_SEVERITIES = {
    Verdict.BROKEN.value: "critical",
    COULD_NOT_FIND_OUT: "major",
    Verdict.UNPROVEN.value: "minor",
    Verdict.PENDING.value: "minor",
}


def code_quality(providers: Sequence[Provider]) -> str:
    """Give the findings as GitLab's JSON: a list, one issue each, at the provider file; nothing found is an empty list."""
    issues: dict[str, dict[str, object]] = {}
    for one in findings(providers):
        issue = _issue(one)
        issues.setdefault(str(issue["fingerprint"]), issue)
    return json.dumps(list(issues.values()), indent=2, ensure_ascii=False) + "\n"


def _issue(one: Finding) -> dict[str, object]:
    place = " ".join(part for part in (one.place, one.what) if part)
    mend = f" Mend: {one.mend}" if one.mend else ""
    about = f"{one.about}: " if one.about else ""
    return {
        "description": printable(f"{one.verdict}: {place}: {about}{one.text}{mend}"),
        "check_name": printable(f"sagapact {one.what}"),
        "fingerprint": _fingerprint(one),
        "severity": _SEVERITIES.get(one.verdict, "info"),
        "location": {"path": one.file, "lines": {"begin": 1}},
    }


def _fingerprint(one: Finding) -> str:
    """Give what tells an issue from others, and stays the same from run to run: the words of a finding hold fresh keys."""
    about = [one.file, one.provider, one.consumer, one.place, one.what, one.verdict]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()
