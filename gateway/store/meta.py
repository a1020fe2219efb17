"""SQL of small single values: the database's epoch, the lease of downlink numbers, the last incident."""

import secrets
import sqlite3


def get(connection: sqlite3.Connection, name: str) -> int | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def put(connection: sqlite3.Connection, name: str, value: int) -> None:
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )


def put_most(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Put a value unless a higher one is there."""
    put(connection, name, max(value, get(connection, name) or 0))


def fresh_epoch() -> int:
    """An epoch that no database had before (spec 5.2)."""
    return secrets.randbelow(2**32 - 1) + 1


def epoch(connection: sqlite3.Connection, fresh: int) -> int:
    """The database's epoch (spec 5.2, key 8); ``fresh`` becomes it if the database is new."""
    known = get(connection, "epoch")
    if known is None:
        put(connection, "epoch", fresh)
        return fresh
    return known


def rising(connection: sqlite3.Connection, name: str, now_ms: int) -> int:
    """A number higher than any given before under ``name``, also after the loss of the database."""
    number = max((get(connection, name) or 0) + 1, now_ms)
    put(connection, name, number)
    return number
