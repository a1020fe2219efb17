"""Who is to be called back goes to central, sealed to its key: a kind of event, and what was told of which service."""

from sqlite_utils import Database

_SQL = (
    "INSERT INTO tally VALUES (6, 0, 0, 0)",
    # the revision that central was told last, and the event whose identity it is; it outlives the identity
    """CREATE TABLE identities_told (
        case_no TEXT NOT NULL, service_no INTEGER NOT NULL, revision INTEGER NOT NULL,
        source TEXT NOT NULL, event_id TEXT NOT NULL,
        PRIMARY KEY (case_no, service_no)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX applicants_received ON applicants (received_ms)",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
