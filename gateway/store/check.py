"""Looking for damage while the gateway is at work: table by table, giving way when the log grows."""

import logging
import sqlite3
import threading

from gateway.store.connection import LOG_BYTES, is_damage, log_bytes
from gateway.store.writer import Store

log = logging.getLogger(__name__)

_MOST_WORDS = 300
_AGAIN_S = (0.2, 1.0, 5.0, 30.0)


def look(store: Store, stop: threading.Event) -> str | None:
    """The first damage found, None if there is none. SQLite's quick_check on each table, so that no read is long."""
    connection = store.open_reader()
    try:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (name,) in names:
            found = _table(store, connection, name, stop)
            if found:
                return found
        return None
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return str(error)
    finally:
        connection.close()


def _table(store: Store, connection: sqlite3.Connection, name: str, stop: threading.Event) -> str | None:
    pauses = iter(_AGAIN_S)
    while not stop.is_set():
        try:
            rows = connection.execute(f"PRAGMA quick_check('{name}')").fetchall()
            words = " ".join(rows[0][0].split())[:_MOST_WORDS]
            return None if words == "ok" else f"{name}: {words}"
        except sqlite3.OperationalError as error:
            if is_damage(error):
                raise
            pause_s = next(pauses, _AGAIN_S[-1])
            log.info("the check of %s gives way (%s), again in %.1f s", name, error, pause_s)
            stop.wait(pause_s)
            while log_bytes(store.path) > LOG_BYTES and not stop.is_set():
                stop.wait(pause_s)
    return None
