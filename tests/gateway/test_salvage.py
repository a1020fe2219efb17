"""A damaged database: the service is up at once, every intact row comes back, what is missing is named."""

import collections
import random
import sqlite3
import threading

import pytest

from gateway.store import fsck
from gateway.store.connection import PAGE_BYTES, Reader
from gateway.store.relinking import Relinking
from gateway.store.salvage import Salvage
from protocol.downlink import Telemetry, pack_telemetry
from tests.gateway.desk import Desk, poll

RECORDS = 240


def telemetry(twin, waiting=0):
    return pack_telemetry(Telemetry(1, 60_000, 1, waiting, 1, twin.seq, 10, None, 0, 0, None, 0))


def pour(desk: Desk, twins) -> None:
    """Records of several devices in turn, some events among them."""
    sent = []
    for number in range(RECORDS):
        for twin in twins:
            desk.clock.turn(1)
            body = twin.event() if number % 40 == 7 else twin.rating(number % 5 + 1, wall_ms=desk.clock.now_ms())
            sent.append(desk.offer(twin.device, body))
    for one in sent:
        assert one.acked.wait(20)


def deliver(desk: Desk, device: str, body: bytes, leaf: str = "record") -> None:
    """As the broker does: what was not acknowledged comes again."""
    while True:
        sent = desk.offer(device, body, leaf)
        poll(lambda sent=sent: sent.acked.is_set() or sent.dropped.is_set())
        if sent.acked.is_set():
            return


def stop_dead(desk: Desk) -> None:
    """As after a power cut: closed, but nobody says so."""
    desk.close()
    (desk.data / "gateway.db.clean").unlink()


def overwrite(path, pages) -> None:
    """Random bytes over whole pages, numbered from 1."""
    noise = random.Random(str(pages))
    with path.open("r+b") as file:
        for number in pages:
            file.seek((number - 1) * PAGE_BYTES)
            file.write(noise.randbytes(PAGE_BYTES))


def salvaged(desk: Desk) -> None:
    poll(lambda: desk.store.salvage == "done", lambda: (desk.store.check, desk.store.salvage), 60)


@pytest.fixture
def hall(tmp_path):
    desk = Desk(tmp_path)
    twins = [desk.enrol(f"w{n}", f"A{n}") for n in (1, 2, 3)]
    desk.tell("sign_in", window="A1", staff="1001")
    desk.tell("called", window="A1", case_no="C1", service_no=1, item_code="I1", item_name="社保卡办理")
    desk.tell("served", window="A1", case_no="C1", service_no=1)
    pour(desk, twins)
    yield desk, twins
    desk.close()


def held(desk):
    return {(device, seq): body for device, seq, body in desk.rows("SELECT device, seq, body FROM records")}


