"""SQL of business events and of what is derived from them: servings, services and cases."""

import sqlite3
from dataclasses import dataclass

from gateway.core import cloudevent
from gateway.core.business import SHIFT, Event, Type, body_hash
from gateway.core.timeline import Case, Rules, Service, Serving, case_of, fold, service_of
from gateway.store import bindings, outbox

#: How far back ratings that are not bound are looked at again when windows change, and after a restart.
RECHECK_MS = 30 * 86_400_000
_EVENT = "event_id, type, at_ms, window, staff, case_no, service_no, item_code, item_name"


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
    connection.execute(
        f"INSERT INTO business_events (source, hash, received_ms, {_EVENT})"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source,
            digest,
            now_ms,
            event.id,
            event.type,
            event.at_ms,
            event.window,
            event.staff,
            event.case_no,
            event.service_no,
            event.item_code,
            event.item_name,
        ),
    )
    if event.type in SHIFT:
        windows = {str(event.window)}
        first_ms = last_ms = event.at_ms
        services = _served_at(connection, str(event.window), event.at_ms, event.at_ms + rules.limit_ms)
    else:
        _update_case(connection, str(event.case_no), hall, now_ms)
        services = [(str(event.case_no), int(event.service_no or 0))]
        own = _of_service(connection, services[0])
        windows = {own_event.window for own_event in own if own_event.window}
        first_ms, last_ms = min(e.at_ms for e in own), max(e.at_ms for e in own)
    for key in services:
        _update_service(connection, key, hall, now_ms, rules)
    for window in sorted(windows):
        _refold(connection, window, first_ms, last_ms, hall, now_ms, rules, business_error_ms)
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


def servings(connection: sqlite3.Connection, window: str, now_ms: int) -> list[Serving]:
    """What stands at a window now or later, by time."""
    rows = connection.execute(
        "SELECT window, case_no, service_no, staff, start_ms, end_ms, served_ms FROM servings"
        " WHERE window = ? AND start_ms > ? AND end_ms > ? ORDER BY start_ms",
        (window, now_ms - 86_400_000, now_ms),
    ).fetchall()
    return [Serving(*row) for row in rows]


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
        "SELECT window, case_no, service_no, staff, start_ms, end_ms, served_ms FROM servings"
        " WHERE window = ? AND start_ms BETWEEN ? AND ?",
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
        connection.execute(
            "INSERT INTO servings (window, case_no, service_no, staff, start_ms, end_ms, served_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (s.window, s.case_no, s.service_no, s.staff, s.start_ms, s.end_ms, s.served_ms),
        )
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
        f"SELECT source, {_EVENT} FROM business_events WHERE window = ?1 AND at_ms BETWEEN ?2 AND ?3"  # noqa: S608
        f" UNION SELECT source, {_EVENT} FROM business_events WHERE (case_no, service_no) IN"
        " (SELECT case_no, service_no FROM business_events"
        " WHERE window = ?1 AND at_ms BETWEEN ?2 AND ?3 AND case_no IS NOT NULL)",
        (window, first_ms, last_ms),
    ).fetchall()
    return [_event(row) for row in rows]


def _event(row: tuple) -> Event:
    source, event_id, kind, *rest = row
    # two systems may use the same id: only together they are unique, and the order of ties rests on it
    return Event(f"{source}\n{event_id}", Type(kind), *rest)


def _served_at(connection: sqlite3.Connection, window: str, first_ms: int, last_ms: int) -> list[tuple[str, int]]:
    """The services of which something happened at a window in that time."""
    return connection.execute(
        "SELECT DISTINCT case_no, service_no FROM business_events"
        " WHERE window = ? AND at_ms BETWEEN ? AND ? AND case_no IS NOT NULL ORDER BY 1, 2",
        (window, first_ms, last_ms),
    ).fetchall()


def _of_service(connection: sqlite3.Connection, key: tuple[str, int]) -> list[Event]:
    rows = connection.execute(
        f"SELECT source, {_EVENT} FROM business_events WHERE case_no = ? AND service_no = ?",  # noqa: S608
        key,
    ).fetchall()
    return [_event(row) for row in rows]


def _update_service(connection: sqlite3.Connection, key: tuple[str, int], hall: str, now_ms: int, rules: Rules) -> None:
    own = _of_service(connection, key)
    shifts = {
        row
        for e in own
        if e.window
        for row in connection.execute(
            f"SELECT source, {_EVENT} FROM business_events"  # noqa: S608
            " WHERE window = ? AND at_ms BETWEEN ? AND ? AND case_no IS NULL",
            (e.window, e.at_ms - rules.limit_ms, e.at_ms),
        )
    }
    service = service_of(key, [*own, *map(_event, shifts)], rules)
    row = connection.execute(
        "SELECT revision, case_no, service_no, window, staff, called_ms, served_ms, finished_ms, closed_ms, status"
        " FROM services WHERE case_no = ? AND service_no = ?",
        key,
    ).fetchone()
    if service is None or (row and Service(*row[1:]) == service):
        return
    revision = row[0] + 1 if row else 1
    connection.execute(
        "INSERT OR REPLACE INTO services (revision, case_no, service_no, window, staff, called_ms, served_ms,"
        " finished_ms, closed_ms, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            revision,
            *key,
            service.window,
            service.staff,
            service.called_ms,
            service.served_ms,
            service.finished_ms,
            service.closed_ms,
            service.status,
        ),
    )
    outbox.put(connection, cloudevent.service(hall, service, revision, now_ms))


def _update_case(connection: sqlite3.Connection, case_no: str, hall: str, now_ms: int) -> None:
    rows = connection.execute(
        f"SELECT source, {_EVENT} FROM business_events WHERE case_no = ?",  # noqa: S608
        (case_no,),
    ).fetchall()
    case = case_of(case_no, map(_event, rows))
    row = connection.execute(
        "SELECT revision, case_no, item_code, item_name, status, accepted_ms, finished_ms FROM cases WHERE case_no = ?",
        (case_no,),
    ).fetchone()
    if row and Case(*row[1:]) == case:
        return
    revision = row[0] + 1 if row else 1
    connection.execute(
        "INSERT OR REPLACE INTO cases (revision, case_no, item_code, item_name, status, accepted_ms, finished_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (revision, case_no, case.item_code, case.item_name, case.status, case.accepted_ms, case.finished_ms),
    )
    outbox.put(connection, cloudevent.case(hall, case, revision, now_ms))
