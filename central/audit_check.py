"""The audit of a central database, verified from outside: its own chain, and the deeds that it vouches for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from central import audit, database_url, handlings, tables
from central.core import audit_chain
from central.core.audit_chain import Fault, Head
from central.core.certificate import key_id, key_of, load_key
from central.database import open_reader

#: The heads that were noted, each as ``hcp audit head`` prints it.
HEADS = "audit-heads.json"


class DatabaseError(Exception):
    """The database cannot be read; the text says why."""


def url_of(database: str) -> str:
    """The URL of a database that may be named by its file. SQLite's is opened without the right to write."""
    return database if "://" in database else f"sqlite:///file:{Path(database).resolve()}?mode=ro&uri=true"


def named(database: str) -> str:
    """The same for a message: without a password. Raises DatabaseError."""
    try:
        return database_url.shown(database_url.read(database)) if "://" in database else database
    except ValueError as error:
        raise DatabaseError(str(error)) from None


@contextmanager
def reading(database: str) -> Iterator[Connection]:
    """A connection for the length of a ``with`` block; it sees one state, central may run. Raises DatabaseError."""
    named(database)
    engine = open_reader(url_of(database))
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseError(str(getattr(error, "orig", None) or error)[:300]) from None
    finally:
        engine.dispose()


def head(database: str) -> Head:
    """Where the audit ends now, to be noted somewhere else. Raises DatabaseError."""
    with reading(database) as connection:
        return audit.head(connection) if inspect(connection).has_table("audit") else Head()


def verify(database: str, known: list[Head]) -> tuple[Head, list[Fault]]:
    """Its end, and everything that is wrong. Raises DatabaseError."""
    with reading(database) as connection:
        if not inspect(connection).has_table("audit"):
            return Head(), list(audit_chain.check((), known))
        entries = list(audit.entries(connection))
        faults = list(audit_chain.check(entries, known))
        astray = handlings.astray(connection)
        faults += [
            Fault("deed_astray", 0, f"deed {number} of handling {of} is not what the audit says")
            for of, number in astray
        ]
    return (Head(entries[-1].number, entries[-1].hash) if entries else Head()), faults


def records(connection: Connection) -> tuple[bytes, dict[str, dict[str, ec.EllipticCurvePublicKey]]]:
    """Every record as a CBOR sequence, and of every device its keys by their ids, the first one first."""
    held = select(tables.records.c.body).order_by(tables.records.c.device, tables.records.c.seq)
    bodies = b"".join(connection.execute(held).scalars())
    found = {row.device: [row.key] for row in connection.execute(select(tables.devices.c.device, tables.devices.c.key))}
    certificates = tables.certificates.c
    later = select(certificates.device, certificates.pem).order_by(certificates.received_ms)
    for row in connection.execute(later):
        found[row.device].append(key_of(row.pem))
    return bodies, {device: {key_id(key): load_key(key) for key in keys} for device, keys in found.items()}


def read_heads(file: Path) -> list[Head]:
    """The heads noted in a file, one JSON document after the other. Raises ValueError."""
    rest, found = file.read_text(encoding="utf-8").strip(), []
    while rest:
        try:
            one, end = json.JSONDecoder().raw_decode(rest)
            found.append(Head(int(one["number"]), bytes.fromhex(one["hash"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'expected documents like {{"number": 12, "hash": "…"}} ({error})') from None
        rest = rest[end:].lstrip()
    return found
