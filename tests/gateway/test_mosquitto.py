"""What hcp writes for Mosquitto, and the warden's judgement of its log. What both do together: test_broker.py."""

import datetime as dt
import re
import stat
from pathlib import Path

import pytest
from cryptography import x509

from gateway.broker import mosquitto
from gateway.broker.mosquitto import MosquittoSettings
from gateway.broker.warden import Judge, Violation, Warden
from protocol import topics
from protocol.errors import ProtocolError
from tests.gateway.broker_clients import GATEWAY, HALL, Hall, topic
from tests.gateway.mosquitto_process import Mosquitto
from tests.gateway.pki import Authority


def settings(folder: Path, **changes) -> MosquittoSettings:
    paths = {name: folder / f"{name}.pem" for name in ("certificate", "key", "authority")}
    return MosquittoSettings(**{"hall": HALL, "folder": folder / "mq", **paths, **changes})


def test_the_access_list_is_the_table_of_spec_6_5():
    rights = re.findall(r"^pattern (read|write) hcp/v1/h1/%u/(\w+)$", mosquitto.access_list(HALL), re.M)
    assert rights == [("write", leaf) for leaf in topics.FROM_DEVICE] + [("read", leaf) for leaf in topics.TO_DEVICE]
    assert "user gateway\ntopic readwrite hcp/v1/h1/#\n" in mosquitto.access_list(HALL)


def test_every_listener_of_the_network_wants_a_certificate(tmp_path):
    shared, network, door = re.split(r"^listener .*$", mosquitto.configuration(settings(tmp_path)), flags=re.M)
    for wanted in ("require_certificate true", "use_identity_as_username true", "use_username_as_clientid true",
                   "allow_anonymous false", "tls_version tlsv1.2", f"crlfile {tmp_path}/mq/crl.pem"):  # fmt: skip
        assert wanted in network.splitlines()
    assert "per_listener_settings true" in shared and "persistence false" in shared
    assert f"acl_file {tmp_path}/mq/no-access" in door.splitlines()


def test_no_setting_can_smuggle_in_a_line(tmp_path):
    with pytest.raises(ValueError, match="line break"):
        settings(tmp_path, host="0.0.0.0\nallow_anonymous true")
    with pytest.raises(ProtocolError):
        settings(tmp_path, hall="h1/#")


def test_only_its_owner_reaches_the_door(tmp_path):
    mosquitto.write(settings(tmp_path), b"")
    assert stat.S_IMODE((tmp_path / "mq").stat().st_mode) == 0o700


def test_the_list_of_revocations_names_the_serials_and_outlives_the_authority(tmp_path):
    authority = Authority(tmp_path)
    pair = authority.client("win-01")
    found = x509.load_pem_x509_crl(authority.revocations(pair))
    (entry,) = found
    assert entry.serial_number == x509.load_pem_x509_certificate(pair.certificate.read_bytes()).serial_number
    assert found.next_update_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=3000)
    assert found.is_signature_valid(x509.load_pem_x509_certificate(authority.certificate.read_bytes()).public_key())


def judged(*lines: str) -> list[Violation]:
    judge = Judge(HALL, lambda name: name == "win-01")
    return [violation for line in lines if (violation := judge.judge(line))]


CONNECTED = "New client connected from 127.0.0.1:35978 as win-01 (p2, c1, k60, u'win-01')."
GOOD = [
    CONNECTED,
    "Will message specified (4 bytes) (r1, q1).",
    "\thcp/v1/h1/win-01/state",
    "Sending CONNACK to win-01 (0, 0)",
    "Received PUBLISH from win-01 (d0, q1, r0, m1, 'hcp/v1/h1/win-01/record', ... (300 bytes))",
    "Received PUBLISH from win-01 (d0, q0, r0, m0, 'hcp/v1/h1/win-01/telemetry', ... (30 bytes))",
    "Received SUBSCRIBE from win-01",
    "\thcp/v1/h1/win-01/scene (QoS 1)",
    "win-01 1 hcp/v1/h1/win-01/scene",
    "New client connected from /run/hcp/door.sock:0 as win-02 (p2, c1, k10).",
    "New client connected from 127.0.0.1:35978 as gateway (p2, c0, k30, u'gateway').",
    "gateway 1 hcp/v1/h1/+/record",
    "Received PUBLISH from gateway (d0, q1, r1, m1, 'hcp/v1/h1/win-01/scene', ... (90 bytes))",
    "mosquitto version 2.0.11 running",
    "Client win-01 closed its connection.",
    "",
]


