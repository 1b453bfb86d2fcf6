"""The rules of the queue: who is offered next, and what becomes of what lies with a worker."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saga_broker.jobs.engine_names import queue_name, queues_of, workflow_id
from saga_broker.jobs.job import MAX_ATTEMPTS, Priority, State, key_of
from saga_broker.jobs.planning import Fate, Offer, Standing, Waiting, fate, to_offer, unmet

NUMBERS = st.integers(1, 3)
WAITING = st.builds(Waiting, st.integers(1, 10_000), NUMBERS, NUMBERS, NUMBERS, st.booleans())
QUEUES = st.lists(WAITING, max_size=30, unique_by=lambda job: job.id)


@given(QUEUES, st.integers(0, 10))
def test_no_provider_and_no_queue_gets_more_than_its_share(jobs: list[Waiting], most: int) -> None:
    chosen = set(to_offer(jobs, most))
    under_way = [job for job in jobs if job.is_offered or job.id in chosen]
    before = Counter(job.provider_id for job in jobs if job.is_offered)
    new = Counter(job.provider_id for job in jobs if job.id in chosen)
    room = {job.id: job.at_once for job in jobs}
    assert not chosen & {job.id for job in jobs if job.is_offered}
    assert len(chosen) <= max(0, most - before.total())
    for provider in new:
        assert before[provider] + new[provider] <= max(room[job.id] for job in under_way if job.provider_id == provider)


@given(QUEUES)
def test_what_is_offered_comes_before_what_waits_for_the_same_reason(jobs: list[Waiting]) -> None:
    chosen = to_offer(jobs, 100)
    by_id = {job.id: job for job in jobs}
    order = [(by_id[one].priority, one) for one in chosen]
    assert order == sorted(order)
    left = [job for job in jobs if not job.is_offered and job.id not in chosen]
    for job in left:
        same = [one for one in jobs if one.provider_id == job.provider_id and (one.is_offered or one.id in chosen)]
        assert len(same) >= job.at_once, "it waits though its provider has room"


def test_the_main_branch_comes_first_then_what_is_live() -> None:
    jobs = [Waiting(number, number, priority, 1, is_offered=False) for number, priority in ((1, 3), (2, 2), (3, 1))]
    assert to_offer(jobs) == [3, 2, 1]
    assert to_offer(jobs, 1) == [3]


@pytest.mark.parametrize(
    ("state", "offer", "attempts", "expected"),
    [
        (State.QUEUED, Offer.WAITING, 0, Fate.STAYS),
        (State.QUEUED, Offer.TAKEN, 0, Fate.STAYS),
        (State.RUNNING, Offer.TAKEN, MAX_ATTEMPTS, Fate.STAYS),
        (State.RUNNING, Offer.ABANDONED, 1, Fate.AGAIN),
        (State.QUEUED, Offer.ABANDONED, MAX_ATTEMPTS, Fate.AGAIN),
        (State.RUNNING, Offer.ABANDONED, MAX_ATTEMPTS, Fate.FAILS),
        (State.RUNNING, Offer.ENDED, 1, Fate.AGAIN),
        (State.RUNNING, Offer.MISSING, 1, Fate.AGAIN),
        (State.QUEUED, Offer.ENDED, 0, Fate.AGAIN),
    ],
)
def test_the_fate_of_an_offered_job(state: State, offer: Offer, attempts: int, expected: Fate) -> None:
    assert fate(state, offer, attempts) is expected


@pytest.mark.parametrize(
    ("standing", "priority", "superseded"),
    [
        (Standing(is_main_head=True, is_live=True, is_head=True), Priority.MAIN, False),
        (Standing(is_main_head=False, is_live=True, is_head=False), Priority.LIVE, False),
        (Standing(is_main_head=False, is_live=False, is_head=True), Priority.BRANCH, False),
        (Standing(is_main_head=False, is_live=False, is_head=False), Priority.BRANCH, True),
    ],
)
def test_what_a_version_is_decides_its_place(standing: Standing, priority: Priority, superseded: bool) -> None:  # noqa: FBT001
    assert (standing.priority, standing.is_superseded) == (priority, superseded)


LABELS = st.sets(st.sampled_from("abcdef"), max_size=4)


@given(LABELS, LABELS)
def test_a_worker_takes_from_a_queue_just_when_it_has_its_labels(worker: set[str], job: set[str]) -> None:
    assert (queue_name(job) in set(queues_of(worker))) == (job <= worker)
    assert unmet(job, [worker]) == (not job <= worker)


@given(st.text(), st.text(), st.integers(1, 1000))
def test_a_key_is_that_of_its_parts_and_each_offer_has_an_id_of_its_own(first: str, second: str, generation: int) -> None:
    key = key_of(first, second, "consumer", "sha", 3)
    assert key == key_of(first, second, "consumer", "sha", 3)
    assert key != key_of(first, second, "consumer", "sha", 4)
    assert workflow_id(key, generation) != workflow_id(key, generation + 1)
