"""Consents in the database: who agreed to what, for whom, until when, and who wrote it down. Only ever added to."""

from collections.abc import Set

from sqlalchemy import Connection, insert, select, update

from central.core.consent import Consent, Part
from central.tables import consents

Service = tuple[str, str, int]


def record(
    connection: Connection, service: Service, consent: Consent, evidence: str, recorded_by: str, now_ms: int
) -> int:
    """Write down a consent about ``(hall, case_no, service_no)``; gives its number."""
    hall, case_no, service_no = service
    row = {
        "hall": hall,
        "case_no": case_no,
        "service_no": service_no,
        "recipient": consent.recipient,
        "scope": sorted(consent.scope),
        "evidence": evidence,
        "given_ms": consent.given_ms,
        "until_ms": consent.until_ms,
        "recorded_by": recorded_by,
        "recorded_ms": now_ms,
    }
    (number,) = connection.execute(insert(consents).returning(consents.c.id), row).one()
    return number


def withdraw(connection: Connection, service: Service, number: int, now_ms: int) -> bool:
    """The citizen takes it back; False if there is no such consent about this service, or it was taken back before."""
    here = (consents.c.id == number, consents.c.withdrawn_ms.is_(None), *_about(service))
    return bool(connection.execute(update(consents).where(*here).values(withdrawn_ms=now_ms)).rowcount)


def of_service(connection: Connection, service: Service) -> dict[int, Consent]:
    """Every consent about a service, by number."""
    rows = connection.execute(select(consents).where(*_about(service)).order_by(consents.c.id))
    return {row.id: _consent(row) for row in rows}


def _about(service: Service):
    hall, case_no, service_no = service
    return consents.c.hall == hall, consents.c.case_no == case_no, consents.c.service_no == service_no


def _consent(row) -> Consent:
    scope: Set[Part] = {Part(part) for part in row.scope}
    return Consent(row.recipient, frozenset(scope), row.given_ms, row.until_ms, row.withdrawn_ms)
