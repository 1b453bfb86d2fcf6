"""The client of those that have to do with jobs: teams that announce versions, and workers that verify them.

Needs httpx and pydantic only. Its errors are explained in `transport`.
"""

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pydantic import Field

from saga_broker.client.broker import BrokerClient
from saga_broker.client.records import Record
from saga_contracts.errors import SagapactError


class JobRecord(Record):
    """A verification job.

    Attributes:
        id: Its name.
        state: `blocked`, `queued`, `running`, `done`, `failed`, `superseded` or `cancelled`.
        text: Why it is blocked, failed or dropped.
        waits_for: Why it is not begun.
    """

    id: str
    state: str
    provider: str
    provider_version: str
    consumer: str
    content_sha: str
    derivation: int
    priority: int
    reason: str
    attempts: int
    worker: str | None = None
    verdict: str | None = None
    text: str | None = None
    waits_for: str | None = None


class AnnouncementRecord(Record):
    """How a provider version is started.

    Attributes:
        provider_file: The provider file's text.
        image: The image to start, with its digest; None: the file's own.
        archive_sha: SHA-256 of the archive; None: there is none.
    """

    pacticipant: str
    version: str
    provider_file: str
    image: str | None = None
    archive_sha: str | None = None
    labels: tuple[str, ...] = ()
    at_once: int = 1


class Orders(Record):
    """What the broker answers a worker that says that it lives.

    Attributes:
        lease_s: Who is not heard of for so many seconds is taken for dead.
        stop: Jobs that it has no longer.
    """

    lease_s: float = Field(alias="leaseSeconds")
    stop: tuple[str, ...] = ()


class JobsClient(BrokerClient):
    """Asks one broker about jobs, too."""

    def announce(
        self,
        provider: str,
        version: str,
        provider_file: str,
        *,
        branch: str | None = None,
        image: str | None = None,
        archive: bytes | None = None,
        labels: Sequence[str] = (),
        at_once: int = 1,
    ) -> AnnouncementRecord:
        """Say how a provider version is started, so that it is verified by itself.

        Args:
            provider: The provider.
            version: Its version.
            provider_file: The text of its provider file.
            branch: Its branch.
            image: The image to start, with its digest.
            archive: A tar file, packed by gzip, with what the file needs.
            labels: What a worker must have.
            at_once: How many jobs of it may be under way at the same time.
        """
        body: dict[str, Any] = {"providerFile": provider_file, "labels": list(labels), "atOnce": at_once}
        packed = None if archive is None else base64.b64encode(archive).decode()
        more = {"branch": branch, "image": image, "archive": packed}
        body |= {name: value for name, value in more.items() if value is not None}
        answer = self._send(f"announce {provider} {version}", "PUT", _announcement(provider, version), body)
        return AnnouncementRecord.model_validate(answer)

    def announcement(self, provider: str, version: str) -> AnnouncementRecord:
        """Read how a provider version is started."""
        what = f"read how {provider} {version} is started"
        return AnnouncementRecord.model_validate(self._send(what, "GET", _announcement(provider, version)))

    def announced_archive(self, provider: str, version: str) -> bytes:
        """Read the archive of an announcement."""
        return self._transport.fetch(
            f"read the archive of {provider} {version}", f"{_announcement(provider, version)}/archive", "application/gzip"
        )

    def contract(self, job: JobRecord) -> bytes:
        """Read the contract that a job is about, as it is verified: with the ids of its interactions."""
        path = f"/pacts/provider/{_part(job.provider)}/consumer/{_part(job.consumer)}/pact-version/{_part(job.content_sha)}"
        return self._transport.fetch(f"read the contract of {job.consumer}", path, "application/hal+json")

    def jobs(self, *, state: str | None = None, provider: str | None = None) -> tuple[JobRecord, ...]:
        """List the newest jobs."""
        params: list[Any] = [(name, value) for name, value in (("state", state), ("provider", provider)) if value is not None]
        answer = self._send("list the jobs", "GET", "/jobs", params=params)
        return tuple(JobRecord.model_validate(one) for one in answer["_embedded"]["jobs"])

    def ask(self, provider: str, version: str, consumer: str | None = None) -> tuple[JobRecord, ...]:
        """Ask for a provider version to be verified, also again; gives its jobs."""
        body = {"provider": provider, "version": version, **({} if consumer is None else {"consumer": consumer})}
        answer = self._send(f"ask for {provider} {version} to be verified", "POST", "/jobs", body)
        return tuple(JobRecord.model_validate(one) for one in answer["_embedded"]["jobs"])

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended.

        Raises:
            BrokerRefusedError: It has.
        """
        self._send(f"cancel the job {job_id}", "DELETE", f"/jobs/{_part(job_id)}")

    def log(self, job_id: str) -> str:
        """Read what was said while a job was done."""
        path = f"/jobs/{_part(job_id)}/log"
        return self._transport.fetch(f"read the log of the job {job_id}", path, "text/plain").decode(errors="replace")

    def pause(self, reason: str | None) -> None:
        """Stop to begin jobs, for a reason; None: go on."""
        body = {"paused": reason is not None, **({} if reason is None else {"reason": reason})}
        self._send("pause the queue" if reason is not None else "let the queue go on", "PUT", "/job-queue", body)

    def beat(self, worker: str, labels: Collection[str], jobs: Collection[str]) -> Orders:
        """Say that a worker lives."""
        body = {"labels": sorted(labels), "jobs": sorted(jobs)}
        return Orders.model_validate(self._send("report this worker", "PUT", f"/workers/{_part(worker)}", body))

    def leave(self, worker: str) -> None:
        """Say that a worker ends; what it still has goes to others."""
        self._send("report that this worker ends", "DELETE", f"/workers/{_part(worker)}", none_at_404=True)

    def take(self, job_id: str, worker: str, generation: int) -> JobRecord | None:
        """Take a job; None when the broker does not know it any more.

        Raises:
            BrokerRefusedError: It is not to be taken.
        """
        path = f"/jobs/{_part(job_id)}/leases/{_part(worker)}"
        answer = self._send(f"take the job {job_id}", "PUT", path, {"generation": generation}, none_at_404=True)
        return None if answer is None else JobRecord.model_validate(answer)

    def give_back(self, job_id: str, worker: str) -> None:
        """Give back a job that was taken and not finished."""
        path = f"/jobs/{_part(job_id)}/leases/{_part(worker)}"
        self._send(f"give the job {job_id} back", "DELETE", path, none_at_404=True)

    def report(self, job_id: str, result: Mapping[str, Any]) -> JobRecord | None:
        """Say what was found; gives the job, with the first result that there was. None: nobody asks for it any more."""
        answer = self._send(f"report the job {job_id}", "PUT", f"/jobs/{_part(job_id)}/result", dict(result), none_at_404=True)
        return None if answer is None else JobRecord.model_validate(answer)

    def save_log(self, job_id: str, text: str) -> None:
        """Keep what was said while a job was done."""
        self._transport.put_text(f"keep the log of the job {job_id}", f"/jobs/{_part(job_id)}/log", text)


def is_refusal(error: SagapactError) -> bool:
    """Tell whether asking again later is of no use: the broker understood, and said no."""
    return error.exit_status in {1, 2}


def _announcement(provider: str, version: str) -> str:
    return f"/pacticipants/{_part(provider)}/versions/{_part(version)}/announcement"


def _part(name: str) -> str:
    return quote(name, safe="")
