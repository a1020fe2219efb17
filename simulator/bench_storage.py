"""What the gateway's database takes with a million ratings that wait for central: bytes, memory, readiness, salvage.

The ratings of one device go the whole way through intake's own code; the other devices' rows are copies of them under
other names, which is what makes a million affordable.
"""

import functools
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway import enrolment
from gateway.core import intake
from gateway.keeper import Keeper
from gateway.store import records
from gateway.store.connection import PAGE_BYTES, log_bytes
from gateway.store.writer import Store, StoreError
from protocol import cose, record
from simulator.bench import Row

HALL = "bench"
PENDING = 1_000_000
TO_SALVAGE = 50_000
EACH = 5000
READY_S = 3.0
RSS_MB = 80.0
BYTES = 600.0
SALVAGE_READY_S = 10.0
_FACTS = ("records", "bindings")


def rows(root: Path, say: Callable[[str], None], pending: int = PENDING) -> Iterator[Row]:
    """Takes about three minutes for a million."""
    data = root / "gateway"
    enrolment.create_authority(data, HALL)
    say(f"{pending} ratings are laid down…")
    empty, full = fill(data, pending)
    each = (full - empty) / pending
    yield Row("bytes on disk per rating that waits", round(each), "B", BYTES, each <= BYTES, note="all tables, indexes")

    say("the gateway starts on them…")
    gateway, _ = _start(data)
    gateway.send_signal(signal.SIGKILL)
    gateway.wait()
    gateway, ready_s = _start(data)
    note = f"after kill -9, {pending} ratings wait; from exec to ready, Python's own start in it"
    yield Row("ready after an unclean stop", round(ready_s, 2), "s", READY_S, ready_s <= READY_S, note=note)
    most = 0.0
    for _ in range(100):  # the check of the database is in this time
        most = max(most, _rss_mb(gateway.pid))
        time.sleep(0.2)
    yield Row("memory with them", round(most, 1), "MB", RSS_MB, most <= RSS_MB, note="RSS, most of the first 20 s")
    gateway.send_signal(signal.SIGTERM)
    gateway.wait(60)
    less = root / "less"
    enrolment.create_authority(less, HALL)
    fill(less, min(pending, TO_SALVAGE))
    yield from _salvage(less, say)


def fill(data: Path, pending: int, sent: bool = False) -> tuple[int, int]:
    """Lay down ``pending`` ratings that wait for central, or that it has, if ``sent``. Gives the database's bytes
    before and after."""
    database = data / "gateway.db"
    store = Store(database)
    store.run(lambda c: c.execute("INSERT INTO windows VALUES ('A1', 'A1', 1, 0)") and None)
    store.close()
    empty = database.stat().st_size
    store = Store(database)
    each = min(EACH, pending)
    now_ms = time.time_ns() // 1_000_000
    for job in _jobs("b0000", each, now_ms):
        store.submit(job)
    if sent:
        store.run(_settle, 120)
    tables = (*_FACTS, "delivered" if sent else "outgoing")
    for number in range(1, pending // each):
        store.run(functools.partial(_copy, tables=tables, device=f"b{number:04}"), 120)
    store.close()
    return empty, database.stat().st_size


def _jobs(device: str, count: int, now_ms: int) -> Iterator[Callable]:
    prev = record.GENESIS  # what is stored here was verified long ago: any 64 bytes will do for a signature
    for seq in range(1, count + 1):
        wall_ms = now_ms - (count - seq) * 1000
        head = record.Head(seq, prev, 1, seq * 1000, wall_ms, 50)
        payload = record.rating_payload(
            head, record.Rating(seq % 5 + 1, (), None, 0, (), record.UNARMED), record.RATING
        )
        body = cose.sign1_pack(device, payload, random.Random(seq).randbytes(64))
        full_hash = record.record_hash(body)
        prev = full_hash[: record.HASH_IN_CHAIN]
        genuine = intake.Genuine(record.parse(body), body, full_hash, "A1")
        yield lambda c, g=genuine, at=wall_ms: records.take(c, g, HALL, at, 0)


def _settle(connection) -> None:
    connection.execute("INSERT INTO delivered SELECT device, seq, 0, 1, 1 FROM outgoing WHERE kind = 3")
    connection.execute("DELETE FROM outgoing")


def _copy(connection, tables: tuple[str, ...], device: str) -> None:
    for table in tables:
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
        kept = [name for name in columns if name != "id"]
        values = ", ".join("?" if name == "device" else name for name in kept)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(kept)}) SELECT {values} FROM {table} WHERE device = 'b0000'",  # noqa: S608
            (device,),
        )
    connection.execute("INSERT INTO heads SELECT ?, seq, hash FROM heads WHERE device = 'b0000'", (device,))


def _start(data: Path) -> tuple[subprocess.Popen, float]:
    began = time.monotonic()
    words = ["gateway", "run", "--data", str(data), "--json"]
    environment = {"HCP_GATEWAY_BROKER_PORT": "0", "HCP_GATEWAY_HTTP_PORT": "0", "PATH": "/usr/bin:/bin"}
    gateway = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "hcp", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert gateway.stdout
    line = gateway.stdout.readline()
    if not line:
        raise RuntimeError(f"the gateway ended with {gateway.wait()}")
    json.loads(line)
    return gateway, time.monotonic() - began


def _rss_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def _salvage(data: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """A hundredth of the pages overwritten: how soon a record is stored again, and how fast the rest comes back."""
    say("pages are overwritten…")
    database = data / "gateway.db"
    chance, pages = random.Random(1), database.stat().st_size // PAGE_BYTES
    with database.open("r+b") as file:
        for page in sorted(chance.sample(range(pages), max(pages // 100, 1))):
            file.seek(page * PAGE_BYTES)
            file.write(chance.randbytes(PAGE_BYTES))
    database.with_name("gateway.db.clean").unlink(missing_ok=True)
    began = time.monotonic()
    store = Store(database)
    done = threading.Event()
    keeper = Keeper(store, HALL, lambda: time.time_ns() // 1_000_000, on_salvaged=done.set)
    keeper.start()
    (job,) = _jobs("fresh", 1, 0)
    while True:
        try:
            store.run(job)
            break
        except StoreError:
            time.sleep(0.05)
    up_s = time.monotonic() - began
    yield Row("damaged database: storing again after", round(up_s, 2), "s", SALVAGE_READY_S, up_s <= SALVAGE_READY_S)
    say("the damaged database is salvaged…")
    most = 0
    while not done.wait(0.5):
        most = max(most, log_bytes(database))
        if store.check == "ok" and store.salvage == "none":
            break
    took_s = time.monotonic() - began
    held = store.reader().execute("SELECT count(*) FROM records").fetchone()[0]
    keeper.stop()
    store.close()
    yield Row("damaged database: records salvaged", held, "", note=f"in {took_s:.0f} s; log at most {most >> 20} MiB")
