"""The outbox names facts instead of copying them; dead letters, the ledger and central's corrections get their tables.

``outgoing`` holds what waits for central and nothing else: a row leaves it with central's answer. ``outbox`` is a view
for people and for tools. Kinds: 0 device, 1 case, 2 service, 3 record, 4 binding, 5 incident, 9 any other.
"""

import hashlib
import json

from sqlite_utils import Database

_KINDS = ("device.enrolled", "case", "service", "record", "binding", "incident")

_TABLES = (
    # a record is named by device and seq (number: its decision, if it is a rating), a decision by device, seq, number;
    # anything else is a whole event in body. next_ms is 0 until the first answer "retry". Ids are never used again.
    """CREATE TABLE outgoing (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind INTEGER NOT NULL,
        device TEXT, seq INTEGER, number INTEGER,
        key INTEGER,
        next_ms INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        letter INTEGER,
        body TEXT
    ) STRICT""",
    # what central will not take, with the event as it was sent; it stays for ever
    """CREATE TABLE dead_letters (
        id INTEGER PRIMARY KEY,
        event_id TEXT NOT NULL, type TEXT NOT NULL,
        kind INTEGER NOT NULL, device TEXT, seq INTEGER, number INTEGER, key INTEGER,
        state TEXT NOT NULL CHECK (state IN ('dead', 'replaying', 'done')),
        answer TEXT NOT NULL, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, refusals INTEGER NOT NULL,
        body TEXT
    ) STRICT""",
    "CREATE INDEX dead_letters_dead ON dead_letters (last_ms) WHERE state = 'dead'",
    """CREATE TRIGGER dead_letters_stay BEFORE DELETE ON dead_letters
       BEGIN SELECT raise(ABORT, 'a dead letter is never removed'); END""",
    "CREATE TABLE replays (letter INTEGER NOT NULL, at_ms INTEGER NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY (letter, at_ms)) STRICT, WITHOUT ROWID",
    # central's word on a record (number 0) or a decision; answer: 1 accepted, 2 duplicate
    """CREATE TABLE delivered (
        device TEXT NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL,
        at_ms INTEGER NOT NULL, answer INTEGER NOT NULL,
        PRIMARY KEY (device, seq, number)
    ) STRICT, WITHOUT ROWID""",
    # certificates that were told to central, so that each is told once
    "CREATE TABLE told (event_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    """CREATE TABLE tally (
        kind INTEGER PRIMARY KEY, pending INTEGER NOT NULL, done INTEGER NOT NULL, dead INTEGER NOT NULL
    ) STRICT""",
    # docs/ledger.md; device '' stands for frames that no known device can be blamed for
    """CREATE TABLE ledger (
        device TEXT PRIMARY KEY,
        received INTEGER NOT NULL DEFAULT 0,
        pending INTEGER NOT NULL DEFAULT 0, synced INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0,
        rejected INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID""",
    # packed evidence (gateway.store.packing); what was decided before is in the column evidence
    "ALTER TABLE bindings ADD COLUMN grounds BLOB",
    """CREATE TABLE corrections (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, problem TEXT, received_ms INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX corrections_kind ON corrections (kind, number)",
    """CREATE TABLE not_adopted (
        device TEXT NOT NULL, seq INTEGER NOT NULL, correction INTEGER NOT NULL, PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID""",
)

# from here on the counters follow by themselves, in the transaction of what they count
_COUNTING = (
    """CREATE TRIGGER outgoing_in AFTER INSERT ON outgoing BEGIN
        UPDATE tally SET pending = pending + 1 WHERE kind = NEW.kind;
        UPDATE ledger SET pending = pending + 1 WHERE NEW.kind = 3 AND device = NEW.device;
    END""",
    """CREATE TRIGGER outgoing_out AFTER DELETE ON outgoing BEGIN
        UPDATE tally SET pending = pending - 1 WHERE kind = OLD.kind;
        UPDATE ledger SET pending = pending - 1 WHERE OLD.kind = 3 AND device = OLD.device;
    END""",
    """CREATE TRIGGER dead_letters_in AFTER INSERT ON dead_letters BEGIN
        UPDATE tally SET dead = dead + 1 WHERE kind = NEW.kind;
        UPDATE ledger SET rejected = rejected + 1 WHERE NEW.kind = 3 AND device = NEW.device;
    END""",
    """CREATE TRIGGER dead_letters_move AFTER UPDATE OF state ON dead_letters
       WHEN (OLD.state = 'dead') <> (NEW.state = 'dead') BEGIN
        UPDATE tally SET dead = dead + iif(NEW.state = 'dead', 1, -1) WHERE kind = NEW.kind;
        UPDATE ledger SET rejected = rejected + iif(NEW.state = 'dead', 1, -1)
            WHERE NEW.kind = 3 AND device = NEW.device;
    END""",
)

_VIEW = """CREATE VIEW outbox AS
    SELECT o.id AS id,
        coalesce(json_extract(o.body, '$.id'), iif(o.kind = 3,
            'record/' || o.device || '/' || o.seq || '/' || lower(substr(hex(r.hash), 1, 16)),
            'binding/' || o.device || '/' || o.seq || '/' || o.number)) AS event_id,
        coalesce(json_extract(o.body, '$.type'), iif(o.kind = 3, 'cn.hcp.record.v1', 'cn.hcp.binding.v1')) AS type,
        'pending' AS state, o.attempts AS attempts, o.next_ms AS next_ms, NULL AS answer
    FROM outgoing o LEFT JOIN records r ON o.kind = 3 AND r.device = o.device AND r.seq = o.seq
    UNION ALL
    SELECT id, event_id, type, 'dead', refusals, 0, answer FROM dead_letters WHERE state = 'dead'
    UNION ALL
    SELECT NULL, iif(d.number = 0,
            'record/' || d.device || '/' || d.seq || '/' || lower(substr(hex(r.hash), 1, 16)),
            'binding/' || d.device || '/' || d.seq || '/' || d.number),
        iif(d.number = 0, 'cn.hcp.record.v1', 'cn.hcp.binding.v1'), 'done', 0, 0,
        iif(d.answer = 2, 'duplicate', 'accepted')
    FROM delivered d LEFT JOIN records r ON d.number = 0 AND r.device = d.device AND r.seq = d.seq"""


def apply(database: Database) -> None:
    for statement in _TABLES:
        database.execute(statement)
    for kind in (*range(len(_KINDS)), 9):
        database.execute("INSERT INTO tally VALUES (?, 0, 0, 0)", (kind,))
    # frames were not counted before: the ledger opens with what is known of the records that are here
    database.execute("INSERT INTO ledger (device) SELECT DISTINCT device FROM records")
    database.execute("INSERT INTO ledger (device) VALUES ('') ON CONFLICT DO NOTHING")
    for statement in _COUNTING:
        database.execute(statement)
    _move(database)
    database.execute("UPDATE ledger SET received = pending + synced + rejected")
    database.execute("DROP TABLE outbox")
    database.execute("CREATE INDEX outgoing_key ON outgoing (key, next_ms) WHERE key IS NOT NULL")
    database.execute("CREATE INDEX outgoing_waiting ON outgoing (next_ms) WHERE next_ms > 0")
    database.execute(_VIEW)


def _move(database: Database) -> None:
    last = -1
    while rows := database.execute(
        "SELECT id, event_id, type, body, state, answer FROM outbox WHERE id > ? ORDER BY id LIMIT 1000", (last,)
    ).fetchall():
        last = rows[-1][0]
        for _, event_id, name, body, state, answer in rows:
            kind = _kind(name)
            if kind == 0:
                database.execute("INSERT INTO told VALUES (?) ON CONFLICT DO NOTHING", (event_id,))
            if state == "done":
                _move_done(database, kind, event_id)
            else:
                _move_open(database, kind, event_id, name, body, state, answer)


def _move_done(database: Database, kind: int, event_id: str) -> None:
    database.execute("UPDATE tally SET done = done + 1 WHERE kind = ?", (kind,))
    if kind not in (3, 4):
        return
    _, device, seq, number = event_id.split("/")
    place = 0 if kind == 3 else int(number)
    done = database.execute(
        "INSERT INTO delivered VALUES (?, ?, ?, 0, 1) ON CONFLICT DO NOTHING", (device, int(seq), place)
    )
    if kind == 3 and done.rowcount:
        database.execute("INSERT INTO ledger (device) VALUES (?) ON CONFLICT DO NOTHING", (device,))
        database.execute("UPDATE ledger SET synced = synced + 1 WHERE device = ?", (device,))


def _move_open(
    database: Database, kind: int, event_id: str, name: str, body: str, state: str, answer: str | None
) -> None:
    data = json.loads(body)["data"]
    device = seq = number = None
    if kind in (3, 4):
        device, seq = event_id.split("/")[1], int(event_id.split("/")[2])
        decision = data.get("binding") if kind == 3 else data
        number = decision["number"] if decision else None
        database.execute("INSERT INTO ledger (device) VALUES (?) ON CONFLICT DO NOTHING", (device,))
    case_no = data.get("case_no") or (data.get("binding") or {}).get("case_no")
    about = case_no or (f"{device}/{seq}" if kind == 3 else None)
    key = int.from_bytes(hashlib.sha256(about.encode()).digest()[:4], "big", signed=True) if about else None
    if state == "dead":
        database.execute(
            "INSERT INTO dead_letters (event_id, type, kind, device, seq, number, key, state, answer, first_ms,"
            " last_ms, refusals, body) VALUES (?, ?, ?, ?, ?, ?, ?, 'dead', ?, 0, 0, 1, ?)",
            (event_id, name, kind, device, seq, number, key, answer or "", body),
        )
        return
    copied = None if _is_here(database, kind, event_id, device, seq, number) else body
    database.execute(
        "INSERT INTO outgoing (kind, device, seq, number, key, body) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, device, seq, number, key, copied),
    )


def _is_here(
    database: Database, kind: int, event_id: str, device: str | None, seq: int | None, number: int | None
) -> bool:
    """Whether the fact is in its own table, so that it need not be copied."""
    if kind == 3:
        row = database.execute("SELECT hash FROM records WHERE device = ? AND seq = ?", (device, seq)).fetchone()
        return row is not None and row[0].hex().startswith(event_id.split("/")[3])
    if kind == 4:
        found = "SELECT 1 FROM bindings WHERE device = ? AND seq = ? AND number = ?"
        return database.execute(found, (device, seq, number)).fetchone() is not None
    return False


def _kind(name: str) -> int:
    words = name.removeprefix("cn.hcp.").rpartition(".")[0]
    return _KINDS.index(words) if words in _KINDS else 9
