"""SQL of services and cases: derived from their business events, and central is told of every change."""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, replace

from gateway.core import cloudevent
from gateway.core.business import ApplicantKind, Event, Type
from gateway.core.cases import Case, Service, case_of, service_of
from gateway.core.timeline import Rules
from gateway.store import outbox

EVENT = (
    "event_id, type, at_ms, window, staff, case_no, service_no, item_code, item_name, applicant_kind, shared, corrects"
)
_SERVICE = "case_no, service_no, window, staff, called_ms, served_ms, finished_ms, closed_ms, status, applicant_kind"
_TYPES = {str(kind): kind for kind in Type}


def marks(values: Iterable[object]) -> str:
    """Question marks for a statement."""
    return ", ".join("?" for _ in values)


def event_of(row: tuple) -> Event:
    """The event in a row of ``source`` and ``EVENT``."""
    source, event_id, kind, at_ms, window, staff, case_no, service_no, item_code, item_name, *later = row
    applicant_kind, shared, corrects = later
    return Event(
        # two systems may use the same id: only together they are unique, and the order of ties rests on it
        f"{source}\n{event_id}",
        _TYPES[kind],
        at_ms,
        window,
        staff,
        case_no,
        service_no,
        item_code,
        item_name,
        ApplicantKind(applicant_kind) if applicant_kind else None,
        bool(shared),
        f"{source}\n{corrects}" if corrects else None,
    )


def of_service(connection: sqlite3.Connection, key: tuple[str, int], table: str) -> list[Event]:
    """The events of a service that stand (``standing_events``), or all (``business_events``)."""
    rows = connection.execute(
        f"SELECT source, {EVENT} FROM {table} WHERE case_no = ? AND service_no = ?",  # noqa: S608
        key,
    ).fetchall()
    return [event_of(row) for row in rows]


def update_service(connection: sqlite3.Connection, key: tuple[str, int], hall: str, now_ms: int, rules: Rules) -> None:
    """Bring a service into line with its events, and tell central if it changed."""
    own = of_service(connection, key, "standing_events")
    shifts = {
        row
        for e in own
        if e.window
        for row in connection.execute(
            f"SELECT source, {EVENT} FROM standing_events"  # noqa: S608
            " WHERE window = ? AND at_ms BETWEEN ? AND ? AND case_no IS NULL",
            (e.window, e.at_ms - rules.limit_ms, e.at_ms),
        )
    }
    service = service_of(key, [*own, *map(event_of, shifts)], rules)
    if service is None and not own:
        # everything that was said of it was corrected away: there was no such service
        told = of_service(connection, key, "business_events")
        service = service_of(key, told, rules)
        service = service and replace(service, status="cancelled", closed_ms=max(event.at_ms for event in told))
    row = connection.execute(
        f"SELECT revision, {_SERVICE} FROM services WHERE case_no = ? AND service_no = ?",  # noqa: S608
        key,
    ).fetchone()
    if service is None or (row and Service(*row[1:]) == service):
        return
    revision = row[0] + 1 if row else 1
    values = (revision, *astuple(service))
    connection.execute(
        f"INSERT OR REPLACE INTO services (revision, {_SERVICE}) VALUES ({marks(values)})",  # noqa: S608
        values,
    )
    outbox.put(connection, cloudevent.service(hall, service, revision, now_ms))


def update_case(connection: sqlite3.Connection, case_no: str, hall: str, now_ms: int) -> None:
    """Bring a case into line with its events, and tell central if it changed."""
    told = _of_case(connection, case_no, "standing_events")
    if told:
        case = case_of(case_no, told)
    else:
        case = replace(case_of(case_no, _of_case(connection, case_no, "business_events")), status="cancelled")
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
        (revision, *astuple(case)),
    )
    outbox.put(connection, cloudevent.case(hall, case, revision, now_ms))


def _of_case(connection: sqlite3.Connection, case_no: str, table: str) -> list[Event]:
    rows = connection.execute(f"SELECT source, {EVENT} FROM {table} WHERE case_no = ?", (case_no,)).fetchall()  # noqa: S608
    return [event_of(row) for row in rows]
