"""The clock of a real VM: ratings from before it knew the time, and battery clocks that are right or wrong."""

import sqlite3
import time

import pytest

from gateway.core.dating import Statement, of_same_boot
from protocol import record
from simulator.hall import Plan, opened
from tests.gateway.desk import poll
from tests.simulator.test_device import pass_time, wait_drained

HOUR = 3_600_000


def now_ms():
    return time.time_ns() // 1_000_000


def press_twice(device, level):
    """One rating: the same key again commits it."""
    seq = device.wait_stats(lambda stats: stats.next_seq > 1).next_seq
    device.press(level)
    device.wait_light(level)
    device.press(level)
    device.wait_stats(lambda stats: stats.next_seq > seq and not stats.unsigned)


@pytest.mark.requirement("WZ-8b")
def test_a_rating_from_a_start_without_network_is_bound_once_the_time_is_known(tmp_path):
    """Real gateway: the device starts anew offline, is pressed at a window that serves, and comes back."""
    with opened(tmp_path, Plan("clock-hall", {"A01": "a01"}, undo_ms=2000), lambda text: None) as hall:
        device = hall.devices["A01"]
        device.wait_stats(lambda stats: stats.waiting == 0 and stats.wall_ms is not None)
        hall.cut_network("A01")
        device.power_off()
        device.start()
        hall.business.sign_in("A01", "1001")
        hall.business.called("A01", "1001", "C-1", 1, "不动产登记")
        pressed_from = now_ms()
        press_twice(device, 2)
        pressed_to = now_ms()
        assert device.stats().wall_ms is None
        hall.restore_network("A01")
        device.wait_stats(lambda stats: stats.waiting == 0 and stats.wall_ms is not None)
        hall.settle()
        database = sqlite3.connect(f"file:{hall.gateway_data / 'gateway.db'}?mode=ro", uri=True)
        query = "SELECT status, rule, case_no, staff, error_ms FROM bindings ORDER BY number"
        # it is bound when the record comes that says the time, which may be after everything is at rest for a moment
        poll(lambda: database.execute(query).fetchall()[-1][0] == "bound", lambda: database.execute(query).fetchall())
        rows = database.execute(query).fetchall()
        ((body, first_ms, last_ms),) = database.execute("SELECT body, from_ms, to_ms FROM records WHERE kind = 1")
        database.close()
    assert rows[0][:2] == ("unbound", "unknown_time")
    assert rows[-1][:4] == ("bound", "interval", "C-1", "1001") and rows[-1][4] < 5000
    assert record.parse(body).head.wall_ms is None, "the record stays as it was signed"
    assert first_ms <= pressed_to and pressed_from <= last_ms, "the true time is inside"


def test_a_device_that_learns_the_time_after_a_rating_says_so_in_a_record(hall, device):
    wait_drained(device)
    hall.receipts = False
    device.power_off()
    device.power_on()
    press_twice(device, 4)
    pressed = now_ms()
    hall.wait_ratings(device.id, 1)
    hall.receipts = True
    hall.receipt(device.id)
    (event,) = hall.wait_events(device.id, "clock_set")
    (rating,) = hall.of(device.id).ratings()
    assert rating.head.wall_ms is None and event.head.boot == rating.head.boot == 2
    head = event.head
    told = Statement(head.boot, head.uptime_ms, head.wall_ms, head.error_ms)
    first_ms, last_ms = of_same_boot(2, rating.head.uptime_ms, [told])
    assert first_ms - 5000 <= pressed <= last_ms + 5000


def start_with_battery_clock(device, wall_ms, error_ms):
    """Anew, without network."""
    device.power_off()
    device._environment["HCP_SIM_RTC"] = f"{wall_ms},{error_ms}"
    device.network.cut()
    device.start()


def test_a_battery_clock_dates_a_rating_without_any_network(hall, device):
    start_with_battery_clock(device, now_ms(), 5000)
    press_twice(device, 3)
    pressed = now_ms()
    device.network.restore()
    (rating,) = hall.wait_ratings(device.id, 1)
    assert abs(rating.head.wall_ms - pressed) <= rating.head.error_ms + 1000 <= 7600
    stats = device.wait_stats(lambda stats: stats.counts.get("rtc_sets", 0) == 1)
    assert stats.error_ms < 5000, "the receipt knew better, and the battery clock was set by it"
    assert hall.of(device.id).events("clock_stepped") == []


@pytest.mark.parametrize("wrong_ms", [1_000_000_000_000, now_ms() + 20 * 365 * 24 * HOUR], ids=["2001", "in 20 years"])
def test_a_battery_clock_with_an_impossible_time_is_not_believed(hall, device, wrong_ms):
    start_with_battery_clock(device, wrong_ms, 500)
    press_twice(device, 1)
    assert device.stats().wall_ms is None, "no time rather than a wrong one"
    device.network.restore()
    stats = device.wait_stats(lambda stats: stats.wall_ms is not None and stats.counts.get("rtc_sets", 0) == 1)
    assert abs(stats.wall_ms - now_ms()) <= stats.error_ms + 5000


def test_a_battery_clock_that_jumps_is_told_and_moves_nothing(hall, device):
    device.set_clock(now_ms(), 500)
    wait_drained(device)
    device.wait_stats(lambda stats: stats.wall_ms is not None)
    device.set_clock(now_ms() - 2 * HOUR, 500)
    pass_time(hall, device, 6_000)
    (event,) = hall.wait_events(device.id, "clock_stepped")
    assert event.body.detail["of"] == "rtc" and event.body.detail["sign"] == "-"
    assert abs(event.body.detail["by"] - 2 * HOUR) < 10_000
    stats = device.stats()
    assert abs(stats.wall_ms - hall.now_ms()) <= stats.error_ms + 1000


def test_tls_checks_dates_by_the_newest_time_on_flash_until_a_receipt_tells(hall, device):
    wait_drained(device)
    device.wait_stats(lambda stats: stats.wall_ms is not None)
    press_twice(device, 5)  # leaves a record that knows the time
    rated = now_ms()
    wait_drained(device, 2)
    device.power_off()
    device.power_on()
    told = device.wait_stats(lambda stats: "tls_clock_s" in stats.counts).counts["tls_clock_s"] * 1000
    assert rated - 30_000 <= told <= now_ms(), "a chip begins in 2000, when no certificate was valid yet"
