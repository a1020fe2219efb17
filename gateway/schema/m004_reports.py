"""What devices tell of themselves: the last telemetry of each, and its last log lines and answers to commands."""

from sqlite_utils import Database

_SQL = (
    # body is the message as it travelled (spec 6.3): what it says may grow without another step here
    """CREATE TABLE telemetry (
        device TEXT PRIMARY KEY, body BLOB NOT NULL, at_ms INTEGER NOT NULL, packets INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE device_lines (
        id INTEGER PRIMARY KEY,
        device TEXT NOT NULL, leaf TEXT NOT NULL CHECK (leaf IN ('log', 'result')),
        level INTEGER NOT NULL, text TEXT NOT NULL, at_ms INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX device_lines_device ON device_lines (device, id)",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
