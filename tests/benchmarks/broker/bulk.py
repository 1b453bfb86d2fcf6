"""Writes a history straight into the tables, with the content that the broker would have written for the same requests.

A million requests would take an hour. `test_benchmark.py` compares both ways table by table.
"""

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid5

from tests.benchmarks.broker.history import (
    Deploy,
    Event,
    Make,
    Publish,
    Size,
    Verify,
    events,
    pact_text,
    sha_of,
    verification,
)
from tests.benchmarks.broker.writers import Values, Writer, writer_to

from saga_broker.store.database.engine import Database
from saga_broker.store.database.migrate import migrate
from saga_broker.store.pacticipants import display_name

_SPACE = UUID(int=1)


def load(database_url: str, size: Size) -> dict[str, int]:
    """Bring an empty database to this version's schema and write a history into it.

    Returns:
        How many rows each table has.
    """
    database = Database(database_url)
    migrate(database)
    with writer_to(database_url) as writer:
        book = _Book(writer, datetime.now(UTC) - timedelta(days=size.rounds))
        for event in events(size):
            book.write(event)
        book.finish()
    database.close()
    return dict(book.counts)


class _Book:
    """Turns events into rows, in the order in which the broker would have made them, so that the ids are the same."""

    def __init__(self, writer: Writer, begin: datetime) -> None:
        self._writer = writer
        self._begin = begin
        self._now = begin
        self.counts: dict[str, int] = {}
        self._ids: dict[tuple[Any, ...], int] = {}
        self._changing: dict[str, dict[int, Values]] = {
            "pacticipants": {},
            "branches": {},
            "branch_heads": {},
            "integrations": {},
            "deployed_versions": {},
        }
        self._environments = writer.environments()

    def write(self, event: Event) -> None:
        """Write what one event leaves behind."""
        moment = self._begin + timedelta(days=event.day + 1, seconds=-3600)
        self._now = max(moment, self._now + timedelta(microseconds=10))
        match event:
            case Publish():
                self._publish(event)
            case Make():
                version = self._version(event.provider, event.number, touched=True)
                self._put_on_branch(event.provider, event.branch, version)
            case Verify():
                self._verify(event)
            case Deploy():
                self._deploy(event)

    def finish(self) -> None:
        """Write the rows that were changed on the way."""
        for table, rows in self._changing.items():
            for row in rows.values():
                self._writer.add(table, row)
        self._writer.finish()

    def _publish(self, event: Publish) -> None:
        version = self._version(event.consumer, event.number)
        self._put_on_branch(event.consumer, event.branch, version)
        for tag in event.tags:
            self._add(
                "tags",
                pacticipant_id=self._ids["pacticipant", event.consumer],
                version_id=version,
                name=tag,
                created_at=self._now,
                updated_at=None,
            )
        consumer = self._ids["pacticipant", event.consumer]
        pairs = []
        for name, generation in event.pacts:
            provider = self._pacticipant(name)
            content = self._content(event.consumer, name, generation)
            owners = {"consumer_id": consumer, "provider_id": provider, "consumer_version_id": version, "content_id": content}
            self._add("publications", **owners, revision=1, is_latest=True, created_at=self._now)
            pairs.append(provider)
        for provider in pairs:
            self._touch_integration(consumer, provider)

    def _verify(self, event: Verify) -> None:
        tested, by = _told(event.success)
        self._add(
            "verifications",
            consumer_id=self._ids["pacticipant", event.consumer],
            provider_id=self._ids["pacticipant", event.provider],
            content_id=self._ids["content", event.consumer, event.provider, event.generation],
            provider_version_id=self._ids["version", event.provider, event.number],
            success=event.success,
            wip=False,
            pact_pending=None,
            consumer_version_numbers="[]",
            build_url=None,
            test_results=tested,
            verified_by=by,
            created_at=self._now,
        )
        self._touch_integration(self._ids["pacticipant", event.consumer], self._ids["pacticipant", event.provider])

    def _deploy(self, event: Deploy) -> None:
        owner, environment = self._ids["pacticipant", event.pacticipant], self._environments[event.environment]
        version = self._ids["version", event.pacticipant, event.number]
        rows = self._changing["deployed_versions"]
        before = self._ids.get(("deployed", owner, environment))
        if before is not None:
            rows[before] |= {"undeployed_at": self._now, "updated_at": self._now}
        new = self._count("deployed_versions")
        self._ids["deployed", owner, environment] = new
        uuid = str(uuid5(_SPACE, str(new)))
        place = {"pacticipant_id": owner, "version_id": version, "environment_id": environment}
        times = {"created_at": self._now, "updated_at": None, "undeployed_at": None}
        rows[new] = {"id": new, "uuid": uuid, **place, "instance": None, "auto_created": False, **times}

    def _version(self, pacticipant: str, number: str, *, touched: bool = False) -> int:
        owner = self._pacticipant(pacticipant)
        found = self._ids.get(("version", pacticipant, number))
        if found is None:
            times = {"created_at": self._now, "updated_at": self._now if touched else None}
            found = self._add("versions", pacticipant_id=owner, number=number, build_url=None, **times)
            self._ids["version", pacticipant, number] = found
        return found

    def _pacticipant(self, name: str) -> int:
        found = self._ids.get(("pacticipant", name))
        if found is None:
            found = self._ids["pacticipant", name] = self._count("pacticipants")
            nothing = dict.fromkeys(("main_branch", "repository_url", "repository_name", "repository_namespace"))
            times = {"created_at": self._now, "updated_at": None}
            self._changing["pacticipants"][found] = {
                "id": found,
                "name": name,
                "display_name": display_name(name),
                **nothing,
                **times,
            }
        return found

    def _put_on_branch(self, pacticipant: str, name: str, version: int) -> None:
        owner = self._ids["pacticipant", pacticipant]
        branch = self._ids.get(("branch", owner, name))
        if branch is None:
            branch = self._ids["branch", owner, name] = self._count("branches")
            times = {"created_at": self._now, "updated_at": None}
            self._changing["branches"][branch] = {"id": branch, "pacticipant_id": owner, "name": name, **times}
        self._changing["branches"][branch]["updated_at"] = self._now
        times = {"created_at": self._now, "updated_at": None}
        self._add("branch_versions", branch_id=branch, version_id=version, auto_created=False, **times)
        self._changing["branch_heads"][branch] = {"branch_id": branch, "version_id": version}
        row = self._changing["pacticipants"][owner]
        if name == "main" and row["main_branch"] is None:
            row |= {"main_branch": name, "updated_at": self._now}

    def _content(self, consumer: str, provider: str, generation: int) -> int:
        key = ("content", consumer, provider, generation)
        if key not in self._ids:
            owners = {"consumer_id": self._ids["pacticipant", consumer], "provider_id": self._ids["pacticipant", provider]}
            text = {"sha": sha_of(consumer, provider, generation), "bytes": pact_text(consumer, provider, generation)}
            self._ids[key] = self._add("contents", **owners, **text, created_at=self._now)
        return self._ids[key]

    def _touch_integration(self, consumer: int, provider: int) -> None:
        rows, key = self._changing["integrations"], ("integration", consumer, provider)
        if key not in self._ids:
            new = self._ids[key] = self._count("integrations")
            rows[new] = {"id": new, "consumer_id": consumer, "provider_id": provider, "created_at": self._now}
        rows[self._ids[key]]["contract_data_updated_at"] = self._now

    def _add(self, table: str, **values: Any) -> int:
        new = self._count(table)
        self._writer.add(table, {"id": new, **values})
        return new

    def _count(self, table: str) -> int:
        self.counts[table] = self.counts.get(table, 0) + 1
        return self.counts[table]


@cache
def _told(success: bool) -> tuple[str, str]:  # noqa: FBT001  (a key)
    """Write what every result with this outcome tells."""
    body = verification(Verify(0, "", "", 0, "", success))
    return _as_sent(body["testResults"]), _as_sent(body["verifiedBy"])


def _as_sent(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
