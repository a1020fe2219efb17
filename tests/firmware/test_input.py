"""Edges in, presses out: each rule of the table in firmware/input.py, and chips that stand still while fingers move."""

import inspect
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import input as keys_input
from firmware.input import BURST_PRESSES, HOLD_MS, KEYS, PRESS_MS, STUCK_MS, TOGETHER_MS, Edges, Keys
from protocol.record import BURST, TWO_KEYS, UNSURE
from tests.firmware.crypto_vm import in_vm

IRQ_DEPTH = 8


class Hand:
    """Moves keys and interprets at once: ``stalls`` are ``(from, to)`` in which the interrupts of the chip wait."""

    def __init__(self, stalls=()):
        self.keys = Keys()
        self.keys.settle(1)
        self.irqs_lost = 0
        self._stalls = list(stalls)
        self._down = [False] * KEYS
        self._seen = [False] * KEYS
        self._waiting = []

    def move(self, at_ms, key, down):
        """The contact of a key (0 to 4) closes or opens. In the order of time."""
        self.wait(at_ms)
        self._down[key] = down
        stall = next((stall for stall in self._stalls if stall[0] <= at_ms < stall[1]), None)
        if stall is None:
            self._interrupt(key, at_ms, 0)
        elif len(self._waiting) < IRQ_DEPTH:
            self._waiting.append(key)
        else:
            self.irqs_lost += 1

    def press(self, at_ms, key, ms=60):
        self.move(at_ms, key, True)
        self.move(at_ms + ms, key, False)

    def wait(self, now_ms):
        """Time passes; a loop that stands still does not look."""
        while self._stalls and self._stalls[0][1] <= now_ms:
            began, ended = self._stalls.pop(0)
            self._settle_until(began)
            for key in self._waiting:
                self._interrupt(key, ended, ended - began)
            self._waiting.clear()
        if not self._stalls or now_ms < self._stalls[0][0]:
            self._settle_until(now_ms)

    def _settle_until(self, now_ms):
        due = self.keys.next_ms()
        while due is not None and due <= now_ms:
            self.keys.settle(due)
            assert self.keys.next_ms() is None or self.keys.next_ms() > due
            due = self.keys.next_ms()
        self.keys.settle(now_ms)

    def _interrupt(self, pin, at_ms, late_ms):
        if self._seen[pin] == self._down[pin]:
            self._seen[pin] = not self._down[pin]
            self.keys.edge(at_ms, pin, self._seen[pin], late_ms)
        for key in (pin, *range(KEYS)):
            if self._seen[key] != self._down[key]:
                self._seen[key] = self._down[key]
                self.keys.edge(at_ms, key, self._seen[key], late_ms)

    def of(self, kind):
        return [(at_ms, value) for found, at_ms, value in self.keys.events if found == kind]

    def presses(self):
        """``(at_ms, level, flags)`` of each."""
        return [(at_ms, level, flags) for at_ms, (level, flags, _) in self.of("press")]


def test_a_press_counts_after_20_ms_at_its_first_edge():
    hand = Hand()
    hand.move(100, 2, True)
    hand.wait(100 + PRESS_MS - 1)
    assert hand.presses() == [] and hand.keys.open_ms() == 100 and hand.keys.next_ms() == 120
    hand.wait(100 + PRESS_MS)
    assert hand.presses() == [(100, 3, 0)] and hand.keys.open_ms() is None
    hand.move(500, 2, False)
    hand.wait(1000)
    assert hand.keys.events == [("press", 100, (3, 0, 0))]
    assert hand.keys.next_ms() is None, "nothing to wait for"


@pytest.mark.parametrize(("ms", "presses"), [(1, 0), (19, 0), (20, 1), (21, 1)])
def test_what_is_shorter_than_20_ms_is_a_bounce_and_is_counted(ms, presses):
    hand = Hand()
    hand.press(100, 4, ms)
    hand.wait(1000)
    assert len(hand.presses()) == presses
    assert hand.of("count") == ([] if presses else [(100 + ms, "bounces")])


