"""`sagapact broker clean`, run as an operator runs it, on a database that a broker filled and goes on using."""

import json
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from patience import PATIENCE_S
from saga_broker.serve.commands import clean as clean_command
from saga_broker.store.database.engine import Database
from saga_broker.store.unneeded import keeping
from saga_broker.store.unneeded.cleaning import alone, remove_versions

pytestmark = pytest.mark.slow


def fill(broker: Any, make_pact: Any) -> None:
    """Publish ten versions of Web, verify and deploy some."""
    for number in range(1, 11):
        branch = "main" if number > 3 else "feat/old"
        broker.publish("Web", str(number), ("Shop", make_pact("Web", "Shop", str(number // 3))), branch=branch)
    for version in ("1", "2", "3"):
        broker.put(f"/pacticipants/Shop/branches/main/versions/{version}", {})
        for _ in range(3):
            broker.verify("Web", "9", "Shop", version)
    broker.verify("Web", "3", "Shop", "1")
    broker.deploy("Web", "5", "production")
    uuid = broker.environment("production")
    broker.post(f"/pacticipants/Web/versions/4/released-versions/environment/{uuid}", {}, 201)


def numbers(broker: Any, name: str) -> list[str]:
    return sorted((one["number"] for one in broker.get(f"/pacticipants/{name}/versions")["_embedded"]["versions"]), key=int)


def branches(broker: Any, name: str) -> set[str]:
    return {one["name"] for one in broker.get(f"/pacticipants/{name}/branches")["_embedded"]["branches"]}


@pytest.fixture
def old(broker: Any, make_pact: Any, set_clock: Any) -> Any:
    """A broker whose data is a hundred days old."""
    fill(broker, make_pact)
    set_clock(lambda moment: moment - timedelta(days=100) if moment > datetime.now(UTC) - timedelta(hours=1) else moment)
    return broker


def test_a_run_deletes_what_its_dry_run_told_and_a_second_run_nothing(old: Any, clean: Any, rows: Any) -> None:
    before = rows()
    told = clean("--dry-run")
    assert rows() == before
    assert [line.removeprefix("would delete: ").partition(" (")[0] for line in told] == [
        line.removeprefix("deleted: ") for line in clean()
    ]
    assert told[0] == "would delete: 1 stale branch (Web feat/old)"
    assert told[1] == "would delete: 8 versions (Web 1, Web 2, Web 3, …)"
    assert numbers(old, "Web") == ["4", "5", "10"]
    assert numbers(old, "Shop") == ["1", "3"]  # 1: no other success for the pact of Web 5

    after = rows()
    assert clean() == ["nothing to delete"]
    assert rows() == after
    assert {row["content_id"] for row in after["publications"]} == {row["id"] for row in after["contents"]}
    assert {row["content_id"] for row in after["verifications"]} <= {row["id"] for row in after["contents"]}
    assert len(after["verifications"]) == 3


def test_what_is_deployed_or_released_now_stays_whatever_the_selectors_say(old: Any, clean: Any) -> None:
    clean("--keep", "pacticipant=Shop", "--keep-branches", "*")
    assert numbers(old, "Web") == ["4", "5"]
    assert numbers(old, "Shop") == ["1", "2", "3"]
    head = old.get("/pacticipants/Web/branches/main/latest-version")
    assert head["number"] == "5"


def test_the_oldest_go_first_and_no_more_than_the_limit(old: Any, clean: Any) -> None:
    told = clean("--limit", "2")
    assert "deleted: 2 versions" in told
    assert told[-1] == "the limit leaves 6 versions for the next run"
    assert numbers(old, "Web") == ["3", "4", "5", "6", "7", "8", "9", "10"]


@pytest.mark.parametrize(
    "words", [("--keep-branches", "feat/*"), ("--branches-older-than", "200"), ("--keep", "pacticipant=Web,branch=feat/old")]
)
def test_a_stale_branch_stays_when_it_is_wanted(old: Any, clean: Any, words: tuple[str, ...]) -> None:
    clean(*words)
    assert branches(old, "Web") == {"main", "feat/old"}
    assert "3" in numbers(old, "Web")


def test_a_main_branch_stays_however_old_it_is(old: Any, clean: Any) -> None:
    assert "deleted: 1 stale branch" in clean("--branches-older-than", "0")
    assert branches(old, "Web") == {"main"}


def test_selectors_say_what_is_kept_in_both_forms(old: Any, clean: Any) -> None:
    for number in ("6", "7"):
        old.put(f"/pacticipants/Web/versions/{number}/tags/t,1", {})
    clean("--keep", json.dumps({"pacticipant": "Web", "tag": "t,1", "latest": True}), "--keep", "pacticipant=Shop,latest=true")
    assert numbers(old, "Web") == ["4", "5", "7"]
    assert numbers(old, "Shop") == ["1", "3"]


def test_young_versions_are_kept_and_their_repeated_results_are_not(broker: Any, make_pact: Any, clean: Any, rows: Any) -> None:
    fill(broker, make_pact)
    newest = max(row["id"] for row in rows()["verifications"])
    assert clean() == ["deleted: 6 repeated results"]
    left = [row["id"] for row in rows()["verifications"]]
    assert len(left) == len(set(left)) == 4
    assert max(left) == newest
    broker.verify("Web", "9", "Shop", "3")
    assert max(row["id"] for row in rows()["verifications"]) == newest + 1


def test_overwritten_revisions_go_when_they_are_old(serve: Any, make_pact: Any, set_clock: Any, clean: Any, rows: Any) -> None:
    broker = serve(allow_dangerous_contract_modification=True)
    path = "/pacts/provider/Shop/consumer/Web/version/1"
    broker.put(path, make_pact("Web", "Shop", "a"))
    broker.put(path, make_pact("Web", "Shop", "b"), 200)
    assert clean() == ["nothing to delete"]
    set_clock(lambda moment: moment - timedelta(days=15))
    assert clean("--dry-run") == ["would delete: 1 overwritten revision", "would delete: 1 pact content"]
    assert clean() == ["deleted: 1 overwritten revision", "deleted: 1 pact content"]
    assert [row["revision"] for row in rows()["publications"]] == [2]
    assert broker.get(path)["interactions"][0]["description"] == "b"


def test_a_saga_keeps_the_versions_of_its_newest_version_and_of_those_that_are_deployed(
    broker: Any, saga_text: str, set_clock: Any, clean: Any, rows: Any
) -> None:
    for number in ("1", "2", "3"):
        body = {"content": saga_text + f"\n# {number}\n", "contentType": "application/yaml", "branch": "main"}
        made = broker.put(f"/sagas/vas_purchase/versions/{number}", body)
    broker.deploy(made["executesAs"], "1", "production")
    set_clock(lambda moment: moment - timedelta(days=100))
    told = clean("--keep", "max_age=1")
    assert "deleted: 1 saga version" in told
    assert [row["number"] for row in rows()["saga_versions"]] == ["1", "3"]
    assert numbers(broker, made["owner"]) == numbers(broker, made["executesAs"]) == ["1", "3"]
    assert broker.get("/sagas", environment="production")["_embedded"]["sagas"][0]["version"] == "1"


def test_all_faults_of_selectors_are_told_at_once_and_nothing_is_deleted(old: Any, run: Any, rows: Any) -> None:
    before = rows()
    texts = ["latest=no", "branhc=x,max_age=soon", '{"tag": 1', "pacticipant=Wbe", "environment=prod", "tag=a,branch=b", "[]"]
    done = run(*(word for text in texts for word in ("--keep", text)))
    assert (done.status, done.out) == (2, "")
    for part in (
        "latest=no: latest can only be true",
        "branhc is unknown; known are pacticipant, latest,",
        "max_age must be a number of days",
        "is no JSON",
        "there is no pacticipant Wbe",
        "there is no environment prod",
        "only one of tag and branch can be given",
        "must be a JSON object",
    ):
        assert part in done.err
    assert rows() == before


def test_only_one_process_cleans(old: Any, run: Any, clean: Any, rows: Any, database_url: str) -> None:
    before = rows()
    database = Database(database_url)
    with alone(database) as is_alone:
        done = run()
    database.close()
    assert is_alone
    assert (done.status, done.out, done.err) == (
        0,
        "another process is cleaning this database: nothing was deleted\n",
        "",
    )
    assert rows() == before
    assert "deleted: 8 versions" in clean()


def test_a_killed_run_started_again_ends_like_one_that_was_not_killed(
    broker: Any, make_pact: Any, set_clock: Any, clean: Any, cleaning: Any, rows: Any, until: Any
) -> None:
    for number in range(1, 251):  # more than are deleted in one transaction
        broker.publish("Web", str(number), ("Shop", make_pact("Web", "Shop", str(number % 50))), branch="main")
    set_clock(lambda moment: moment - timedelta(days=100))
    line, env = cleaning()
    killed = subprocess.Popen(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: len(rows()["versions"]) < 250 or killed.poll() is not None, 60)
    killed.kill()
    killed.wait(PATIENCE_S)
    at_kill = rows()
    assert {row["content_id"] for row in at_kill["publications"]} == {row["id"] for row in at_kill["contents"]}
    assert (250 - len(at_kill["versions"])) in {0, 100, 200, 249}

    clean()
    assert numbers(broker, "Web") == ["250"]
    assert len(rows()["contents"]) == 1


def test_publishing_goes_on_meanwhile_and_what_is_published_stays(
    broker: Any, make_pact: Any, set_clock: Any, clean: Any
) -> None:
    for number in range(1, 151):
        broker.publish("Web", str(number), ("Shop", make_pact("Web", "Shop", str(number))), branch="main")
    set_clock(lambda moment: moment - timedelta(days=100))
    over = threading.Event()
    published: list[str] = []

    def publish() -> None:
        while not over.is_set() or not published:
            number = str(1000 + len(published))
            broker.publish("Web", number, ("Shop", make_pact("Web", "Shop", str(len(published) % 150))), branch="main")
            published.append(number)

    thread = threading.Thread(target=publish)
    thread.start()
    clean()
    over.set()
    thread.join(60)
    assert published
    assert {*published} <= {*numbers(broker, "Web")}
    for one in published:
        broker.get(f"/pacts/provider/Shop/consumer/Web/version/{one}")


def test_what_became_worth_keeping_since_it_was_chosen_is_left(old: Any, database_url: str, rows: Any) -> None:
    database = Database(database_url)
    with database.read() as connection:
        newest = keeping.newest_rows(connection)
    old.deploy("Web", "1", "test")
    old.put("/pacticipants/Web/versions/2/tags/new", {})
    old.put("/pacticipants/Web/branches/main/versions/3", {})
    old.verify("Web", "6", "Shop", "2")
    chosen = [row["id"] for row in rows()["versions"]]
    done = remove_versions(database, chosen, newest)
    database.close()
    assert done["versions"] == len(chosen) - 6
    assert numbers(old, "Web") == ["1", "2", "3", "4", "5"]  # 4 is released, 5 deployed
    assert numbers(old, "Shop") == ["2"]


def test_an_old_content_that_is_published_again_keeps_the_versions_that_verified_it(
    old: Any, make_pact: Any, database_url: str, rows: Any
) -> None:
    database = Database(database_url)
    with database.read() as connection:
        newest = keeping.newest_rows(connection)
    old.publish("Web", "11", ("Shop", make_pact("Web", "Shop", "3")), branch="main")
    remove_versions(database, [row["id"] for row in rows()["versions"]], newest)
    database.close()
    assert numbers(old, "Web") == ["4", "5", "11"]
    assert numbers(old, "Shop") == ["1", "2", "3"]


def test_the_readme_names_each_option() -> None:
    text = (Path(__file__).parents[3] / "broker" / "README.md").read_text(encoding="utf-8")
    assert {option for parameter in clean_command.params for option in parameter.opts if option not in text} == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_not_there_is_not_made(run: Any, tmp_path: Any, database_url: str) -> None:
    done = run("--database-url", f"sqlite:///{tmp_path}/other.sqlite")
    assert done.status == 4
    assert "There is no database" in done.err
    assert not (tmp_path / "other.sqlite").exists()
