"""Which key signs the records of a device from which seq on (spec 7.6)."""

from sqlite_utils import Database

_SQL = """CREATE TABLE rotations (
    device TEXT NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (device, seq)
) STRICT, WITHOUT ROWID"""


def apply(database: Database) -> None:
    database.execute(_SQL)
