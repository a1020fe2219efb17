"""What each version of the indicators said, for as long as there are ratings that name it (spec 3.3, key 12)."""

from sqlite_utils import Database

_SQL = """CREATE TABLE indicator_sets (
    version INTEGER PRIMARY KEY, body TEXT NOT NULL, since_ms INTEGER NOT NULL
) STRICT"""


def apply(database: Database) -> None:
    database.execute(_SQL)
