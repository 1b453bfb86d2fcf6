"""Consumer version selectors of the command line: every fault is told before a broker is asked."""

import pytest

from saga_broker.client.selectors import KNOWN, read_selectors
from saga_contracts.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        '[{"mainBranch": true}]',
        '[{"branch": "main", "latest": true, "consumer": "web", "fallbackBranch": "main"}, {"deployedOrReleased": true}]',
        '[{"tag": "prod", "latest": true, "fallbackTag": "main"}, {"environment": "test"}, {"matchingBranch": true}]',
        '[{"deployed": true}, {"released": true, "environment": "test"}, {"branch": true}]',
    ],
)
def test_what_is_right_is_read(text: str) -> None:
    assert {name for one in read_selectors(text) for name in one} <= set(KNOWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not a JSON list of objects"),
        ('{"mainBranch": true}', "not a JSON list of objects"),
        ("[]", "Leave the option out"),
        ("[{}]", "at least one field"),
        ("[5]", "not a JSON list of objects"),
        ('[{"mainBrnach": true}]', "selector 1: 'mainBrnach' is not known. Did you mean 'mainBranch'?"),
        ('[{"main_branch": true}]', "Did you mean 'mainBranch'?"),
        ('[{"deployedOrRelased": true}]', "Did you mean 'deployedOrReleased'?"),
        ('[{"zzz": 1}]', "'zzz' is not known. Known are mainBranch, matchingBranch, latest"),
        ('[{"latest": "true", "tag": "x"}]', "'latest' is \"true\". Write true, without quotes."),
        ('[{"mainBranch": true}, {"consumer": 5}]', "selector 2: 'consumer' is 5. Write a name in quotes."),
        ('[{"branch": ""}]', "'branch' is \"\". Write a name in quotes."),
        ('[{"tag": null}]', "'tag' is null."),
    ],
)
def test_what_is_wrong_is_wrong_usage_with_the_mend(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_selectors(text)
    assert said in str(refused.value)


def test_all_faults_come_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        read_selectors('[{"latests": true, "tag": 5}, {"mainBranch": 1}]')
    _, *faults = str(refused.value).splitlines()
    assert [line.split(":")[0].strip() for line in faults] == ["selector 1", "selector 1", "selector 2"]
