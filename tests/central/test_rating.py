"""Which rating of a service counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.rating import VOICES, Binding, Bound, Level, Origin, Status, settle, without_service
from protocol import levels

OTHERS = st.sampled_from([status for status in Status if status is not Status.COUNTED])


@st.composite
def bound_ratings(draw) -> list[Bound]:
    """At most one counts: the database never holds two."""
    ratings = [Bound(number, draw(OTHERS)) for number in draw(st.lists(st.integers(1, 50), unique=True, max_size=8))]
    if ratings and draw(st.booleans()):
        place = draw(st.integers(0, len(ratings) - 1))
        ratings[place] = Bound(ratings[place].id, Status.COUNTED)
    return ratings


def with_silence(ratings: list[Bound], status: Status) -> list[Bound]:
    return [*ratings, Bound(99, status, spoken=False)]


BOUND = bound_ratings()


def test_the_levels_are_those_of_the_protocol():
    assert tuple(reversed([level.value for level in Level])) == levels.NAMES


@pytest.mark.requirement("WZ-8b")
@given(BOUND)
def test_exactly_one_counts_and_it_goes_on_counting(ratings):
    settled = settle(True, ratings)
    counted = [name for name, status in settled.items() if status is Status.COUNTED]
    standing = [rating.id for rating in ratings if rating.status is Status.COUNTED]
    assert set(settled) == {rating.id for rating in ratings}
    assert counted == (standing or [min(settled)] if ratings else [])
    assert set(settled.values()) <= {Status.COUNTED, Status.ALREADY_RATED}


@given(BOUND)
def test_settling_twice_changes_nothing(ratings):
    once = settle(True, ratings)
    assert settle(True, [Bound(rating.id, once[rating.id]) for rating in ratings]) == once


@given(BOUND)
def test_none_counts_while_the_service_is_unknown(ratings):
    assert set(settle(False, ratings).values()) <= {Status.WAITING_SERVICE}


SILENT = st.sampled_from([Status.COUNTED, Status.SUPERSEDED])


@given(BOUND, SILENT)
def test_silence_counts_until_somebody_speaks_and_changes_nothing_about_who_does(ratings, status):
    settled = settle(True, with_silence(ratings, status))
    assert settled.pop(99) is (Status.SUPERSEDED if ratings else Status.COUNTED)
    assert settled == settle(True, ratings)


@given(BOUND, SILENT)
def test_silence_is_left_as_it_is_while_the_service_is_unknown(ratings, status):
    assert 99 not in settle(False, with_silence(ratings, status))


def test_every_origin_but_default_and_selftest_is_a_citizens_word():
    assert set(Origin) - set(VOICES) == {Origin.DEFAULT, Origin.SELFTEST}


def test_without_a_service():
    assert without_service(None) is Status.UNBOUND
    assert without_service(Binding.UNBOUND) is Status.UNBOUND
    assert without_service(Binding.AMBIGUOUS) is Status.AMBIGUOUS
