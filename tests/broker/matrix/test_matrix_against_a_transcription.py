"""The matrix against a literal transcription of its rules, in memory, on random histories.

The transcription looks at every publication and every result, one after another, and knows nothing of SQL.
"""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repetitions import times
from saga_broker.acts.publishing import Incoming, store_pact
from saga_broker.acts.tagging import put_on_branch
from saga_broker.gate.matrix import judge
from saga_broker.gate.model import Question, Selector, Target
from saga_broker.settings import Settings
from saga_broker.store import deployments, environments, pacticipants, pacts, tags, verifications, versions
from saga_broker.store.database.engine import Database
from saga_broker.store.pacts import Which
from saga_broker.store.questions import matrix
from saga_broker.store.verifications import NewVerification

NAMES = ("A", "B", "C")
NUMBERS = ("1", "2", "3")
BRANCHES = ("main", "feat")
TAGS = ("dev", "prod")
Operation = tuple[str, ...]

names, numbers = st.sampled_from(NAMES), st.sampled_from(NUMBERS)
# Most of the time few names and numbers, so that the things that happen have to do with one another.
consumers, providers = st.sampled_from("AAAAB"), st.sampled_from("BBBBC")
few = st.sampled_from(("1", "1", "2", "3"))
operations = st.one_of(
    st.tuples(st.just("publish"), consumers, few, providers, st.sampled_from("xxxy")),
    st.tuples(st.just("verify"), consumers, few, providers, numbers, st.sampled_from(("yes", "yes", "no"))),
    st.tuples(st.just("verify"), consumers, few, providers, numbers, st.sampled_from(("yes", "yes", "no"))),
    st.tuples(st.just("branch"), names, numbers, st.sampled_from(BRANCHES)),
    st.tuples(st.just("tag"), names, numbers, st.sampled_from(TAGS)),
    st.tuples(st.just("deploy"), providers, numbers, st.sampled_from(("blue", "green"))),
    st.tuples(st.just("release"), names, numbers),
)
A1, A, B = Selector("A", version="1"), Selector("A"), Selector("B")
ASKED = (
    (A1,),
    (A,),
    (Selector("B", version="2"),),
    (Selector("A", latest=True),),
    (Selector("A", branch="main"),),
    (Selector("A", latest=True, main_branch=True),),
    (Selector("B", tag="prod"),),
    (Selector("B", environment="test"),),
    (A, B),
    (A1, B),
    (A1, Selector("B", version="2")),
    (A1, Selector("B", latest=True, tag="dev")),
    (A1, Selector("B", latest=True, branch="feat"), Selector("C")),
)
TARGETS = (
    Target(),
    Target(latest=True),
    Target(tag="prod"),
    Target(latest=True, tag="prod"),
    Target(environment="test"),
    Target(latest=True, main_branch=True),
)
narrowings = st.tuples(
    st.sampled_from(((), (), (B,), (Selector("B", version="2"),))),
    st.sampled_from(("cvpv", "cvp", "cvp", None)),
    st.sampled_from((None, None, None, frozenset({True}), frozenset({False, None}))),
)


@dataclass
class Memory:
    """Everything that happened, in lists; a version is its place in `made`."""

    made: list[tuple[str, str]] = field(default_factory=list)
    on_branch: list[tuple[int, str]] = field(default_factory=list)
    tagged: list[tuple[int, str]] = field(default_factory=list)
    main: dict[str, str] = field(default_factory=dict)
    published: list[tuple[int, str, str]] = field(default_factory=list)  # consumer version, provider, content
    results: list[tuple[str, str, str, int, bool]] = field(default_factory=list)  # consumer, provider, content, version, success
    deployed: dict[tuple[str, str], int] = field(default_factory=dict)
    released: list[int] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def version(self, name: str, number: str) -> int:
        if (name, number) not in self.made:
            self.made.append((name, number))
        return self.made.index((name, number))

    def content(self, name: str, number: str, provider: str) -> str | None:
        found = [one for one in self.published if self.made[one[0]] == (name, number) and one[1] == provider]
        return found[0][2] if found else None

    def live(self) -> set[int]:
        return set(self.deployed.values()) | set(self.released)

    def meant(self, selector: Selector) -> list[int] | None:
        """Give the versions that a selector means, the newest first; None for every version."""
        if selector.is_plain:
            return None
        branch = self.main.get(selector.pacticipant, "(none)") if selector.main_branch else selector.branch
        found = [place for place, (name, _) in enumerate(self.made) if name == selector.pacticipant]
        if selector.version:
            found = [place for place in found if self.made[place][1] == selector.version]
        if selector.tag:
            found = [place for place in found if (place, selector.tag) in self.tagged]
        if selector.environment:
            found = [place for place in found if place in self.live()]
        if branch:
            own = [place for place, name in self.on_branch if name == branch and place in found]
            found = own[-1:] if selector.latest else [place for place in found if place in own]
        found = sorted(found, reverse=True)
        return found[:1] if selector.latest else found


