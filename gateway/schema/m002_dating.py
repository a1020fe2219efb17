"""Ratings whose time is unknown wait here to be dated, and the known times of a device are found without a search."""

from sqlite_utils import Database

_SQL = (
    "CREATE INDEX records_undated ON records (device, seq) WHERE kind = 1 AND from_ms IS NULL",
    # what each start of a device said of the time: its first statement and its last
    """CREATE TABLE starts (
        device TEXT NOT NULL, boot INTEGER NOT NULL,
        first_seq INTEGER NOT NULL, first_uptime_ms INTEGER NOT NULL, first_wall_ms INTEGER NOT NULL,
        first_error_ms INTEGER NOT NULL,
        last_seq INTEGER NOT NULL, last_uptime_ms INTEGER NOT NULL, last_wall_ms INTEGER NOT NULL,
        last_error_ms INTEGER NOT NULL,
        PRIMARY KEY (device, boot)
    ) STRICT, WITHOUT ROWID""",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
