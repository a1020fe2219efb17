"""The flow of a rating: single stories, and random histories: nothing is lost, and no star is treated differently."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.flow import TABLE, THANKS_MS, UNTIL, Flow
from firmware.screen import SCREENS
from protocol.record import CHANGES_LEFT_OUT, CLOSED_EARLY, MAX_CHANGES, UNARMED
from tests.firmware.crypto_vm import in_vm
from tests.firmware.flow_diagram import diagram
from tests.firmware.flow_histories import BAD, UNDO_MS, Player, all_effects, play, scene, swap_effect, swap_history

A = b"token--A"
B = b"token--B"

LEVELS = st.integers(1, 5)
STEPS = st.one_of(
    st.tuples(st.just("press"), LEVELS),
    st.tuples(st.just("link"), st.booleans()),
    st.tuples(st.just("hold")),
    st.tuples(st.just("close")),
    st.tuples(st.just("arm"), st.sampled_from([None, A, B, b"token--C"])),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 100, THANKS_MS, UNDO_MS - 1, UNDO_MS])),
    st.tuples(st.just("pause")),
    st.tuples(st.just("full")),
    st.tuples(st.just("room")),
)
HISTORIES = st.lists(STEPS, max_size=40)
TWO_HANDED = st.lists(STEPS | st.tuples(st.just("second"), LEVELS), max_size=40)
REFUSALS = st.sets(st.integers(0, 20), max_size=4)


def test_a_press_is_durable_before_its_light_and_commits_when_the_undo_window_ends():
    player = Player()
    player.arm(A)
    player.effects.clear()
    player.press(4)
    assert [effect[0] for effect in player.effects] == ["tentative", "light", "click", "screen"]
    player.wait(UNDO_MS - 1)
    assert not player.commits
    player.wait(1)
    (choice,) = player.commits
    assert (choice.level, choice.token, choice.flags, choice.changes, choice.indicators) == (4, A, 0, (), 7)
    assert player.effects[-2:] == [("screen", "thanks", ()), ("commit", choice)]


def test_the_last_press_in_the_window_wins_and_the_window_does_not_move():
    player = Player()
    player.arm(A)
    player.press(1)
    player.wait(5000)
    player.press(3)
    player.wait(2999)
    player.press(5)
    assert player.lit == 5
    player.wait(1)
    (choice,) = player.commits
    assert (choice.level, choice.at_ms, choice.changes) == (5, 7999, ((0, 1), (5000, 3)))


def test_more_changes_than_a_record_holds_leave_out_the_oldest_and_say_so():
    player = Player()
    player.arm(A)
    for level in (1, 2, 3, 4, 5, 1):
        player.press(level)
        player.wait(10)
    player.wait(UNDO_MS)
    (choice,) = player.commits
    assert [level for _, level in choice.changes] == [2, 3, 4, 5]
    assert choice.flags == CHANGES_LEFT_OUT


def test_the_same_key_again_commits_at_once():
    player = Player()
    player.arm(A)
    player.press(2)
    player.wait(500)
    assert player.press(2)
    (choice,) = player.commits
    assert (choice.flags, choice.at_ms, choice.changes) == (CLOSED_EARLY, 0, ())


@pytest.mark.parametrize("token", [B, None])
def test_another_scene_commits_first_and_then_applies(token):
    player = Player()
    player.arm(A)
    player.press(2)
    player.arm(token)
    (choice,) = player.commits
    assert (choice.token, choice.flags) == (A, CLOSED_EARLY)
    assert player.lit == 0
    player.press(5)
    player.wait(UNDO_MS)
    assert player.commits[1].token == token


def test_the_same_service_with_other_lines_does_not_end_the_window():
    player = Player()
    player.arm(A)
    player.press(2)
    player.arm(A)
    assert not player.commits and player.flow.state == "chosen"


def test_one_token_takes_one_rating():
    player = Player()
    player.arm(A)
    player.press(5)
    player.wait(UNDO_MS)
    player.press(1)
    player.wait(UNDO_MS + THANKS_MS)
    player.arm(A)
    player.press(2)
    player.wait(UNDO_MS)
    assert [(choice.token, choice.flags) for choice in player.commits] == [(A, 0), (None, UNARMED), (None, UNARMED)]


def test_a_token_that_took_its_rating_before_the_restart_takes_no_second():
    flow = Flow(spent=A)
    flow.feed("scene", (scene(A), None), 0)
    assert flow.state == "idle"
    flow.feed("scene", (scene(B), None), 0)
    assert flow.state == "armed"


def test_the_arming_ends_at_its_time_but_a_choice_made_before_keeps_its_token():
    player = Player()
    player.arm(A, until_ms=1000)
    player.wait(999)
    player.press(3)
    player.wait(UNDO_MS)
    player.arm(B, until_ms=player.now_ms + 10)
    player.wait(THANKS_MS)
    player.press(4)
    player.wait(UNDO_MS)
    assert [choice.token for choice in player.commits] == [A, None]


def test_a_clock_that_was_set_moves_the_end_of_the_arming():
    player = Player()
    player.arm(A)
    assert player.flow.state == "armed" and player.flow.deadline_ms is None
    player._feed(UNTIL, 500)
    assert player.flow.deadline_ms == 500
    player.wait(500)
    assert player.flow.state == "idle"


def test_a_scene_that_comes_during_thanks_waits_for_the_eyes_but_not_for_the_press():
    player = Player()
    player.arm(A)
    player.press(5)
    player.press(5)
    player.arm(B)
    assert player.effects[-1][0] == "commit", "the thanks stay on the screen"
    player.press(1)
    player.wait(UNDO_MS)
    assert player.commits[1].token == B


def test_a_press_that_waited_in_the_queue_is_judged_by_its_own_time():
    player = Player()
    player.arm(A)
    player.press(5)
    # 4 was pressed before the window ended, and read after it
    player.flow.feed("press", (4, 0, 0), UNDO_MS - 1)
    assert player.flow.state == "chosen" and player.flow.choice.level == 4
    player.flow.feed("time", None, UNDO_MS + 300)
    assert player.flow.state == "thanks"


@pytest.mark.parametrize(("mode", "screen"), [(1, "paused"), (2, "out_of_service")])
def test_while_paused_no_star_is_answered(mode, screen):
    player = Player()
    player.arm(None, mode=mode)
    assert player.effects[-1] == ("screen", screen, ())
    assert not any(player.press(level) for level in range(1, 6))
    player.wait(UNDO_MS)
    assert not player.commits


def test_a_full_journal_is_said_and_a_press_that_was_not_stored_is_never_lit():
    player = Player(full_at={0})
    assert not player.press(1)
    assert player.lit == 0 and player.flow.state == "full" and player.effects[-1] == ("screen", "full", ())
    player.room(True)
    assert player.press(1)
    player.wait(UNDO_MS)
    assert len(player.commits) == 1


def test_a_change_that_could_not_be_stored_leaves_the_press_before_it():
    player = Player(full_at={1})
    player.press(1)
    assert not player.press(5)
    assert player.lit == 1
    player.wait(UNDO_MS)
    (choice,) = player.commits
    assert (choice.level, choice.changes) == (1, ())


@given(HISTORIES, REFUSALS, st.sampled_from([None, BAD]))
@settings(max_examples=400, deadline=None)
def test_every_lit_press_is_in_exactly_one_commit_and_the_last_one_counts(history, full_at, reasons):
    player, lit = play(history, full_at, reasons)
    assert len(player.commits) == len(lit)
    for choice, levels in zip(player.commits, lit, strict=True):
        assert [*(level for _, level in choice.changes), choice.level] == levels[-1 - MAX_CHANGES :]
        assert bool(choice.flags & CHANGES_LEFT_OUT) == (len(levels) > 1 + MAX_CHANGES)
    assert player.tentative is None, "no choice is left open"


@given(HISTORIES)
@settings(max_examples=200, deadline=None)
def test_no_token_is_used_twice_and_none_is_invented(history):
    player, _ = play(history)
    used = [choice.token for choice in player.commits if choice.token]
    shown = {step[1] for step in history if step[0] == "arm"}
    assert set(used) <= shown
    assert all((choice.token is None) == bool(choice.flags & UNARMED) for choice in player.commits)
    for before, after in zip(used, used[1:], strict=False):
        assert before != after


@given(TWO_HANDED, st.permutations([1, 2, 3, 4, 5]), REFUSALS)
@settings(max_examples=300, deadline=None)
def test_no_star_is_treated_differently(history, order, full_at):
    """Swap the stars of a whole history: nothing changes but which star is lit and which level the record states."""
    one, _ = play(history, full_at)
    two, _ = play(swap_history(history, order), full_at)
    assert [swap_effect(effect, order) for effect in one.effects] == two.effects


def test_the_vm_gives_the_same_effects():
    histories = [
        [("arm", A), ("press", 1), ("wait", 100), ("press", 5), ("wait", UNDO_MS), ("press", 2), ("press", 2)],
        [("press", 3), ("arm", B), ("press", 3), ("arm", None), ("pause",), ("press", 1), ("arm", A), ("press", 4)],
        [("full",), ("press", 1), ("room",), ("press", 1), ("press", 2), ("press", 3), ("wait", 3000), ("press", 3)],
        [
            ("arm", A),
            ("press", 2),
            ("second", 4),
            ("wait", UNDO_MS),
            ("wait", 600),
            ("press", 3),
            ("press", 5),
            ("press", 1),
        ],
        [("close",), ("hold",), ("wait", 15000), ("long",), ("link", False), ("arm", None), ("press", 4), ("hold",)],
    ]
    ours = [all_effects(history, {4}, BAD) for history in histories]
    theirs = in_vm(
        "from tests.firmware.flow_histories import all_effects",
        *(f"all_effects({history!r}, (4,), {BAD!r})" for history in histories),
    )
    assert theirs == ours


def test_every_screen_of_the_flow_has_its_text_and_every_row_its_handler():
    told = [("arm", A), ("press", 1), ("wait", UNDO_MS), ("why", 1), ("pause",), ("arm", None), ("full",), ("room",)]
    told += [
        ("link", False),
        ("press", 1),
        ("press", 1),
        ("why",),
        ("hold",),
        ("long",),
        ("close",),
        ("hold",),
        ("long",),
    ]
    told += [("arm", None), ("wait", THANKS_MS), ("full",)]
    player, _ = play(told, (), BAD)
    shown = {effect[1] for effect in player.effects if effect[0] == "screen"}
    assert {"reasons", "saved", "offline", "identify", "service", "selftest", "full"} <= shown <= set(SCREENS)
    states = {state for state, _ in TABLE}
    for handler, target in TABLE.values():
        assert callable(getattr(Flow, "_" + handler))
        assert target == "rest" or target in states


def test_the_diagram_in_the_manual_is_drawn_from_the_table():
    page = (Path(__file__).resolve().parents[2] / "docs" / "flow.md").read_text()
    assert f"```mermaid\n{diagram()}```\n" in page


@given(HISTORIES, LEVELS, REFUSALS)
@settings(max_examples=200, deadline=None)
def test_every_star_is_answered_unless_the_screen_says_otherwise(history, level, full_at):
    player, _ = play(history, full_at)
    refused = player._writes in full_at
    open_screens = ("idle", "offline", "rate", "thanks", "saved")
    answers = player.screen[0] in open_screens and not refused
    assert player.press(level) == answers
    assert player.flow.choice is None or player.lit == level
