"""SQL of records, chains, conflicts and quarantine: one genuine record, or one refused frame, in one job."""

import hashlib
import sqlite3
from dataclasses import dataclass

from gateway.core import cloudevent, intake
from gateway.store import bindings, dating, ledger, losses, meta, outbox
from protocol import chain, record

MAX_QUARANTINE = 10_000
MAX_QUARANTINE_BODY = 512
#: A record that this gateway had lost and that came again: it is taken below the head (spec 4.6).
REFOUND = "refound"
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a genuine record. ``used_window``: the window whose armed token it used up."""

    device: str
    seq: int
    verdict: str
    head: chain.Head
    used_window: str | None = None
    rotated: str | None = None
    """The id of the key that signs from here on."""


def head(connection: sqlite3.Connection, device: str) -> chain.Head:
    """The head of a device's chain (spec 4.3)."""
    row = connection.execute("SELECT seq, hash FROM heads WHERE device = ?", (device,)).fetchone()
    return chain.Head(*row) if row else chain.START


def take(
    connection: sqlite3.Connection, genuine: intake.Genuine, hall: str, now_ms: int, business_error_ms: int
) -> Taken:
    """Store a genuine record by its verdict, bind it if it is a rating, queue it for central."""
    found = genuine.record
    device, seq = found.device, found.head.seq
    ledger.received(connection, device)
    row = connection.execute("SELECT hash FROM records WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    at = head(connection, device)
    rotations = connection.execute("SELECT seq, key FROM rotations WHERE device = ? ORDER BY seq", (device,)).fetchall()
    if not intake.in_force(genuine, rotations):
        detail = f"signed by the key {genuine.key}, which is not in force at {seq}"
        _quarantine(connection, hall, "bad_signature", detail, device, seq, "", genuine.body, now_ms)
        ledger.quarantined(connection, device)
        return Taken(device, seq, "bad_signature", at)
    verdict = intake.place(genuine, at, row[0] if row else None)
    if verdict == chain.DUPLICATE:
        ledger.duplicate(connection, device)
        return Taken(device, seq, verdict, at)
    if verdict == chain.CONFLICT:
        done = connection.execute(
            "INSERT INTO conflicts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (device, seq, genuine.hash, genuine.body, now_ms),
        )
        if done.rowcount:
            detail = "another record with this seq is stored; the first one stands"
            incident(connection, hall, verdict, detail, device, seq, genuine.body, now_ms)
        _count(connection, device, verdict, now_ms)
        ledger.quarantined(connection, device)
        return Taken(device, seq, verdict, at)
    if verdict == chain.BROKEN and losses.came_again(connection, device, seq, found.head.prev, genuine.hash):
        verdict = REFOUND
    if verdict == chain.BROKEN:
        detail = f"its prev is not the hash of record {at.seq}, or its seq was declared lost"
        _quarantine(connection, hall, verdict, detail, device, seq, "", genuine.body, now_ms)
        ledger.quarantined(connection, device)
        return Taken(device, seq, verdict, at)
    _insert(connection, genuine, chain.LINKED if verdict == REFOUND else verdict, now_ms)
    rotated = chain.next_key(found)
    if rotated is not None and verdict == REFOUND:
        put_rotation(connection, device, seq, rotated)
    elif rotated is not None:
        _rotate(connection, hall, device, seq, rotated, now_ms)
    at = _move(connection, hall, found, genuine.hash, verdict, at, now_ms)
    number, case_no, used_window = None, None, None
    if found.kind == record.RATING:
        number = bindings.next_number(connection, device, seq)
        first = bindings.First(connection, now_ms, business_error_ms)
        case_no, used_window = first.decide(genuine, number)
        first.flush()
    outbox.put_records(connection, [(device, seq, number, case_no)])
    dated = dating.learn(connection, found)
    bindings.redate(connection, hall, device, dated, now_ms, business_error_ms)
    return Taken(device, seq, chain.LINKED if verdict == REFOUND else verdict, at, used_window, rotated)


def refuse(connection: sqlite3.Connection, refused: intake.Refused, hall: str, now_ms: int) -> None:
    """Keep a frame that cannot be a record, with its reason."""
    ledger.refused(connection, refused.device)
    _quarantine(
        connection, hall, refused.code, refused.detail, refused.device, None, refused.topic, refused.body, now_ms
    )


def refused(connection: sqlite3.Connection) -> dict[str, int]:
    """How many frames were refused, by code."""
    return dict(connection.execute("SELECT code, sum(seen) FROM refusals GROUP BY code ORDER BY code").fetchall())


def incident(
    connection: sqlite3.Connection,
    hall: str,
    code: str,
    detail: str,
    device: str | None,
    seq: int | None,
    body: bytes,
    now_ms: int,
) -> None:
    """Tell central that something was wrong."""
    number = meta.rising(connection, "incident", now_ms)
    outbox.put(connection, cloudevent.incident(hall, number, code, detail, device, seq, body, now_ms))


def key_in_force(connection: sqlite3.Connection, device: str) -> str | None:
    """The id of the key that signs the newest records of a device, if it ever rotated."""
    row = connection.execute("SELECT key FROM rotations WHERE device = ? ORDER BY seq DESC", (device,)).fetchone()
    return row[0] if row else None


def missing(connection: sqlite3.Connection, device: str, most: int = 20) -> list[tuple[int, int]]:
    """The gaps between the head and the records that wait behind it, as (first, last), at most ``most``."""
    gaps = []
    next_seq = head(connection, device).seq + 1
    rows = connection.execute(
        "SELECT seq FROM records WHERE device = ? AND state = 'early' AND seq >= ? ORDER BY seq", (device, next_seq)
    ).fetchall()
    for (seq,) in rows:
        if seq > next_seq:
            gaps.append((next_seq, seq - 1))
            if len(gaps) == most:
                break
        next_seq = seq + 1
    return gaps


INSERT = (
    "INSERT INTO records (device, seq, hash, prev, body, kind, window, from_ms, to_ms, token, received_ms, state)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def _insert(connection: sqlite3.Connection, genuine: intake.Genuine, verdict: str, now_ms: int) -> None:
    connection.execute(INSERT, row_of(genuine, verdict, now_ms))


def row_of(genuine: intake.Genuine, verdict: str, now_ms: int) -> tuple:
    """The values of ``INSERT``."""
    found = genuine.record
    span: tuple[int | None, int | None] = (None, None)
    token = None
    if found.kind == record.RATING:
        token = found.body.token
        if found.head.wall_ms is not None:
            first_ms, last_ms = found.head.wall_ms - found.head.error_ms, found.head.wall_ms + found.head.error_ms
            span = min(first_ms, intake.MAX_SEQ), min(last_ms, intake.MAX_SEQ)
    return (
        found.device,
        found.head.seq,
        genuine.hash,
        found.head.prev,
        genuine.body,
        found.kind,
        genuine.window,
        *span,
        token,
        now_ms,
        verdict,
    )


def _move(
    connection: sqlite3.Connection,
    hall: str,
    found: record.Record,
    full_hash: bytes,
    verdict: str,
    at: chain.Head,
    now_ms: int,
) -> chain.Head:
    """Move the head as far as the records and declared losses that are stored now allow."""
    device, before = found.device, at
    if verdict == chain.LINKED:
        at = chain.step(at, found.head.seq, full_hash)
    loss = chain.declared_loss(found)
    if loss:
        connection.execute(
            "INSERT INTO losses VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (device, *loss, found.head.seq)
        )
    if at == before and not loss:
        return at
    more = True
    while more:
        at, more = _step(connection, hall, device, at, now_ms, _CHUNK)
    put_head(connection, device, at)
    return at


def advance(connection: sqlite3.Connection, hall: str, device: str, now_ms: int, most: int = _CHUNK) -> bool:
    """Move the head over declared losses and over at most ``most`` records that are stored behind it, as far as they
    fit. True if there may be more."""
    at, more = _step(connection, hall, device, head(connection, device), now_ms, most)
    put_head(connection, device, at)
    return more


def unlink_behind(connection: sqlite3.Connection, device: str, most: int) -> bool:
    """After a salvage: what is stored behind a gap waits again. True if there may be more."""
    done = connection.execute(
        "UPDATE records SET state = 'early' WHERE id IN (SELECT id FROM records WHERE device = ? AND seq > ?"
        " AND state = 'linked' LIMIT ?)",
        (device, head(connection, device).seq, most),
    )
    return done.rowcount == most


def put_rotation(connection: sqlite3.Connection, device: str, seq: int, key: str) -> None:
    """Note that the record ``seq`` of a device put another key in force."""
    connection.execute("INSERT INTO rotations VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (device, seq, key))


def _step(
    connection: sqlite3.Connection, hall: str, device: str, at: chain.Head, now_ms: int, most: int
) -> tuple[chain.Head, bool]:
    lost = connection.execute(
        "SELECT first, last FROM losses WHERE device = ? AND last > ?", (device, at.seq)
    ).fetchall()
    rows = connection.execute(
        "SELECT seq, prev, hash, state FROM records WHERE device = ? AND seq > ? ORDER BY seq LIMIT ?",
        (device, at.seq, most),
    ).fetchall()
    moved = intake.advance(at, lost, {seq: (prev, full_hash) for seq, prev, full_hash, _ in rows})
    early = {seq for seq, _, _, state in rows if state == "early"}
    connection.executemany(
        "UPDATE records SET state = 'linked' WHERE device = ? AND seq = ?",
        [(device, seq) for seq in moved.linked if seq in early],
    )
    for seq in moved.broken:
        connection.execute("UPDATE records SET state = 'early' WHERE device = ? AND seq = ?", (device, seq))
        _remove_broken(connection, hall, device, seq, now_ms)
    return moved.head, moved.head != at and len(rows) == most


def put_head(connection: sqlite3.Connection, device: str, at: chain.Head) -> None:
    """From here on the chain goes on."""
    connection.execute(
        "INSERT INTO heads VALUES (?, ?, ?)"
        " ON CONFLICT (device) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        (device, at.seq, at.hash),
    )


def _rotate(connection: sqlite3.Connection, hall: str, device: str, seq: int, key: str, now_ms: int) -> None:
    put_rotation(connection, device, seq, key)
    # what waits behind it was signed by the old key, for no other was in force (spec 7.6)
    behind = "SELECT seq FROM records WHERE device = ? AND seq > ?"
    for (wrong,) in connection.execute(behind, (device, seq)).fetchall():
        _remove_broken(connection, hall, device, wrong, now_ms)


def _remove_broken(connection: sqlite3.Connection, hall: str, device: str, seq: int, now_ms: int) -> None:
    # it waited as early and does not fit: its place is free again for the record that does
    (body,) = connection.execute("SELECT body FROM records WHERE device = ? AND seq = ?", (device, seq)).fetchone()
    connection.execute("DELETE FROM records WHERE device = ? AND seq = ?", (device, seq))
    if outbox.withdraw(connection, device, seq):
        ledger.quarantined(connection, device)
    detail = "it came early, and its prev is not the hash of the record before it"
    _quarantine(connection, hall, chain.BROKEN, detail, device, seq, "", body, now_ms)


def _quarantine(
    connection: sqlite3.Connection,
    hall: str,
    code: str,
    detail: str,
    device: str | None,
    seq: int | None,
    topic: str,
    body: bytes,
    now_ms: int,
) -> None:
    _count(connection, device or "", code, now_ms)
    digest = hashlib.sha256(body).digest()
    known = connection.execute(
        "UPDATE quarantine SET seen = seen + 1, last_ms = ? WHERE hash = ? AND code = ?", (now_ms, digest, code)
    )
    if known.rowcount:
        return
    # a full quarantine keeps the oldest evidence; what comes after is counted in refusals
    (held,) = connection.execute("SELECT count(*) FROM quarantine").fetchone()
    if held >= MAX_QUARANTINE:
        return
    connection.execute(
        "INSERT INTO quarantine (device, topic, code, detail, hash, body, size, first_ms, last_ms, seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (device, topic[:200], code, detail, digest, body[:MAX_QUARANTINE_BODY], len(body), now_ms, now_ms),
    )
    incident(connection, hall, code, detail, device, seq, body, now_ms)


def _count(connection: sqlite3.Connection, device: str, code: str, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO refusals VALUES (?, ?, 1, ?)"
        " ON CONFLICT (device, code) DO UPDATE SET seen = seen + 1, last_ms = excluded.last_ms",
        (device, code, now_ms),
    )
