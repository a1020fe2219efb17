"""Identities 联系方式 in the database: sealed as halls sent them (spec 9.6), erased when their time is over.

Of several of one service the newest counts. Opening one is the business of `central.reveals` alone.
"""

from sqlalchemy import Connection, RowMapping, exists, or_, select, update

from central.core.handling import TERMINAL
from central.tables import handlings, identities

#: How many are erased in one transaction.
STEP = 500


def has_identity(connection: Connection, hall: str, case_no: str, service_no: int) -> bool:
    """Whether a service came with a name behind it, whether or not it can still be opened."""
    return newest(connection, hall, case_no, service_no) is not None


def has_contact(connection: Connection, hall: str, case_no: str, service_no: int) -> bool:
    """Whether the citizen of a service can be called back: a phone is there, and was not erased."""
    row = newest(connection, hall, case_no, service_no)
    return row is not None and row["has_phone"] and row["blob"] is not None


def newest(connection: Connection, hall: str, case_no: str, service_no: int) -> RowMapping | None:
    """The row of ``identities`` that counts for a service."""
    table = identities.c
    query = select(identities).where(table.hall == hall, table.case_no == case_no, table.service_no == service_no)
    return connection.execute(query.order_by(table.revision.desc()).limit(1)).mappings().one_or_none()


def keys_in_use(connection: Connection) -> set[str]:
    """The ids of the keys that the identities here are sealed to."""
    used = select(identities.c.key).distinct().where(identities.c.key.is_not(None), identities.c.erased_ms.is_(None))
    return {key for key in connection.execute(used).scalars() if key}


def erase(connection: Connection, before_ms: int, now_ms: int) -> int:
    """Erase some that came before ``before_ms`` and are not needed since; gives how many: below ``STEP`` at the end.

    Needed is one while a bad rating of its service is open, and until ``before_ms`` has passed its closing.
    """
    table, loop = identities.c, handlings.c
    same = (loop.hall == table.hall) & (loop.case_no == table.case_no) & (loop.service_no == table.service_no)
    needed = same & or_(loop.state.not_in(sorted(TERMINAL)), loop.closed_ms >= before_ms)
    key = ("hall", "case_no", "service_no", "revision")
    old = (
        select(*(table[name] for name in key))
        .where(table.erased_ms.is_(None), table.received_ms < before_ms, ~exists().where(needed))
        .limit(STEP)
    )
    rows = connection.execute(old).all()
    for row in rows:
        here = [table[name] == getattr(row, name) for name in key]
        connection.execute(update(identities).where(*here).values(blob=None, erased_ms=now_ms))
    return len(rows)
