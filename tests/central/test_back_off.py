"""How long a sign-in waits."""

from hypothesis import given
from hypothesis import strategies as st

from central.core.back_off import ACCOUNT, ADDRESS, FORGOTTEN_MS, wait_ms

RULES = st.sampled_from([ACCOUNT, ADDRESS])


@given(st.integers(0, 10_000), st.integers(0, 2**40), st.integers(-(2**40), 2**40), RULES)
def test_never_longer_than_the_longest_and_over_when_it_was_waited(count, last_ms, later_ms, rule):
    wait = wait_ms(count, last_ms, last_ms + later_ms, rule)
    assert 0 <= wait <= rule.longest_ms
    assert wait_ms(count, last_ms, last_ms + max(later_ms, 0) + wait, rule) == 0


@given(st.integers(0, 100), RULES)
def test_more_failures_never_shorten_it(count, rule):
    assert wait_ms(count, 5, 5, rule) <= wait_ms(count + 1, 5, 5, rule)


@given(st.integers(0, 10_000), RULES)
def test_after_a_day_all_is_forgotten(count, rule):
    assert wait_ms(count, 5, 5 + FORGOTTEN_MS, rule) == 0
