"""Which scenarios a run plays."""

import pytest

from saga_contracts.errors import UsageError
from saga_e2e.derive.choosing import Choice, choose
from saga_e2e.derive.scenarios import Tier, derive
from saga_e2e.stage.landscape import reference_landscape

VAS = reference_landscape().saga("vas_purchase")


def names(choice: Choice) -> list[str]:
    return [scenario.name for scenario in choose(VAS, choice)[0]]


def test_a_pattern_chooses_by_name() -> None:
    assert names(Choice(only="undo-fails-at-*")) == [
        f"undo-fails-at-{one}" for one in ("reserve_money", "apply_vas", "create_packages")
    ]
    assert set(names(Choice(tier=Tier.DEMO, only="no-reply*"))) == {"no-reply-at-reserve_money", "no-reply-at-notify"}


def test_the_shards_together_are_everything_and_each_has_the_run_without_a_fault() -> None:
    parts = [names(Choice(shard=(which, 3))) for which in (1, 2, 3)]

    assert [part[0] for part in parts] == ["committed"] * 3
    rest = [name for part in parts for name in part[1:]]
    assert len(rest) == len(set(rest))
    assert set(rest) | {"committed"} == {one.name for one in derive(VAS)}


def test_a_pair_is_chosen_by_its_name_whatever_the_number_of_faults() -> None:
    pair = "reply-lost-at-notify-and-reply-lost-at-notify-try-2"

    assert names(Choice(names=(pair,))) == [pair]


def test_a_schedule_is_chosen_by_the_codes_of_its_faults_and_a_longer_one_by_seed_and_number() -> None:
    codes = "refused:forward:apply_vas:1,reply_lost:compensate:reserve_money:1"
    (made,), _ = choose(VAS, Choice(names=(codes,)))

    assert [fault.code for fault in made.faults] == codes.split(",")
    assert names(Choice(names=("longer-7-3",))) == ["longer-7-3"]
    assert names(Choice(only="longer-*", longer=2, seed=7)) == ["longer-7-0", "longer-7-1"]


@pytest.mark.parametrize("choice", [Choice(only="nothing-like-it"), Choice(names=("comitted",))], ids=["pattern", "name"])
def test_nothing_to_play_is_wrong_usage_and_the_known_names_are_told(choice: Choice) -> None:
    with pytest.raises(UsageError, match="Known: committed, "):
        choose(VAS, choice)