def test_a_contact_that_bounces_on_both_ways_is_one_press():
    hand = Hand()
    for at_ms, down in (
        (100, 1),
        (102, 0),
        (104, 1),
        (105, 0),
        (109, 1),
        (180, 0),
        (182, 1),
        (183, 0),
        (190, 1),
        (191, 0),
    ):
        hand.move(at_ms, 0, bool(down))
    hand.wait(1000)
    assert hand.keys.events == [("press", 100, (1, 0, 0))]


def test_two_sparks_are_no_press():
    hand = Hand()
    hand.press(100, 0, 2)
    hand.press(115, 0, 8)
    hand.wait(1000)
    assert hand.presses() == []


def test_a_key_held_is_one_press():
    hand = Hand()
    hand.move(100, 0, True)
    hand.wait(STUCK_MS - 1)
    assert hand.keys.events == [("press", 100, (1, 0, 0))]


def test_of_two_keys_at_once_the_first_counts_and_the_other_is_kept():
    hand = Hand()
    hand.move(100, 3, True)
    hand.move(105, 1, True)
    hand.wait(200)
    assert hand.keys.events == [("press", 100, (4, 0, 0)), ("second", 105, (2, TWO_KEYS, 0))]


def test_the_order_of_two_keys_is_that_of_their_first_edges_however_late_they_are_looked_at():
    keys = Keys()
    keys.edge(100, 3, True)
    keys.edge(101, 0, True)
    keys.settle(400)
    assert [(kind, value[0]) for kind, _, value in keys.events] == [("press", 4), ("second", 1)]


def test_beside_a_key_that_is_merely_held_another_counts_and_is_flagged():
    hand = Hand()
    hand.move(100, 3, True)
    hand.press(100 + TOGETHER_MS, 1)
    hand.wait(5000)
    assert hand.presses() == [(100, 4, 0), (100 + TOGETHER_MS, 2, TWO_KEYS)]


def test_a_burst_is_flagged_and_every_press_of_it_counts():
    hand = Hand()
    for number in range(20):
        hand.press(100 + 50 * number, number % 5, 25)
    hand.wait(5000)
    flags = [flags for _, _, flags in hand.presses()]
    assert flags == [0] * BURST_PRESSES + [BURST] * (20 - BURST_PRESSES)
    hand.press(5000, 0)
    assert hand.presses()[-1] == (5000, 1, 0)


def test_a_key_stuck_at_the_start_takes_no_part_until_it_was_released():
    keys = Keys()
    keys.edge(0, 1, True)
    keys.settle(500)
    assert keys.events == [("stuck", 0, 2)]
    keys.edge(600, 4, True)
    keys.edge(700, 4, False)
    keys.settle(STUCK_MS * 2)
    assert keys.events[1:] == [("press", 600, (5, 0, 0))], "another key is not taken for a second one"
    keys.edge(70000, 1, False)
    keys.edge(70100, 1, True)
    keys.settle(70200)
    assert keys.events[-1] == ("press", 70100, (2, 0, 0))


def test_a_key_that_was_let_go_before_the_application_ran_is_not_stuck():
    keys = Keys()
    keys.edge(0, 1, True)
    keys.edge(0, 1, False)
    keys.settle(1)
    assert keys.events == [] and keys.next_ms() in (None, PRESS_MS)


def test_a_key_stuck_later_was_one_press_and_then_takes_no_part():
    hand = Hand()
    hand.move(100, 1, True)
    hand.wait(100 + STUCK_MS)
    assert hand.keys.events == [("press", 100, (2, 0, 0)), ("stuck", 100 + STUCK_MS, 2)]
    hand.press(40000, 3)
    assert hand.presses()[-1] == (40000, 4, 0)
    hand.move(50000, 1, False)
    hand.press(51000, 1)
    assert hand.presses()[-1] == (51000, 2, 0)


def test_the_outer_keys_held_for_5_and_20_s():
    hand = Hand()
    hand.move(100, 0, True)
    hand.move(150, 4, True)
    hand.wait(29000)
    assert hand.of("hold") == [(150 + HOLD_MS[0], 1), (150 + HOLD_MS[1], 2)]


@pytest.mark.parametrize("keys", [(0,), (4,), (0, 1), (0, 1, 4), (1, 3)])
def test_no_other_keys_held_are_a_hold(keys):
    hand = Hand()
    for key in keys:
        hand.move(100, key, True)
    hand.wait(29000)
    assert hand.of("hold") == []


