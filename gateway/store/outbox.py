"""SQL of the outbox: facts on their way to central, written in the transaction of the fact itself."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.outbox import Fate


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    event_id: str
    type: str
    body: str
    attempts: int


def put(connection: sqlite3.Connection, event: dict) -> bool:
    """Queue a CloudEvent; False if its id was queued before."""
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    done = connection.execute(
        "INSERT INTO outbox (event_id, type, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (event["id"], event["type"], body),
    )
    return done.rowcount == 1


def due(connection: sqlite3.Connection, now_ms: int, count: int) -> list[Row]:
    """The pending events whose time has come, those that never failed first, each group oldest first."""
    rows = connection.execute(
        "SELECT id, event_id, type, body, attempts FROM outbox"
        " WHERE state = 'pending' AND next_ms <= ? ORDER BY next_ms, id LIMIT ?",
        (now_ms, count),
    ).fetchall()
    return [Row(*row) for row in rows]


def next_due_ms(connection: sqlite3.Connection) -> int | None:
    """When the first pending event may be sent; None if there is none."""
    row = connection.execute("SELECT min(next_ms) FROM outbox WHERE state = 'pending'").fetchone()
    return row[0]


def settle(connection: sqlite3.Connection, fates: Iterable[tuple[int, Fate, str, int]]) -> None:
    """Write down what became of rows: (id, fate, words, next_ms)."""
    for row_id, fate, words, next_ms in fates:
        if fate is Fate.DONE:
            connection.execute("UPDATE outbox SET state = 'done', body = NULL, answer = NULL WHERE id = ?", (row_id,))
        elif fate is Fate.DEAD:
            connection.execute(
                "UPDATE outbox SET state = 'dead', attempts = attempts + 1, answer = ? WHERE id = ?", (words, row_id)
            )
        else:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, next_ms = ?, answer = ? WHERE id = ?",
                (next_ms, words, row_id),
            )


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many events are pending, done and dead; the rare states are counted in their own small indexes."""
    (total,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
    (pending,) = connection.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()
    (dead,) = connection.execute("SELECT count(*) FROM outbox WHERE state = 'dead'").fetchone()
    return {"pending": pending, "done": total - pending - dead, "dead": dead}


def dead_letters(connection: sqlite3.Connection, most: int = 100) -> list[dict]:
    """What central will never take, and its words; the newest first."""
    rows = connection.execute(
        "SELECT event_id, answer FROM outbox WHERE state = 'dead' ORDER BY id DESC LIMIT ?", (most,)
    ).fetchall()
    return [{"id": event_id, "answer": answer} for event_id, answer in rows]
