"""Timers fire once each, in their order, whatever happens to the process and its clock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.core.due import SETTLE_MS, TOLERANCE_MS, Firing, Row, Watch, due, wake_in
from central.core.handling import Action

ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["call_back", "appeal", "rectify"]),
        st.integers(0, 3),
        st.integers(0, 50),
        st.sampled_from([Action.OVERDUE, Action.LAPSE, Action.EXPIRE, Action.ESCALATE]),
    ),
    max_size=12,
    unique_by=lambda row: (row.handling, row.timer, row.start_ms),
)


def row(handling: str, timer: str, due_ms: int, fires: Action = Action.OVERDUE, fired_ms: int | None = None) -> Row:
    return Row(handling, timer, 0, due_ms, fires, fired_ms)


def drain(rows: list[Row], now_ms: int) -> list[Row]:
    """As the edge does: fire, mark, ask again. The rows are changed in place."""
    fired = []
    while firings := due(rows, now_ms):
        for firing in firings:
            index = rows.index(firing.row)
            fired.append(firing.row)
            rows[index] = Row(
                firing.row.handling,
                firing.row.timer,
                firing.row.start_ms,
                firing.row.due_ms,
                firing.row.fires,
                now_ms,
            )
    return fired


@pytest.mark.parametrize(("now_ms", "fires"), [(99, False), (100, True), (101, True)])
def test_a_timer_fires_from_its_due_time_on(now_ms, fires):
    assert due([row("a", "rectify", 100)], now_ms) == (
        [Firing(row("a", "rectify", 100), now_ms - 100)] if fires else []
    )


def test_one_handling_gives_one_firing_at_a_time_and_the_longest_due_goes_first():
    rows = [row("a", "rectify", 30), row("a", "call_back", 10), row("b", "call_back", 5), row("c", "appeal", 90)]
    assert [(each.row.handling, each.row.timer, each.late_ms) for each in due(rows, 50)] == [
        ("b", "call_back", 45),
        ("a", "call_back", 40),
    ]
    assert [each.row.handling for each in due(rows, 50, most=1)] == ["b"]


def test_a_warning_goes_before_what_moves_the_rating_on():
    rows = [row("a", "appeal", 10, Action.LAPSE), row("a", "call_back", 10)]
    assert [each.timer for each in drain(rows, 10)] == ["call_back", "appeal"]


@given(ROWS, st.lists(st.integers(0, 60), max_size=8))
@settings(max_examples=150, deadline=None)
def test_each_fires_exactly_once_whatever_the_clock_does_between_looks(rows, looks):
    """Forward, back, the same again: each look is a restart as well, since nothing but the rows is kept."""
    rows = list(rows)
    fired = [each for now_ms in looks for each in drain(rows, now_ms)]
    due_at_all = [each for each in rows if each.due_ms <= max(looks, default=-1)]
    assert len(fired) == len(due_at_all) == len({(each.handling, each.timer, each.start_ms) for each in fired})
    assert all(each.fired_ms is None for each in rows if each.due_ms > max(looks, default=-1))


@given(ROWS, st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_the_order_is_that_of_the_due_times_and_not_of_the_rows(rows, now_ms):
    forward, backward = drain(list(rows), now_ms), drain(list(reversed(rows)), now_ms)
    for handling in "abc":
        mine = [each for each in forward if each.handling == handling]
        assert mine == [each for each in backward if each.handling == handling]
        assert [each.due_ms for each in mine] == sorted(each.due_ms for each in mine)


@given(ROWS, st.integers(0, 60))
@settings(max_examples=100, deadline=None)
def test_one_who_sleeps_so_long_is_never_late_and_never_wakes_for_nothing(rows, now_ms):
    rows = list(rows)
    drain(rows, now_ms)
    sleep_ms = wake_in(rows, now_ms, 1000)
    assert 0 < sleep_ms <= 1000
    assert due(rows, now_ms + sleep_ms - 1) == []
    assert sleep_ms == 1000 or due(rows, now_ms + sleep_ms)


def watched(*looks: tuple[int, int]) -> Watch:
    watch = Watch()
    for wall_ms, monotonic_ms in looks:
        watch = watch.look(wall_ms, monotonic_ms)
    return watch


YEAR = 365 * 86_400_000


@pytest.mark.parametrize(
    ("looks", "trusted"),
    [
        ([(0, 0)], False),
        ([(0, 0), (SETTLE_MS - 1, SETTLE_MS - 1)], False),
        ([(0, 0), (SETTLE_MS, SETTLE_MS)], True),
        ([(0, 0), (SETTLE_MS + TOLERANCE_MS, SETTLE_MS)], True),
        ([(0, 0), (SETTLE_MS + TOLERANCE_MS + 1, SETTLE_MS)], False),
        ([(YEAR, 0), (SETTLE_MS, SETTLE_MS)], False),
        # set to a wrong year and back, while it was trusted
        ([(0, 0), (SETTLE_MS, SETTLE_MS), (YEAR, SETTLE_MS + 1000)], False),
        ([(0, 0), (YEAR, 1000), (2000, 2000), (SETTLE_MS + 1999, SETTLE_MS + 1999)], False),
        ([(0, 0), (YEAR, 1000), (2000, 2000), (SETTLE_MS + 2000, SETTLE_MS + 2000)], True),
        # the machine slept: the wall clock went on, the other did not
        ([(0, 0), (SETTLE_MS, SETTLE_MS), (YEAR, SETTLE_MS + 10), (YEAR + SETTLE_MS, 2 * SETTLE_MS + 10)], True),
        # another process: the monotonic clock begins anew
        ([(0, YEAR), (SETTLE_MS, YEAR + SETTLE_MS), (SETTLE_MS + 10, 0)], False),
    ],
)
def test_a_clock_is_trusted_when_it_has_run_steadily(looks, trusted):
    assert watched(*looks).trusted is trusted
