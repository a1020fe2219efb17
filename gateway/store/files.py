"""The files beside the database: the mark of a clean stop, and damaged databases that were set aside."""

import contextlib
import itertools
import os
import sqlite3
from pathlib import Path

from gateway.store import meta
from gateway.store.connection import log_path
from gateway.store.room import sync_folder


def take_clean_mark(database: Path) -> bool:
    """Whether the last run closed the database in order (or there was none). The mark is gone afterwards."""
    mark = _mark(database)
    if not database.exists() or database.stat().st_size == 0:
        mark.unlink(missing_ok=True)
        return True
    try:
        mark.unlink()
    except FileNotFoundError:
        return False
    sync_folder(database.parent)
    return True


def put_clean_mark(database: Path) -> None:
    """Say that the database was closed in order. On a full disk nothing is said, which costs a check at the start."""
    with contextlib.suppress(OSError):
        _mark(database).touch(mode=0o600)
        sync_folder(database.parent)


def set_aside(database: Path, now_ms: int) -> Path:
    """Take a damaged database out of the way under another name, log and all. Gives that name. Raises OSError.

    The second names come first: wherever a power cut falls, one complete pair of database and log is left.
    """
    names = (database.with_name(f"{database.stem}-damaged-{number}.db") for number in itertools.count(now_ms))
    aside = next(name for name in names if not name.exists())
    for source, target in ((database, aside), (log_path(database), log_path(aside))):
        if source.exists():
            os.link(source, target)
    sync_folder(database.parent)
    for gone in (database, log_path(database), database.with_name(database.name + "-shm")):
        gone.unlink(missing_ok=True)
    sync_folder(database.parent)
    return aside


def asides(database: Path) -> list[Path]:
    """Damaged databases that were set aside, oldest first."""
    return sorted(database.parent.glob(f"{database.stem}-damaged-*.db"))


def note_salvaged(connection: sqlite3.Connection, aside: Path) -> None:
    """All that can be read of it is in this database."""
    meta.put(connection, _noted(aside), 1)


def unsalvaged(connection: sqlite3.Connection, database: Path) -> list[Path]:
    """Those that this database has not taken in yet."""
    return [aside for aside in asides(database) if meta.get(connection, _noted(aside)) is None]


def _noted(aside: Path) -> str:
    return "salvaged_" + aside.stem.rpartition("-")[2]


def _mark(database: Path) -> Path:
    return database.with_name(database.name + ".clean")
