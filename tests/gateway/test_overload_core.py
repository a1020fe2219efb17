"""The verdict on the room that is left: worse at once, better with a margin, and always by what really is left."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.overload import Limits, Room, Verdict, alarms, judge

MB = 1 << 20
LIMITS = Limits(1000 * MB, 100 * MB, 20 * MB)
PAGE = 4096


def room(free_mb: float, used_mb: float = 0, unused_mb: float = 0) -> Room:
    pages = int((used_mb + unused_mb) * MB) // PAGE
    return Room(int(free_mb * MB), PAGE, pages, int(unused_mb * MB) // PAGE)


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (Verdict.OK, room(5000), Verdict.OK),
        (Verdict.OK, room(100), Verdict.OK),
        (Verdict.OK, room(99), Verdict.SOFT),
        (Verdict.OK, room(19), Verdict.HARD),
        (Verdict.SOFT, room(110), Verdict.SOFT),
        (Verdict.SOFT, room(125), Verdict.OK),
        (Verdict.HARD, room(24), Verdict.HARD),
        (Verdict.HARD, room(25), Verdict.SOFT),
        (Verdict.HARD, room(125), Verdict.OK),
        # the cap counts as the disk does, and unused pages are room on both
        (Verdict.OK, room(5000, used_mb=901), Verdict.SOFT),
        (Verdict.OK, room(5000, used_mb=981), Verdict.HARD),
        (Verdict.OK, room(5000, used_mb=500, unused_mb=480), Verdict.OK),
        (Verdict.OK, room(10, used_mb=100, unused_mb=95), Verdict.OK),
        (Verdict.OK, replace(room(5000), failed=True), Verdict.HARD),
    ],
)
def test_the_verdict(before, now, verdict):
    assert judge(before, now, LIMITS) is verdict


ROOMS = st.builds(room, st.floats(0, 2000), st.floats(0, 1200), st.floats(0, 500))
RANK = list(Verdict)


@given(st.sampled_from(RANK), ROOMS, st.floats(0, 500))
def test_more_room_is_never_worse_and_the_same_room_never_flutters(before, now, more):
    verdict = judge(before, now, LIMITS)
    better = replace(now, free_bytes=now.free_bytes + int(more * MB))
    assert RANK.index(judge(before, better, LIMITS)) <= RANK.index(verdict)
    assert judge(verdict, now, LIMITS) is verdict
    if now.left_bytes(LIMITS) < LIMITS.hard_bytes:
        assert verdict is Verdict.HARD


def test_alarms_follow_from_the_facts():
    quiet = {
        "overload": "ok", "ballast": True, "log_bytes": 0, "log_limit_bytes": 16, "salvage": "none",
        "unreadable_records": 0, "lost_records": 0, "healthy": True, "check": "none",
    }  # fmt: skip
    assert alarms(quiet) == []
    loud = {**quiet, "overload": "hard", "ballast": False, "log_bytes": 17, "salvage": "running", "lost_records": 1}
    assert alarms(loud) == [
        "store_hard_limit", "store_ballast_missing", "store_log_large", "store_damaged", "store_lost_records",
    ]  # fmt: skip
    assert alarms({**quiet, "healthy": False, "overload": "soft"}) == ["store_soft_limit", "store_closed"]