def test_a_hold_begins_anew_when_a_key_was_let_go():
    hand = Hand()
    hand.move(100, 0, True)
    hand.move(100, 4, True)
    hand.move(4900, 0, False)
    hand.move(5000, 0, True)
    hand.wait(9000)
    assert hand.of("hold") == []
    hand.wait(10000)
    assert hand.of("hold") == [(10000, 1)]


# --- a chip that stands still ---


def test_a_press_inside_a_stall_counts_with_the_delay_it_may_have():
    hand = Hand([(1000, 4000)])
    hand.press(1100, 2)
    hand.wait(4100)
    assert hand.keys.events[0] == ("press", 4000, (3, UNSURE, 3000))


def test_several_presses_inside_one_stall_keep_their_order():
    hand = Hand([(1000, 4000)])
    for number, key in enumerate((2, 0, 2, 4)):
        hand.press(1100 + 500 * number, key)
    hand.wait(5000)
    assert [level for _, level, _ in hand.presses()] == [3, 1, 3, 5]


def test_a_key_that_is_still_down_after_the_stall_is_one_press():
    hand = Hand([(1000, 1400)])
    hand.move(1300, 2, True)
    hand.move(1600, 2, False)
    hand.wait(2000)
    assert hand.keys.events == [("press", 1400, (3, UNSURE, 400))]


def test_a_press_whose_end_was_read_late_has_its_true_beginning():
    hand = Hand([(1010, 1400)])
    hand.press(1005, 2)
    hand.wait(2000)
    assert hand.keys.events == [("press", 1005, (3, UNSURE, 0))]


def test_the_same_key_twice_in_one_stall_is_one_press_and_counted():
    hand = Hand([(1000, 1400)])
    hand.press(1050, 2)
    hand.press(1200, 2)
    hand.wait(2000)
    assert [level for _, level, _ in hand.presses()] == [3]
    assert (1400, "merged") in hand.of("count")


def test_a_short_stall_is_no_excuse_for_a_bounce():
    hand = Hand([(1000, 1000 + PRESS_MS - 1)])
    hand.press(1001, 2, 5)
    hand.wait(2000)
    assert hand.presses() == [] and hand.of("count")[0][1] == "bounces"


def test_more_interrupts_than_wait_are_lost_but_a_key_that_is_down_is_seen():
    hand = Hand([(1000, 2000)])
    for number in range(6):
        hand.press(1010 + 30 * number, 0)
    hand.move(1900, 4, True)
    hand.wait(2500)
    assert hand.irqs_lost == 5
    assert [level for _, level, _ in hand.presses()] == [1, 5]


STALLS = st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([100, 400, 3000])), max_size=4)
TAPS = st.lists(st.tuples(st.integers(0, 4), st.integers(PRESS_MS, 300), st.integers(40, 900)), max_size=30)


