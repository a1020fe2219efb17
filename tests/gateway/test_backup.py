"""Backup while the gateway is at work, restore into an empty folder, and devices that know more than the backup."""

import io
import json
import stat
import tarfile
import threading

import pytest
from typer.testing import CliRunner

from gateway.store import backup, fsck
from gateway.store.backup import BackupError
from hcp.exits import Exit
from hcp.main import app
from tests.gateway.desk import NOW_MS, Desk
from tests.gateway.test_salvage import telemetry

run = CliRunner()


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "hall")
    yield desk
    desk.close()


def rating(desk, twin):
    return twin.rating(3, wall_ms=desk.clock.now_ms())


def names(file) -> set[str]:
    with tarfile.open(file) as tar:
        return set(tar.getnames())


def test_a_backup_is_whole_while_records_come_in(desk, tmp_path):
    twin, ended = desk.enrol("w1"), threading.Event()
    desk.send("w1", rating(desk, twin))

    def press():
        while not ended.is_set():
            desk.send("w1", rating(desk, twin))

    pressing = threading.Thread(target=press)
    pressing.start()
    for number in range(3):
        backup.backup(desk.data, tmp_path / f"{number}.tar", NOW_MS)
    ended.set()
    pressing.join()
    for number in range(3):
        backup.restore(tmp_path / f"{number}.tar", tmp_path / f"there{number}", NOW_MS)
        report = fsck.examine(tmp_path / f"there{number}" / "gateway.db")
        assert report.ok and 1 <= report.devices["w1"].records <= twin.seq


def test_what_is_in_it_and_what_is_not(desk, tmp_path):
    desk.enrol("w1")
    (desk.data / "applicant.keys").write_text("one c2VjcmV0")
    (desk.data / "systems.toml").write_text("")
    (desk.data / "systems.toml").chmod(0o600)
    backup.backup(desk.data, tmp_path / "all.tar", NOW_MS)
    backup.backup(desk.data, tmp_path / "no-keys.tar", NOW_MS, keys=False)
    held = names(tmp_path / "all.tar")
    assert {"manifest.json", "gateway.db", "systems.toml", "pki/ca.key", "devices/w1/downlink.key"} <= held
    assert not any("applicant" in name for name in held)
    assert not any(name.endswith(".key") for name in names(tmp_path / "no-keys.tar"))
    assert stat.S_IMODE((tmp_path / "all.tar").stat().st_mode) == 0o600
    backup.restore(tmp_path / "all.tar", tmp_path / "there", NOW_MS)
    for name in ("gateway.db", "pki/ca.key", "devices/w1/downlink.key", "systems.toml"):
        assert stat.S_IMODE((tmp_path / "there" / name).stat().st_mode) == 0o600, name
    assert (tmp_path / "there/pki/ca.pem").read_bytes() == (desk.data / "pki/ca.pem").read_bytes()


def test_devices_that_know_more_than_the_backup(desk, tmp_path):
    twin, other = desk.enrol("w1"), desk.enrol("w2", "B2")
    for _ in range(3):
        desk.send("w1", rating(desk, twin))
        desk.send("w2", rating(desk, other))
    epoch = desk.service.epoch
    backup.backup(desk.data, tmp_path / "b.tar", NOW_MS)
    for _ in range(4):  # 4 … 7 come after the backup; w1 gets receipts for them, w2 for none
        desk.send("w1", rating(desk, twin))
        rating(desk, other)
    backup.restore(tmp_path / "b.tar", tmp_path / "there", NOW_MS)
    there = Desk(tmp_path / "there")
    assert there.service.epoch != epoch
    assert there.receipt(twin, 3).epoch == there.service.epoch
    there.send("w1", rating(there, twin))
    for body in other.sent[3:]:
        there.send("w2", body)
    there.receipt(other, 7)
    there.send("w1", telemetry(twin, waiting=1), leaf="telemetry")
    there.send("w2", telemetry(other), leaf="telemetry")
    there.receipt(twin, 8)
    assert there.rows("SELECT device, first, last FROM losses") == [("w1", 4, 7)]
    told = there.rows("SELECT count(*) FROM outbox WHERE type LIKE '%incident%'")
    assert told == [(1,)] and there.store.facts()["lost_records"] == 4
    # they are found after all: what a neighbour vouches for is taken, and is no loss any more
    for body in twin.sent[3:7]:
        there.send("w1", body)
    assert there.rows("SELECT count(*) FROM losses") == [(0,)]
    assert there.rows("SELECT count(*) FROM records WHERE device = 'w1'") == [(8,)]
    assert fsck.examine(there.store.path).ok
    there.close()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "pki/../../evil", ".hidden", "notes.txt", "devices/.x"])
def test_an_archive_that_reaches_outside_is_refused(desk, tmp_path, name):
    backup.backup(desk.data, tmp_path / "b.tar", NOW_MS)
    with tarfile.open(tmp_path / "b.tar") as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    manifest["files"] = {"gateway.db": "", name: ""}
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        for entry_name, content in (("manifest.json", json.dumps(manifest).encode()), (name, b"evil")):
            entry = tarfile.TarInfo(entry_name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    with pytest.raises(BackupError, match="no backup has"):
        backup.restore(tmp_path / "evil.tar", tmp_path / "there", NOW_MS)
    assert not list((tmp_path / "there").iterdir())


def test_a_damaged_or_cut_archive_is_refused_and_nothing_is_left(desk, tmp_path):
    backup.backup(desk.data, tmp_path / "b.tar", NOW_MS)
    content = bytearray((tmp_path / "b.tar").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "damaged.tar").write_bytes(content)
    (tmp_path / "cut.tar").write_bytes(content[: len(content) // 3])
    (tmp_path / "none.tar").write_bytes(b"no archive")
    for file in ("damaged.tar", "cut.tar", "none.tar"):
        with pytest.raises(BackupError):
            backup.restore(tmp_path / file, tmp_path / "there", NOW_MS)
        assert not (tmp_path / "there" / "gateway.db").exists()


def test_the_commands(desk, tmp_path):
    out, data = str(tmp_path / "b.tar"), str(desk.data)
    done = run.invoke(app, ["gateway", "backup", "--data", data, "--out", out, "--json"])
    assert done.exit_code == Exit.OK and json.loads(done.stdout)["keys"] is True
    again = run.invoke(app, ["gateway", "backup", "--data", data, "--out", out])
    assert again.exit_code == Exit.FAILURE and "already" in again.output
    onto = run.invoke(app, ["gateway", "restore", out, "--data", data])
    assert onto.exit_code == Exit.FAILURE and "move it away" in onto.output
    there = run.invoke(app, ["gateway", "restore", out, "--data", str(tmp_path / "there")])
    assert there.exit_code == Exit.OK and "申请人" in there.output
