"""The thread that lets limits fire: it waits while the clock is in doubt, survives its jobs, and ends when told."""

import threading

import pytest

from central.clock import Clock
from central.core.due import SETTLE_MS
from central.core.handling import Action
from central.scheduler import TABLES_S, Scheduler
from tests.central.office_world import OfficeWorld

SETTLE_S = SETTLE_MS / 1000


@pytest.fixture
def world(place, gateway):
    world = OfficeWorld(place, gateway)
    yield world
    world.close()


def pass_time(world, scheduler, seconds: float, at_s: float) -> float:
    world.clock.turn(round(seconds * 1000))
    scheduler.round(at_s + seconds)
    return at_s + seconds


def test_nothing_fires_while_the_clock_is_in_doubt(world):
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    scheduler = Scheduler(world.office, world.clock)
    assert not scheduler.round(0)
    world.clock.turn(365 * 86_400_000)  # somebody set the year
    assert not scheduler.round(SETTLE_S + 1)
    assert world.state(number) == "verifying"
    world.clock.turn(round(SETTLE_S * 1000))
    assert scheduler.round(2 * SETTLE_S + 1)
    assert world.state(number) == "rectifying"


def test_a_job_that_fails_neither_ends_the_round_nor_the_next_one(world):
    runs = []

    def bad():
        raise RuntimeError("broken")

    scheduler = Scheduler(world.office, world.clock, [bad, lambda: runs.append(1)])
    scheduler.round(0)
    at = pass_time(world, scheduler, SETTLE_S, 0)
    pass_time(world, scheduler, 30, at)
    assert runs == [1, 1]


def test_tables_of_holidays_are_read_again_now_and_then(world, monkeypatch):
    reads = []
    monkeypatch.setattr(world.office, "recompute", lambda: reads.append(1))
    scheduler = Scheduler(world.office, world.clock)
    scheduler.round(0)
    at = pass_time(world, scheduler, SETTLE_S, 0)
    at = pass_time(world, scheduler, 30, at)
    assert len(reads) == 1
    pass_time(world, scheduler, TABLES_S, at)
    assert len(reads) == 2


def test_the_thread_goes_round_when_somebody_acts_and_ends_when_told(world):
    rounds = threading.Semaphore(0)

    class Counting(Scheduler):
        def round(self, monotonic_s: float) -> bool:
            rounds.release()
            return super().round(monotonic_s)

    scheduler = Counting(world.office, Clock())
    scheduler.start()
    assert rounds.acquire(timeout=30)
    number = world.rate(1)
    world.must(number, Action.CALL_BACK)
    assert rounds.acquire(timeout=60)
    assert scheduler.healthy
    scheduler.stop()
    assert not scheduler.healthy
