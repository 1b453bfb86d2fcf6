"""`pact broker can-i-deploy` and `can-i-merge`, by the real command: its words, its exit status, and what the API says beside it.

Of the command itself: it exits with 0 for `--output json` whatever the answer is (that stands in `summary.deployable` only), and
it drops a version that does not stand directly behind its pacticipant.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow

YES, NO = "Computer says yes", "Computer says no"
Matrix = Callable[..., None]


@pytest.fixture
def known(broker: Any, make_pact: Any) -> None:
    """Foo 1 has pacts with Bar and Baz; Bar 10 keeps its pact and is in `test`, Baz 20 is there, too, without a result."""
    pacts = (("Bar", make_pact("Foo", "Bar", "a")), ("Baz", make_pact("Foo", "Baz", "b")))
    broker.publish("Foo", "1", *pacts, branch="main", tags=["dev"])
    broker.put("/pacticipants/Bar/branches/main/versions/10", {})
    broker.put("/pacticipants/Baz/branches/main/versions/20", {})
    broker.verify("Foo", "1", "Bar", "10")
    broker.deploy("Bar", "10", "test")
    broker.deploy("Baz", "20", "test")


FOO = ("can-i-deploy", "-a", "Foo", "-e", "1")
TO_TEST = (*FOO, "--to-environment", "test")


@pytest.mark.usefixtures("known")
def test_a_missing_result_is_a_no_that_names_both_versions(broker: Any, pact_broker: Any) -> None:
    told = pact_broker(*TO_TEST, status=1).text
    assert "Foo ┆ 1 ┆ Bar ┆ 10 ┆ true" in told
    assert "There is no verified pact between version 1 of Foo and the version of Baz currently in test (20)" in told
    assert NO in told
    asked = broker.get("/can-i-deploy", pacticipant="Foo", version="1", environment="test")
    assert asked["summary"]["deployable"] is None


@pytest.mark.usefixtures("known")
def test_it_is_a_yes_when_every_result_is_there_and_a_no_when_one_failed(broker: Any, pact_broker: Any) -> None:
    broker.verify("Foo", "1", "Baz", "20")
    yes = pact_broker(*TO_TEST).text
    broker.verify("Foo", "1", "Baz", "20", success=False)
    no = pact_broker(*TO_TEST, status=1).text

    assert "All required verification results are published and successful" in yes
    assert YES in yes
    assert "The verification for the pact between version 1 of Foo and the version of Baz currently in test (20) failed" in no
    assert NO in no


@pytest.mark.usefixtures("known")
def test_the_provider_asks_for_its_own_version(broker: Any, pact_broker: Any) -> None:
    broker.deploy("Foo", "1", "test")
    asking = ("can-i-deploy", "--to-environment", "test", "-a")
    assert YES in pact_broker(*asking, "Bar", "-e", "10").text
    assert NO in pact_broker(*asking, "Baz", "-e", "20", status=1).text
    told = pact_broker(*asking, "Bar", "-e", "99", status=1).text
    assert "No pacts or verifications have been published for version 99 of Bar" in told


@pytest.mark.usefixtures("known")
def test_the_answer_can_be_had_as_json(pact_broker: Any) -> None:
    answer = pact_broker(*TO_TEST, "-o", "json").json()
    assert answer["summary"]["deployable"] is None
    assert answer["summary"]["unknown"] == 1
    assert [row["provider"]["name"] for row in answer["matrix"]] == ["Bar", "Baz"]


@pytest.mark.usefixtures("known")
def test_a_pacticipant_can_be_ignored(pact_broker: Any) -> None:
    assert YES in pact_broker(*TO_TEST, "--ignore", "Baz").text
    assert NO in pact_broker(*TO_TEST, "--ignore", "Bar", status=1).text


@pytest.mark.usefixtures("known")
def test_a_dry_run_says_no_and_exits_with_success(pact_broker: Any) -> None:
    told = pact_broker(*TO_TEST, "--dry-run").text
    assert NO in told
    assert "Dry run enabled" in told


@pytest.mark.usefixtures("known")
def test_an_unknown_result_is_waited_for(broker: Any, pact_broker: Any) -> None:
    late = threading.Timer(1.5, broker.verify, ("Foo", "1", "Baz", "20"))
    late.start()
    told = pact_broker(*TO_TEST, "--retry-while-unknown", "40", "--retry-interval", "1").text
    late.join()
    assert YES in told


@pytest.mark.usefixtures("known")
def test_an_unknown_result_is_not_waited_for_without_end(pact_broker: Any) -> None:
    assert NO in pact_broker(*TO_TEST, "--retry-while-unknown", "1", "--retry-interval", "1", status=1).text


NAMED = (
    ("-a", "Foo", "-e", "1", "-a", "Bar", "-e", "10"),
    ("-a", "Foo", "--branch", "main", "-a", "Bar", "--main-branch"),
    ("-a", "Foo", "--latest", "-a", "Bar", "--latest"),
    ("-a", "Foo", "--latest", "dev", "-a", "Bar", "--branch", "main"),
    ("-a", "Foo", "-e", "1", "-a", "Bar", "--tag", "prod"),
    ("-a", "Foo", "-e", "1", "--to", "prod"),
)


@pytest.mark.usefixtures("known")
def test_versions_are_named_by_number_branch_tag_or_latest(broker: Any, pact_broker: Any) -> None:
    broker.put("/pacticipants/Bar/versions/10/tags/prod", {})
    broker.put("/pacticipants/Baz/versions/20/tags/prod", {})
    broker.verify("Foo", "1", "Baz", "20")
    answers = {words: YES in pact_broker("can-i-deploy", *words).text for words in NAMED}
    assert answers == dict.fromkeys(NAMED, True)


@pytest.mark.usefixtures("known")
def test_a_tag_that_no_version_has_is_a_no(pact_broker: Any) -> None:
    told = pact_broker(*FOO, "--to", "none", status=1).text
    assert "the latest version of Bar with tag none (no such version exists)" in told
    told = pact_broker("can-i-deploy", "-a", "Foo", "--latest", "none", "--to", "dev", status=1).text
    assert "No version with tag none exists for Foo" in told


@pytest.mark.usefixtures("known")
def test_without_a_target_the_latest_versions_are_asked_for_with_a_warning(pact_broker: Any) -> None:
    told = pact_broker(*FOO, status=1).text
    assert "WARN: It is recommended to specify the environment into which you are deploying." in told


@pytest.mark.usefixtures("known")
def test_unknown_names_are_told(pact_broker: Any) -> None:
    told = pact_broker(*FOO, "--to-environment", "none", status=1).text
    assert "Environment with name 'none' does not exist" in told
    told = pact_broker("can-i-deploy", "-a", "Nobody", "-e", "1", "--to-environment", "test", status=1).text
    assert "Pacticipant Nobody not found" in told


@pytest.mark.usefixtures("known")
def test_merging_is_asked_of_the_main_branches(broker: Any, pact_broker: Any) -> None:
    no = pact_broker("can-i-merge", "-a", "Foo", "-e", "1", status=1).text
    dry = pact_broker("can-i-merge", "-a", "Foo", "-e", "1", "--dry-run").text
    broker.verify("Foo", "1", "Baz", "20")
    yes = pact_broker("can-i-merge", "-a", "Foo", "-e", "1").text

    assert "There is no verified pact between version 1 of Foo and the latest version of Baz from" in no
    assert "Dry run enabled" in dry
    assert YES in yes
    assert YES in pact_broker("can-i-merge", "-a", "Bar", "-e", "10").text