@given(STALLS, TAPS)
@settings(max_examples=300, deadline=None)
def test_every_press_of_20_ms_is_captured_while_the_loop_stalls(stalls, taps):
    """Handshakes (3 s), erases (400 ms), collections (100 ms). At most 8 interrupts wait, which are four presses."""
    windows, at_ms = [], 0
    for pause_ms, ms in stalls:
        at_ms += 50 + pause_ms
        windows.append((at_ms, at_ms + ms))
        at_ms += ms
    expected, hand, now_ms = [], Hand(windows), 100
    in_stall = {}
    for key, ms, rest_ms in taps:
        touched = [stall for stall in windows if stall[0] <= now_ms + ms and now_ms < stall[1]]
        if any(in_stall.get(stall, 0) == IRQ_DEPTH // 2 for stall in touched):
            now_ms = max(stall[1] for stall in touched) + 50
            touched = [stall for stall in windows if stall[0] <= now_ms + ms and now_ms < stall[1]]
        for stall in touched:
            in_stall[stall] = in_stall.get(stall, 0) + 1
        expected.append((key + 1, now_ms))
        hand.press(now_ms, key, ms)
        now_ms += ms + rest_ms
    hand.wait(now_ms + 10000)
    assert hand.irqs_lost == 0
    merged = len([name for _, name in hand.of("count") if name == "merged"])
    heard = [(event[2][0], event[1], event[2][2]) for event in hand.keys.events if event[0] in ("press", "second")]
    # in their order; the same key again inside one stall may have been taken for the same press, and is counted
    runs = [[*group] for _, group in itertools.groupby(expected, lambda press: press[0])]
    heard_runs = [[*group] for _, group in itertools.groupby(heard, lambda press: press[0])]
    assert [run[0][0] for run in heard_runs] == [run[0][0] for run in runs]
    for run, got in zip(runs, heard_runs, strict=True):
        assert 1 <= len(got) <= len(run)
        assert len(got) == len(run) or merged
        # the true moment of the first press lies within what is said of it
        assert got[0][1] - got[0][2] <= run[0][1] <= got[0][1]
    if not windows:
        assert len(heard) == len(expected)


def test_edges_wait_in_a_ring_and_what_does_not_fit_is_counted():
    edges = Edges()
    assert edges.take() is None
    for number in range(127):
        edges.put(number, number % 5, number % 2 == 0, number)
    edges.put(999, 0, True)
    assert edges.lost == 1
    assert [edges.take() for _ in range(127)] == [(n, n % 5, n % 2 == 0, n) for n in range(127)]
    assert edges.take() is None
    edges.put((1 << 30) - 1, 4, True, 1 << 20)
    assert edges.take() == ((1 << 30) - 1, 4, True, 0xFFFF)


def test_after_lost_edges_the_next_press_is_flagged():
    keys = Keys()
    keys.lost()
    keys.edge(100, 0, True)
    keys.edge(130, 0, False)
    assert ("press", 100, (1, UNSURE, 0)) in keys.events
    keys.edge(300, 0, True)
    keys.edge(330, 0, False)
    assert keys.events[-1] == ("press", 300, (1, 0, 0))


def test_a_press_whose_edge_is_missing_is_not_lost():
    keys = Keys()
    keys.edge(100, 0, True)
    keys.settle(150)
    keys.edge(1000, 0, True)  # it must have been up in between
    keys.settle(1100)
    assert [event[2][0] for event in keys.events if event[0] == "press"] == [1, 1]
    assert keys.events[-1][2][1] & UNSURE


@given(st.lists(st.tuples(st.sampled_from([0, 1, 5, 15, 25, 60, 400]), st.integers(0, 4), st.booleans()), max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_the_edges_are_it_comes_to_rest(moves):
    keys, now_ms = Keys(), 1
    for step_ms, key, down in moves:
        now_ms += step_ms
        keys.edge(now_ms, key, down, step_ms if step_ms == 400 else 0)
    for key in range(KEYS):
        keys.edge(now_ms + 100, key, False)
    for _ in range(200):
        due = keys.next_ms()
        if due is None:
            break
        keys.settle(max(now_ms + 100, due))
    assert keys.next_ms() is None and keys.open_ms() is None
    times = [event[1] for event in keys.events if event[0] in ("press", "second")]
    # an edge that is missing is put where it may have been
    assert times == sorted(times) or any(event[2] == "edges_lost" for event in keys.events)


def test_the_vm_reads_the_same():
    program = [
        (0, 1, True),
        (50, 1, False),
        (100, 0, True),
        (103, 0, False),
        (104, 0, True),
        (140, 3, True),
        (200, 0, False),
    ]
    program += [(210, 3, False), (300, 2, True, 400), (300, 2, False, 400), (300, 2, True, 400), (5000, 4, True)]

    def run(make):
        keys = make()
        for move in program:
            keys.edge(*move)
        keys.settle(60000)
        return keys.events

    source = "\n".join(inspect.getsource(run).replace("    def", "def", 1).replace("\n    ", "\n").splitlines())
    (theirs,) = in_vm(f"from firmware.input import Keys\nprogram = {program!r}\n{source}", "run(Keys)")
    assert theirs == run(Keys)
    assert len(theirs) >= 5


def test_the_numbers_of_the_table_are_those_of_the_code():
    table = keys_input.__doc__
    for number in (PRESS_MS, STUCK_MS // 1000, BURST_PRESSES, HOLD_MS[0] // 1000, HOLD_MS[1] // 1000):
        assert f" {number} " in table
    assert all(f"flag {flag}" in table for flag in (TWO_KEYS, BURST, UNSURE))
    assert TOGETHER_MS == 1000 and "within 1 s" in table
