"""The business API: sealed identities and who opened them; the feed that says of which service there is a rating."""

from sqlite_utils import Database

_SQL = (
    # key: which of the gateway's keys sealed the blob; null: the caller sealed it, and nobody here can open it
    """CREATE TABLE applicants (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL, event_id TEXT NOT NULL, case_no TEXT NOT NULL, service_no INTEGER NOT NULL,
        key TEXT, blob BLOB NOT NULL, received_ms INTEGER NOT NULL,
        UNIQUE (source, event_id)
    ) STRICT""",
    "CREATE INDEX applicants_service ON applicants (case_no, service_no)",
    "CREATE TABLE applicant_keys (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    """CREATE TABLE reveals (
        id INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL,
        case_no TEXT NOT NULL, service_no INTEGER NOT NULL, found INTEGER NOT NULL
    ) STRICT""",
    """CREATE TRIGGER reveals_stay BEFORE UPDATE ON reveals
       BEGIN SELECT raise(ABORT, 'who opened an identity is never edited'); END""",
    """CREATE TRIGGER reveals_remain BEFORE DELETE ON reveals
       BEGIN SELECT raise(ABORT, 'who opened an identity is never removed'); END""",
    # ratings whose decision the feed has not told yet
    """CREATE TABLE feed_waiting (
        pressed_ms INTEGER NOT NULL, device TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (pressed_ms, device, seq)
    ) STRICT, WITHOUT ROWID""",
    # which service the feed counts a rating to
    """CREATE TABLE feed_rated (
        device TEXT NOT NULL, seq INTEGER NOT NULL, window TEXT NOT NULL,
        case_no TEXT NOT NULL, service_no INTEGER NOT NULL, at_ms INTEGER NOT NULL,
        PRIMARY KEY (device, seq)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX feed_rated_service ON feed_rated (case_no, service_no)",
    "CREATE INDEX feed_rated_at ON feed_rated (at_ms)",
    # autoincrement: an id is never given twice, also after the oldest were dropped
    """CREATE TABLE feed (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ms INTEGER NOT NULL, type TEXT NOT NULL CHECK (type IN ('rated', 'unrated')),
        window TEXT NOT NULL, case_no TEXT NOT NULL, service_no INTEGER NOT NULL
    ) STRICT""",
    "CREATE TABLE feed_cursors (system TEXT PRIMARY KEY, last_id INTEGER NOT NULL) STRICT, WITHOUT ROWID",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
