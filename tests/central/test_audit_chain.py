"""The audit as a chain: whatever is done to it shows, except a cut end that nobody noted."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.audit_chain import START, Entry, Head, Kind, check, following

TEXT = st.text(max_size=20)
WORDS = st.lists(st.tuples(st.integers(0, 2**50), TEXT, st.sampled_from(Kind), TEXT, TEXT), min_size=1, max_size=8)


def chain(rows) -> list[Entry]:
    head, made = Head(), []
    for row in rows:
        made.append(following(head, *row))
        head = Head(made[-1].number, made[-1].hash)
    return made


def codes(entries, *known: Head) -> list[str]:
    return [fault.code for fault in check(entries, known)]


SOME = chain([(1000 + n, "wang", Kind.READ, f"handling/{n}", "查阅") for n in range(5)])
END = Head(5, SOME[-1].hash)


@given(WORDS)
def test_a_chain_as_it_was_written_holds(rows):
    entries = chain(rows)
    assert codes(entries, Head(), Head(len(entries), entries[-1].hash)) == []
    assert entries[0].number == 1 and entries[0].prev == START


@given(WORDS, st.data())
def test_any_edit_shows(rows, data):
    entries = chain(rows)
    at = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from(["at_ms", "actor", "kind", "about", "words", "number"]))
    old = getattr(entries[at], field)
    new = data.draw((st.integers(0, 2**50) if isinstance(old, int) else TEXT).filter(lambda value: value != old))
    entries[at] = dataclasses.replace(entries[at], **{field: new})
    assert codes(entries) != []


@given(WORDS.filter(lambda rows: len(rows) > 1), st.data())
def test_removing_or_swapping_shows_unless_it_is_the_end(rows, data):
    entries = chain(rows)
    at = data.draw(st.integers(0, len(entries) - 2))
    assert codes(entries[:at] + entries[at + 1 :]) != []
    swapped = list(entries)
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    assert codes(swapped) != []


def test_an_entry_that_was_made_anew_with_a_fitting_hash_breaks_the_next():
    forged = following(Head(2, SOME[1].hash), 9, "wang", Kind.READ, "handling/2", "什么也没看")
    assert codes([*SOME[:2], forged, *SOME[3:]]) == ["audit_broken"]


@pytest.mark.parametrize("left", range(5))
def test_a_cut_end_shows_to_whoever_noted_the_head(left):
    assert codes(SOME[:left]) == []
    assert codes(SOME[:left], END) == ["audit_cut_off"]


def test_a_chain_written_wholly_anew_shows_to_whoever_noted_a_head():
    other = chain([(1000 + n, "wang", Kind.READ, f"handling/{n}", "改写") for n in range(5)])
    assert codes(other) == [] and codes(other, END) == ["audit_replaced"]


def test_the_hash_is_what_the_text_says():
    assert SOME[0].hash.hex() == "1c2f1f5041f37f14eb27447d18af4acee3b2998722af4dc937adf8273b71376a"
