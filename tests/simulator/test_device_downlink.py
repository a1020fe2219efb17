"""What a running gateway tells a device in the real VM: an update, a next key; also when the gateway is killed."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import release
from gateway.enrolment import create_authority, enroll
from gateway.registry import Registry
from hcp.audit import verify
from protocol import chain, record
from simulator import sets
from simulator.device import SimDevice
from simulator.hall import free_ports
from simulator.process import Server
from simulator.provisioning import provision
from tests.simulator.test_device_update import made

KEY = ec.generate_private_key(ec.SECP256R1())
HALL = "test-hall"
WAIT_S = 60


class Running:
    """A gateway as a process, and what can be asked of it from outside."""

    def __init__(self, root, **settings):
        self.data = root / "gateway"
        self.ports = free_ports(2)
        self.broker_port = self.ports[0]
        self.log = root / "gateway.log"
        create_authority(self.data, HALL)
        self.serve(**settings)

    def serve(self, **settings) -> None:
        """Start it with these settings."""
        fixed = {
            "broker_host": "127.0.0.1",
            "broker_port": self.broker_port,
            "http_port": self.ports[1],
            "undo_ms": 500,
        }
        environment = {f"HCP_GATEWAY_{name.upper()}": str(value) for name, value in {**fixed, **settings}.items()}
        words = ["gateway", "run", "--data", str(self.data), "--json"]
        self.server = Server("gateway", words, self.log, environment)
        self.server.start()

    def device(self, folder, name, **how) -> SimDevice:
        device = SimDevice(folder, ("127.0.0.1", self.broker_port), name, **how)

        def certify(csr):
            return enroll(self.data, csr, name, "A01", "127.0.0.1", self.broker_port).bundle

        partitions = how.get("environment", {}).get("HCP_SIM_PARTITIONS")
        provision(folder, certify, {"HCP_SIM_PARTITIONS": partitions} if partitions else None)
        return device

    def ask(self, *words) -> subprocess.Popen:
        """``hcp device …`` as an operator types it."""
        command = [sys.executable, "-m", "hcp", "device", *map(str, words), "--data", str(self.data), "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603

    def told(self, asked) -> dict:
        out, error = asked.communicate(timeout=WAIT_S * 2)
        assert asked.returncode == 0, out + error + self.log.read_text()[-3000:]
        return json.loads(out)

    def rows(self, sql, *values):
        with closing(sqlite3.connect(f"file:{self.data}/gateway.db?mode=ro", uri=True)) as database:
            return database.execute(sql, values).fetchall()

    def bodies(self, device) -> list[bytes]:
        return [body for (body,) in self.rows("SELECT body FROM records WHERE device = ? ORDER BY seq", device)]

    def answer(self, number):
        """State and text of a command."""
        return self.rows("SELECT state, text FROM commands WHERE id = ?", number)[0]


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    found = Running(tmp_path_factory.mktemp("hall"))
    yield found
    found.server.stop()


def press(device, level):
    """One press of a good level, which asks for no reasons."""
    before = device.stats().next_seq
    device.press(level)
    device.wait_light(level)
    device.wait_stats(lambda stats: stats.next_seq > before and not stats.unsigned)  # its undo window is short


def drained(device):
    return device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > 1, WAIT_S)


def test_a_device_turns_to_a_key_that_an_operator_commanded_and_the_audit_is_content(running, tmp_path):
    with running.device(tmp_path / "k1", "k1") as device:
        device.wait_screen("idle")
        press(device, 4)
        drained(device)
        (old,) = Registry(running.data).device("k1").keys
        found = running.told(running.ask("rotate-key", "k1"))
        assert found["state"] == "done"
        assert device.starts == 2, "it turned at a start, once"
        press(device, 3)
        drained(device)
        known = Registry(running.data).device("k1")
        (new,) = set(known.keys) - {old}
        assert known.key == new == found["text"]
        assert running.rows("SELECT count(*) FROM quarantine WHERE device = 'k1'") == [(0,)]
        # again, with a gateway that dies on the way: an operator is told in the end, and one more key is enough
        asked = running.ask("rotate-key", "k1", "--wait", 0)
        number = running.told(asked)["id"]
        running.server.restart_killed()
        assert device.wait_until(lambda: running.answer(number)[0] == "done", WAIT_S)
        press(device, 5)
        drained(device)
    assert len(Registry(running.data).device("k1").keys) == 3
    assert ratings(running, "k1") == [4, 3, 5]
    assert len([body for body in running.bodies("k1") if chain.next_key(record.parse(body))]) == 2
    assert audit(running, "k1", tmp_path) == []


def ratings(running, device):
    found = [record.parse(body) for body in running.bodies(device)]
    return [rating.body.level for rating in found if rating.kind == record.RATING]


def audit(running, device, folder):
    """What ``hcp audit verify`` finds in the records of a device."""
    (folder / "devices").mkdir()
    pem = [
        key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        for key in Registry(running.data).device(device).keys.values()
    ]
    (folder / "devices" / f"{device}.pem").write_bytes(b"".join(pem))
    (folder / "records.cborseq").write_bytes(b"".join(running.bodies(device)))
    return verify(folder).findings


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    """The set that ships, trusting KEY, without most pictures and drivers: every file is many round trips."""
    folder = sets.build(tmp_path_factory.mktemp("firmware") / "set", KEY.public_key())
    for path in (*folder.glob("firmware/assets/*.bin"), *folder.glob("firmware/drivers/*")):
        if path.stem not in ("idle", "starting", "rate", "glyphs", "__init__"):
            path.unlink()
    return folder


def test_a_release_is_taken_over_the_wire_though_the_gateway_is_killed_in_the_middle(running, firmware, tmp_path):
    folder = tmp_path / "u1"
    folder.mkdir()
    sets.install(folder, firmware, 4)
    with running.device(folder, "u1", environment=sets.environment(), program=sets.PROGRAM) as device:
        device.wait_screen("idle")
        press(device, 4)
        found = made(tmp_path / "r5", firmware, 5, key=KEY)
        asked = running.ask("update", "u1", "--release", tmp_path / "r5", "--wait", 0)
        number = running.told(asked)["id"]

        def done():
            ((done, total),) = running.rows("SELECT done, total FROM commands WHERE id = ?", number)
            return done if total else 0

        total = sum(file.size for file in release.read(found.manifest).files) + len(found.manifest)
        assert device.wait_until(lambda: done() > 0, WAIT_S)
        running.server.restart_killed()
        first = done()
        assert 0 < first < total, "it was in the middle"
        device.advance(10_000)  # the chunk that died with the gateway is asked for again
        assert device.wait_until(lambda: running.answer(number) == ("done", "5"), WAIT_S)
        assert device.wait_until(lambda: "firmware 5 confirmed" in (folder / "vm.log").read_text(), WAIT_S)
        press(device, 3)
        drained(device)
        # what runs already is refused, with a sentence that says so
        again = running.ask("update", "u1", "--release", tmp_path / "r5")
        out, _ = again.communicate(timeout=WAIT_S)
        assert again.returncode == 1 and "拒绝降级" in json.loads(out)["sentence"]
    assert ratings(running, "u1") == [4, 3]
    assert not re.search(r"satisfied|满意|level", out.lower())


def test_a_gateway_without_room_leaves_every_rating_with_the_device_until_it_has_some(tmp_path):
    """The store's own verdict, the receipt, the device: nobody here is told what to do."""
    most = 16 << 20
    running = Running(tmp_path, store_max_bytes=most, store_soft_bytes=most - 1, store_hard_bytes=1 << 20)
    try:
        with running.device(tmp_path / "s1", "s1") as device:
            assert "评价照常保存" in device.wait_screen("offline", WAIT_S).lines[0]
            for level in (5, 3):
                press(device, level)
            assert device.stats().waiting >= 3 and running.bodies("s1") == []
            running.server.stop()
            running.serve()
            device.wait_screen("idle", WAIT_S)
            drained(device)
            assert ratings(running, "s1") == [5, 3] and device.starts == 1
    finally:
        running.server.stop()
