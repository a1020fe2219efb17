"""Fingers on the keys of a device in the real VM: while its loop stands still, two at once, stuck, bouncing."""

import pytest

from firmware.input import STUCK_MS
from protocol.record import BURST, CLOSED_EARLY, TWO_KEYS, UNARMED, UNSURE
from tests.simulator.test_device import A, arm, levels, pass_time, wait_drained


def counts(device):
    return device.stats().counts


@pytest.mark.parametrize(("what", "stall_ms"), [("handshake", 3000), ("erase", 400), ("collection", 100)])
def test_every_press_is_captured_while_the_loop_stands_still(hall, device, what, stall_ms):
    """As many as 8 waiting interrupts hold, each 20 ms long, somewhere inside the stall."""
    wait_drained(device)
    arm(hall, device, A)
    fingers = []
    for number, level in enumerate((3, 1, 4, 2)):
        at_ms = 5 + number * (stall_ms - 30) // 4
        fingers += [(at_ms, level, True), (at_ms + 20, level, False)]
    device.stall(stall_ms, fingers)
    device.wait_light(2)
    pass_time(hall, device, 8000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert [*(level for _, level in rating.body.changes), rating.body.level] == [3, 1, 4, 2]
    assert (rating.body.token, rating.body.flags) == (A, UNSURE)
    assert rating.head.error_ms >= stall_ms, "the true time of the press is within what the record says"
    assert "irqs_lost" not in counts(device)


def test_a_press_that_outlasts_the_stall_is_one(hall, device):
    wait_drained(device)
    device.stall(400, [(100, 4, True)])
    device.wait_light(4)
    device.press_up(4)
    device.press(5)
    device.wait_light(5)
    pass_time(hall, device, 8000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert [level for _, level in rating.body.changes] == [4] and rating.body.level == 5


def test_interrupts_that_did_not_fit_leave_no_key_wrong(hall, device):
    wait_drained(device)
    bounces = [(5 + 3 * number, 1, number % 2 == 0) for number in range(11)]  # and it stays down
    device.stall(400, [*bounces, (200, 1, False), (300, 5, True)])
    device.wait_light(5)
    device.press_up(5)
    pass_time(hall, device, 8000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.body.level == 5 and [level for _, level in rating.body.changes] == [1]
    assert counts(device)["irqs_lost"] >= 1


def test_a_bounce_is_no_press_and_is_counted(hall, device):
    wait_drained(device)
    device.bounce(2)
    device.wait_stats(lambda stats: stats.counts.get("bounces") == 1)
    assert device.lights() == () and device.clicks() == 0
    device.press(4)
    device.wait_light(4)


def test_two_keys_at_once_are_one_rating_that_tells_both(hall, device):
    wait_drained(device)
    arm(hall, device, A)
    device.move_keys((0, 4, True), (5, 2, True), (60, 4, False), (5, 2, False), (25, 2, False))
    device.wait_light(4)
    device.press(4)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.token, rating.body.changes) == (4, A, ((0, 2),))
    assert rating.body.flags == TWO_KEYS | CLOSED_EARLY


def test_a_burst_is_kept_and_flagged(hall, device):
    wait_drained(device)
    device.move_keys(*((21, 1 + number // 2 % 5, number % 2 == 0) for number in range(24)))
    assert device.wait_until(lambda: device.clicks() == 12)
    pass_time(hall, device, 8000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert [*(level for _, level in rating.body.changes), rating.body.level] == [3, 4, 5, 1, 2]
    assert rating.body.flags & BURST


@pytest.mark.parametrize("device", [{"HCP_SIM_KEYS": "3"}], indirect=True)
def test_a_key_stuck_at_the_start_is_reported_and_the_others_work(hall, device):
    (event,) = hall.wait_events(device.id, "tamper")
    assert event.body.detail == {"what": "key 3"}
    wait_drained(device)
    device.press(5)
    device.wait_light(5)
    device.press(5)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.flags) == (5, UNARMED | CLOSED_EARLY)
    device.press_up(3)
    device.move_keys((50, 3, True), (30, 3, False))
    device.wait_light(3)


def test_a_key_that_sticks_later_was_one_press_and_is_reported(hall, device):
    wait_drained(device)
    device.press_down(2)
    device.wait_light(2)
    pass_time(hall, device, STUCK_MS)
    (event,) = hall.wait_events(device.id, "tamper")
    assert event.body.detail == {"what": "key 2"}
    assert levels(hall.wait_ratings(device.id, 1)) == [2]
    device.press(5)
    device.wait_light(5)
