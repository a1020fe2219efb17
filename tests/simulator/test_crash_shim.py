"""Shim, model and oracle together, on stores that are smaller than ours: what is wrong with them is found."""

import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from contextlib import closing

import pytest

from protocol.record import record_hash
from simulator.crash import kills, shim
from simulator.crash.disk import Disk, Keep, read_log
from simulator.crash.oracle import Held, Oracle, Promise
from simulator.crash.shim import Fail, Point, Shim, ShimError

ROWS = 40

WRITER = """
import sqlite3, sys
from simulator.crash import shim
folder, synchronous, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
database = sqlite3.connect(folder + "/store.db", isolation_level=None)
database.execute("PRAGMA journal_mode = WAL")
database.execute("PRAGMA synchronous = " + synchronous)
database.execute("CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, body BLOB)")
(last,) = database.execute("SELECT coalesce(max(seq), 0) FROM records").fetchone()
for seq in range(last + 1, last + rows + 1):
    database.execute("INSERT INTO records VALUES (?, ?)", (seq, b"body %d" % seq))
    shim.mark(b"%d" % seq)
    print(seq, flush=True)
database.close()
"""


@pytest.fixture(autouse=True)
def compiler():
    try:
        shim.library()
    except ShimError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))


def writer(folder, steer: Shim, synchronous: str, rows: int = ROWS) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(folder), synchronous, str(rows)]
    environment = {**os.environ, **steer.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def book(rows: int) -> Oracle:
    oracle = Oracle()
    for seq in range(1, rows + 1):
        oracle.issue("d", record_hash(b"body %d" % seq))
    return oracle


def rows_of(file) -> dict[str, Held]:
    hashes = {}
    if file.exists():
        with closing(sqlite3.connect(file)) as database:
            try:
                rows = database.execute("SELECT seq, body FROM records").fetchall()
            except sqlite3.OperationalError:  # the table was not there yet
                rows = []
            hashes = {seq: record_hash(body) for seq, body in rows}
    head = max(hashes, default=0)
    return {"d": Held(hashes, head, head, hashes[head][:16] if head else None)}


def lost_by_cuts(tmp_path, synchronous: str, keep: Keep) -> int:
    data = tmp_path / "data"
    data.mkdir()
    steer = Shim(tmp_path / "control", data, tmp_path / "log")
    done = writer(data, steer, synchronous)
    assert done.returncode == 0, done.stderr
    ops = list(read_log((tmp_path / "log").read_bytes()))
    disk, oracle, chance = Disk(str(data.resolve())), book(ROWS), random.Random(5)
    for number, op in enumerate(ops):
        disk.play(op)
        if op.kind != "M":
            continue
        seq = int(op.data)
        oracle.promise("d", Promise(seq, record_hash(b"body %d" % seq)[:16], 1))
        folder = tmp_path / f"cut{number}"
        folder.mkdir()
        for name, content in disk.after_cut(keep, chance).items():
            if not name.endswith("-shm"):
                (folder / name).write_bytes(content)
        oracle.judge(rows_of(folder / "store.db"))
    assert disk.seen()["store.db"] == (data / "store.db").read_bytes(), "the recording missed a call"
    assert oracle.promised == ROWS
    return oracle.lost


@pytest.mark.parametrize("keep", list(Keep))
def test_a_store_that_syncs_each_commit_survives_every_cut(tmp_path, keep):
    assert lost_by_cuts(tmp_path, "FULL", keep) == 0


@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_a_store_that_acknowledges_before_it_syncs_is_found_out(tmp_path, synchronous):
    assert lost_by_cuts(tmp_path, synchronous, Keep.NOTHING) > 0


@pytest.mark.parametrize("point", [Point.BEFORE_WRITE, Point.AFTER_WRITE, Point.BEFORE_SYNC, Point.AFTER_SYNC])
def test_a_process_ends_itself_where_it_is_told(tmp_path, point):
    steer = Shim(tmp_path / "control", tmp_path)
    steer.kill_at(point, 60 if point in (Point.BEFORE_WRITE, Point.AFTER_WRITE) else 12)
    done = writer(tmp_path, steer, "FULL")
    assert done.returncode == -signal.SIGKILL
    told = len(done.stdout.split())
    assert 0 < told < ROWS
    # a commit that was written counts after a kill, synced or not: at most the one that was not yet told is there too
    assert rows_of(tmp_path / "store.db")["d"].head in (told, told + 1)


@pytest.mark.parametrize("what", [Fail.WRITE, Fail.WRITE | Fail.HALF, Fail.SYNC])
def test_calls_fail_as_often_as_told(tmp_path, what):
    steer = Shim(tmp_path / "control", tmp_path)
    steer.fail(errno.ENOSPC if what & Fail.WRITE else errno.EIO, what, times=2, passing=20)
    done = writer(tmp_path, steer, "FULL")
    assert done.returncode == 1 and "sqlite3.OperationalError" in done.stderr
    assert steer.failed >= 1
    steer.calm()
    assert writer(tmp_path, steer, "FULL", 1).returncode == 0, "a calm shim changes nothing"


class Forgetful:
    """A subject that says "stored" when it has put a message into its memory, and commits now and then."""

    name = "acknowledges from memory"
    ways = ("random",)
    PROGRAM = """
    import sqlite3, sys
    database = sqlite3.connect(sys.argv[1])
    database.execute("CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, body BLOB)")
    for line in sys.stdin:
        database.execute("INSERT INTO records VALUES (?, ?)", (int(line), b"body %d" % int(line)))
        if int(line) % 100 == 0:
            database.commit()
        print(line, end="", flush=True)
    """

    def __init__(self, file, count: int):
        self.oracle = book(count)
        self._file = file
        self._child = None
        self._told = 0

    def start(self, way, chance) -> bool:
        command = [sys.executable, "-c", textwrap.dedent(self.PROGRAM), str(self._file)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return True

    def acked(self) -> int:
        return self._told

    def wait(self, acked: int, timeout_s: float) -> bool:
        while self._told < acked:
            self._child.stdin.write(f"{self._told + 1}\n")
            self._child.stdin.flush()
            assert self._child.stdout.readline() == f"{self._told + 1}\n"
            self._told += 1
            self.oracle.promise("d", Promise(self._told, record_hash(b"body %d" % self._told)[:16], 1))
        return True

    def end(self, way, chance) -> None:
        self._child.kill()
        self._child.communicate()

    def judge(self) -> None:
        self.oracle.judge(rows_of(self._file))

    def finish(self) -> None:
        """Nothing: it has lost what it has lost."""


def test_the_kill_loop_finds_a_store_that_acknowledges_from_memory(tmp_path):
    tally = kills.Tally()
    kills.run(Forgetful(tmp_path / "store.db", 2000), 2, random.Random(4), tally, lambda done: None)
    assert tally.kills == 2 and tally.ways == Counter(random=2)
    assert tally.lost > 0 and tally.false_receipts > 0 and not tally.ok
    assert tally.rate > 0
