"""Pages of reasons, held keys and a lost link on a device in the real VM, up to the record."""

import pytest

from protocol import downlink, record
from protocol.downlink import SCENE, Scene
from protocol.record import RECOVERED
from tests.simulator.test_device import A, levels, pass_time, wait_drained

BAD = {1: [108, 109, 110, 111, 112], 2: [207, 208]}


def arm(hall, device, token=A):
    """With reasons for the two bad levels."""
    body = Scene(token, hall.now_ms() + 3_600_000, 8000, 1, 3, BAD, ("不动产登记",), None, None, downlink.OPEN, None)
    hall.send(device.id, SCENE, body, retain=True)
    device.wait_screen("rate")


def ask(hall, device, level=1):
    arm(hall, device)
    device.press(level)
    device.wait_light(level)
    pass_time(hall, device, 8000)
    device.wait_screen("reasons")
    pass_time(hall, device, 500)


def choose(device, key):
    """Press on a page; until the screen has changed."""
    before = len(device.screens())
    device.press(key)
    assert device.wait_until(lambda: len(device.screens()) > before)


def test_reasons_reach_the_record(hall, device):
    wait_drained(device)
    ask(hall, device)
    assert device.lights() == (), "the star is dark when its window ends"
    assert device.screen().lines[2:] == ("1 108", "2 109", "3 110", "4 111", "5 1/2")
    choose(device, 3)
    choose(device, 5)
    choose(device, 1)
    assert device.screen().lines[2:] == ("1*112", "5 2/2")
    assert device.stats().unsigned, "nothing is signed before the page is left"
    choose(device, 5)
    assert device.screen().name == "thanks"
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.reasons, rating.body.token, rating.body.flags) == (1, (110, 112), A, 0)
    wait_drained(device)
    assert hall.errors == []


@pytest.mark.requirement("WZ-4a")
@pytest.mark.requirement("MOT-5a", "LZ-2.1.1c")
def test_who_leaves_the_page_leaves_a_rating_without_reasons(hall, device):
    wait_drained(device)
    ask(hall, device, 2)
    pass_time(hall, device, 20_000)
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.reasons, rating.body.token) == (2, (), A)


def test_a_good_level_has_no_page(hall, device):
    wait_drained(device)
    arm(hall, device)
    device.press(3)
    device.wait_light(3)
    pass_time(hall, device, 8000)
    device.wait_screen("thanks")
    assert levels(hall.wait_ratings(device.id, 1)) == [3]
    assert "reasons" not in device.screens()


def test_a_power_cut_on_the_page_leaves_the_rating_without_reasons(hall, device):
    wait_drained(device)
    ask(hall, device)
    choose(device, 1)
    device.power_off()
    device.power_on()
    (rating,) = hall.wait_ratings(device.id, 1)
    assert (rating.body.level, rating.body.reasons, rating.body.token) == (1, (), A)
    assert rating.body.flags == RECOVERED
    hall.wait_events(device.id, "recovered")
    assert hall.errors == []


def test_no_event_comes_between_a_press_and_its_record_while_the_page_is_open(hall, device):
    wait_drained(device)
    ask(hall, device)
    assert hall.command(device.id, 1, "identify").status == downlink.DONE
    hall.send(device.id, downlink.COMMAND, downlink.Command(2, "selftest", {"level": 5}))
    choose(device, 2)
    choose(device, 5)
    choose(device, 5)
    found = hall.of(device.id).records
    hall.wait(lambda: found[-1].kind == record.SELFTEST, "self-test")
    assert [one.kind for one in found[-2:]] == [record.RATING, record.SELFTEST]


def test_held_outer_keys_identify_the_device(hall, device):
    wait_drained(device)
    hall.scene(device.id, None, mode=downlink.OUT_OF_SERVICE)
    device.wait_screen("out_of_service")
    device.hold(1, 5)
    device.wait_stats(lambda stats: stats.counts.get("keys_not_taken") == 2)
    pass_time(hall, device, 5000)
    assert device.id in device.wait_screen("identify").lines
    assert device.wait_until(lambda: device.identified() == 1)
    pass_time(hall, device, 15_000)
    device.wait_screen("selftest")
    pass_time(hall, device, 3000)
    found = hall.of(device.id).records
    hall.wait(lambda: levels(r for r in found if r.kind == record.SELFTEST) == [1, 2, 3, 4, 5], "self-tests")
    device.wait_screen("out_of_service")
    assert hall.of(device.id).ratings() == [] and device.lights() == ()


def test_a_window_that_is_open_cannot_be_put_into_self_test(hall, device):
    wait_drained(device)
    arm(hall, device)
    device.hold(5, 1)
    device.wait_light(5)
    pass_time(hall, device, 5100)
    device.wait_screen("identify")
    pass_time(hall, device, 15_000)
    device.wait_screen("service")
    pass_time(hall, device, 20_000)
    device.wait_screen("idle")
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.body.level == 5 and rating.body.changes == ((0, 1),), "a press is a press"
    assert all(found.kind != record.SELFTEST for found in hall.of(device.id).records)


def test_the_screens_say_that_ratings_are_saved_while_the_link_is_down(hall, device):
    wait_drained(device)
    device.wait_screen("idle")
    device.cut_network()
    device.wait_screen("offline")
    device.press(4)
    device.wait_light(4)
    device.press(4)
    device.wait_screen("saved")
    device.restore_network()
    assert levels(hall.wait_ratings(device.id, 1)) == [4]
    pass_time(hall, device, 3000)
    device.wait_screen("idle")