Row = tuple[str, str, str, str | None, bool | None]


def transcription(memory: Memory, question: Question) -> dict[str, Any]:
    """Answer a question by the rules, one after another."""
    asked = {one.pacticipant: memory.meant(one) for one in question.selectors}
    infers = question.target.infers
    pairs = _pairs(memory, question, asked)
    every = dict(asked)
    if infers:
        for name in dict.fromkeys(name for pair, _ in pairs for name in pair):
            if name not in every:
                target = question.target
                every[name] = memory.meant(
                    Selector(name, None, target.latest, target.tag, None, target.environment, target.main_branch)
                )
    rows = list(_rows(memory, question, asked, every))
    if question.latestby:
        rows = _grouped(rows, question.latestby)
    if question.success is not None:
        rows = [row for row in rows if row[4] in question.success]
    ignored = [row for row in rows if _is_ignored(question, row)]
    counted = [row for row in rows if not _is_ignored(question, row)]
    there = {(row[0], row[2]) for row in rows}
    unknown = sum(required and pair not in there for pair, required in pairs) + sum(row[4] is None for row in counted)
    if question.target.environment and question.success is None:
        unknown += _unverified_live(question, asked, every, counted, memory)
    absent = any(
        found == [] and not any(one.pacticipant == name and one.version is None for one in question.ignored)
        for name, found in asked.items()
    )
    deployable = False if absent else None if unknown else all(row[4] for row in counted)
    return {
        "deployable": deployable,
        "rows": sorted(counted, key=repr),
        "ignored": sorted(ignored, key=repr),
        "failed": sum(row[4] is False for row in counted),
        "success": sum(row[4] is True for row in counted),
        "unknown": unknown,
    }


def _is(place: int, name: str, meant: dict[str, list[int] | None]) -> bool:
    return name in meant and (meant[name] is None or place in (meant[name] or []))


def _pairs(memory: Memory, question: Question, asked: dict[str, list[int] | None]) -> list[tuple[tuple[str, str], bool]]:
    as_consumer = [(memory.made[one[0]][0], one[1]) for one in memory.published if _is(one[0], memory.made[one[0]][0], asked)]
    if question.target.infers or len(question.selectors) == 1:
        found = [(pair, True) for pair in as_consumer]
        found += [(pair, False) for pair in memory.pairs if pair[1] in asked]
    else:
        found = [(pair, True) for pair in as_consumer if pair[0] in asked and pair[1] in asked]
    return list({pair: (pair, required) for pair, required in reversed(found)}.values())


def _rows(
    memory: Memory, question: Question, asked: dict[str, list[int] | None], every: dict[str, list[int] | None]
) -> Iterator[tuple[Any, ...]]:
    single = len(question.selectors) == 1 and not question.target.infers
    for place, provider, content in memory.published:
        consumer, number = memory.made[place]
        own = [one for one in enumerate(memory.results) if one[1][:3] == (consumer, provider, content)]
        if question.latestby:
            own = [one for one in own if one[0] == max(i for i, other in own if other[3] == one[1][3])]
        if single:
            consumer_asked = _is(place, consumer, asked)
            shown = [one for one in own if consumer_asked or _is(one[1][3], provider, asked)]
            keeps_empty = consumer_asked
        else:
            involved = consumer in asked or provider in asked
            if not (involved and _is(place, consumer, every) and provider in every):
                continue
            shown, keeps_empty = [one for one in own if _is(one[1][3], provider, every)], True
        for _, result in shown:
            yield consumer, number, provider, memory.made[result[3]][1], result[4], place, result[3]
        if not shown and keeps_empty:
            yield consumer, number, provider, None, None, place, -1


def _grouped(rows: list[tuple[Any, ...]], latestby: str) -> list[tuple[Any, ...]]:
    groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        groups.setdefault(row[:4] if latestby == "cvpv" else row[:3], []).append(row)
    return [max(group, key=lambda row: row[6]) for group in groups.values()]


def _is_ignored(question: Question, row: tuple[Any, ...]) -> bool:
    sides = ((row[0], row[1]), (row[2], row[3]))
    return any(one.pacticipant == name and one.version in {None, number} for one in question.ignored for name, number in sides)


def _unverified_live(
    question: Question,
    asked: dict[str, list[int] | None],
    every: dict[str, list[int] | None],
    counted: list[tuple[Any, ...]],
    memory: Memory,
) -> int:
    """Count the live provider versions without a result for a pact that another live version has a result for."""
    count = 0
    for place, provider in {(row[5], row[2]) for row in counted if row[3] is not None}:
        live = every.get(provider) or []
        if provider in asked or len(live) < 2:
            continue
        known = {row[6] for row in counted if (row[5], row[2]) == (place, provider)}
        for other in live:
            skipped = any(
                one.pacticipant == provider and one.version in {None, memory.made[other][1]} for one in question.ignored
            )
            count += other not in known and not skipped
    return count


