"""Reasons for a bad rating: pages that nobody has to answer, and that make no other difference between the stars."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.flow import GUARD_MS, REASONS_MS, SEEN_MS, THANKS_MS
from protocol.record import CLOSED_EARLY
from tests.firmware.flow_histories import BAD, UNDO_MS, Player, play, swap_effect, swap_history

A = b"token--A"
B = b"token--B"


def asked(level=1, reasons=BAD):
    """A player that stands before the first page, long enough for its eyes."""
    player = Player(reasons=reasons)
    player.arm(A)
    player.press(level)
    player.wait(UNDO_MS)
    assert player.flow.state == "reasons" and player.lit == 0 and not player.commits
    player.wait(GUARD_MS)
    return player


def test_reasons_are_chosen_over_two_pages_and_stand_in_the_record_in_rising_order():
    player = asked()
    assert player.screen == ("reasons", ("1 108", "2 109", "3 110", "4 111", "5 1/2"))
    assert player.press(4) and player.press(1)
    assert player.screen == ("reasons", ("1*108", "2 109", "3 110", "4*111", "5 1/2"))
    player.press(5)
    assert player.screen == ("reasons", ("1 112", "2 113", "3 114", "4 115", "5 2/2"))
    player.press(2)
    assert not player.commits
    player.press(5)
    (choice,) = player.commits
    assert (choice.level, choice.reasons, choice.flags, choice.token) == (1, (108, 111, 113), 0, A)
    assert player.screen == ("thanks", ())
    player.wait(THANKS_MS)
    assert player.flow.state == "idle"


def test_a_reason_can_be_taken_back_and_a_fifth_is_not_taken():
    player = asked()
    for key in (1, 2, 3, 4, 5, 1):
        player.press(key)
    assert player.flow.choice.reasons == (108, 109, 110, 111)
    player.press(5)
    assert player.commits[0].reasons == (108, 109, 110, 111)
    player = asked()
    for key in (1, 1, 2, 5, 5):
        player.press(key)
    assert player.commits[0].reasons == (109,)


@pytest.mark.requirement("WZ-4a")
@pytest.mark.requirement("MOT-5a", "LZ-2.1.1c")
def test_nobody_has_to_give_a_reason():
    player = asked(2)
    player.press(5)
    player.press(5)
    (skipped,) = player.commits
    assert (skipped.level, skipped.reasons) == (2, ())
    player = asked(2)
    player.wait(REASONS_MS - GUARD_MS - 1)
    assert not player.commits
    player.wait(1)
    (left,) = player.commits
    assert (left.level, left.reasons, left.flags) == (2, (), 0)


def test_who_walks_away_in_the_middle_leaves_what_was_chosen():
    player = asked()
    player.press(3)
    player.wait(REASONS_MS)
    assert player.commits[0].reasons == (110,)


def test_the_next_service_commits_what_is_on_the_page():
    player = asked()
    player.press(3)
    player.arm(B)
    (choice,) = player.commits
    assert (choice.token, choice.reasons, choice.flags) == (A, (110,), CLOSED_EARLY)
    assert player.screen[0] == "rate"


def test_the_same_service_with_another_indicator_set_changes_nothing_in_the_page():
    player = asked()
    player._reasons = {1: [999]}
    player.arm(A)
    player.press(1)
    player.press(5)
    player.press(5)
    assert (player.commits[0].reasons, player.commits[0].indicators) == ((108,), 7)


def test_until_the_commit_the_press_stands_on_flash_without_reasons():
    player = asked()
    player.press(1)
    assert player.tentative == player.flow.choice._replace(reasons=())
    assert [effect[0] for effect in player.effects].count("tentative") == 1


def test_a_key_that_was_meant_for_the_undo_window_chooses_no_reason():
    player = Player(reasons=BAD)
    player.arm(A)
    player.press(1)
    player.press(1)
    assert player.flow.state == "reasons"
    assert not player.press(1), "a third tap of the same finger"
    player.wait(GUARD_MS)
    assert player.press(1)
    assert player.flow.choice.reasons == (108,)


def test_a_key_without_an_option_is_answered_and_changes_nothing():
    player = asked(1, {1: [108, 109]})
    assert player.screen == ("reasons", ("1 108", "2 109", "5 1/1"))
    assert player.press(4) and player.flow.choice.reasons == ()
    player.press(5)
    assert player.flow.state == "thanks"


@pytest.mark.parametrize("reasons", [{}, {1: []}, {2: [207]}])
def test_a_level_without_codes_has_no_page(reasons):
    player = Player(reasons=reasons)
    player.arm(A)
    player.press(1)
    player.wait(UNDO_MS)
    assert player.flow.state == "thanks" and len(player.commits) == 1


def test_the_star_is_dark_when_its_window_ends_unless_nobody_could_have_seen_it():
    player = Player()
    player.press(1)
    player.wait(UNDO_MS)
    assert player.lit == 0
    player.arm(A, undo_ms=SEEN_MS - 1)
    player.press(1)
    player.wait(SEEN_MS)
    assert player.flow.state == "thanks" and player.lit == 1
    player.wait(THANKS_MS)
    assert player.lit == 0


KEYS = st.lists(st.integers(1, 5), max_size=4)
LEVELS = st.integers(1, 5)


@st.composite
def visits(draw):
    """Histories in which a citizen answers a page of reasons at once, if there is one."""
    step = st.one_of(
        st.tuples(st.just("press"), LEVELS),
        st.tuples(st.just("second"), LEVELS),
        st.tuples(st.just("arm"), st.sampled_from([None, A, B, b"token--C"])),
        st.tuples(st.just("wait"), st.sampled_from([0, 1, 100, THANKS_MS, UNDO_MS])),
        st.tuples(st.just("link"), st.booleans()),
        st.tuples(st.just("pause")),
        st.tuples(st.just("full")),
        st.tuples(st.just("room")),
    )
    history = []
    for one in draw(st.lists(step, max_size=25)):
        # not longer than to the end of the window: its page is answered when it appears
        history += [one, ("why", *draw(KEYS))]
    return [*history, ("wait", UNDO_MS), ("why",)]


@pytest.mark.requirement("WZ-7a")
@given(visits(), st.permutations([1, 2, 3, 4, 5]), st.sets(st.integers(0, 20), max_size=3))
@settings(max_examples=400, deadline=None)
def test_a_page_of_reasons_is_all_that_a_bad_level_changes(history, order, full_at):
    """Swap the stars of a whole history, bad ones for good ones too: every light, sound, screen and record comes at the
    same time, not counting the pages of reasons and the time spent on them."""
    one, _ = play(history, full_at, BAD)
    two, _ = play(swap_history(history, order), full_at, BAD)
    assert [(at, plain(swap_effect(effect, order))) for at, effect in one.timed] == [
        (at, plain(effect)) for at, effect in two.timed
    ]


def plain(effect):
    if effect[0] not in ("tentative", "commit"):
        return effect
    choice = effect[1]
    ages = tuple((choice.at_ms - at_ms, level) for at_ms, level in choice.changes)
    return (effect[0], choice._replace(at_ms=0, changes=ages, reasons=()))


@given(visits(), st.permutations([3, 4, 5]), st.permutations([1, 2]))
@settings(max_examples=200, deadline=None)
def test_two_bad_levels_have_the_same_page(history, good, bad):
    order = [*bad, *good]
    one, _ = play(history, (), BAD)
    two, _ = play(swap_history(history, order), (), BAD)
    codes = {code: BAD[order[level - 1]][at] for level in BAD for at, code in enumerate(BAD[level])}

    def swapped(effect):
        effect = swap_effect(effect, order)
        if effect[:2] == ("screen", "reasons"):
            *rows, last = effect[2]
            return (*effect[:2], (*(row[:2] + str(codes[int(row[2:])]) for row in rows), last))
        if effect[0] == "commit":
            return ("commit", effect[1]._replace(reasons=tuple(codes[code] for code in effect[1].reasons)))
        return effect

    assert [swapped(effect) for effect in one.effects] == two.effects
