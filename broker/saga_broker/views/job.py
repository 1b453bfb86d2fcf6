"""Documents of jobs, workers and announcements."""

from saga_broker.http.hal import Document, Links, link, moment, present, times
from saga_broker.rows import Version
from saga_broker.store.jobs.announcements import Announcement
from saga_broker.store.jobs.jobs import Job
from saga_broker.store.jobs.workers import Worker


def job(links: Links, row: Job, waits_for: str | None = None) -> Document:
    """Write a job.

    Args:
        links: Writes addresses.
        row: The job.
        waits_for: Why it is not begun, where that is known.
    """
    own = links.url("jobs", row.key)
    content = links.content(row.consumer, row.provider, row.sha)
    told = {
        "worker": row.worker,
        "verdict": row.verdict,
        "text": row.text,
        "waitsFor": waits_for,
        "startedAt": moment(row.started_at) if row.started_at else None,
        "endedAt": moment(row.ended_at) if row.ended_at else None,
    }
    relations = {
        "self": link(own, "Job"),
        "pb:pacticipant-version": link(links.version(row.provider, row.provider_version), "Version to verify"),
        "pb:pact-version": link(content, "Contract"),
        "saga:announcement": link(f"{links.version(row.provider, row.provider_version)}/announcement", "How it is started"),
        "saga:job-log": link(f"{own}/log", "What was said while it was done"),
    }
    if row.verification_id is not None:
        relations["pb:verification-result"] = link(f"{content}/verification-results/{row.verification_id}", "Result")
    return {
        "id": row.key,
        "state": row.state,
        "provider": row.provider,
        "providerVersion": row.provider_version,
        "consumer": row.consumer,
        "contentSha": row.sha,
        "derivation": row.derivation,
        "priority": row.priority,
        "reason": row.reason,
        "attempts": row.attempts,
        **present(told),
        **times(row.created_at, row.updated_at),
        "_links": relations,
    }


def worker(row: Worker, *, is_alive: bool, jobs: list[str]) -> Document:
    """Write a worker."""
    return {
        "name": row.name,
        "labels": list(row.labels),
        "alive": is_alive,
        "jobs": jobs,
        "seenAt": moment(row.seen_at),
        "createdAt": moment(row.created_at),
    }


def announcement(links: Links, version: Version, row: Announcement) -> Document:
    """Write how a version is started; the archive has an address of its own."""
    own = f"{links.version(version.pacticipant, version.number)}/announcement"
    relations = {"self": link(own, "Announcement")}
    if row.archive_sha is not None:
        relations["saga:archive"] = link(f"{own}/archive", "What the provider file needs")
    return {
        "pacticipant": version.pacticipant,
        "version": version.number,
        "providerFile": row.provider_file,
        **present({"image": row.image, "archiveSha": row.archive_sha}),
        "labels": list(row.labels),
        "atOnce": row.at_once,
        **times(row.created_at, row.updated_at),
        "_links": relations,
    }
