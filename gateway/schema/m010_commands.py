"""Commands to devices, from the asking to the last answer (spec 5.4)."""

from sqlite_utils import Database

_SQL = (
    """CREATE TABLE commands (
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL, name TEXT NOT NULL, args TEXT NOT NULL, asked_by TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'done', 'failed', 'expired', 'replaced')),
        created_ms INTEGER NOT NULL, deadline_ms INTEGER NOT NULL,
        sent_ms INTEGER, sends INTEGER NOT NULL, heard_ms INTEGER, ended_ms INTEGER,
        text TEXT NOT NULL, done INTEGER NOT NULL, total INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX commands_device ON commands (device, id)",
    "CREATE INDEX commands_open ON commands (device) WHERE state IN ('queued', 'sent')",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