@pytest.mark.parametrize("seed", range(6))
def test_random_pages_overwritten(hall, seed):
    desk, twins = hall
    before = held(desk)
    path = desk.store.path
    stop_dead(desk)
    chance = random.Random(seed)
    count = path.stat().st_size // PAGE_BYTES
    damaged = chance.sample(range(1, count + 1), chance.choice((1, 3, count // 10)))
    if seed == 0:
        damaged = [1]
    overwrite(path, sorted(damaged))
    remains = path.read_bytes()
    intact = {key: body for key, body in before.items() if body in remains}

    desk._open()
    fresh = twins[0].rating(1, wall_ms=desk.clock.now_ms())
    deliver(desk, "w1", fresh)
    poll(lambda: desk.store.check in ("ok", "damaged") or desk.store.salvage != "none")
    if desk.store.salvage == "none" and desk.store.check == "ok":
        assert len(intact) == len(before)  # only unused pages were hit
        return
    salvaged(desk)
    after = held(desk)
    assert {key: after.get(key) for key in intact} == intact
    assert after["w1", twins[0].seq] == fresh
    assert set(after) <= {*before, ("w1", twins[0].seq)}

    # what is missing is named, and the head stays before it
    lost = {key for key in before if key not in after}
    named = {
        (device, seq)
        for device, first, last in desk.rows("SELECT device, first, last FROM unreadable")
        for seq in range(first, last + 1)
    }
    assert named == lost
    incidents = desk.rows("SELECT count(*) FROM outbox WHERE type LIKE '%incident%'")[0][0]
    assert incidents == len({device for device, _ in lost})

    # one device still has everything and sends it again; the others have dropped what they had a receipt for
    for body in twins[0].sent:
        desk.send("w1", body)
    for twin in twins:
        desk.send(twin.device, telemetry(twin), leaf="telemetry")
        desk.receipt(twin, twin.seq)
    gone = {
        (device, seq)
        for device, first, last in desk.rows("SELECT device, first, last FROM losses WHERE declared_by = 0")
        for seq in range(first, last + 1)
    }
    assert gone == {key for key in lost if key[0] != "w1"}
    assert desk.rows("SELECT count(*) FROM unreadable") == [(0,)]
    for twin in twins:
        desk.send(twin.device, twin.rating(3, wall_ms=desk.clock.now_ms()))
        desk.receipt(twin, twin.seq)
    assert desk.rows("SELECT count(*) FROM records WHERE state = 'early'") == [(0,)]
    # each rating has its decision and each record one place on the way to central, once
    report = fsck.examine(path)
    assert report.ok, report


def test_damage_that_a_reader_meets_at_work(hall):
    desk, twins = hall
    desk.restart()  # nothing is left in the log
    before, epoch = held(desk), desk.service.epoch
    (root,) = desk.rows("SELECT rootpage FROM sqlite_master WHERE name = 'bindings'")[0]
    overwrite(desk.store.path, [root])
    reader = desk.store.open_reader()
    with pytest.raises(sqlite3.DatabaseError):
        reader.execute("SELECT count(*) FROM bindings").fetchone()
    reader.close()
    salvaged(desk)
    assert held(desk) == before and desk.service.epoch != epoch
    for twin in twins:
        deliver(desk, twin.device, twin.rating(2, wall_ms=desk.clock.now_ms()))
        receipt = desk.receipt(twin, twin.seq)
        assert receipt.epoch == desk.service.epoch
    report = fsck.examine(desk.store.path)
    assert report.ok, report
    # a second start finds nothing to do
    desk.restart()
    assert desk.store.salvage == "none" and desk.store.unsalvaged() == []


def test_damage_that_a_job_meets_now_and_then_at_work(hall):
    desk, twins = hall
    desk.restart()
    before = held(desk)
    (root,) = desk.rows("SELECT rootpage FROM sqlite_master WHERE name = 'quarantine'")[0]
    overwrite(desk.store.path, [root])
    met = desk.offer("w1", b"poison")
    assert met.dropped.wait(10)  # it is not stored, so it is not acknowledged
    deliver(desk, "w1", twins[0].rating(2, wall_ms=desk.clock.now_ms()))  # others go on, before or after the change
    salvaged(desk)
    assert before.items() <= held(desk).items() and ("w1", twins[0].seq) in held(desk)
    deliver(desk, "w1", b"poison")
    assert desk.rows("SELECT count(*) FROM quarantine") == [(1,)]


def test_what_is_not_copied_yet_is_not_lost(hall, monkeypatch):
    desk, twins = hall
    before = held(desk)
    stop_dead(desk)
    overwrite(desk.store.path, [1])
    go, run = threading.Event(), Salvage.run
    monkeypatch.setattr(Salvage, "run", lambda self: go.wait(20) and run(self))
    desk._open()
    for twin in twins:
        deliver(desk, twin.device, telemetry(twin), "telemetry")
    assert desk.rows("SELECT count(*) FROM losses") == [(0,)] and held(desk) == {}
    go.set()
    salvaged(desk)
    assert held(desk) == before
    assert desk.rows("SELECT count(*) FROM losses") == desk.rows("SELECT count(*) FROM unreadable") == [(0,)]
    for twin in twins:
        desk.receipt(twin, twin.seq)


def test_no_two_threads_read_the_damaged_database_over_one_connection(hall, monkeypatch):
    """One finds the other's error then, or none at all: a record that came meanwhile was refused as our own fault."""
    desk, twins = hall
    stop_dead(desk)
    overwrite(desk.store.path, [1])
    users, begun, go = collections.defaultdict(set), threading.Event(), threading.Event()
    execute, copy_meta = Reader.execute, Salvage._copy_meta

    def note(self, *args):
        users[self].add(threading.current_thread().name)
        return execute(self, *args)

    def hold(self):
        copy_meta(self)
        begun.set()
        go.wait(20)

    monkeypatch.setattr(Reader, "execute", note)
    monkeypatch.setattr(Salvage, "_copy_meta", hold)
    desk._open()
    assert begun.wait(20)
    fresh = twins[0].rating(1, wall_ms=desk.clock.now_ms())
    deliver(desk, "w1", fresh)
    go.set()
    salvaged(desk)
    assert held(desk)["w1", twins[0].seq] == fresh
    assert {"hcp-writer"} in users.values() and {"hcp-keeper"} in users.values()
    assert all(len(threads) == 1 for threads in users.values()), users


def test_a_salvage_that_was_cut_off_begins_again(hall, monkeypatch):
    desk, twins = hall
    before = held(desk)
    stop_dead(desk)
    overwrite(desk.store.path, [1])
    monkeypatch.setattr(Relinking, "_link", lambda self, device, top: self._stop.set())
    desk._open()
    poll(lambda: desk.keeper._stopping.is_set(), timeout_s=30)
    monkeypatch.undo()
    desk.restart()
    salvaged(desk)
    assert held(desk) == before
    assert desk.rows("SELECT max(n) FROM (SELECT count(*) n FROM outgoing WHERE kind = 3 GROUP BY device, seq)") == [
        (1,)
    ]
    for twin in twins:
        desk.receipt(twin, twin.seq)


def test_a_clean_stop_needs_no_check_and_an_unclean_one_does(tmp_path):
    desk = Desk(tmp_path)
    twin = desk.enrol("w1")
    desk.send("w1", twin.rating())
    desk.restart()
    assert desk.store.stopped_clean and desk.store.check == "none"
    stop_dead(desk)
    desk._open()
    assert not desk.store.stopped_clean
    poll(lambda: desk.store.check == "ok")
    desk.close()


def test_telemetry_declares_no_loss_where_no_database_was_lost(tmp_path):
    desk = Desk(tmp_path)
    twin = desk.enrol("w1")
    desk.send("w1", twin.rating(wall_ms=desk.clock.now_ms()))
    for _ in range(2):
        twin.rating(wall_ms=desk.clock.now_ms())  # never sent
    desk.send("w1", telemetry(twin), leaf="telemetry")
    assert desk.rows("SELECT count(*) FROM losses") == [(0,)]
    assert desk.rows("SELECT seq FROM heads") == [(1,)]
    desk.close()


def test_a_body_that_lost_its_hash_is_not_taken(hall):
    desk, twins = hall
    before = held(desk)
    body = before["w2", 100]
    stop_dead(desk)
    content = bytearray(desk.store.path.read_bytes())
    at = content.index(body)
    content[at + 100] ^= 1  # one bit inside a page that is otherwise whole
    content[:4096] = bytes(4096)
    desk.store.path.write_bytes(content)
    desk._open()
    salvaged(desk)
    assert desk.keeper.outcome.spoilt >= 1
    assert held(desk) == {key: value for key, value in before.items() if key != ("w2", 100)}
    assert desk.rows("SELECT device, first, last FROM unreadable") == [("w2", 100, 100)]
