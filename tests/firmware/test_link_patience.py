"""How long the link waits before it dials again, and for a broker that is silent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.patience import EAGER_MS, LOOK_MS, PONG_MS, QUIET_MS, STABLE_MS, Retry, Silence, backoff_ms

MOST = (1 << 32) - 1


def failing(times, answered, random32=MOST):
    retry = Retry(1000, 60_000, 0)
    assert retry.wait_ms(True, False, 0) == 0, "the first attempt is made at once"
    for _ in range(times):
        retry.ended(0, answered, 0, random32)
    return retry


def test_the_back_off_doubles_up_to_its_most_and_is_fully_jittered():
    assert [backoff_ms(n, 1000, 60000, MOST) for n in (-1, 0, 1, 2, 6, 40)] == [999, 999, 1999, 3999, 59999, 59999]
    assert backoff_ms(6, 1000, 60000, 0) == 0
    assert backoff_ms(6, 1000, 60000, 1 << 31) == 30000


def test_a_broker_that_answers_and_fails_is_left_alone_for_up_to_a_minute():
    assert [failing(n, True).wait_ms(True, False, 0) for n in (1, 2, 3, 7, 20)] == [999, 1999, 3999, 59999, 59999]


def test_records_that_wait_and_an_address_where_nobody_answers_shorten_the_wait():
    assert failing(20, True).wait_ms(True, True, 0) == EAGER_MS - 1
    assert failing(20, False).wait_ms(True, False, 0) == EAGER_MS - 1


def test_a_record_made_meanwhile_shortens_a_wait_that_has_begun():
    retry = failing(20, True)
    assert retry.wait_ms(True, False, 20_000) == 39_999
    assert retry.wait_ms(True, True, 20_000) == 0


def test_the_network_coming_back_starts_anew():
    retry = failing(20, True)
    assert retry.wait_ms(False, False, 1000) == LOOK_MS
    assert retry.wait_ms(True, False, 9000) == 999, "not all devices of a hall in one moment"
    assert retry.wait_ms(True, False, 9999) == 0


def test_a_connection_that_lasted_starts_anew_and_a_short_one_does_not():
    retry = failing(6, True)
    retry.ended(1000, True, 1000 + STABLE_MS, MOST)
    assert retry.wait_ms(True, False, 1000 + STABLE_MS) == 999
    retry = failing(6, True)
    retry.ended(1000, True, 999 + STABLE_MS, MOST)
    assert retry.wait_ms(True, False, 999 + STABLE_MS) == 59_999


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, MOST)), max_size=30))
def test_no_wait_is_longer_than_its_bound(fails):
    retry = Retry(1000, 60_000, 0)
    now = 0
    for answered, waiting, random32 in fails:
        retry.ended(now, answered, now, random32)
        wait = retry.wait_ms(True, waiting, now)
        assert 0 <= wait < (60_000 if answered and not waiting else EAGER_MS)
        now += wait
        assert retry.wait_ms(True, waiting, now) == 0


@pytest.mark.parametrize(("busy", "quiet_ms"), [(True, QUIET_MS), (False, 15_000)])
def test_silence_is_asked_and_a_missing_answer_ends_it(busy, quiet_ms):
    silence = Silence(0)
    assert silence.look(busy, quiet_ms - 1) == (False, quiet_ms)
    assert silence.look(busy, quiet_ms) == (True, quiet_ms + PONG_MS)
    assert silence.look(busy, quiet_ms + 1) == (False, quiet_ms + PONG_MS), "asked once"
    with pytest.raises(OSError, match="does not answer"):
        silence.look(busy, quiet_ms + PONG_MS)
    silence.heard(quiet_ms + PONG_MS - 1)
    assert silence.look(busy, quiet_ms + PONG_MS) == (False, 2 * quiet_ms + PONG_MS - 1)
