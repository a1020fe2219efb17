"""Bringing the standing of ratings in line with the facts (``core.rating`` has the rules).

Runs at the end of the transaction that changed the facts, over the ratings and services they touch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from central.core import rating
from central.core.rating import Binding, Bound, Status
from central.database import rows_of
from central.tables import bindings, ratings, services

Service = tuple[str, int]


@dataclass(frozen=True)
class Settled:
    """Ids of ratings that count from now on, and of ratings that are bound otherwise than before. No default is among
    them. ``services``: those that were looked at."""

    counted: list[int]
    moved: list[int]
    services: frozenset[Service]


def settle(
    connection: Connection, hall: str, now_ms: int, touched: set[tuple[str, int]], known_now: set[Service]
) -> Settled:
    """``touched`` are (device, seq) of new ratings and of ratings with a new decision; ``known_now`` are services that
    came, that lost a rating, or that got one without a device.
    """
    concerned = set(known_now)
    changes: dict[int, tuple[Status, Status]] = {}
    silent: set[int] = set()
    moves = []
    for row, decision in _standing(connection, touched):
        bound = decision is not None and decision.status is Binding.BOUND
        was = (row.case_no, row.service_no)
        now: tuple[Any, Any] = (decision.case_no, decision.service_no) if bound else (None, None)
        concerned.update(service for service in (was, now) if service[0] is not None)
        if decision is not None and (was != now or row.binding_number != decision.number):
            # until its service is settled below, a moved rating holds no place there
            status = row.status if was == now else Status.WAITING_SERVICE if bound else row.status
            moves.append(
                {
                    "of": row.id,
                    "status": status,
                    "counted_ms": row.counted_ms if status is Status.COUNTED else None,
                    "binding_number": decision.number,
                    "case_no": now[0],
                    "service_no": now[1],
                }
            )
        if not bound:
            changes[row.id] = (row.status, rating.without_service(decision.status if decision else None))
    _write(connection, moves)
    if concerned:
        known = _known(connection, hall, concerned)
        for service, held in _bound(connection, hall, concerned):
            new = rating.settle(service in known, held)
            changes.update({bound.id: (bound.status, new[bound.id]) for bound in held if bound.id in new})
            silent.update(bound.id for bound in held if not bound.spoken)
    _apply(connection, now_ms, changes)
    counted = [name for name, (old, new) in changes.items() if new is Status.COUNTED and old is not new]
    return Settled(sorted(set(counted) - silent), sorted(move["of"] for move in moves), frozenset(concerned))


def _standing(connection: Connection, touched: set[tuple[str, int]]) -> Iterable[tuple[Any, Any]]:
    """Each touched rating with its latest decision, or None."""
    latest: dict[tuple[str, int], Any] = {}
    wanted = ("device", "seq", "number", "status", "case_no", "service_no")
    decisions = select(*(bindings.c[name] for name in wanted)).order_by(bindings.c.number)
    for decision in rows_of(connection, decisions, bindings, touched):
        latest[decision.device, decision.seq] = decision
    held = ("id", "device", "seq", "status", "counted_ms", "binding_number", "case_no", "service_no")
    rows = rows_of(connection, select(*(ratings.c[name] for name in held)), ratings, touched)
    return [(row, latest.get((row.device, row.seq))) for row in rows]


def _known(connection: Connection, hall: str, concerned: set[Service]) -> set[Service]:
    query = select(services.c.case_no, services.c.service_no).distinct().where(services.c.hall == hall)
    found = connection.execute(query.where(services.c.case_no.in_(_cases(concerned))))
    return {(case_no, service_no) for case_no, service_no in found}


def _bound(connection: Connection, hall: str, concerned: set[Service]) -> Iterable[tuple[Service, list[Bound]]]:
    rows = connection.execute(
        select(ratings.c.case_no, ratings.c.service_no, ratings.c.id, ratings.c.status, ratings.c.origin)
        .where(ratings.c.hall == hall, ratings.c.case_no.in_(_cases(concerned)))
        .order_by(ratings.c.case_no, ratings.c.service_no, ratings.c.id)
    )
    for service, group in groupby(rows, key=lambda row: (row.case_no, row.service_no)):
        if service in concerned:
            yield service, [Bound(row.id, row.status, row.origin in rating.VOICES) for row in group]


def _cases(concerned: set[Service]) -> list[str]:
    # all services of these cases are read: they are few, and an index finds them
    return sorted({case_no for case_no, _ in concerned})


def _apply(connection: Connection, now_ms: int, changes: dict[int, tuple[Status, Status]]) -> None:
    rows = [
        {"of": name, "status": new, "counted_ms": now_ms if new is Status.COUNTED else None}
        for name, (old, new) in changes.items()
        if new is not old
    ]
    _write(connection, rows)


def _write(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(update(ratings).where(ratings.c.id == bindparam("of")), rows)
