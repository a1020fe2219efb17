"""The clock: ticks that wrap, wall time as an interval, and no silent step."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.clock import TICKS_PERIOD, Clock
from tests.firmware.clock_story import story
from tests.firmware.crypto_vm import in_vm

DAY_MS = 86_400_000
WALL = 1_750_000_000_000


def running(ticks=0):
    clock = Clock()
    clock.uptime(ticks)
    return clock


@given(st.integers(0, TICKS_PERIOD - 1), st.lists(st.integers(0, 6 * DAY_MS), max_size=30))
def test_uptime_goes_on_over_the_wrap(start, steps):
    clock = running(start)
    total = 0
    for step in steps:
        total += step
        assert clock.uptime((start + total) % TICKS_PERIOD) == total


def test_a_stamp_from_before_the_last_look_is_told_as_it_was():
    clock = running(TICKS_PERIOD - 100)
    assert clock.uptime(50) == 150
    assert clock.uptime(TICKS_PERIOD - 10) == 90
    assert clock.uptime(60) == 160, "looking back moved nothing"


def test_without_a_statement_there_is_no_wall_time():
    clock = running()
    assert clock.at(1000) == (None, None)
    assert clock.uptime_at(WALL) is None


def test_the_error_grows_by_20_ppm_before_and_after_the_setting():
    clock = running()
    assert clock.tell(WALL, 25, DAY_MS) == 0
    assert clock.sets == 1
    assert clock.at(DAY_MS) == (WALL, 25)
    assert clock.at(2 * DAY_MS) == (WALL + DAY_MS, 25 + 1728)
    assert clock.at(0) == (WALL - DAY_MS, 25 + 1728)
    assert clock.at(DAY_MS + 1) == (WALL + 1, 26), "rounded up"
    assert clock.uptime_at(WALL + 5000) == DAY_MS + 5000


def test_statements_that_agree_narrow_the_error_and_are_no_step():
    clock = running()
    clock.tell(WALL, 100, 0)
    assert clock.tell(WALL + 60, 50, 0) == 0
    assert clock.at(0) == (WALL + 55, 45)
    assert clock.tell(WALL, 1000, 0) == 0
    assert clock.at(0) == (WALL + 55, 45), "a worse statement takes nothing away"
    assert clock.sets == 1


def test_a_statement_outside_the_stated_error_is_a_step_and_is_told():
    clock = running()
    clock.tell(WALL, 10, 0)
    assert clock.tell(WALL - 5000, 10, 1000) == -6000
    assert clock.at(1000) == (WALL - 5000, 10)
    assert clock.sets == 2


@given(
    st.integers(-20, 20),
    st.lists(st.tuples(st.integers(1, 3 * DAY_MS), st.integers(0, 2000), st.integers(-1000, 1000)), max_size=12),
    st.integers(0, 3 * DAY_MS),
)
def test_the_truth_stays_within_the_stated_error_while_everybody_is_honest(ppm, statements, after):
    """A crystal off by up to 20 ppm, statements whose error covers the truth: the bound holds and nothing steps."""
    clock = running()
    now = 0

    def truth(uptime_ms):
        return WALL + uptime_ms + uptime_ms * ppm // 1_000_000

    for step, error_ms, off in statements:
        now += step
        wall_ms = truth(now) + off * error_ms // 1000
        assert clock.tell(wall_ms, error_ms + 1, now) == 0
    wall_ms, error_ms = clock.at(now + after)
    assert wall_ms is None or abs(truth(now + after) - wall_ms) <= error_ms + 1


def test_the_vm_counts_alike():
    assert in_vm("from tests.firmware.clock_story import story", "story()") == [story()]
