"""Corrections in the database: published once, read by halls from where they stopped (spec 9.4)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select

from central.core.corrections import Kind
from central.core.policy_version import Published
from central.tables import corrections

#: How many one answer holds.
PAGE = 100


def publish(
    connection: Connection, kind: str, data: Mapping[str, Any], reason: str, hall: str | None, now_ms: int
) -> int:
    """Add one; gives its number. ``hall`` None: for all of them."""
    row = {"kind": kind, "data": dict(data), "reason": reason, "hall": hall, "issued_ms": now_ms}
    (number,) = connection.execute(insert(corrections).returning(corrections.c.number), row).one()
    return number


def after(connection: Connection, hall: str, number: int) -> list[dict[str, Any]]:
    """The next ones that this hall may read, by number."""
    columns = (corrections.c[name] for name in ("number", "kind", "data", "reason", "issued_ms"))
    query = select(*columns).where(_mine(hall), corrections.c.number > number)
    return [dict(row._mapping) for row in connection.execute(query.order_by(corrections.c.number).limit(PAGE))]


def newest(connection: Connection, hall: str) -> int:
    """The highest number that this hall may read, 0 if there is none."""
    return connection.execute(select(func.max(corrections.c.number)).where(_mine(hall))).scalar() or 0


def policies(connection: Connection, hall: str) -> list[Published]:
    """The policies that were published to a hall, by number. One without a version is none."""
    columns = (corrections.c[name] for name in ("number", "issued_ms", "data"))
    rows = connection.execute(select(*columns).where(corrections.c.kind == Kind.POLICY, _mine(hall)))
    found = ((row.number, row.issued_ms, row.data.get("version"), row.data.get("indicators")) for row in rows)
    return sorted((Published(*one) for one in found if isinstance(one[2], int)), key=lambda published: published.number)


def _mine(hall: str) -> Any:
    return or_(corrections.c.hall.is_(None), corrections.c.hall == hall)
