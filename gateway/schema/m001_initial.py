"""The first structure. Times are milliseconds since 1970 UTC; hashes are whole SHA-256 unless said otherwise."""

from sqlite_utils import Database

_SQL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    # every genuine record, byte for byte; from_ms..to_ms is when the press can have happened (null: unknown)
    """CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        prev BLOB NOT NULL,
        body BLOB NOT NULL,
        kind INTEGER NOT NULL,
        window TEXT,
        from_ms INTEGER,
        to_ms INTEGER,
        token BLOB,
        received_ms INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('linked', 'early')),
        UNIQUE (device, seq)
    ) STRICT""",
    "CREATE INDEX records_early ON records (device, seq) WHERE state = 'early'",
    "CREATE INDEX records_window ON records (window, to_ms) WHERE kind = 1",
    "CREATE INDEX records_token ON records (token) WHERE token IS NOT NULL",
    """CREATE TRIGGER records_stay BEFORE UPDATE OF device, seq, hash, prev, body, received_ms ON records
       BEGIN SELECT raise(ABORT, 'a record is never changed'); END""",
    "CREATE TABLE heads (device TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash BLOB) STRICT, WITHOUT ROWID",
    """CREATE TABLE losses (
        device TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, declared_by INTEGER NOT NULL,
        PRIMARY KEY (device, first, last)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE conflicts (
        device TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL, received_ms INTEGER NOT
        NULL,
        PRIMARY KEY (device, seq, hash)
    ) STRICT, WITHOUT ROWID""",
    # poison: the first bytes of it and why; the same bytes again only count
    """CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY,
        device TEXT, topic TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL,
        hash BLOB NOT NULL, body BLOB NOT NULL, size INTEGER NOT NULL,
        first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, seen INTEGER NOT NULL,
        UNIQUE (hash, code)
    ) STRICT""",
    """CREATE TABLE refusals (
        device TEXT NOT NULL, code TEXT NOT NULL, seen INTEGER NOT NULL, last_ms INTEGER NOT NULL,
        PRIMARY KEY (device, code)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE windows (
        window TEXT PRIMARY KEY, name TEXT NOT NULL, open INTEGER NOT NULL, changed_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE business_events (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL, event_id TEXT NOT NULL, hash BLOB NOT NULL,
        type TEXT NOT NULL, at_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,
        window TEXT, staff TEXT, case_no TEXT, service_no INTEGER, item_code TEXT, item_name TEXT,
        UNIQUE (source, event_id)
    ) STRICT""",
    "CREATE INDEX business_events_window ON business_events (window, at_ms)",
    "CREATE INDEX business_events_case ON business_events (case_no, service_no)",
    """CREATE TABLE cases (
        case_no TEXT PRIMARY KEY, revision INTEGER NOT NULL, item_code TEXT, item_name TEXT, status TEXT NOT NULL,
        accepted_ms INTEGER, finished_ms INTEGER
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE services (
        case_no TEXT NOT NULL, service_no INTEGER NOT NULL, revision INTEGER NOT NULL,
        window TEXT NOT NULL, staff TEXT, called_ms INTEGER NOT NULL,
        served_ms INTEGER, finished_ms INTEGER, closed_ms INTEGER, status TEXT NOT NULL,
        PRIMARY KEY (case_no, service_no)
    ) STRICT, WITHOUT ROWID""",
    # derived from business_events by core.timeline; what binding reads
    """CREATE TABLE servings (
        window TEXT NOT NULL, start_ms INTEGER NOT NULL, case_no TEXT NOT NULL, service_no INTEGER NOT NULL,
        staff TEXT, end_ms INTEGER NOT NULL, served_ms INTEGER,
        PRIMARY KEY (window, start_ms, case_no, service_no)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX servings_service ON servings (case_no, service_no)",
    """CREATE TABLE tokens (
        token BLOB PRIMARY KEY, device TEXT NOT NULL, window TEXT NOT NULL,
        case_no TEXT NOT NULL, service_no INTEGER NOT NULL, staff TEXT, issued_ms INTEGER NOT NULL, used_seq INTEGER
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX tokens_device ON tokens (device, case_no, service_no)",
    """CREATE TABLE bindings (
        device TEXT NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL,
        status TEXT NOT NULL, rule TEXT NOT NULL, window TEXT, case_no TEXT, service_no INTEGER, staff TEXT,
        candidates TEXT NOT NULL, error_ms INTEGER, decided_ms INTEGER NOT NULL,
        PRIMARY KEY (device, seq, number)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX bindings_open ON bindings (decided_ms) WHERE status <> 'bound'",
    """CREATE TRIGGER bindings_stay BEFORE UPDATE ON bindings
       BEGIN SELECT raise(ABORT, 'a decision is never edited: append the next one'); END""",
    """CREATE TRIGGER bindings_remain BEFORE DELETE ON bindings
       BEGIN SELECT raise(ABORT, 'a decision is never removed'); END""",
    "CREATE TABLE states (device TEXT PRIMARY KEY, word TEXT NOT NULL, boot INTEGER NOT NULL, at_ms INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID",
    # body is dropped once central has the event; the id stays, so that a fact is never queued twice
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY,
        event_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, body TEXT,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead')),
        attempts INTEGER NOT NULL DEFAULT 0, next_ms INTEGER NOT NULL DEFAULT 0, answer TEXT
    ) STRICT""",
    "CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead'",
    "CREATE INDEX outbox_due ON outbox (next_ms, id) WHERE state = 'pending'",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
