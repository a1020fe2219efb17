"""SQL of business events, and of the servings that are derived from them."""

import sqlite3
from dataclasses import astuple, dataclass

from gateway.core.business import Event, body_hash
from gateway.core.timeline import Rules, Serving, fold
from gateway.store import bindings, cases

#: How far back ratings that are not bound are looked at again when windows change, and after a restart.
RECHECK_MS = 30 * 86_400_000
#: A chain of corrections longer than this is refused: nobody is wrong so often.
MAX_CORRECTIONS = 32


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one business event, in the words of spec 9.3. ``windows``: where the scene may have changed."""

    id: str
    status: str
    code: str = ""
    detail: str = ""
    windows: frozenset[str] = frozenset()


def take(
    connection: sqlite3.Connection,
    source: str,
    event: Event,
    hall: str,
    now_ms: int,
    rules: Rules,
    business_error_ms: int,
) -> Result:
    """Store an event once, and bring servings, services, cases and bindings into line with it."""
    digest = body_hash(event)
    row = connection.execute(
        "SELECT hash FROM business_events WHERE source = ? AND event_id = ?", (source, event.id)
    ).fetchone()
    if row:
        if row[0] == digest:
            return Result(event.id, "duplicate", "duplicate", "此前已接收 (taken before)")
        return Result(event.id, "conflict", "conflict", "同一 id 已有不同内容, 以先到者为准; 更正请用新 id")
    if event.window is not None and not _known(connection, event.window):
        return Result(
            event.id,
            "rejected",
            "unknown_window",
            f"窗口 {event.window} 未登记; 请先 PUT /api/v1/windows/{event.window}",
        )
    wrong = _wrong_correction(connection, source, event)
    if wrong:
        return wrong
    values = (source, digest, now_ms, *astuple(event))
    connection.execute(
        f"INSERT INTO business_events (source, hash, received_ms, {cases.EVENT}) VALUES ({cases.marks(values)})",  # noqa: S608
        values,
    )
    windows: set[str] = set()
    for told in _touched(connection, source, event):
        windows |= _derive(connection, told, hall, now_ms, rules, business_error_ms)
    return Result(event.id, "accepted", "accepted", "", frozenset(windows))


def put_window(
    connection: sqlite3.Connection, window: str, name: str | None, is_open: bool, hall: str, now_ms: int, error_ms: int
) -> bool:
    """Register a window or change it; ``name`` None keeps the present one. False if nothing changed."""
    row = connection.execute("SELECT name, open FROM windows WHERE window = ?", (window,)).fetchone()
    name = name or (row[0] if row else window)
    if row == (name, int(is_open)):
        return False
    connection.execute(
        "INSERT INTO windows VALUES (?, ?, ?, ?) ON CONFLICT (window)"
        " DO UPDATE SET name = excluded.name, open = excluded.open, changed_ms = excluded.changed_ms",
        (window, name, is_open, now_ms),
    )
    bindings.recheck(connection, hall, now_ms - RECHECK_MS, now_ms, error_ms)
    return True


def windows(connection: sqlite3.Connection) -> list[tuple[str, str, bool]]:
    """Id, name and whether it is open, of every window, by id."""
    rows = connection.execute("SELECT window, name, open FROM windows ORDER BY window")
    return [(window, name, bool(is_open)) for window, name, is_open in rows]


def servings(connection: sqlite3.Connection, window: str, now_ms: int) -> list[Serving]:
    """What stands at a window now or later, by time."""
    rows = connection.execute(
        f"SELECT {bindings.SERVING} FROM servings WHERE window = ? AND start_ms > ? AND end_ms > ? ORDER BY start_ms",  # noqa: S608
        (window, now_ms - 86_400_000, now_ms),
    ).fetchall()
    return [Serving(*row) for row in rows]


def _wrong_correction(connection: sqlite3.Connection, source: str, event: Event) -> Result | None:
    """Why an event cannot take the place of the one it corrects."""
    if event.corrects is None:
        return None
    of = "SELECT event_id, corrects FROM business_events WHERE source = ? AND "
    other = connection.execute(of + "corrects = ?", (source, event.corrects)).fetchone()
    if other:
        detail = f"事件 {event.corrects} 已由 {other[0]} 更正; 如仍有误, 请更正 {other[0]} (correct the correction)"
        return Result(event.id, "rejected", "already_corrected", detail)
    named: str | None = event.corrects
    for _ in range(MAX_CORRECTIONS):
        row = connection.execute(of + "event_id = ?", (source, named)).fetchone()
        named = row[1] if row else None
        if named is None:
            return None
        if named == event.id:
            break
    detail = f"更正关系成环或超过 {MAX_CORRECTIONS} 次 (corrections form a circle, or too long a chain)"
    return Result(event.id, "rejected", "bad_field", detail)


def _touched(connection: sqlite3.Connection, source: str, event: Event) -> list[Event]:
    """What a stored event changes the meaning of: itself, and the one in whose place it came."""
    rows = connection.execute(
        f"SELECT source, {cases.EVENT} FROM business_events"  # noqa: S608
        " WHERE source = ? AND event_id IN (?, ?) AND type <> 'withdrawn'",
        (source, event.id, event.corrects),
    ).fetchall()
    return [cases.event_of(row) for row in rows]


def _derive(
    connection: sqlite3.Connection, told: Event, hall: str, now_ms: int, rules: Rules, business_error_ms: int
) -> set[str]:
    """Bring into line what an event, come or gone, can matter to. Gives the windows concerned."""
    if told.of_window:
        windows = {str(told.window)}
        first_ms = last_ms = told.at_ms
        services = _served_at(connection, str(told.window), told.at_ms, told.at_ms + rules.limit_ms)
    else:
        cases.update_case(connection, str(told.case_no), hall, now_ms)
        services = [(str(told.case_no), int(told.service_no or 0))]
        own = [told, *cases.of_service(connection, services[0], "standing_events")]
        windows = {event.window for event in own if event.window}
        first_ms, last_ms = min(e.at_ms for e in own), max(e.at_ms for e in own)
    for key in services:
        cases.update_service(connection, key, hall, now_ms, rules)
    for window in sorted(windows):
        _refold(connection, window, first_ms, last_ms, hall, now_ms, rules, business_error_ms)
    return windows


def _known(connection: sqlite3.Connection, window: str) -> bool:
    return connection.execute("SELECT 1 FROM windows WHERE window = ?", (window,)).fetchone() is not None


def _refold(
    connection: sqlite3.Connection,
    window: str,
    first_ms: int,
    last_ms: int,
    hall: str,
    now_ms: int,
    rules: Rules,
    business_error_ms: int,
) -> None:
    """Derive the servings of a window anew where events of ``first_ms … last_ms`` can matter, and bind again."""
    # an event can matter to servings that begin at most one limit before or after it; those in turn depend on
    # events at most one limit away: what is replayed reaches twice as far as what is believed
    first_ms, last_ms = first_ms - rules.limit_ms, last_ms + rules.limit_ms
    servings = fold(_events(connection, window, first_ms - rules.limit_ms, last_ms + rules.limit_ms), rules)
    new = {s for s in servings if s.window == window and first_ms <= s.start_ms <= last_ms}
    rows = connection.execute(
        f"SELECT {bindings.SERVING} FROM servings WHERE window = ? AND start_ms BETWEEN ? AND ?",  # noqa: S608
        (window, first_ms, last_ms),
    ).fetchall()
    old = {Serving(*row) for row in rows}
    changed = old ^ new
    for gone in old - new:
        connection.execute(
            "DELETE FROM servings WHERE window = ? AND start_ms = ? AND case_no = ? AND service_no = ?",
            (window, gone.start_ms, *gone.key),
        )
    for s in new - old:
        values = astuple(s)
        connection.execute(f"INSERT INTO servings ({bindings.SERVING}) VALUES ({cases.marks(values)})", values)  # noqa: S608
    if changed:
        bindings.again(
            connection,
            hall,
            window,
            min(s.start_ms for s in changed),
            max(s.end_ms for s in changed),
            sorted({s.key for s in changed}),
            now_ms,
            business_error_ms,
        )


def _events(connection: sqlite3.Connection, window: str, first_ms: int, last_ms: int) -> list[Event]:
    rows = connection.execute(
        f"SELECT source, {cases.EVENT} FROM standing_events WHERE window = ?1 AND at_ms BETWEEN ?2 AND ?3"  # noqa: S608
        f" UNION SELECT source, {cases.EVENT} FROM standing_events WHERE (case_no, service_no) IN"
        " (SELECT case_no, service_no FROM standing_events"
        " WHERE window = ?1 AND at_ms BETWEEN ?2 AND ?3 AND case_no IS NOT NULL)",
        (window, first_ms, last_ms),
    ).fetchall()
    return [cases.event_of(row) for row in rows]


def _served_at(connection: sqlite3.Connection, window: str, first_ms: int, last_ms: int) -> list[tuple[str, int]]:
    """The services of which something happened at a window in that time."""
    return connection.execute(
        "SELECT DISTINCT case_no, service_no FROM business_events"
        " WHERE window = ? AND at_ms BETWEEN ? AND ? AND case_no IS NOT NULL ORDER BY 1, 2",
        (window, first_ms, last_ms),
    ).fetchall()
