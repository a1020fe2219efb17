"""The judge of the demo must itself be judged: each fault it exists to find, planted once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.truth import Held, Press, compare


def press(level, case=None, sure=True, device="a01"):
    levels = level if isinstance(level, frozenset) else frozenset({level})
    return Press(device, "A01", levels, (case, 1) if case else None, "1001" if case else None, sure)


def held(seq, level, case=None, device="a01", staff="1001", status=None, counted=True):
    service = (case, 1) if case else None
    return Held(
        device, seq, level, status or ("bound" if case else "unbound"), service, staff if case else None, counted
    )


def faults(presses, ratings, silent=()):
    account = compare(presses, ratings, silent)["a01"]
    return account.lost, account.duplicated, account.misbound


DAY = [press(5, "c1"), press(1, "c2"), press(3), press(4, "c4")]
RIGHT = [held(2, 5, "c1"), held(3, 1, "c2"), held(5, 3), held(6, 4, "c4")]


def test_a_good_day_has_no_fault():
    account = compare(DAY, RIGHT, [("c9", 1)])["a01"]
    assert (account.pressed, account.central, account.bound, account.unbound) == (4, 4, 3, 1)
    assert (account.lost, account.duplicated, account.misbound, account.complaints) == (0, 0, 0, [])
    assert [rating.seq for _, rating in account.matched] == [2, 3, 5, 6]


@pytest.mark.parametrize("missing", range(4))
def test_a_lost_rating_is_found(missing):
    assert faults(DAY, RIGHT[:missing] + RIGHT[missing + 1 :]) == (1, 0, 0)


@pytest.mark.parametrize("at", range(4))
def test_a_rating_that_is_there_twice_is_found(at):
    again = Held(**{**RIGHT[at].__dict__, "seq": RIGHT[at].seq + 10, "counted": False})
    assert faults(DAY, [*RIGHT, again])[1] == 1


def test_one_service_counted_twice_is_found_across_devices():
    presses = [press(5, "c1"), press(5, "c1", device="a02")]
    accounts = compare(presses, [held(1, 5, "c1"), held(1, 5, "c1", device="a02")])
    assert accounts["a02"].duplicated == 1


@pytest.mark.parametrize("wrong", [held(3, 1, "c7"), held(3, 1, "c2", staff="1009")])
def test_a_wrong_case_or_person_is_found(wrong):
    assert faults(DAY, [RIGHT[0], wrong, *RIGHT[2:]]) == (0, 0, 1)


def test_an_unarmed_press_that_was_bound_is_found():
    assert faults(DAY, [*RIGHT[:2], held(5, 3, "c4", counted=False), RIGHT[3]]) == (0, 0, 1)


def test_a_changed_level_is_a_loss_and_an_invention():
    assert faults(DAY, [RIGHT[0], held(3, 5, "c2"), *RIGHT[2:]]) == (1, 1, 0)


def test_praise_for_silence_is_found():
    assert faults(DAY, [*RIGHT, held(7, 3, "c9")], [("c9", 1)]) == (0, 1, 1)


def test_not_knowing_is_not_wrong():
    assert faults(DAY, [RIGHT[0], held(3, 1, status="ambiguous"), *RIGHT[2:]]) == (0, 0, 0)


def test_a_press_without_light_may_stand_or_not():
    presses = [press(5, "c1"), press(2, "c2", sure=False)]
    assert faults(presses, [held(1, 5, "c1")]) == (0, 0, 0)
    assert faults(presses, [held(1, 5, "c1"), held(2, 2, "c2")]) == (0, 0, 0)
    assert compare(presses, [held(1, 5, "c1")])["a01"].pressed == 1


def test_a_change_without_light_leaves_two_possible_stars():
    presses = [press(frozenset({2, 4}), "c1")]
    assert faults(presses, [held(1, 2, "c1")]) == faults(presses, [held(1, 4, "c1")]) == (0, 0, 0)
    assert faults(presses, [held(1, 5, "c1")]) == (1, 1, 0)


@given(st.lists(st.tuples(st.integers(1, 5), st.booleans()), max_size=12), st.data())
def test_dropping_any_subset_is_counted_exactly(day, data):
    presses = [press(level, f"c{i}" if armed else None) for i, (level, armed) in enumerate(day)]
    ratings = [held(i + 1, level, f"c{i}" if armed else None) for i, (level, armed) in enumerate(day)]
    kept = [rating for rating in ratings if data.draw(st.booleans())]
    accounts = compare(presses, kept)
    assert sum(account.lost for account in accounts.values()) == len(ratings) - len(kept)
    assert sum(account.duplicated for account in accounts.values()) == 0
