"""Overload: how much room the store has left, and what follows (DESIGN §6 "Honest overload").

``soft``: no more records are taken in, devices keep theirs; business events and the way to central go on.
``hard``: nothing is taken in but central's answers, which make room.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    SOFT = "soft"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Limits:
    """In bytes. ``max_bytes``: the most that the database may hold; ``soft`` and ``hard``: the least that must be
    left."""

    max_bytes: int
    soft_bytes: int
    hard_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """``free_bytes`` of the file system, without what the ballast needs; ``pages`` of the database, of which
    ``free_pages`` are unused."""

    free_bytes: int
    page_bytes: int
    pages: int
    free_pages: int
    failed: bool = False
    """The last commit found no room, whatever the figures say."""

    def left_bytes(self, limits: Limits) -> int:
        """What can still be written: into unused pages and new ones, below the cap and within the file system."""
        used = (self.pages - self.free_pages) * self.page_bytes
        return max(min(self.free_bytes + self.free_pages * self.page_bytes, limits.max_bytes - used), 0)


#: Back to a better verdict only with this much more than the limit, so that it does not flutter.
MORE_PERMILLE = 1250


def judge(before: Verdict, room: Room, limits: Limits) -> Verdict:
    """The verdict now; worse at once, better only with a margin."""
    left = room.left_bytes(limits)
    if room.failed or left < _bar(limits.hard_bytes, before is Verdict.HARD):
        return Verdict.HARD
    if left < _bar(limits.soft_bytes, before is not Verdict.OK):
        return Verdict.SOFT
    return Verdict.OK


def _bar(limit: int, returning: bool) -> int:
    return limit * MORE_PERMILLE // 1000 if returning else limit


def alarms(facts: Mapping[str, object]) -> list[str]:
    """The alarms that follow from ``Store.facts()``; docs/operations.md says what to do about each."""
    found = {
        "store_soft_limit": facts["overload"] == Verdict.SOFT,
        "store_hard_limit": facts["overload"] == Verdict.HARD,
        "store_ballast_missing": not facts["ballast"],
        "store_log_large": _number(facts["log_bytes"]) > _number(facts["log_limit_bytes"]),
        "store_damaged": facts["salvage"] in ("waiting", "running"),
        "store_lost_records": _number(facts["unreadable_records"]) + _number(facts["lost_records"]) > 0,
        "store_closed": not facts["healthy"],
    }
    return [name for name, true in found.items() if true]


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
