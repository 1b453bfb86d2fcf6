"""Documents of the matrix: as HAL, and as a table in plain text."""

from saga_broker.acts.metadata import encode_number
from saga_broker.acts.surroundings import Surroundings
from saga_broker.gate.matrix import Verdict
from saga_broker.gate.model import Row
from saga_broker.http.hal import Document, Links, link, moment
from saga_broker.views.environment import short_environment

HEADINGS = ("CONSUMER", "C_VERSION", "REVISION", "PROVIDER", "P_VERSION", "NUMBER", "SUCCESS")


def matrix(links: Links, verdict: Verdict, around: Surroundings) -> Document:
    """Write a verdict with its rows; those that were ignored stand last."""
    summary: Document = {
        "deployable": verdict.deployable,
        "reason": "\n".join(notice.text for notice in verdict.notices),
        "success": verdict.success,
        "failed": verdict.failed,
        "unknown": verdict.unknown,
    }
    if verdict.ignored is not None:
        summary["ignored"] = verdict.ignored
    return {
        "summary": summary,
        "notices": [{"type": notice.type, "text": notice.text} for notice in verdict.notices],
        "matrix": [
            *(_row(links, row, around) for row in verdict.rows),
            *({**_row(links, row, around), "ignored": True} for row in verdict.ignored_rows),
        ],
    }


def table(verdict: Verdict) -> str:
    """Write a verdict as plain text."""
    lines = [HEADINGS, *(_cells(row) for row in [*verdict.rows, *verdict.ignored_rows])]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    written = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(" ") for line in lines]
    written.insert(1, "-|-".join("-" * width for width in widths))
    deployable = {True: "true", False: "false", None: "nil"}[verdict.deployable]
    reason = "\n".join(notice.text for notice in verdict.notices)
    return "\n".join([*written, "", f"Deployable: {deployable}", f"Reason: {reason}", ""])


def _cells(row: Row) -> tuple[str, ...]:
    success = "" if row.success is None else str(row.success).lower()
    cells = (row.consumer, row.consumer_version, row.revision, row.provider, row.provider_version, row.verification_id, success)
    return tuple("" if cell is None else str(cell) for cell in cells)


def _row(links: Links, row: Row, around: Surroundings) -> Document:
    pact = {
        "createdAt": moment(row.published_at),
        "_links": {"self": link(links.pact(row.consumer, row.provider, row.consumer_version))},
    }
    return {
        "consumer": _side(links, row.consumer, row.consumer_version_id, row.consumer_version, around),
        "provider": _side(links, row.provider, row.provider_version_id, row.provider_version, around),
        "pact": pact,
        "verificationResult": _result(links, row),
    }


def _side(links: Links, name: str, version_id: int | None, number: str | None, around: Surroundings) -> Document:
    version = None if version_id is None or number is None else _version(links, name, version_id, number, around)
    return {"name": name, "version": version, "_links": {"self": link(links.pacticipant(name))}}


def _version(links: Links, name: str, version_id: int, number: str, around: Surroundings) -> Document:
    branches = [
        {
            "name": branch.name,
            "latest": branch.latest,
            "_links": {"self": link(links.branch_version(name, branch.name, number), "Branch version", branch.name)},
        }
        for branch in around.branches.get(version_id, [])
    ]
    return {
        "number": number,
        "branch": branches[-1]["name"] if branches else None,
        "branches": branches,
        "branchVersions": branches,
        "environments": [
            {
                **short_environment(environment),
                "_links": {"self": link(links.url("environments", environment.uuid), "Environment", environment.name)},
            }
            for environment in around.environments.get(version_id, [])
        ],
        "_links": {"self": link(links.version(name, number))},
        "tags": [
            {"name": tag.name, "latest": tag.latest, "_links": {"self": link(links.tag(name, number, tag.name))}}
            for tag in around.tags.get(version_id, [])
        ],
    }


def _result(links: Links, row: Row) -> Document | None:
    if row.verification_id is None or row.verified_at is None:
        return None
    content = links.content(row.consumer, row.provider, row.sha, encode_number(row.consumer_version))
    own = link(f"{content}/verification-results/{row.verification_id}")
    return {"success": row.success, "verifiedAt": moment(row.verified_at), "_links": {"self": own}}
