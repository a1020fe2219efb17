"""Default ratings in the database: which services wait for one, and making it when its time has come.

``default_terms`` is kept in line with the facts in the very transaction that changes them (`note`), so a run that is
late, twice, or after a restart finds what is due by rows alone. `core.default_rating` has the rules.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, and_, bindparam, insert, select, update

from central import corrections
from central.clock import Clock
from central.core import deadlines
from central.core.calendar import ZONE, Calendar
from central.core.deadlines import Counting, Deadline
from central.core.default_rating import CaseFacts, ServiceFacts, awaited
from central.core.policy_version import given_under
from central.core.rating import Channel, Origin, Status
from central.core.rating_rules import DefaultRule
from central.store import Store
from central.tables import cases, default_terms, ratings, services

#: Whatever a term says, silence is not counted before the news of the finish is this old: a rating may be behind it in
#: the same backlog.
GRACE_MS = 24 * 3_600_000
MOST = 500


class Defaults:
    """Threads may share it. ``calendar`` gives the tables of today."""

    def __init__(self, store: Store, clock: Clock, calendar: Callable[[], Calendar], counting: Counting):
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._counting = counting
        self._counted_by: Calendar | None = None
        if store.rules.default is not None:
            store.on_cases(self.note)

    def note(self, connection: Connection, hall: str, touched: Iterable[str]) -> None:
        """These cases or their ratings have changed: bring what waits in line."""
        rule = self._store.rules.default
        wanted = sorted(set(touched))
        if rule is None or not wanted:
            return
        now_ms = self._clock.now_ms()
        known = {(row.case_no, row.service_no): row for row in _rows(connection, default_terms, hall, wanted)}
        wait = self._waiting(connection, rule, hall, wanted)
        new: list[tuple[tuple[str, int], dict[str, Any]]] = []
        changed: list[tuple[tuple[str, int], dict[str, Any]]] = []
        for service, start_ms in wait.items():
            row = known.get(service)
            if row is None or row.start_ms != start_ms:
                deadline = self._deadline(rule, start_ms)
                due_ms = max(deadline.due_ms, now_ms + GRACE_MS)
                values = {"start_ms": start_ms, "due_ms": due_ms, **_counted(deadline), "awaited": True}
                (changed if row else new).append((service, values))
            elif not row.awaited:
                changed.append((service, {"awaited": True}))
        changed += [
            (service, {"awaited": False}) for service, row in known.items() if row.awaited and service not in wait
        ]
        if new:
            named = [{"hall": hall, "case_no": case_no, "service_no": no, **values} for (case_no, no), values in new]
            connection.execute(insert(default_terms), named)
        for (case_no, service_no), values in changed:
            connection.execute(update(default_terms).where(_here(hall, case_no, service_no)).values(**values))

    def run_due(self) -> int:
        """Make the default ratings that are due; gives how many."""
        rule = self._store.rules.default
        if rule is None:
            return 0
        self._recompute()
        now_ms, made = self._clock.now_ms(), 0
        while True:
            with self._store.read() as connection:
                due = _due(connection, now_ms)
            if not due:
                return made
            for hall, rows in groupby(due, key=lambda row: row.hall):
                with self._store.write() as connection:
                    made += self._make(connection, rule, hall, {row.case_no for row in rows}, now_ms)

    def _make(self, connection: Connection, rule: DefaultRule, hall: str, of: set[str], now_ms: int) -> int:
        # looked at again: this is another transaction than the one that found them
        self.note(connection, hall, of)
        due = [
            row for row in _rows(connection, default_terms, hall, sorted(of)) if row.awaited and row.due_ms <= now_ms
        ]
        published = corrections.policies(connection, hall)
        made = [
            {
                "hall": hall,
                "origin": Origin.DEFAULT,
                "channel": Channel.NONE,
                "key": f"{row.case_no}/{row.service_no}",
                "level": rule.level,
                "reasons": [],
                "policy_version": given_under(published, now_ms),
                "wall_ms": Deadline.of_json(row.deadline).due_ms,
                "error_ms": 0,
                "received_ms": now_ms,
                "status": Status.WAITING_SERVICE,
                "case_no": row.case_no,
                "service_no": row.service_no,
            }
            for row in due
        ]
        if made:
            connection.execute(insert(ratings), made)
            self._store.settle(connection, hall, now_ms, set(), {(row["case_no"], row["service_no"]) for row in made})
        return len(made)

    def _recompute(self) -> None:
        """Count again what was counted without the table of a year, once there is another table."""
        calendar = self._calendar()
        if calendar is self._counted_by:
            return
        with self._store.write() as connection:
            rows = connection.execute(select(default_terms).where(default_terms.c.provisional, default_terms.c.awaited))
            for row in rows.all():
                old = Deadline.of_json(row.deadline)
                new = deadlines.recompute(old, calendar)
                if new is not old:
                    here = _here(row.hall, row.case_no, row.service_no)
                    # the grace, if it was longer than the term, goes on
                    due_ms = max(new.due_ms, row.due_ms) if row.due_ms > old.due_ms else new.due_ms
                    values = {**_counted(new), "due_ms": due_ms}
                    connection.execute(update(default_terms).where(here).values(**values))
        self._counted_by = calendar

    def _waiting(
        self, connection: Connection, rule: DefaultRule, hall: str, wanted: list[str]
    ) -> dict[tuple[str, int], int]:
        of_case = _newest(_rows(connection, cases, hall, wanted), "case_no")
        of_service = _newest(_rows(connection, services, hall, wanted), "case_no", "service_no")
        here = (ratings.c.hall == hall, ratings.c.case_no.in_(wanted))
        held = connection.execute(select(ratings.c.case_no, ratings.c.service_no, ratings.c.origin).where(*here)).all()
        had = {(row.case_no, row.service_no) for row in held if row.origin is Origin.DEFAULT}
        spoken = {(row.case_no, row.service_no) for row in held if row.origin is not Origin.DEFAULT}
        found = {}
        for (case_no,), case in of_case.items():
            facts = [
                ServiceFacts(no, row.status, _ended(row), (of, no) in spoken)
                for (of, no), row in of_service.items()
                if of == case_no
            ]
            for number, start_ms in awaited(rule.whole, CaseFacts(case.status, _ended(case)), facts).items():
                if (case_no, number) not in had:
                    found[case_no, number] = start_ms
        return found

    def _deadline(self, rule: DefaultRule, start_ms: int) -> Deadline:
        start = datetime.fromtimestamp(start_ms / 1000, ZONE)
        return deadlines.count(rule.term, start, self._calendar(), self._counting)


def _counted(deadline: Deadline) -> dict[str, Any]:
    return {"deadline": deadline.as_json(), "provisional": deadline.provisional}


def _ended(row: Any) -> int | None:
    """When it was finished; a system that does not say is taken to have told at once."""
    if row.status != "finished":
        return None
    return row.received_ms if row.finished_ms is None else row.finished_ms


def _newest(rows: Iterable[Any], *key: str) -> dict[tuple[Any, ...], Any]:
    found: dict[tuple[Any, ...], Any] = {}
    for row in rows:
        name = tuple(getattr(row, column) for column in key)
        if name not in found or found[name].revision < row.revision:
            found[name] = row
    return found


def _rows(connection: Connection, table: Any, hall: str, wanted: list[str]) -> list[Any]:
    return list(connection.execute(select(table).where(table.c.hall == hall, table.c.case_no.in_(wanted))))


def _here(hall: str, case_no: str, service_no: int) -> Any:
    columns = default_terms.c
    return and_(columns.hall == hall, columns.case_no == case_no, columns.service_no == service_no)


def _due(connection: Connection, now_ms: int) -> list[Any]:
    columns = default_terms.c
    query = select(columns.hall, columns.case_no).where(columns.awaited, columns.due_ms <= bindparam("now_ms"))
    return list(connection.execute(query.order_by(columns.hall, columns.due_ms).limit(MOST), {"now_ms": now_ms}))