class World:
    """Applies each operation to the database and to the memory."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.memory = Memory()

    def apply(self, operation: Operation) -> None:
        with self.database.write() as connection:
            getattr(self, operation[0])(connection, *operation[1:])

    def publish(self, connection: Any, name: str, number: str, provider: str, text: str) -> None:
        if name == provider or self.memory.content(name, number, provider) not in {None, text}:
            return
        version, _ = versions.get_or_create(connection, name, number)
        outcome = store_pact(connection, version, Incoming(name, provider, b"{}", {"interactions": [{"description": text}]}))
        pact = outcome.publication
        pacts.touch_integrations(connection, [(pact.consumer_id, pact.provider_id)])
        place = self.memory.version(name, number)
        if (place, provider, text) not in self.memory.published:
            self.memory.published.append((place, provider, text))
        if (name, provider) not in self.memory.pairs:
            self.memory.pairs.append((name, provider))

    def verify(self, connection: Any, name: str, number: str, provider: str, other: str, success: str) -> None:
        content = self.memory.content(name, number, provider)
        if content is None:
            return
        pact = pacts.newest(connection, Which(name, provider, number))
        assert pact is not None
        version, _ = versions.get_or_create(connection, provider, other)
        verifications.record(connection, pact, version, NewVerification(success == "yes"))
        self.memory.results.append((name, provider, content, self.memory.version(provider, other), success == "yes"))

    def branch(self, connection: Any, name: str, number: str, branch: str) -> None:
        version, _ = versions.get_or_create(connection, name, number)
        put_on_branch(connection, Settings(), version, branch)
        place = self.memory.version(name, number)
        if (place, branch) not in self.memory.on_branch:
            self.memory.on_branch.append((place, branch))
        if branch == "main":
            self.memory.main.setdefault(name, branch)

    def tag(self, connection: Any, name: str, number: str, tag: str) -> None:
        version, _ = versions.get_or_create(connection, name, number)
        tags.put(connection, version.id, tag)
        self.memory.tagged.append((self.memory.version(name, number), tag))

    def deploy(self, connection: Any, name: str, number: str, instance: str) -> None:
        version, _ = versions.get_or_create(connection, name, number)
        place = environments.find_by_name(connection, "test")
        assert place is not None
        deployments.deploy(connection, version, place.id, instance)
        self.memory.deployed[name, instance] = self.memory.version(name, number)

    def release(self, connection: Any, name: str, number: str) -> None:
        version, _ = versions.get_or_create(connection, name, number)
        place = environments.find_by_name(connection, "test")
        assert place is not None
        deployments.release(connection, version, place.id)
        self.memory.released.append(self.memory.version(name, number))


@pytest.mark.slow
@settings(
    max_examples=times(30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(operations, min_size=10, max_size=40), narrowings)
def test_the_matrix_answers_as_its_rules_say(migrated: Path, history: list[Operation], narrowed: tuple[Any, Any, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(migrated, Path(folder) / "broker.sqlite")
        database = Database(f"sqlite:///{folder}/broker.sqlite")
        world = World(database)
        with database.write() as connection:
            for name in NAMES:
                pacticipants.create(connection, name)
        for operation in history:
            world.apply(operation)

        with database.read() as connection:
            for asked, target in product(ASKED, TARGETS):
                question = Question(asked, target, *narrowed)
                verdict = judge(question, matrix.answer(connection, question))
                wanted = transcription(world.memory, question)
                wanted["rows"], wanted["ignored"] = ([row[:5] for row in wanted[kind]] for kind in ("rows", "ignored"))
                assert _answer(verdict) == wanted, question
        database.close()


def _answer(verdict: Any) -> dict[str, Any]:
    def plain(rows: Any) -> list[Row]:
        found = [(row.consumer, row.consumer_version, row.provider, row.provider_version, row.success) for row in rows]
        return sorted(found, key=repr)

    return {
        "deployable": verdict.deployable,
        "rows": plain(verdict.rows),
        "ignored": plain(verdict.ignored_rows),
        "failed": verdict.failed,
        "success": verdict.success,
        "unknown": verdict.unknown,
    }


def test_the_transcription_itself_says_no_and_unknown_and_yes() -> None:
    memory = Memory()
    consumer, provider = memory.version("A", "1"), memory.version("B", "1")
    memory.published.append((consumer, "B", "x"))
    memory.pairs.append(("A", "B"))
    memory.deployed["B", "blue"] = provider
    question = Question((Selector("A", version="1"),), Target(environment="test"), latestby="cvpv")
    answers = [transcription(memory, question)["deployable"]]
    for success in (False, True):
        memory.results.append(("A", "B", "x", provider, success))
        answers.append(transcription(memory, question)["deployable"])
    assert answers == [None, False, True]
