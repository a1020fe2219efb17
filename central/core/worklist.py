"""The queue of bad ratings: what a line of it shows, and by what it can be narrowed. No line holds a level."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from central.core import moments
from central.core.case_file import marks, timer_title
from central.core.handling import STATE_TITLES, TERMINAL, Handling, State
from central.core.loop import OWNERS
from central.core.loop_rules import LoopRules
from central.core.moments import Left
from central.core.parties import Party


class View(StrEnum):
    """``mine``: open, and the turn of one of the viewer's hats. ``today``: due before the day is over, or overdue."""

    MINE = "mine"
    TODAY = "today"
    OVERDUE = "overdue"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Entry:
    """What the store has of one bad rating for a list. ``item``: the 事项; the places are names."""

    id: int
    hall: str
    case_no: str | None
    service_no: int | None
    item: str | None
    window: str | None
    org: str
    due_ms: int | None
    due_timer: str | None
    handling: Handling
    rules: LoopRules


@dataclass(frozen=True)
class Row:
    """One line. ``turn``: whose it is, None when it is over; ``yours``: the viewer's; ``supervise``:
    the viewer may."""

    id: int
    case: str
    item: str
    place: str
    state: State
    title: str
    turn: str | None
    yours: bool
    supervise: bool
    limit: str
    due: str
    left: Left
    marks: tuple[str, ...]


def row(entry: Entry, hats: Sequence[Party], now_ms: int) -> Row:
    """The line of one bad rating; ``hats``: the viewer's, at that place."""
    handling, rules = entry.handling, entry.rules
    over = handling.state in TERMINAL
    owner = None if over else OWNERS.get(handling.state)
    due_ms = None if over else entry.due_ms
    return Row(
        entry.id,
        case_words(entry.case_no, entry.service_no),
        entry.item or "",
        "　".join(part for part in (entry.org, entry.window and window_words(entry.window)) if part),
        handling.state,
        STATE_TITLES[handling.state],
        rules.office(owner) if owner else None,
        owner in hats,
        Party.SUPERVISOR in hats and not over,
        timer_title(rules, entry.due_timer) if entry.due_timer and not over else "",
        moments.due(due_ms, now_ms) if due_ms is not None else "",
        moments.left(due_ms, now_ms),
        tuple(marks(rules, handling)),
    )


def case_words(case_no: str | None, service_no: int | None) -> str:
    """The 办件编号, with the number of the service where it is not the first; a rating may belong to none."""
    if case_no is None:
        return "未关联办件"
    return f"{case_no}（第{service_no}次服务）" if service_no and service_no > 1 else case_no


def window_words(window: str) -> str:
    """3 号窗口; a window that has a name of its own keeps it."""
    return f"{window}号窗口" if window.isascii() else window
