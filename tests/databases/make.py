"""Writes ``mNNN.db.gz`` beside it: a gateway's database as the version with that last step left it, with a story in it.

Run ``python -m tests.databases.make`` after a new step, and commit what it adds: a file that is there is never written
anew, for its worth is that an older version made it.
"""

import gzip
import sqlite3
import tempfile
from pathlib import Path

import sqlite_utils

from gateway import schema
from gateway.core.outbox import Fate
from gateway.store import outbox
from protocol import record
from protocol.downlink import State, pack_state
from tests.gateway.desk import NOW_MS, Desk

HERE = Path(__file__).parent
LEVELS = (5, 4, 1, 3)


def tell(desk: Desk) -> None:
    """A morning at two windows: services, ratings bound and not, a gap, a declared loss, a conflict, poison."""
    one, two = desk.enrol("w1", "A1"), desk.enrol("w2", "B2")
    desk.send("w1", pack_state(State("ready", 1)), leaf="state")
    desk.tell("sign_in", window="A1", staff="1001")
    for number, level in enumerate(LEVELS, 1):
        case = {"window": "A1", "case_no": f"C{number}", "service_no": 1}
        desk.tell("called", **case, item_code="I1", item_name="社保卡办理")
        desk.tell("served", **case)
        desk.clock.turn(30_000)
        desk.send("w1", one.rating(level, wall_ms=desk.clock.now_ms(), error_ms=50))
        desk.tell("finished", **case)
        desk.clock.turn(60_000)
    desk.send("w2", two.event())
    for _ in range(3):
        two.rating(5, wall_ms=desk.clock.now_ms())  # 2, 3, 4 are lost on the device
    desk.send("w2", two.event("records_lost", {"from": 2, "to": 4}))
    desk.send("w2", two.rating(2, wall_ms=desk.clock.now_ms()))
    two.rating(3, wall_ms=desk.clock.now_ms())  # 7 has not come yet
    desk.send("w2", two.rating(1, wall_ms=desk.clock.now_ms()))
    one.seq, one.prev = 0, record.GENESIS
    desk.send("w1", one.rating(5, wall_ms=desk.clock.now_ms()))
    desk.send("w2", b"\x01")
    desk.send("nobody", b"\x02")
    # central has had the first half
    odd = [row for (row,) in desk.rows("SELECT id FROM outgoing WHERE id % 2 = 1")]
    desk.store.run(lambda c: outbox.settle(c, [outbox.Settled(row, Fate.DONE, "", "accepted") for row in odd], NOW_MS))


def as_of(source: sqlite3.Connection, path: Path, last: str) -> None:
    """A database at step ``last``, with the rows of ``source`` that have a place in it."""
    database = sqlite_utils.Database(sqlite3.connect(path))
    schema.STEPS.apply(database, stop_before=_after(last))
    # what triggers count while the rows go in is replaced by the counts of the source
    for table in sorted(database.table_names(), key=lambda name: name in ("tally", "ledger")):
        if table.startswith(("_", "sqlite_")) or not _is_table(source, table):
            continue
        columns = ", ".join(f'"{column.name}"' for column in database[table].columns)
        rows = source.execute(f"SELECT {columns} FROM {table}").fetchall()
        marks = ", ".join("?" * len(database[table].columns))
        database.conn.executemany(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", rows)
    database.conn.commit()
    database.conn.execute("PRAGMA journal_mode = WAL")
    database.conn.close()


def _is_table(source: sqlite3.Connection, name: str) -> bool:
    """Whether the newest database still has this table: a step may have put another in its place."""
    return (
        source.execute("SELECT 1 FROM sqlite_master WHERE name = ? AND type = 'table'", (name,)).fetchone() is not None
    )


def _after(last: str) -> str | None:
    names = [step.name for step in schema.STEPS._migrations]
    return next(iter(names[names.index(last) + 1 :]), None)


def main() -> None:
    # m008 put another outbox in the place of the old one: what came before it can no longer be made
    steps = [step.name for step in schema.STEPS._migrations if step.name >= "m008"]
    wanted = [name for name in steps if not _file(name).exists()]
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder) / "data")
        tell(desk)
        desk.close()
        source = sqlite3.connect(Path(folder) / "data" / "gateway.db")
        for name in wanted:
            path = Path(folder) / f"{name}.db"
            as_of(source, path, name)
            _file(name).write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            print(_file(name).name, _file(name).stat().st_size)
        source.close()


def _file(name: str) -> Path:
    return HERE / f"{name.partition('_')[0]}.db.gz"


if __name__ == "__main__":
    main()
