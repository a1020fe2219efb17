"""SQL of sealed identities, and of who had one opened."""

import sqlite3


def put(
    connection: sqlite3.Connection,
    source: str,
    event_id: str,
    service: tuple[str, int],
    key: str | None,
    blob: bytes,
    now_ms: int,
) -> None:
    """Keep a sealed identity with the event that brought it. ``key`` None: the caller sealed it."""
    connection.execute(
        "INSERT INTO applicants (source, event_id, case_no, service_no, key, blob, received_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (source, event_id, *service, key, blob, now_ms),
    )
    if key is not None:
        connection.execute("INSERT INTO applicant_keys VALUES (?) ON CONFLICT DO NOTHING", (key,))


def newest(connection: sqlite3.Connection, service: tuple[str, int]) -> tuple[str | None, bytes] | None:
    """Key and blob that came last for a service."""
    return connection.execute(
        "SELECT key, blob FROM applicants WHERE case_no = ? AND service_no = ? ORDER BY id DESC LIMIT 1", service
    ).fetchone()


def note_reveal(
    connection: sqlite3.Connection, who: str, reason: str, service: tuple[str, int], found: bool, now_ms: int
) -> None:
    """Write down that somebody asked for an identity, whether there was one or not."""
    connection.execute(
        "INSERT INTO reveals (at_ms, who, reason, case_no, service_no, found) VALUES (?, ?, ?, ?, ?, ?)",
        (now_ms, who, reason, *service, found),
    )


def keys_in_use(connection: sqlite3.Connection) -> set[str]:
    """The ids of the keys that sealed what is stored."""
    return {row[0] for row in connection.execute("SELECT key FROM applicant_keys").fetchall()}
