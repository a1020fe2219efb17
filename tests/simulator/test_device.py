"""A device in the real VM against the real broker: whatever happens, each lit press is one signed record, once."""

import itertools
import time

import pytest

from protocol import downlink, record
from protocol.record import CLOSED_EARLY, RECOVERED, UNARMED
from simulator.device import DeviceOff, SimDevice
from tests.simulator.gateway_twin import GatewayTwin

A = b"token--A"
B = b"token--B"


def levels(ratings):
    return [found.body.level for found in ratings]


def pass_time(hall, device, ms):
    """Time passes for both: else the device would rightly report that its clock stepped."""
    hall.clock_ms += ms
    device.advance(ms)


def wait_drained(device, next_seq=0):
    """Until everything the device has signed has its receipt."""
    return device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > max(next_seq, 1))


def arm(hall, device, token, **how):
    hall.scene(device.id, token, **how)
    device.wait_screen("rate" if token else "idle")


@pytest.mark.requirement("WZ-9b")
@pytest.mark.requirement("LZ-2.1.3b")
def test_a_press_becomes_a_signed_record_and_its_receipt_empties_the_journal(hall, device):
    (boot,) = hall.wait_events(device.id, "boot")
    assert boot.body.detail == {"cause": "power"} and boot.head.seq == 1
    arm(hall, device, A)
    assert "不动产登记" in device.screen().lines
    assert device.lights() == (), "no star is chosen for anybody"
    device.press(4)
    device.wait_light(4)
    device.wait_screen("chosen")
    assert hall.of(device.id).ratings() == []
    pass_time(hall, device, 8000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.token, rating.body.flags, rating.body.indicators) == (4, A, 0, 3)
    assert wait_drained(device, 2).receipted == rating.head.seq
    assert "thanks" in device.screens()
    pass_time(hall, device, 3000)
    device.wait_light(None)
    assert hall.errors == []


