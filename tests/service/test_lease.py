"""The Lease's protocol in virtual time: never two at once, epochs only rise, a released one is taken at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from apps.service.lease import DEADLINE_SHARE, POLL_SHARE
from tests.service.lease_world import DURATION, TICK, Pod, World


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.end()


def two(world: World) -> tuple[Pod, Pod]:
    """A leader and a standby that knows of it."""
    first = world.start()
    world.until(first, within=3 * DURATION)
    second = world.start()
    world.run(1)
    assert second.lease.waited
    return first, second


def test_the_first_ever_waits_out_one_duration_because_a_missing_lease_may_have_been_deleted(world: World) -> None:
    pod = world.start()
    assert world.until(pod, within=2 * DURATION) >= DURATION
    assert (pod.lease.epoch, pod.lease.waited) == (1, False)


def test_a_killed_holder_is_followed_after_one_duration_and_a_look(world: World) -> None:
    first, second = two(world)
    first.kill()
    took = world.until(second, within=3 * DURATION)
    assert DURATION * (1 - 0.2) - 1 <= took <= DURATION * (1 + POLL_SHARE) + 0.2
    assert second.lease.epoch > first.lease.epoch


def test_a_stopped_holder_is_followed_at_the_next_look(world: World) -> None:
    first, second = two(world)
    first.stop.set()
    assert world.until(second, within=3 * DURATION) <= POLL_SHARE * DURATION + 0.2
    assert not second.lease.problem


def test_a_holder_that_is_cut_off_stops_before_the_standby_takes_over(world: World) -> None:
    first, second = two(world)
    first.cut = True
    silent = world.until(None, within=3 * DURATION)
    assert silent <= DEADLINE_SHARE * DURATION + TICK
    world.until(second, within=3 * DURATION)
    assert not first.writing


def test_an_answer_that_was_long_on_its_way_does_not_lengthen_the_turn(world: World) -> None:
    """The lead counts from when it was asked for: the standby's count began when the server wrote it down."""
    first, second = two(world)
    second.back = 0.55 * DURATION
    third = world.start()
    first.kill()
    while world.server.lease is None or not world.server.lease.holder.startswith(second.name):
        third.awake.clear()  # it looks on, but is not the quicker one
        world.run(TICK)
    third.awake.set()
    second.cut = True
    world.until(third, within=3 * DURATION)


def test_a_holder_that_was_frozen_writes_nothing_when_it_wakes(world: World) -> None:
    first, second = two(world)
    first.awake.clear()
    world.until(second, within=3 * DURATION)
    first.awake.set()
    world.run(10 * DURATION)
    assert world.leader is second
    assert first.led == 1


def test_a_deleted_lease_has_no_holder_until_the_old_one_must_have_noticed(world: World) -> None:
    first, _ = two(world)
    world.server.delete()
    world.run(DURATION - 1)
    assert world.leader is None
    world.run(2 * DURATION)
    assert world.leader is not None
    assert world.leader.lease.epoch > 1
    assert first.led >= 1


def test_a_lease_that_is_deleted_again_while_a_standby_does_not_look_has_one_holder(world: World) -> None:
    """Two absences look alike: who slept from the one to the other has not waited."""
    first, second = two(world)
    third = world.start()
    world.run(1)
    first.kill()
    world.server.delete()
    world.run(1)
    second.awake.clear()
    world.until(third, within=3 * DURATION)
    world.server.delete()
    second.awake.set()
    world.run(3 * DURATION)
    assert world.leader is not None


def test_a_holder_that_may_no_longer_write_the_lease_says_why_it_stops_leading(world: World) -> None:
    first, second = two(world)
    first.refused = True
    world.until(second, within=3 * DURATION)
    assert first.lease.problem == "leases is forbidden"


def test_a_wall_clock_that_is_wrong_by_years_changes_nothing(world: World) -> None:
    first, second = two(world)
    assert world.server.lease is not None
    world.server.lease.content["spec"]["renewTime"] = "1970-01-01T00:00:00.000000Z"
    world.run(10 * DURATION)
    assert world.leader is first
    assert second.led == 0


def test_the_epoch_rises_above_what_is_asked_and_is_stored_before_it_is_used(world: World) -> None:
    pod = world.start()
    world.until(pod, within=2 * DURATION)
    assert world.loop.run_until_complete(pod.lease.next_epoch(above=40)) == 41
    assert world.server.lease is not None
    assert world.server.lease.transitions == 41


DELAYS = st.one_of(st.just(0.01), st.floats(0.0, 3 * DURATION))


class AnyWorld(RuleBasedStateMachine):
    """Whatever Pods, clocks, network and people do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    def teardown(self) -> None:
        self.world.end()

    def pod(self, data: st.DataObject) -> Pod:
        return data.draw(st.sampled_from(self.world.pods), label="pod")

    @precondition(lambda self: len(self.world.pods) < 6)
    @rule(rate=st.floats(0.8, 1.25), offset=st.floats(-1e6, 1e6))
    def start(self, rate: float, offset: float) -> None:
        self.world.start(rate=rate, offset=offset)

    @rule(seconds=st.floats(0.01, 2.5 * DURATION))
    def time_passes(self, seconds: float) -> None:
        self.world.run(seconds)

    @precondition(lambda self: self.world.pods)
    @rule(data=st.data(), there=DELAYS, back=DELAYS)
    def network(self, data: st.DataObject, there: float, back: float) -> None:
        pod = self.pod(data)
        pod.there, pod.back = there, back

    @precondition(lambda self: self.world.pods)
    @rule(data=st.data(), cut=st.booleans())
    def partition(self, data: st.DataObject, cut: bool) -> None:
        self.pod(data).cut = cut

    @precondition(lambda self: self.world.pods)
    @rule(data=st.data(), awake=st.booleans())
    def freeze(self, data: st.DataObject, awake: bool) -> None:
        pod = self.pod(data)
        pod.awake.set() if awake else pod.awake.clear()

    @precondition(lambda self: self.world.pods)
    @rule(data=st.data(), kindly=st.booleans())
    def end_one(self, data: st.DataObject, kindly: bool) -> None:
        pod = self.pod(data)
        pod.stop.set() if kindly else pod.kill()

    @rule()
    def somebody_deletes_the_lease(self) -> None:
        self.world.server.delete()

    @rule()
    def all_is_well_again(self) -> None:
        """Then whoever lives is led by exactly one, soon."""
        for pod in self.world.pods:
            pod.cut, pod.there, pod.back = False, 0.01, 0.01
            pod.awake.set()
        self.world.run(12 * DURATION)
        living = [pod for pod in self.world.pods if not pod.task.done()]
        assert (self.world.leader is not None) == bool(living)

    @invariant()
    def at_most_one_leads(self) -> None:
        self.world.judge()
        assert not self.world.noticed, self.world.noticed[0]


TestAnyWorld = AnyWorld.TestCase
TestAnyWorld.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
