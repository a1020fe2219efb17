"""What the gateway lost itself, and bodies that may go once central has them and their time has passed."""

from sqlite_utils import Database

_SQL = (
    # records that a damaged database held and that nobody could read again: a row goes when they came again, or when
    # their device says that it dropped them (then they are a loss, declared by 0: by the gateway)
    """CREATE TABLE unreadable (
        device TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, found_ms INTEGER NOT NULL,
        PRIMARY KEY (device, first)
    ) STRICT, WITHOUT ROWID""",
    "DROP TRIGGER records_stay",
    """CREATE TRIGGER records_stay BEFORE UPDATE OF device, seq, hash, prev, received_ms ON records
       BEGIN SELECT raise(ABORT, 'a record is never changed'); END""",
    """CREATE TRIGGER records_body_stays BEFORE UPDATE OF body ON records WHEN NEW.body <> x''
       BEGIN SELECT raise(ABORT, 'a record is never changed; its body can only go'); END""",
    """CREATE TRIGGER records_remain BEFORE DELETE ON records WHEN OLD.state = 'linked'
       BEGIN SELECT raise(ABORT, 'a linked record is never removed'); END""",
)


def apply(database: Database) -> None:
    for statement in _SQL:
        database.execute(statement)
