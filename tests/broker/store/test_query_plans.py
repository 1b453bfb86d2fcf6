"""How the databases find what is asked in every build: along indexes, and never through a table that grows with the history.

The plans are those of a seeded history with figures about it (`ANALYZE`); statements are caught as the store runs them.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, text
from tests.benchmarks.broker import bulk
from tests.benchmarks.broker.history import Size, number_of

from saga_broker.acts.events.announcing import announce_pact
from saga_broker.acts.events.occasions import latest_result
from saga_broker.acts.publishing import Incoming, store_pact
from saga_broker.acts.tagging import put_on_branch, put_tag
from saga_broker.gate.model import Question, Selector, Target
from saga_broker.gate.selection import PactSelector
from saga_broker.settings import Settings
from saga_broker.store import branches, events, pacticipants, pacts, tags, triggered, verifications, versions
from saga_broker.store.database.engine import Database
from saga_broker.store.database.prepared import Prepared
from saga_broker.store.pacts import Which
from saga_broker.store.questions import matrix, selection, standing, verified
from saga_broker.store.questions.verified import Verifier
from saga_broker.store.triggered import About, NewTriggered
from saga_broker.store.verifications import NewVerification

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("query plans"), pytest.mark.timeout(300)]
SEED = Size("plans", consumers=20, late_consumers=0, providers=20, rounds=60, depth=6, big=20)
LAST = number_of(SEED.rounds - 1)
GROWING = {
    *("versions", "consumer_versions", "provider_versions", "branch_versions", "tags", "newer_tag", "deployed_versions"),
    *("events", "triggered_webhooks"),
    *("publications", "one", "contents", "verifications", "later", "verification_tags"),
}
READS_MUCH = {"publications (provider_id=?)", "publications (consumer_id=?)", "verifications (provider_id=?)"}
NEWEST_FIRST = ("ix_verifications_consumer_id_id", "ix_verifications_provider_id_id")  # read until there are enough
MOST_ROWS = 2_500  # of some 6,000 publications and 34,000 results; fifty pairs with their newest results are well below it
Ask = Callable[[Connection], Any]


def _question(*selectors: Selector, target: Target | None = None, latestby: str | None = "cvpv", limit: int | None = None) -> Ask:
    question = Question(selectors, target or Target(), latestby=latestby, limit=limit)
    return lambda connection: matrix.answer(connection, question)


def _verifier(connection: Connection, branch: str) -> Verifier:
    owner = pacticipants.find(connection, "P0")
    assert owner is not None
    return Verifier(owner.id, "P0", branch, ())


def _selected(*selectors: PactSelector) -> Ask:
    return lambda connection: selection.select_pacts(connection, _verifier(connection, "main"), selectors)


def _pending(branch: str) -> Ask:
    def ask(connection: Connection) -> object:
        heads = pacts.newest_of_each_pair(connection, Which(provider="P0"))
        content_ids = [pact.content_id for pact in heads]
        return verified.verified(connection, _verifier(connection, branch), content_ids, None, count_wip=True)

    return ask


def _work_in_progress(connection: Connection) -> object:
    since = datetime.now(UTC) - timedelta(days=7)
    return selection.work_in_progress(connection, _verifier(connection, "main"), since, 30)


def _publish(connection: Connection) -> object:
    version, _ = versions.get_or_create(connection, "C0", "new")
    put_on_branch(connection, Settings(), version, "main")
    put_tag(connection, Settings(), version, "dev")
    outcome = store_pact(connection, version, Incoming("C0", "P0", b"{}", {"interactions": []}))
    pacts.touch_integrations(connection, [(outcome.publication.consumer_id, outcome.publication.provider_id)])
    pacts.newest(connection, Which("C0", "P0", untagged=True, before=version.id))
    announce_pact(connection, Settings(), "", outcome.publication, is_stored=True, told={})
    return outcome


def _verify(connection: Connection) -> object:
    pact = pacts.newest(connection, Which("C0", "P0"))
    assert pact is not None
    found = pacts.newest(connection, Which("C0", "P0", sha=pact.sha))
    assert found is not None
    version, _ = versions.get_or_create(connection, "P0", "new")
    return verifications.record(connection, found, version, NewVerification(success=True))


def _webhooks(connection: Connection) -> object:
    """What follows from events, and what is shown of it."""
    pact = pacts.newest(connection, Which("C0", "P0"))
    assert pact is not None
    pair = (pact.consumer_id, pact.provider_id)
    new = NewTriggered(str(uuid4()), 1, 1, {"name": "contract_published"}, 7, datetime.now(UTC))
    connection.execute(text("PRAGMA defer_foreign_keys = on" if connection.dialect.name == "sqlite" else "SELECT 1"))
    if connection.dialect.name == "sqlite":
        triggered.create(connection, About(*pair, pact.version_id), new)
    return (
        *(events.waiting(connection, 100), triggered.of_event(connection, 1), triggered.latest_of_pair(connection, *pair)),
        *(triggered.of_publication(connection, pact.version_id, pact.provider_id), triggered.of_verification(connection, 1)),
        *(triggered.overdue(connection, datetime.now(UTC), 100), triggered.standing_of_pairs(connection, [pact.consumer_id])),
        latest_result(connection, pact),
    )


def _around(connection: Connection) -> object:
    version = versions.find(connection, "C0", LAST)
    assert version is not None
    return branches.of_versions(connection, [version.id]), tags.of_versions(connection, [version.id])


def _standing(connection: Connection) -> object:
    return standing.heads(connection, standing.pair(connection, "C0", "P0"))


ASKED: dict[str, Ask] = {
    "publishing": _publish,
    "a result": _verify,
    "can-i-deploy": _question(Selector("C0", version=LAST), target=Target(environment="production")),
    "can-i-deploy of a provider": _question(Selector("P0", version=LAST), target=Target(environment="production")),
    "can-i-deploy beside a tag": _question(Selector("C0", version=LAST), target=Target(latest=True, tag="dev"), latestby="cvp"),
    "can-i-deploy beside the main branch": _question(
        Selector("C0", latest=True, branch="main"), target=Target(latest=True, main_branch=True)
    ),
    "two versions": _question(Selector("C0", version=LAST), Selector("P0", version=LAST)),
    "the newest rows of a pair": _question(Selector("C0"), Selector("P0"), limit=20),
    "every newest row of a pair": _question(Selector("C0"), Selector("P0"), latestby=None, limit=5),
    "looking around a provider": _question(Selector("P0")),
    "looking around a provider's outcomes": _question(Selector("P0"), latestby=None),
    "looking around a consumer": _question(Selector("C0")),
    "looking around a pair": _question(Selector("C0"), Selector("P0")),
    "looking around a provider version": _question(Selector("P0", version=LAST)),
    "how pairs stand": _standing,
    "what surrounds a version": _around,
    "events and webhooks": _webhooks,
    "pacts of main branches": _selected(PactSelector(main_branch=True)),
    "pacts of a branch": _selected(PactSelector(branch="feature-7")),
    "pacts that are deployed or released": _selected(PactSelector(deployed_or_released=True)),
    "pacts in an environment": _selected(PactSelector(environment="production")),
    "newest pacts": _selected(PactSelector(latest=True)),
    "newest pacts with a tag": _selected(PactSelector(tag="dev", latest=True)),
    "the default selection": _selected(),
    "pending on the main branch": _pending("main"),
    "pending on a branch": _pending("feature-3"),
    "pending on a new branch": _pending("new"),
    "work in progress": _work_in_progress,
    "the newest pact of a pair": lambda connection: pacts.newest(connection, Which("C0", "P0")),
    "the newest pact on a branch": lambda connection: pacts.newest(connection, Which("C0", "P0", branch="main")),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of each kind with a history."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("seeded") / "broker.sqlite"
        shutil.copy(request.getfixturevalue("migrated"), path)
        url = f"sqlite:///{path}"
    else:
        address = request.getfixturevalue("cluster")
        name = f"seeded_{uuid4().hex}"
        with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = f"{address}/{name}"
    bulk.load(url, SEED)
    database = Database(url)
    yield database
    database.close()


@pytest.mark.parametrize("asked", ASKED)
def test_what_is_asked_in_every_build_is_found_along_indexes(
    seeded: Database, asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _statements_of(seeded, ASKED[asked], monkeypatch)
    assert ran, "nothing was asked"
    judge = _faults_in_sqlite if seeded.is_sqlite else _faults_in_postgresql
    faults = [fault for statement, values in ran for fault in judge(seeded, statement, values)]
    assert not faults, "\n".join(faults)


def test_a_plan_that_reads_a_whole_table_is_a_fault(seeded: Database) -> None:
    judge = _faults_in_sqlite if seeded.is_sqlite else _faults_in_postgresql
    place, given = ("?", ("7",)) if seeded.is_sqlite else ("%(text)s", {"text": "7"})
    statement = f"SELECT count(*) FROM verifications WHERE test_results = {place}"  # noqa: S608  (no value of anybody's)
    assert judge(seeded, statement, given)


def _statements_of(database: Database, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Give the statements that a question runs, each once, with the values as the driver takes them."""
    ran: dict[str, Any] = {}
    execute = Prepared._execute

    def noting(statement: Prepared[Any], connection: Connection, values: dict[str, Any]) -> Any:
        compiled = statement._for(connection.dialect)
        ran[compiled.sql] = compiled.write(values)
        return execute(statement, connection, values)

    monkeypatch.setattr(Prepared, "_execute", noting)
    with database.write() as connection:
        ask(connection)
        connection.rollback()
    monkeypatch.undo()
    return list(ran.items())


