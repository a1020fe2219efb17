"""Identities in the database: sealed as halls sent them. Of several of one service the newest counts."""

from sqlalchemy import Connection, RowMapping, select

from central.tables import identities


def has_identity(connection: Connection, hall: str, case_no: str, service_no: int) -> bool:
    """Whether a service came with a name behind it, whether or not it can still be opened."""
    return _newest(connection, hall, case_no, service_no) is not None


def has_contact(connection: Connection, hall: str, case_no: str, service_no: int) -> bool:
    """Whether the citizen of a service can be called back: a phone is there, and was not erased."""
    row = _newest(connection, hall, case_no, service_no)
    return row is not None and row["has_phone"] and row["blob"] is not None


def _newest(connection: Connection, hall: str, case_no: str, service_no: int) -> RowMapping | None:
    table = identities.c
    query = select(identities).where(table.hall == hall, table.case_no == case_no, table.service_no == service_no)
    return connection.execute(query.order_by(table.revision.desc()).limit(1)).mappings().one_or_none()
