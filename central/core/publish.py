"""What a page without login may say. Someone who knows who was at the counter must not learn what they pressed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from protocol import levels

#: No figure stands for fewer citizens than this.
SMALLEST_GROUP = 5


def level_counts(totals: Mapping[str, int], newest: Sequence[str]) -> dict[str, int] | None:
    """How often each level occurs, over whole groups of five in the order they began to count; None below five.

    ``newest`` are the levels of the last four or more, the newest first. Whole groups, because of differences: if every
    rating changed the figures at once, looking before and after one citizen would tell that citizen's level.
    """
    number = sum(totals.values())
    if number < SMALLEST_GROUP:
        return None
    waiting = Counter(newest[: number % SMALLEST_GROUP])
    return {name: totals.get(name, 0) - waiting[name] for name in reversed(levels.NAMES)}


def missing(head: int, above: Iterable[int], lost: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The gaps of a chain (spec 4.3) as ``(first, last)``: seqs from the head to the highest one held, neither held
    nor declared lost. ``above`` are the held seqs above the head; ``lost`` the declared losses.
    """
    gaps = []
    expected = head + 1
    for first, last in sorted([*((seq, seq) for seq in above), *lost]):
        if first > expected:
            gaps.append((expected, first - 1))
        expected = max(expected, last + 1)
    return gaps
