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


def told(connection: sqlite3.Connection, service: tuple[str, int]) -> tuple[int, tuple[str | None, bytes] | None]:
    """The revision that central was told last of a service, 0 if none, with its key and blob if they are here yet."""
    row = connection.execute(
        "SELECT t.revision, a.key, a.blob FROM identities_told t"
        " LEFT JOIN applicants a ON a.source = t.source AND a.event_id = t.event_id"
        " WHERE t.case_no = ? AND t.service_no = ?",
        service,
    ).fetchone()
    if row is None:
        return 0, None
    revision, key, blob = row
    return revision, None if blob is None else (key, blob)


def put_told(
    connection: sqlite3.Connection, service: tuple[str, int], revision: int, source: str, event_id: str
) -> None:
    """Central is told this revision: the identity that came with an event."""
    connection.execute(
        "INSERT OR REPLACE INTO identities_told VALUES (?, ?, ?, ?, ?)", (*service, revision, source, event_id)
    )


#: ``(source, event_id, case_no, service_no, key, blob)``.
Untold = tuple[str, str, str, int, str | None, bytes]


def untold(connection: sqlite3.Connection, since_ms: int) -> list[Untold]:
    """Of each service of which central was told nothing, the newest identity since then, the oldest first."""
    return connection.execute(
        "SELECT source, event_id, case_no, service_no, key, blob FROM applicants a WHERE received_ms >= ?"
        " AND NOT EXISTS (SELECT 1 FROM identities_told t WHERE t.case_no = a.case_no AND t.service_no = a.service_no)"
        " AND NOT EXISTS"
        " (SELECT 1 FROM applicants b WHERE b.case_no = a.case_no AND b.service_no = a.service_no AND b.id > a.id)"
        " ORDER BY id",
        (since_ms,),
    ).fetchall()


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
