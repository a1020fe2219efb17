"""What a finished story shows from outside: who was served when, and when each rating was where.

Read from the folder that ``hcp sim run --out`` writes. The level of a rating is not among the columns that are read.
Times are milliseconds since 1970 UTC.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

Kind = Literal["central_down", "gateway_down", "device_off", "network_cut", "attack"]


class NotPlayedError(Exception):
    """The folder does not hold a finished story; the text says what is missing and how to make it."""


@dataclass(frozen=True)
class Happening:
    """Something that went wrong on stage. ``where`` is the window for ``device_off`` and ``network_cut``, and
    ``gateway`` or ``central`` for an ``attack``; the other kinds do not need it."""

    kind: Kind
    start_ms: int
    end_ms: int
    where: str = ""


@dataclass(frozen=True)
class Serving:
    """One service at a window: called at ``start_ms``, its work done at ``finished_ms``, the window's until ``end_ms``
    (closed, or the next one called). ``end_ms`` None: it still is."""

    window: str
    case_no: str
    service_no: int
    item: str
    start_ms: int
    finished_ms: int | None
    end_ms: int | None


@dataclass(frozen=True)
class Shift:
    """A member of staff at a window. ``end_ms`` None: still signed in."""

    window: str
    staff: str
    start_ms: int
    end_ms: int | None


@dataclass(frozen=True)
class Rating:
    """The way of one rating; None where it has not arrived. ``service`` is the one it is bound to, if it is."""

    device: str
    seq: int
    window: str
    pressed_ms: int
    gateway_ms: int | None
    central_ms: int | None
    service: tuple[str, int] | None


@dataclass(frozen=True)
class Counts:
    """The figures of ``summary.json`` that head the picture."""

    pressed: int = 0
    central: int = 0
    lost: int = 0
    duplicated: int = 0
    misbound: int = 0
    silent: int = 0
    forged: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Played:
    """One story. ``opened_ms`` is when the doors opened: second 0 of the picture."""

    opened_ms: int = 0
    servings: tuple[Serving, ...] = ()
    shifts: tuple[Shift, ...] = ()
    ratings: tuple[Rating, ...] = ()
    happenings: tuple[Happening, ...] = ()
    counts: Counts = field(default_factory=Counts)
    title: str = ""


_SERVINGS = """
    SELECT v.window, v.case_no, v.service_no, coalesce(c.item_name, v.case_no), v.start_ms, s.finished_ms, v.end_ms
    FROM servings v LEFT JOIN services s USING (case_no, service_no) LEFT JOIN cases c ON c.case_no = v.case_no
    ORDER BY v.window, v.start_ms"""
_SIGNS = """
    SELECT window, staff, type = 'sign_in', at_ms FROM business_events WHERE type IN ('sign_in', 'sign_out')
    ORDER BY at_ms, id"""
# when a press can have happened is known as an interval; the mark stands in its middle
_AT_GATEWAY = """
    SELECT device, seq, coalesce(window, ''), coalesce((from_ms + to_ms) / 2, to_ms, from_ms, received_ms), received_ms
    FROM records WHERE kind = 1"""
_AT_CENTRAL = """
    SELECT r.device, r.seq, coalesce(d.window, ''), coalesce(r.wall_ms, k.gateway_received_ms), k.received_ms
    FROM ratings r JOIN records k ON k.device = r.device AND k.seq = r.seq JOIN devices d ON d.device = r.device
    WHERE r.origin = 'citizen_device'"""
_BINDINGS = """
    SELECT device, seq, case_no, service_no FROM bindings b WHERE status = 'bound' AND number =
        (SELECT max(number) FROM bindings WHERE device = b.device AND seq = b.seq)"""


def read(folder: Path) -> Played:
    """Take a story's data from its two databases and its summary, opened read-only. Raises NotPlayedError."""
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        counts = Counts(**{name: summary[name] for name in Counts.__dataclass_fields__})
        with _reading(folder / "gateway.db") as gateway, _reading(folder / "central.db") as central:
            shifts = _shifts(gateway.execute(_SIGNS))
            servings = tuple(Serving(*row) for row in gateway.execute(_SERVINGS))
            ratings = _ratings(gateway, central)
    except (OSError, ValueError, KeyError, sqlite3.Error) as error:
        raise NotPlayedError(
            f"{folder} holds no finished story ({error!r}); make one: hcp sim run one-morning --out {folder}"
        ) from error
    known = [shift.start_ms for shift in shifts] or [serving.start_ms for serving in servings]
    opened_ms = min(known or [rating.pressed_ms for rating in ratings], default=0)
    return Played(opened_ms, servings, shifts, ratings, counts=counts)


def _reading(file: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=10))


def _shifts(signs: Iterable[tuple[str, str, int, int]]) -> tuple[Shift, ...]:
    shifts: list[Shift] = []
    open_at: dict[str, int] = {}
    for window, staff, signed_in, at_ms in signs:
        if window in open_at:
            at = open_at.pop(window)
            shifts[at] = replace(shifts[at], end_ms=at_ms)
        if signed_in:
            open_at[window] = len(shifts)
            shifts.append(Shift(window, staff, at_ms, None))
    return tuple(shifts)


def _ratings(gateway: sqlite3.Connection, central: sqlite3.Connection) -> tuple[Rating, ...]:
    """Every rating that either of the two holds: one that is missing at central must be seen to be missing."""
    bound = {(d, n): (case_no, no) for d, n, case_no, no in [*gateway.execute(_BINDINGS), *central.execute(_BINDINGS)]}
    found: dict[tuple[str, int], Rating] = {}
    for device, seq, window, pressed_ms, received_ms in gateway.execute(_AT_GATEWAY):
        key = (device, seq)
        found[key] = Rating(device, seq, window, pressed_ms, received_ms, None, bound.get(key))
    for device, seq, window, pressed_ms, received_ms in central.execute(_AT_CENTRAL):
        key = (device, seq)
        here = found.get(key) or Rating(device, seq, window, pressed_ms, None, None, bound.get(key))
        found[key] = replace(here, central_ms=received_ms)
    return tuple(sorted(found.values(), key=lambda rating: (rating.pressed_ms, rating.device, rating.seq)))