def test_an_ordinary_life_is_no_violation():
    assert judged(*GOOD) == []


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["Denied PUBLISH from win-01 (d0, q1, r0, m1, 'hcp/v1/h1/win-02/record', ... (1 bytes))"],
         topic("win-02", "record")),
        (["Received PUBLISH from win-01 (d0, q1, r1, m1, 'hcp/v1/h1/win-01/record', ... (1 bytes))"],
         topic("win-01", "record")),
        (["Denied PUBLISH from win-01 (d0, q0, r0, m0, 'x', ... (0 bytes))', ... (1 bytes))"],
         "x', ... (0 bytes))"),
        (["win-01 0 #"], "#"),
        (["win-01 1 a 1 b"], "a 1 b"),
        ([CONNECTED, "Will message specified (4 bytes) (r1, q1).", "\thcp/v1/h1/win-02/state"],
         topic("win-02", "state")),
        ([CONNECTED.replace("p2", "p5")], " not MQTT 3.1.1"),
    ],
)  # fmt: skip
def test_what_leaves_its_topics_is_seen(lines, wrong):
    assert judged(*lines) == [Violation("win-01", wrong)]


def test_a_stranger_is_seen():
    assert judged(CONNECTED.replace("win-01", "win-09")) == [Violation("win-09", " unknown or revoked")]


def test_a_topic_cannot_blame_another_client():
    blame = "Denied PUBLISH from win-02 (d0, q1, r0, m1, 'x', ... (1 bytes))"
    line = f"Denied PUBLISH from win-01 (d0, q1, r0, m1, '{blame}', ... (1 bytes))"
    lines = [line, f"win-01 1 {blame}", CONNECTED, "Will message specified (4 bytes) (r0, q1).", f"\t{blame}"]
    assert [violation.name for violation in judged(*lines)] == ["win-01"] * 3


def test_the_log_does_not_grow_for_ever(tmp_path, monkeypatch):
    hall = Hall(tmp_path, "mosquitto")
    try:
        monkeypatch.setattr("gateway.broker.warden.MAX_LOG_BYTES", 20_000)
        log = hall.broker.settings.log
        with hall.paho("win-01") as device, hall.raw("win-02") as attacker:
            for n in range(300):
                device.publish(topic("win-01", "record"), b"%d" % n)
            device.wait(lambda: len(device.published) >= 300)
            hall.broker.wait(lambda: log.stat().st_size <= 20_000, "truncation")
            attacker.send(b"\x30\x04\x00\x01xy")  # and the warden still sees what comes after
            assert attacker.read() is None
        assert hall.wait_violation("win-02", "x")
    finally:
        hall.stop()


def test_a_warden_without_mosquitto_says_so(tmp_path, caplog):
    warden = Warden(HALL, tmp_path / "log", tmp_path / "door", lambda name: True)
    assert warden.cut_off("win-01") == 0
    assert "is it running" in caplog.text


def test_a_warden_that_starts_late_lets_old_lines_rest(tmp_path):
    """It judges what happens, not what an earlier warden has judged."""
    heard: list[tuple[str, str]] = []
    authority = Authority(tmp_path / "pki")
    server = authority.server()
    broker = Mosquitto(
        tmp_path / "mq", HALL, server.certificate, server.key, authority.certificate, authority.revocations(),
        lambda name: True, lambda name, at: heard.append((name, at)),
    )  # fmt: skip
    try:
        broker.warden.stop()
        with broker.settings.log.open("a") as log:
            log.write("win-01 0 #\n")
        late = Warden(HALL, broker.settings.log, broker.settings.door, lambda name: True,
                      lambda name, at: heard.append((name, at)))  # fmt: skip
        late.start()
        with broker.settings.log.open("a") as log:
            log.write("win-02 0 #\n")
        broker.wait(lambda: heard, "violation")
        late.stop()
        assert heard == [("win-02", "#")] and GATEWAY not in dict(heard)
    finally:
        broker.stop()
