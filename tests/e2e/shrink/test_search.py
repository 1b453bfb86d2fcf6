"""A failing scenario comes down to the smallest that fails alike, in few plays; what fails by chance is said to."""

from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from saga_contracts.declare.saga import Saga
from saga_contracts.declare.verdict import Verdict
from saga_e2e.derive.faults import Fault, Kind, Role
from saga_e2e.derive.scenarios import Scenario, Tier
from saga_e2e.judge.findings import Finding
from saga_e2e.judge.records import ScenarioRecord
from saga_e2e.play.shrinking import maker
from saga_e2e.shrink.proposals import Schedule, size, smaller
from saga_e2e.shrink.search import Shrunk, shrink, worth_it

FAULTS = st.builds(
    Fault,
    st.sampled_from(["pay", "ship"]),
    st.sampled_from([Role.FORWARD, Role.COMPENSATE]),
    st.sampled_from(list(Kind)),
    st.sampled_from([1, 2, 3, None]),
)


def fault(step: str, kind: Kind, occurrence: int | None = 1, role: Role = Role.FORWARD) -> Fault:
    return Fault(step, role, kind, occurrence)


def scenario(faults: Schedule) -> Scenario:
    return Scenario("+".join(one.text for one in faults), "", "", Tier.NIGHTLY, faults, frozenset(), ())


def record(faults: Schedule, *broken: str, error: str | None = None) -> ScenarioRecord:
    findings = tuple(Finding(one, Verdict.BROKEN, f"{one} is broken.") for one in broken)
    kept = (Finding("I5", Verdict.KEPT, ""),)
    return ScenarioRecord(scenario(faults), "saga-1", "committed", 1, error, findings or kept)


def shrunk(faults: Schedule, fails: Callable[[Schedule], bool], most: int = 25) -> Shrunk:
    """Shrink a scenario that breaks I7 whenever the predicate holds."""

    def play(one: Scenario) -> ScenarioRecord:
        return record(one.faults, *(["I7"] if fails(one.faults) else []))

    return shrink(record(faults, "I7"), scenario, play, most=most)


@given(st.lists(FAULTS, min_size=1, max_size=4, unique=True).map(tuple))
@settings(max_examples=100)
def test_each_proposal_is_smaller_than_what_it_comes_from(faults: Schedule) -> None:
    assert all(size(less) < size(faults) for less in smaller(faults))


def test_what_the_failure_does_not_need_falls_away() -> None:
    needed, other = fault("pay", Kind.REQUEST_LOST), fault("ship", Kind.DUPLICATED)

    found = shrunk((other, needed), lambda faults: needed in faults)

    assert found.last.scenario.faults == (needed,)
    assert found.again


def test_a_fault_becomes_once_earlier_and_plainer() -> None:
    first = (fault("pay", Kind.UNAVAILABLE, None), fault("ship", Kind.CALLER_DIES, 3))

    found = shrunk(first, lambda faults: {one.step for one in faults} == {"pay", "ship"})

    assert found.last.scenario.faults == (fault("pay", Kind.REQUEST_LOST), fault("ship", Kind.REPLY_LOST))


def test_a_failure_that_needs_no_fault_comes_down_to_none() -> None:
    found = shrunk((fault("pay", Kind.REPLY_LOST), fault("ship", Kind.REPLY_LOST)), lambda _: True)

    assert found.last.scenario.faults == ()


def test_what_does_not_fail_again_is_not_shrunk() -> None:
    found = shrunk((fault("pay", Kind.REPLY_LOST),), lambda _: False)

    assert (found.again, found.plays, found.last) == (False, 1, found.first)


def test_the_number_of_plays_is_bounded() -> None:
    many = tuple(fault("pay", Kind.REPLY_LOST, number) for number in range(1, 9))

    found = shrunk(many, lambda faults: len(faults) > 6, most=3)

    assert found.plays == 3
    assert len(found.last.scenario.faults) <= 8


def test_another_broken_invariant_does_not_count() -> None:
    def play(one: Scenario) -> ScenarioRecord:
        return record(one.faults, "I7" if len(one.faults) == 2 else "I5")

    first = (fault("pay", Kind.REPLY_LOST), fault("ship", Kind.REPLY_LOST))

    assert shrink(record(first, "I7"), scenario, play).last.scenario.faults == first


def test_of_each_invariant_the_failure_with_the_fewest_faults_is_shrunk() -> None:
    one, two = fault("pay", Kind.REPLY_LOST), fault("ship", Kind.REPLY_LOST)
    records: Sequence[ScenarioRecord] = [record((one, two), "I7"), record((one,), "I7"), record((two,), "I5"), record((one,))]

    assert [found.scenario.faults for found in worth_it(list(records), 5)] == [(one,), (two,)]
    assert len(worth_it(list(records), 1)) == 1


def test_smaller_scenarios_are_derived_ones_with_their_own_ends(vas_purchase: Saga) -> None:
    first = scenario((fault("notify", Kind.REPLY_LOST, None), fault("apply_vas", Kind.DUPLICATED)))
    make = maker(vas_purchase, first)

    less = make((fault("notify", Kind.REPLY_LOST),))

    assert less is not None
    assert (less.name, less.expected) == ("reply-lost-at-notify", ("committed",))
    other = make((fault("notify", Kind.DUPLICATED), fault("apply_vas", Kind.REPLY_LOST)))
    assert other is not None
    assert (other.name, other.expected) == ("duplicated:forward:notify:1,reply_lost:forward:apply_vas:1", ("committed",))
