"""What everybody may see, and what they must not be able to work out."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.core.publish import SMALLEST_GROUP, level_counts, missing
from protocol import levels


def counts_of(presses: list[str]) -> dict[str, int] | None:
    return level_counts(Counter(presses), presses[:-6:-1])


PRESSES = st.lists(st.sampled_from(levels.NAMES), max_size=40)


@given(PRESSES, st.sampled_from(levels.NAMES))
def test_looking_before_and_after_one_citizen_tells_at_most_about_five(presses, pressed):
    before, after = counts_of(presses), counts_of([*presses, pressed])
    changed = sum((after or {}).values()) - sum((before or {}).values())
    assert changed in (0, SMALLEST_GROUP)


@given(PRESSES)
def test_the_counts_are_those_of_the_whole_groups(presses):
    counts = counts_of(presses)
    if len(presses) < SMALLEST_GROUP:
        assert counts is None
    else:
        shown = presses[: len(presses) // 5 * 5]
        assert counts == {name: shown.count(name) for name in levels.NAMES}
        assert list(counts)[0] == "very_satisfied"


@pytest.mark.parametrize(
    ("head", "above", "lost", "gaps"),
    [
        (0, [], [], []),
        (3, [], [], []),
        (0, [1], [], []),
        (3, [5], [], [(4, 4)]),
        (3, [6, 7, 10], [], [(4, 5), (8, 9)]),
        (3, [8, 9], [(4, 6)], [(7, 7)]),
        (3, [8, 10], [(7, 9)], [(4, 6)]),
        (3, [8], [(1, 2), (4, 7)], []),
    ],
)
def test_gaps(head, above, lost, gaps):
    assert missing(head, above, lost) == gaps


@given(st.integers(0, 20), st.sets(st.integers(1, 40)), st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5))))
def test_gaps_are_what_nobody_has(head, held, lengths):
    above = sorted(seq for seq in held if seq > head)
    top = max(above, default=head)
    lost = [(first, min(first + length, top)) for first, length in lengths if first <= top]
    expected = {seq for seq in range(head + 1, top + 1)} - set(above)
    expected -= {seq for first, last in lost for seq in range(first, last + 1)}
    found = [seq for first, last in missing(head, above, lost) for seq in range(first, last + 1)]
    assert found == sorted(expected)
