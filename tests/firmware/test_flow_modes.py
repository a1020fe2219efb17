"""Held outer keys, two keys at once, and a link that is down: what the flow makes of them."""

import pytest

from firmware.flow import IDENTIFY_MS, STAR_MS, THANKS_MS
from protocol.record import BURST, CLOSED_EARLY, TWO_KEYS, UNARMED, UNSURE
from tests.firmware.flow_histories import UNDO_MS, Player

A = b"token--A"
OUT_OF_SERVICE = 2


def kinds(effects):
    return [effect[0] for effect in effects]


@pytest.mark.parametrize("mode", [0, 1, OUT_OF_SERVICE])
def test_held_outer_keys_say_who_the_device_is_and_then_all_is_as_before(mode):
    player = Player()
    player.arm(None, mode=mode)
    before = player.screen, player.flow.state
    player.hold()
    assert player.effects[-2:] == [("screen", "identify", ()), ("identify", IDENTIFY_MS)]
    player.wait(IDENTIFY_MS)
    assert (player.screen, player.flow.state) == before


def test_a_self_test_needs_the_gateway_to_have_closed_the_window():
    player = Player()
    player.arm(A)
    player.hold()
    player.wait(15000)
    player.hold(long=True)
    assert player.screen == ("service", ()) and "selftest" not in kinds(player.effects)
    player.wait(IDENTIFY_MS)
    assert player.flow.state == "armed"


def test_a_self_test_lights_each_star_alike_and_then_writes():
    player = Player()
    player.arm(None, mode=OUT_OF_SERVICE)
    player.hold()
    player.wait(15000)
    player.effects.clear()
    player.hold(long=True)
    player.wait(5 * STAR_MS)
    lights = [effect for effect in player.effects if effect[0] == "light"]
    assert lights == [("light", level, STAR_MS) for level in (1, 2, 3, 4, 5)] + [("light", 0, 0)]
    assert player.clicks == 5
    assert kinds(player.effects)[-2:] == ["screen", "light"] or ("selftest",) in player.effects
    assert player.effects.count(("selftest",)) == 1
    assert player.screen == ("out_of_service", ()) and not player.commits


def test_a_citizen_who_comes_while_the_device_shows_its_name_is_heard():
    player = Player()
    player.arm(A)
    player.hold()
    assert player.press(4)
    player.wait(UNDO_MS)
    assert [(choice.level, choice.token) for choice in player.commits] == [(4, A)]
    player = Player()
    player.arm(None, mode=OUT_OF_SERVICE)
    player.hold()
    assert not player.press(4) and player.screen[0] == "out_of_service"


def test_the_first_key_of_a_hold_was_a_press_and_stays_one():
    player = Player()
    player.arm(A)
    player.press(1)
    player.second(5, TWO_KEYS)
    player.wait(5000)
    player.hold()
    (choice,) = player.commits
    assert (choice.level, choice.token, choice.changes) == (1, A, ((0, 5),))
    assert choice.flags == TWO_KEYS | CLOSED_EARLY
    assert player.flow.state == "identify" and player.lit == 0


def test_a_second_key_is_kept_with_age_zero_and_lights_nothing():
    player = Player()
    player.arm(A)
    player.press(4)
    before = len(player.effects)
    player.second(2)
    assert kinds(player.effects[before:]) == ["tentative"]
    assert player.lit == 4
    player.wait(100)
    player.press(3)
    player.wait(UNDO_MS)
    (choice,) = player.commits
    assert (choice.level, choice.changes, choice.flags) == (3, ((0, 2), (0, 4)), TWO_KEYS)


def test_a_second_key_that_could_not_be_stored_leaves_the_first():
    player = Player(full_at={1})
    player.press(4)
    player.second(2)
    player.wait(UNDO_MS)
    (choice,) = player.commits
    assert (choice.level, choice.changes) == (4, ())


def test_flags_and_delays_of_the_keys_reach_the_record():
    player = Player()
    player.press(4, BURST)
    player.press(2, UNSURE, 350)
    player.press(2, BURST)
    (choice,) = player.commits
    assert (choice.flags, choice.late_ms) == (BURST | UNSURE | UNARMED | CLOSED_EARLY, 350)


def test_without_a_link_the_screens_say_that_the_rating_is_saved():
    player = Player()
    assert player.screen == ("idle", ())
    player.link(False)
    assert player.screen == ("offline", ())
    player.press(5)
    player.wait(UNDO_MS)
    assert player.screen == ("saved", ())
    player.link(True)
    assert player.screen == ("saved", ()), "the words stay as long as they would have"
    player.wait(THANKS_MS)
    assert player.screen == ("idle", ())


def test_a_link_that_goes_changes_nothing_for_who_is_being_asked():
    player = Player()
    player.arm(A)
    before = len(player.effects)
    player.link(False)
    assert player.effects[before:] == []
    assert player.press(3)
