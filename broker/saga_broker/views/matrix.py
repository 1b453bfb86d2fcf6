"""Documents of the matrix: as HAL, and as a table in plain text."""

from saga_broker.acts.metadata import encode_number
from saga_broker.acts.surroundings import Surroundings
from saga_broker.gate.matrix import Verdict
from saga_broker.gate.model import Row
from saga_broker.http.hal import Document, Links, link, moment
from saga_broker.rows import Environment
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
    sides = _Sides(links, around)
    return {
        "summary": summary,
        "notices": [{"type": notice.type, "text": notice.text} for notice in verdict.notices],
        "matrix": [
            *(_row(links, row, sides) for row in verdict.rows),
            *({**_row(links, row, sides), "ignored": True} for row in verdict.ignored_rows),
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


class _Sides:
    """Writes the sides of rows; a version that stands in many rows is written once."""

    def __init__(self, links: Links, around: Surroundings) -> None:
        self._links, self._around = links, around
        self._places = {one.uuid: self._environment(one) for found in around.environments.values() for one in found}
        self._written: dict[tuple[str, int | None], Document] = {}

    def side(self, name: str, version_id: int | None, number: str | None) -> Document:
        """Write a pacticipant and its version."""
        found = self._written.get((name, version_id))
        if found is None:
            version = None if version_id is None or number is None else self._version(name, version_id, number)
            found = {"name": name, "version": version, "_links": {"self": link(self._links.pacticipant(name))}}
            self._written[name, version_id] = found
        return found

    def _version(self, name: str, version_id: int, number: str) -> Document:
        links, around = self._links, self._around
        branches = [
            {
                "name": branch.name,
                "latest": branch.latest,
                "_links": {"self": link(links.branch_version(name, branch.name, number), "Branch version", branch.name)},
            }
            for branch in around.branches.get(version_id, ())
        ]
        return {
            "number": number,
            "branch": branches[-1]["name"] if branches else None,
            "branches": branches,
            "branchVersions": branches,
            "environments": [self._places[environment.uuid] for environment in around.environments.get(version_id, ())],
            "_links": {"self": link(links.version(name, number))},
            "tags": [
                {"name": tag.name, "latest": tag.latest, "_links": {"self": link(links.tag(name, number, tag.name))}}
                for tag in around.tags.get(version_id, ())
            ],
        }

    def _environment(self, row: Environment) -> Document:
        own = link(self._links.url("environments", row.uuid), "Environment", row.name)
        return {**short_environment(row), "_links": {"self": own}}


def _row(links: Links, row: Row, sides: _Sides) -> Document:
    pact = {
        "createdAt": moment(row.published_at),
        "_links": {"self": link(links.pact(row.consumer, row.provider, row.consumer_version))},
    }
    return {
        "consumer": sides.side(row.consumer, row.consumer_version_id, row.consumer_version),
        "provider": sides.side(row.provider, row.provider_version_id, row.provider_version),
        "pact": pact,
        "verificationResult": _result(links, row),
    }


def _result(links: Links, row: Row) -> Document | None:
    if row.verification_id is None or row.verified_at is None:
        return None
    content = links.content(row.consumer, row.provider, row.sha, encode_number(row.consumer_version))
    own = link(f"{content}/verification-results/{row.verification_id}")
    return {"success": row.success, "verifiedAt": moment(row.verified_at), "_links": {"self": own}}
