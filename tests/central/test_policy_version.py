"""Which policy a rating was given under."""

from hypothesis import given
from hypothesis import strategies as st

from central.core.policy_version import Published, given_under

HISTORY = [Published(1, 100, 11, 1), Published(3, 200, 22, 2), Published(4, 300, 33, 2)]


def test_before_anything_was_published_there_is_none():
    assert given_under([], 500) is None
    assert given_under(HISTORY, 99) is None


def test_the_newest_that_was_published_before():
    assert [given_under(HISTORY, at) for at in (100, 199, 200, 299, 300, 10_000)] == [11, 11, 22, 22, 33, 33]


def test_a_device_that_had_not_heard_of_the_new_one_was_under_the_old_one():
    assert given_under(HISTORY, 250, indicators=1) == 11
    assert given_under(HISTORY, 350, indicators=2) == 33


def test_indicators_that_were_published_later_say_nothing():
    assert given_under(HISTORY, 150, indicators=2) == 11


@given(st.permutations(HISTORY), st.integers(0, 400), st.sampled_from([None, 1, 2, 9]))
def test_the_order_in_which_they_are_read_has_no_say(history, at_ms, indicators):
    assert given_under(history, at_ms, indicators) == given_under(HISTORY, at_ms, indicators)
