"""A disk that is really full: no false receipt, central's answers still written, intake back by itself in 5 s."""

import os
import subprocess
import threading
import time

import pytest

from gateway.core.overload import Verdict
from gateway.store import meta, outbox, writer
from gateway.store.settings import StoreSettings
from gateway.store.writer import StoreError
from protocol.downlink import Receipt
from tests.gateway.desk import Desk, poll

MB = 1 << 20
DISK_MB = 24
SETTINGS = StoreSettings(max_bytes=1 << 30, soft_bytes=4 * MB, hard_bytes=2 * MB, ballast_bytes=6 * MB)


@pytest.fixture
def small(tmp_path):
    """A file system of 24 MB of our own."""
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI must be able to mount a small file system: {done.stderr}")
        pytest.skip(f"cannot mount here: {done.stderr}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def desk(small):
    desk = Desk(small, store=SETTINGS)
    yield desk
    desk.close()


def free(folder) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def fill(folder, leave: int = 0):
    """A file that takes all blocks but ``leave`` bytes."""
    file = folder / "somebody else's"
    with file.open("wb") as target:
        while free(folder) > leave:
            try:
                target.write(bytes(min(65536, max(free(folder) - leave, 4096))))
                target.flush()
            except OSError:
                break
    return file


def top(desk, twin) -> int:
    return max((message.body.seq for message in desk.messages(twin, "receipt")), default=0)


def test_the_ballast_occupies_blocks_and_stands_in_the_folder(desk):
    ballast = desk.data / "ballast"
    poll(ballast.exists)
    assert ballast.stat().st_size == SETTINGS.ballast_bytes <= ballast.stat().st_blocks * 512
    assert desk.store.facts()["ballast"]


def test_a_soft_limit_refuses_records_and_goes_on_with_the_rest(desk):
    twin = desk.enrol("w1")
    poll((desk.data / "ballast").exists)
    desk.send("w1", twin.rating(wall_ms=desk.clock.now_ms()))
    desk.receipt(twin, 1)
    file = fill(desk.data, leave=3 * MB)
    poll(lambda: desk.store.overload is Verdict.SOFT)
    body = twin.rating(wall_ms=desk.clock.now_ms())
    desk.offer("w1", body)
    desk.wait(twin, "receipt", lambda told: told.seq == 1 and told.hold_ms > 0)
    assert desk.rows("SELECT count(*) FROM records") == [(1,)]
    assert (desk.data / "ballast").exists()
    desk.tell("sign_in", window="A1", staff="1001")
    desk.store.run(lambda c: meta.put(c, "answers of central", 1))
    file.unlink()
    desk.wait(twin, "receipt", lambda told: told.seq == 1 and told.hold_ms == 0 and desk.store.overload is Verdict.OK)
    desk.send("w1", body)
    desk.receipt(twin, 2)


def test_no_space_in_the_middle_of_group_commit(desk, monkeypatch):
    monkeypatch.setattr(writer, "MAX_BATCH_S", 60)  # however slow the machine: the jobs that wait share a transaction
    twin = desk.enrol("w1")
    poll((desk.data / "ballast").exists)
    desk.tell("sign_in", window="A1", staff="1001")
    gate, begun = threading.Event(), threading.Event()

    def hold(connection) -> None:
        begun.set()
        gate.wait(120)  # however long a busy machine takes to offer all of them

    desk.store.submit(hold)
    begun.wait(10)
    taken: list[int] = []
    store_records = desk.service._reception._store_records

    def count(genuine):
        queued = store_records(genuine)
        taken.append(len(genuine))
        return queued

    monkeypatch.setattr(desk.service._reception, "_store_records", count)
    # taken one by one on a busy machine, they are more batches than may wait to be finished
    monkeypatch.setattr(desk.service._reception._finishing, "maxsize", 0)
    ratings = [twin.rating(wall_ms=desk.clock.now_ms()) for _ in range(100)]
    outcomes = [desk.offer("w1", rating) for rating in ratings]
    poll(lambda: sum(taken) == 100, lambda: taken)  # all of them wait in the writer's queue
    filled = desk.store.submit(lambda connection: fill(desk.data))
    gate.set()
    for sent in outcomes:
        poll(lambda sent=sent: sent.acked.is_set() or sent.dropped.is_set())
    with pytest.raises(StoreError, match="disk"):
        filled.result(10)
    file = desk.data / "somebody else's"
    assert desk.store.overload is Verdict.HARD
    # those that shared a transaction with the job that filled the disk are not stored, and nobody was told so
    stored = {seq for (seq,) in desk.rows("SELECT seq FROM records")}
    assert {n for n, sent in enumerate(outcomes, 1) if sent.acked.is_set()} == stored
    assert 0 < sum(sent.dropped.is_set() for sent in outcomes) and top(desk, twin) <= len(stored)
    # the ballast went, so central's answers can be written
    assert not (desk.data / "ballast").exists()
    poll(lambda: not desk.store.room.last.failed, lambda: desk.store.facts())
    assert desk.store.overload is Verdict.HARD
    (row,) = desk.rows("SELECT id FROM outbox WHERE state = 'pending' LIMIT 1")
    desk.store.run(lambda c: outbox.settle(c, [outbox.Settled(row[0], outbox.Fate.DONE, "")], 0))

    # a device that asks is told to keep its records
    desk.offer("w1", twin.sent[len(stored)])
    desk.wait(twin, "receipt", lambda told: told.hold_ms > 0)
    back = _back(desk, twin, file)
    assert back < 5, f"intake was back after {back:.1f} s"
    poll(lambda: (desk.data / "ballast").exists(), timeout_s=20)
    assert len(desk.rows("SELECT seq FROM records")) == twin.seq


def too_much(connection) -> None:
    connection.execute("CREATE TABLE big (x BLOB)")
    connection.execute("INSERT INTO big VALUES (zeroblob(4000000))")


def _back(desk, twin, file) -> float:
    """Make room; a device that is told so, or asks again, sends all without a receipt. How long until the last has
    one."""
    held = [m.number for m in desk.messages(twin, "receipt")][-1:]
    file.unlink()
    began = time.monotonic()

    def told(body: Receipt) -> bool:
        last = desk.messages(twin, "receipt")[-1]
        return body.hold_ms == 0 and last.number > (held or [0])[0] and last.body.hold_ms == 0

    desk.wait(twin, "receipt", told)
    for body in twin.sent[top(desk, twin) :]:
        desk.offer("w1", body)
    desk.receipt(twin, twin.seq)
    return time.monotonic() - began


def test_a_start_on_a_full_disk(desk):
    twin = desk.enrol("w1")
    desk.send("w1", twin.rating(wall_ms=desk.clock.now_ms()))
    desk.receipt(twin, 1)
    poll((desk.data / "ballast").exists)
    file = fill(desk.data)
    desk.restart()
    assert desk.store.overload is Verdict.HARD and not (desk.data / "ballast").exists()
    desk.send("w1", twin.rating(wall_ms=desk.clock.now_ms()))
    desk.wait(twin, "receipt", lambda told: told.seq == 1 and told.hold_ms > 0)
    assert desk.rows("SELECT count(*) FROM records") == [(1,)]
    assert _back(desk, twin, file) < 5


def test_at_the_cap_of_the_database_the_disk_does_not_matter(tmp_path):
    desk = Desk(tmp_path, store=StoreSettings(max_bytes=3 * MB, soft_bytes=MB // 2, hard_bytes=MB // 4))
    twin = desk.enrol("w1")
    while desk.store.overload is Verdict.OK:
        for sent in [desk.offer("w1", twin.rating(wall_ms=desk.clock.now_ms())) for _ in range(100)]:
            assert sent.acked.wait(10)
    assert desk.store.path.stat().st_size <= 3 * MB
    stored = desk.rows("SELECT max(seq) FROM records")
    desk.send("w1", twin.rating(wall_ms=desk.clock.now_ms()))
    desk.wait(twin, "receipt", lambda told: told.hold_ms > 0)
    assert desk.rows("SELECT max(seq) FROM records") == stored and top(desk, twin) <= stored[0][0]
    desk.tell("sign_in", window="A1", staff="1001")
    # beyond it SQLite itself says no, and only to the job that wants more
    with pytest.raises(StoreError, match="full"):
        desk.store.run(too_much)
    assert desk.store.room.verdict is Verdict.HARD
    with pytest.raises(StoreError, match="room"):
        desk.tell("sign_in", window="A1", staff="1002")
    desk.close()
