"""The clock: ticks that wrap, wall time as an interval, and no silent step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.clock import SLIP_MS, TICKS_PERIOD, Clock
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


# --- a battery clock (SPEC 8.5)


def fitted(floor=WALL - DAY_MS, ceiling=WALL + 1000 * DAY_MS):
    clock = running()
    clock.floor_ms, clock.ceiling_ms = floor, ceiling
    return clock


def test_a_battery_clock_tells_the_time_before_any_receipt():
    clock = fitted()
    assert clock.tell_rtc(WALL, 500, 0) == 0
    assert clock.at(0) == (WALL, 500 + SLIP_MS) and not clock.told


@pytest.mark.parametrize("wall_ms", [0, WALL - DAY_MS - 10_000, WALL + 1001 * DAY_MS])
def test_a_battery_clock_outside_of_what_is_possible_is_not_believed(wall_ms):
    clock = fitted()
    assert clock.tell_rtc(wall_ms, 500, 0) == 0
    assert clock.at(0) == (None, None)


@pytest.mark.parametrize("jump_ms", [-3_600_000, -2000, 2000, 10 * DAY_MS])
def test_a_battery_clock_that_jumps_is_told_once_and_not_believed_until_it_is_set(jump_ms):
    clock = fitted()
    clock.tell_rtc(WALL, 500, 0)
    before = clock.at(10_000)
    assert clock.tell_rtc(WALL + 5000 + jump_ms, 500, 5000) == jump_ms
    assert clock.tell_rtc(WALL + 10_000, 500, 10_000) == 0
    assert clock.at(10_000) == before, "the time goes on by the crystal"
    clock.rtc_set()
    assert clock.rtc_good and clock.tell_rtc(WALL + 15_000, 1, 15_000) == 0


def test_a_battery_clock_that_creeps_is_noticed_when_it_is_beyond_both_oscillators():
    clock = fitted()
    slips = [clock.tell_rtc(WALL + 5000 * n + 20 * n, 60_000, 5000 * n) for n in range(100)]
    assert [slip for slip in slips if slip] and not clock.rtc_good


def test_a_receipt_overrules_a_battery_clock_and_says_so():
    clock = fitted()
    clock.tell_rtc(WALL, 500, 0)
    assert clock.tell(WALL + 60_000, 20, 1000) == 59_000
    assert clock.at(1000) == (WALL + 60_000, 20) and clock.sets == 2
    assert clock.tell_rtc(WALL + 2000, 500, 2000) == -59_000
    assert clock.at(1000) == (WALL + 60_000, 20) and clock.sets == 2, "the clock did not move"


HONEST = st.tuples(st.just("look"), st.integers(1, 5000))
AWAY = st.tuples(st.just("away"), st.integers(1, 60 * DAY_MS))
JUMP = st.tuples(st.just("jump"), st.one_of(st.integers(-400 * DAY_MS, -3000), st.integers(3000, 400 * DAY_MS)))
RECEIPT = st.tuples(st.just("receipt"), st.integers(0, 2000))


@settings(max_examples=400)
@given(
    st.integers(-20, 20),
    st.integers(-3, 3),
    st.sampled_from(["honest", "stopped", "at 2000", "after its time"]),
    st.lists(st.one_of(HONEST, HONEST, AWAY, JUMP, RECEIPT), max_size=25),
)
def test_the_truth_is_inside_the_bound_whatever_the_battery_clock_does(ppm, rtc_ppm, start, steps):
    """Crystal and battery clock within their drift, months without a receipt; the battery clock is unset or jumps."""
    clock = fitted()
    uptime = truth = 0  # truth: ms since the start
    off = {"honest": 0, "stopped": None, "at 2000": -WALL, "after its time": 2000 * DAY_MS}[start]
    set_at, set_error = 0, 20

    def pass_by(ms):
        nonlocal uptime, truth
        truth += ms
        uptime = truth + truth * ppm // 1_000_000

    def look():
        if off is None:
            return
        shown = WALL + truth + (truth - set_at) * rtc_ppm // 1_000_000 + off
        error = 500 + set_error + (truth - set_at) * 3 // 1_000_000 + 1
        clock.tell_rtc(shown // 1000 * 1000 + 500, error, uptime)

    look()
    for what, value in steps:
        if what == "look":
            pass_by(value)
        elif what == "away":
            for _ in range(4):  # it is looked at all the time
                pass_by(value // 4)
                look()
        elif what == "jump" and off is not None:
            off += value
        elif what == "receipt":
            pass_by(10)
            assert clock.tell(WALL + truth + value // 2, value, uptime) == 0
            if off is not None and not clock.rtc_good:
                wall_ms, set_error = clock.at(uptime)
                set_at, off = truth, wall_ms - WALL - truth
                clock.rtc_set()
        look()
        wall_ms, error_ms = clock.at(uptime)
        assert wall_ms is None or abs(WALL + truth - wall_ms) <= error_ms + 1