def test_the_device_learns_the_time_from_receipts_and_states_its_error(hall, device):
    wait_drained(device)
    stats = device.wait_stats(lambda stats: stats.wall_ms is not None)
    assert abs(stats.wall_ms - time.time_ns() // 1_000_000) <= stats.error_ms + 50
    device.press(3)
    device.wait_light(3)
    device.press(3)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.head.error_ms <= 1000
    assert abs(rating.head.wall_ms - time.time_ns() // 1_000_000) < 10_000


def test_the_last_press_counts_and_the_changes_are_told(hall, device):
    arm(hall, device, A)
    for level in (1, 2, 5):
        device.press(level)
        device.wait_light(level)
        pass_time(hall, device, 1000)
    pass_time(hall, device, 7000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.body.level == 5
    assert [level for _, level in rating.body.changes] == [1, 2]
    assert 2000 <= rating.body.changes[0][0] < 4000


@pytest.mark.requirement("MOT-8b")
@pytest.mark.requirement("LZ-2.1.3b")
def test_the_next_service_commits_the_rating_before_and_takes_its_own(hall, device):
    wait_drained(device)
    arm(hall, device, A)
    device.press(2)
    device.wait_screen("chosen")
    arm(hall, device, B)
    device.press(5)
    device.wait_light(5)
    device.press(5)
    device.wait_screen("thanks")
    device.press(1)
    device.wait_light(1)
    device.press(1)
    found = hall.wait_ratings(device.id, 3)
    assert [(r.body.level, r.body.token, r.body.flags) for r in found] == [
        (2, A, CLOSED_EARLY),
        (5, B, CLOSED_EARLY),
        (1, None, UNARMED | CLOSED_EARLY),
    ]


def test_without_network_ratings_are_kept_and_arrive_once_in_order(hall, device):
    wait_drained(device)
    device.cut_network()
    for level in (1, 5, 3, 2, 4, 1, 1, 5, 2, 3):
        device.press(level)
        device.wait_light(level)
        device.press(level)
        device.wait_screen("saved")
        pass_time(hall, device, 4000)
        device.wait_screen("offline")
    assert device.stats().waiting >= 10
    assert hall.of(device.id).ratings() == []
    device.restore_network()
    assert levels(hall.wait_ratings(device.id, 10)) == [1, 5, 3, 2, 4, 1, 1, 5, 2, 3]
    wait_drained(device, 10)
    assert hall.errors == []


def test_a_power_cut_inside_the_undo_window_leaves_exactly_one_recovered_rating(hall, device):
    wait_drained(device)
    arm(hall, device, A)
    device.press(1)
    device.wait_light(1)
    device.press(2)
    device.wait_light(2)
    device.power_off()
    with pytest.raises(DeviceOff):
        device.press(3)
    device.power_on()
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.token, rating.body.flags) == (2, A, RECOVERED)
    assert [level for _, level in rating.body.changes] == [1]
    assert rating.head.boot == 1, "it states the start in which it was pressed"
    assert rating.head.wall_ms is not None
    (event,) = hall.wait_events(device.id, "recovered")
    assert event.body.detail == {"count": 1} and event.head.boot == 2
    device.power_off()
    device.power_on()
    hall.wait_events(device.id, "boot", 3)
    assert len(hall.of(device.id).ratings()) == 1
    assert hall.errors == []


def test_a_token_whose_rating_was_recovered_takes_no_second_one(hall, device):
    wait_drained(device)
    arm(hall, device, A)
    hall.receipts = False
    device.press(1)
    device.wait_light(1)
    device.power_off()
    device.power_on()
    hall.wait_ratings(device.id, 1)
    device.wait_screen("idle")
    device.press(5)
    device.wait_light(5)
    device.press(5)
    assert [r.body.token for r in hall.wait_ratings(device.id, 2)] == [A, None]


@pytest.mark.parametrize("flavour", ["before", "torn", "bits", "after"])
@pytest.mark.parametrize("operation", range(1, 7))
def test_the_power_goes_at_a_flash_operation_of_a_rating(hall, device, operation, flavour):
    """Whatever was lit is one record, whatever was not is one or none; the chain holds."""
    hall.wait_events(device.id, "boot")
    wait_drained(device)
    device.power_off()
    device.power_on(f"{operation}:{flavour}:7")
    lit = None
    try:
        device.wait_screen("idle")
        device.press(2)
        device.wait_light(2)
        lit = 2
        device.press(2)
        device.wait_off()
    except DeviceOff:
        pass
    device.power_off()
    device.power_on()
    hall.wait_events(device.id, "boot", 2)
    wait_drained(device, 2)
    assert levels(hall.of(device.id).ratings()) in ([[2]] if lit else [[], [2]])
    assert hall.errors == []


def test_presses_during_a_signature_wait_and_are_not_lost(hall, device):
    wait_drained(device)
    for level in (5, 5, 3, 3, 1, 1, 4, 2, 2):
        device.press(level)
    found = hall.wait_ratings(device.id, 4)
    assert levels(found) == [5, 3, 1, 2]
    assert [level for _, level in found[3].body.changes] == [4]


def test_receipts_that_cannot_be_believed_drop_nothing(hall, device):
    wait_drained(device)
    hall.receipts = False
    device.press(5)
    device.wait_light(5)
    device.press(5)
    (rating,) = hall.wait_ratings(device.id, 1)
    seq = rating.head.seq
    ignored = device.stats().counts.get("ignored", 0)
    hall.receipt(device.id, seq, key=bytes(32))
    hall.receipt(device.id, seq, to="another")
    hall.receipt(device.id, seq, number=0)
    hall.send_raw(device.id, "receipt", b"\xff" * 64)
    stats = device.wait_stats(lambda stats: stats.counts.get("ignored", 0) == ignored + 4)
    assert stats.waiting == 1
    hall.receipt(device.id, seq, body_hash=b"not-our-own-hash")
    device.wait_stats(lambda stats: stats.counts.get("forks") == 1)
    hall.wait_events(device.id, "fork_seen")
    assert device.stats().waiting == 2
    hall.receipts = True
    hall.receipt(device.id)
    wait_drained(device)
    assert levels(hall.of(device.id).ratings()) == [5]


def test_a_gateway_that_does_not_answer_gets_the_records_again(hall, device):
    wait_drained(device)
    hall.receipts = False
    device.press(5)
    device.wait_light(5)
    device.press(5)
    hall.wait_ratings(device.id, 1)
    held = hall.of(device.id)
    arrivals = held.arrivals
    pass_time(hall, device, 10_000)
    hall.wait(lambda: held.arrivals > arrivals, "second sending")
    hall.receipts = True
    pass_time(hall, device, 10_000)
    wait_drained(device)
    assert hall.errors == []


def test_a_broker_that_forgot_everything_is_no_loss(hall, device):
    wait_drained(device)
    hall.restart_broker()
    device.press(2)
    device.wait_light(2)
    device.press(2)
    assert levels(hall.wait_ratings(device.id, 1)) == [2]
    assert device.starts == 1
    wait_drained(device)


def test_the_birth_and_the_will_carry_the_boot_counter(hall, device):
    states = hall.of(device.id).states
    hall.wait(lambda: downlink.State("ready", 1) in states, "birth")
    device.power_off()
    hall.wait(lambda: states[-1] == downlink.State("lost", 1), "will")
    device.power_on()
    hall.wait(lambda: states[-1] == downlink.State("ready", 2), "second birth")


def test_telemetry_comes_every_half_minute(hall, device):
    wait_drained(device)
    told = hall.of(device.id).telemetry
    hall.wait(lambda: len(told) == 1, "telemetry at the start")
    pass_time(hall, device, 30_000)
    hall.wait(lambda: len(told) == 2, "telemetry")
    assert (told[1].boot, told[1].seq, told[1].waiting) == (1, 1, 0)
    assert told[1].uptime_ms >= 30_000 and told[1].error_ms < 1000 and told[1].heap_free > 20_000


def test_commands_are_answered(hall, device):
    wait_drained(device)
    assert hall.command(device.id, 1, "identify") == downlink.Result(1, downlink.DONE, "")
    assert device.wait_until(lambda: device.identified() == 1)
    assert hall.command(device.id, 2, "dance").status == downlink.UNKNOWN_COMMAND
    assert hall.command(device.id, 3, "selftest", level=9).status == downlink.FAILED
    assert hall.command(device.id, 4, "selftest").status == downlink.DONE
    records = hall.of(device.id).records
    hall.wait(lambda: levels(r for r in records if r.kind == record.SELFTEST) == [1, 2, 3, 4, 5], "self-tests")
    assert hall.of(device.id).ratings() == []


def test_a_clock_that_steps_says_so(hall, device):
    device.wait_stats(lambda stats: stats.wall_ms is not None)
    device.set_clock(hall.now_ms() + 3_600_000, 500)
    (event,) = hall.wait_events(device.id, "clock_stepped")
    assert event.body.detail["sign"] == "+"
    assert abs(event.body.detail["by"] - 3_600_000) < 5000


def test_the_arming_ends_at_its_wall_time(hall, device):
    device.wait_stats(lambda stats: stats.wall_ms is not None)
    arm(hall, device, A, until_ms=hall.now_ms() + 60_000)
    pass_time(hall, device, 61_000)
    device.wait_screen("idle")


@pytest.mark.requirement("WZ-7a")
def test_every_star_is_treated_alike(hall, device):
    """The same screens, sounds and durations; only the star differs."""
    wait_drained(device)
    seen = []
    for level in (1, 2, 3, 4, 5):
        screens, clicks = len(device.screens()), device.clicks()
        device.press(level)
        device.wait_light(level)
        pass_time(hall, device, 8000)
        device.wait_screen("thanks")
        pass_time(hall, device, 3000)
        device.wait_screen("idle")
        seen.append((device.screens()[screens:], device.clicks() - clicks))
    assert seen == [(("chosen", "thanks", "idle"), 1)] * 5
    assert levels(hall.wait_ratings(device.id, 5)) == [1, 2, 3, 4, 5]


def test_while_paused_no_star_is_answered(hall, device):
    wait_drained(device)
    hall.scene(device.id, None, mode=downlink.PAUSED)
    device.wait_screen("paused")
    device.press(1)
    device.wait_stats(lambda stats: stats.counts.get("keys_not_taken") == 1)
    assert device.lights() == () and device.clicks() == 0


def test_the_reset_button_starts_it_anew(hall, device):
    wait_drained(device)
    device.reset()
    causes = [event.body.detail["cause"] for event in hall.wait_events(device.id, "boot", 2)]
    assert causes == ["power", "reset"]


@pytest.mark.parametrize("device", [{"HCP_SIM_TICKS": str((1 << 30) - 9000)}], indirect=True)
def test_ticks_wrap_inside_an_undo_window(hall, device):
    wait_drained(device)
    device.press(5)
    device.wait_light(5)
    pass_time(hall, device, 7000)
    device.press(4)
    device.wait_light(4)
    pass_time(hall, device, 1000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert 7000 <= rating.body.changes[0][0] <= 8000
    assert rating.head.uptime_ms < 60_000


@pytest.mark.parametrize("device", [{"HCP_SIM_PARTITIONS": "identity=8192,journal=24576"}], indirect=True)
def test_a_full_journal_says_so_keeps_everything_and_opens_again(hall, device):
    wait_drained(device)
    device.cut_network()
    pressed = []
    for level in itertools.cycle((1, 5, 3)):
        if device.screen().name == "full":
            break
        device.press(level)
        device.wait_light(level)
        device.press(level)
        device.wait_screen("saved")
        pressed.append(level)
        pass_time(hall, device, 3000)
        assert device.wait_until(lambda: device.screen().name in ("offline", "full"))
        assert len(pressed) < 500
    device.press(4)
    device.wait_stats(lambda stats: stats.counts.get("keys_not_taken") == 1)
    assert device.lights() == ()
    told = device.wait_stats(lambda stats: stats.next_seq > len(pressed) + 2).next_seq - 1
    device.restore_network()
    assert levels(hall.wait_ratings(device.id, len(pressed))) == pressed
    device.wait_screen("idle")
    (event,) = hall.wait_events(device.id, "journal_full")
    assert event.head.seq == told, "signed at once, with the journal full"
    device.press(4)
    device.wait_light(4)
    assert hall.errors == []


def test_a_hall_with_another_authority_is_refused(hall, device, tmp_path):
    impostor = GatewayTwin(tmp_path / "impostor")
    try:
        assert_refused(hall, device, impostor.second_broker())
    finally:
        impostor.close()


@pytest.mark.parametrize("names", [("elsewhere.example",), ("127.0.0.2",)])
def test_a_broker_of_the_same_hall_under_another_name_is_refused(hall, device, names):
    assert_refused(hall, device, hall.second_broker(names=names))


def test_a_broker_whose_certificate_has_expired_is_refused(hall, device):
    assert_refused(hall, device, hall.second_broker(days=-1))


def test_a_broker_that_moved_is_found_if_its_certificate_is_right(hall, device):
    """The control of the refusals above: only the certificate made the difference."""
    wait_drained(device)
    broker = hall.second_broker()
    try:
        device.network.upstream = ("127.0.0.1", broker.port)
        device.cut_network()
        device.restore_network()
        device.wait_stats(lambda stats: stats.counts["connects"] == 2)
        assert broker.stats().connects_accepted == 1
    finally:
        broker.stop()


def assert_refused(hall, device, broker):
    wait_drained(device)
    try:
        connects = device.stats().counts["connects"]
        errors = device.stats().counts.get("link_errors", 0)
        device.network.upstream = ("127.0.0.1", broker.port)
        device.cut_network()
        device.restore_network()
        stats = device.wait_stats(lambda stats: stats.counts.get("link_errors", 0) >= errors + 3)
        assert stats.counts["connects"] == connects
        assert broker.stats().connects_accepted == 0
        assert device.starts == 1, "no reason to restart"
    finally:
        broker.stop()
    device.network.upstream = ("127.0.0.1", hall.port)
    device.wait_stats(lambda stats: stats.counts["connects"] > connects)


def test_a_day_of_work_leaves_the_memory_as_it_was(hall, device):
    wait_drained(device)
    used = []
    for hour in range(24):
        pass_time(hall, device, 3_600_000)
        device.press(hour % 5 + 1)
        device.wait_light(hour % 5 + 1)
        device.press(hour % 5 + 1)
        device.wait_screen("thanks")
        pass_time(hall, device, 3000)
        device.wait_light(None)
        used.append(wait_drained(device, hour + 2).heap_used)
    assert sorted(used[12:])[-2] <= max(used[4:12]) + 1024, used  # one look may meet a screen being drawn
    assert len(hall.of(device.id).ratings()) == 24
    assert device.starts == 1


def test_a_task_that_dies_restarts_the_device_and_loses_nothing(hall, device):
    wait_drained(device)
    device.press(2)
    device.wait_light(2)
    device.fail()
    causes = [event.body.detail["cause"] for event in hall.wait_events(device.id, "boot", 2)]
    assert causes[1] == "crash"
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.flags) == (2, UNARMED | RECOVERED)
    assert "injected" in (device.folder / "vm.log").read_text()


def test_a_device_that_is_not_enrolled_says_so(tmp_path):
    with SimDevice(tmp_path / "blank") as device:
        device.wait_screen("not_enrolled")


def test_a_cable_is_pulled_and_plugged_whatever_the_device_does_meanwhile(hall, device):
    """Also between two lives, when nobody is behind the door."""
    wait_drained(device)
    device.power_off()
    device.cut_network()
    device.power_on()
    device.cut_network()
    device.restore_network()
    device.power_off()
    device.restore_network()
    device.power_on()
    device.press(4)
    device.wait_light(4)
    device.press(4)
    assert [rating.body.level for rating in hall.wait_ratings(device.id, 1)] == [4]