def _faults_in_sqlite(database: Database, statement: str, values: Any) -> list[str]:
    with database.read() as connection:
        rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    faults = []
    for detail in (row[-1] for row in rows):
        words = detail.split()
        condition = f"{words[1]} {detail[detail.rfind('(') :]}" if "(" in detail else ""
        ends_early = any(index in detail for index in NEWEST_FIRST) and not any("FOR ORDER BY" in row[-1] for row in rows)
        if (words[0] == "SCAN" and words[1] in GROWING) or (condition in READS_MUCH and not ends_early):
            faults.append(f"{detail} in {statement}")
    return faults


def _faults_in_postgresql(database: Database, statement: str, values: Any) -> list[str]:
    with database.write() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SET LOCAL enable_seqscan = off")  # a short table is read whole even if it has the index
        run = ", ANALYZE" if statement.startswith("SELECT") else ""
        cursor.execute(f"EXPLAIN (FORMAT JSON{run}) {statement}", values)
        plan: Any = cursor.fetchall()[0][0]
        connection.rollback()
    return [f"{fault} in {statement}" for fault in _faults_of(plan[0]["Plan"])]


def _faults_of(node: dict[str, Any]) -> Iterator[str]:
    table = node.get("Relation Name")
    if table in GROWING:
        read = (node.get("Actual Rows", 0) + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 0)
        if node["Node Type"] == "Seq Scan":
            yield f"{node['Node Type']} of {table}"
        if read > MOST_ROWS:
            yield f"{node['Node Type']} of {table} reads {read} rows"
    for inner in node.get("Plans", ()):
        yield from _faults_of(inner)


def test_the_seed_has_more_rows_than_a_plan_may_read(seeded: Database) -> None:
    with seeded.read() as connection:
        for table in ("publications", "verifications"):
            rows = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()  # noqa: S608
            assert rows > 2 * MOST_ROWS
