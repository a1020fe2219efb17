"""The link of a real VM over a line that is slow, dead or refused; and a thousand outages in virtual time."""

import re
from pathlib import Path

import pytest

from simulator import outages
from simulator.bench import percentile
from simulator.bench_link import drain
from tests.simulator.test_device import pass_time, wait_drained


def test_a_backlog_drains_at_fifty_records_a_second_over_a_hundred_milliseconds(hall, device):
    wait_drained(device)
    assert drain(device, 60, 50) >= 50
    assert hall.errors == []


def test_a_broker_that_falls_silent_is_found_out_by_its_missing_pong(hall, device):
    wait_drained(device)
    counts = device.stats().counts
    connects, errors = counts["connects"], counts.get("link_errors", 0)
    device.network.hang()
    pass_time(hall, device, 15_000)
    assert device.stats().counts.get("link_errors", 0) == errors, "silence alone is no reason"
    device.press(2)
    device.wait_light(2)
    device.press(2)
    device.wait_stats(lambda stats: not stats.unsigned)
    pass_time(hall, device, 5_000)
    device.wait_stats(lambda stats: stats.counts.get("link_errors", 0) > errors)
    device.network.restore()
    device.wait_stats(lambda stats: stats.counts["connects"] > connects and stats.waiting == 0)
    assert device.starts == 1, "no reason to restart"
    assert [found.body.level for found in hall.of(device.id).ratings()] == [2]


def test_nobody_at_the_address_is_no_reason_to_restart(hall, device):
    wait_drained(device)
    port, connects = hall.port, device.stats().counts["connects"]
    device.network.upstream = ("127.0.0.1", 1)
    device.cut_network()
    device.restore_network()
    device.wait_stats(lambda stats: stats.counts.get("link_errors", 0) >= 5)
    device.network.upstream = ("127.0.0.1", port)
    device.wait_stats(lambda stats: stats.counts["connects"] > connects)
    assert device.starts == 1


def test_a_gateway_that_can_keep_no_more_is_left_alone_and_no_rating_is_lost(hall, device):
    wait_drained(device)
    device.wait_screen("idle")
    held = hall.of(device.id)
    hall.hold_ms = 60_000
    before = held.arrivals
    for level in (1, 5, 3):
        device.press(level)
        device.wait_light(level)
        device.press(level)
        device.wait_stats(lambda stats: not stats.unsigned)
    assert "评价照常保存" in device.wait_screen("offline").lines[0]
    assert device.stats().waiting == 3
    # until then nothing: not after the time of a missing receipt, not by a new connection
    first = held.arrivals
    assert first > before
    pass_time(hall, device, 30_000)
    connects = device.stats().counts["connects"]
    device.cut_network()
    device.restore_network()
    device.wait_stats(lambda stats: stats.counts["connects"] > connects)
    assert held.arrivals == first
    # then one record, and no more until the gateway can
    pass_time(hall, device, 31_000)
    hall.wait(lambda: held.arrivals > first, "the question whether it can keep more")
    pass_time(hall, device, 30_000)
    assert held.arrivals == first + 1
    hall.hold_ms = 0
    hall.receipt(device.id)
    device.wait_screen("idle")
    wait_drained(device)
    assert [found.body.level for found in held.ratings()] == [1, 5, 3]
    assert hall.errors == [] and device.starts == 1


@pytest.fixture(scope="module")
def thousand():
    return list(outages.many(1080, waiting=True))


def test_after_a_thousand_outages_a_device_is_back_in_ten_seconds(thousand):
    assert percentile([outage.back_ms for outage in thousand], 95) <= 10_000


@pytest.mark.parametrize("kind", outages.KINDS)
def test_no_kind_of_outage_hides_behind_the_others(thousand, kind):
    back = [outage.back_ms for outage in thousand if outage.kind == kind]
    assert len(back) == 120
    assert percentile(back, 95) <= 10_000


def test_the_model_would_notice_a_plain_back_off(monkeypatch):
    monkeypatch.setattr("firmware.patience.EAGER_MS", 60_000)
    assert percentile([outage.back_ms for outage in outages.many(180, waiting=True)], 95) > 10_000


def test_the_model_has_the_patience_of_the_wifi_driver():
    driver = (Path(outages.__file__).parent.parent / "firmware" / "drivers" / "net.py").read_text()
    found = dict(re.findall(r"^(_TRY_MS|_REST_MS) = const\((\d+)\)", driver, re.M))
    world = outages.World()
    assert (int(found["_TRY_MS"]), int(found["_REST_MS"])) == (world.wifi_try_ms, world.wifi_rest_ms)
