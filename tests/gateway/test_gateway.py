"""Stories of a whole gateway: embedded broker, mTLS, paho, SQLite, HTTP."""

import getpass
import json
import socket
import time
from pathlib import Path

import httpx
import pytest

from gateway import enrolment
from gateway.broker import mosquitto, setup, trial
from gateway.core import times
from gateway.run import Gateway, hall_of
from gateway.service import Service
from gateway.settings import GatewaySettings, SettingsError
from protocol import record, topics
from protocol.record import record_hash
from tests.gateway.desk import HALL, enrol
from tests.gateway.mosquitto_process import program
from tests.gateway.wire import Wire

KEY = "k" * 32


def settings(data: Path, **given) -> GatewaySettings:
    return GatewaySettings(data=data, hall=HALL, broker_host="127.0.0.1", broker_port=0, http_port=0, **given)


def write_systems(data: Path) -> None:
    data.mkdir(parents=True, exist_ok=True)
    scopes = '["events", "windows", "read", "operate"]'
    (data / "systems.toml").write_text(f'[[system]]\nname = "queue"\nkey = "{KEY}"\nscopes = {scopes}\n')


@pytest.fixture(params=["embedded", "mosquitto"])
def running(request, tmp_path):
    data = tmp_path / "data"
    write_systems(data)
    given, stop_broker = settings(data), lambda: None
    if request.param == "mosquitto":
        program()
        change = {"broker": "mosquitto", "broker_port": trial.free_port(), "broker_user": getpass.getuser()}
        given = given.model_copy(update=change)
        stop_broker = trial.start_mosquitto(setup.mosquitto_settings(given, hall_of(given)), data)
    gateway = Gateway(given)
    gateway.start()
    wires = []

    def connect(device: str, window: str = "A1") -> Wire:
        wire = Wire(enrol(data, device, window), gateway.mqtt_port, data, tmp_path)
        wires.append(wire)
        wire.wait(lambda: wire.connects, "connected")
        return wire

    gateway.connect = connect
    gateway.http = httpx.Client(
        base_url=f"http://127.0.0.1:{gateway.http_port}", headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
    )
    yield gateway
    for wire in wires:
        wire.close()
    gateway.http.close()
    gateway.stop()
    stop_broker()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def tell(gateway, kind, **fields):
    event = {"id": f"{kind}-{time.time_ns()}", "type": kind, "at": times.text(now_ms()), **fields}
    answer = gateway.http.post("/api/v1/events", json=event)
    assert answer.json()["results"][0]["status"] == "accepted", answer.text


def rows(gateway, sql, *values):
    return gateway.store.reader().execute(sql, values).fetchall()


def test_from_the_call_to_the_bound_and_receipted_rating(running):
    wire = running.connect("w1")
    tell(running, "sign_in", window="A1", staff="1001")
    tell(running, "called", window="A1", case_no="C1", service_no=1, item_name="社保卡办理")
    tell(running, "served", window="A1", case_no="C1", service_no=1)
    scene = wire.until_scene(lambda body: body.token)
    assert scene.lines == ("社保卡办理", "工作人员 1001")
    wire.send(wire.twin.rating(1, scene.token, wall_ms=now_ms(), error_ms=20))
    wire.until_receipt(1)
    (binding,) = rows(running, "SELECT status, rule, case_no, staff FROM bindings")
    assert binding == ("bound", "token", "C1", "1001")
    wire.until_scene(lambda body: body.lines and body.token is None)
    ready = running.http.get("/readyz").json()
    assert ready == {"ready": True, "checks": {"database": True, "broker": True, "intake": True}}
    assert running.http.get("/api/v1/windows").json()["windows"][0]["devices"] == [{"device": "w1", "online": True}]


@pytest.mark.requirement("LZ-2.1.4c")
def test_a_device_cannot_speak_for_another_and_a_forger_is_named(running):
    one, two = running.connect("w1"), running.connect("w2")
    forged = bytearray(one.twin.rating(5, wall_ms=now_ms()))
    forged[-1] ^= 1
    one.send(bytes(forged))
    one.send(one.twin.sent[0])
    one.until_receipt(1)
    assert rows(running, "SELECT device, code FROM quarantine") == [("w1", "bad_signature")]
    # over the wire the broker stops it: the connection ends, nothing arrives
    closed = two.closed
    two.client.publish(topics.topic(HALL, "w1", "record"), one.twin.rating(5, wall_ms=now_ms()), 1)
    two.wait(lambda: two.closed > closed, "disconnected by the broker")
    assert rows(running, "SELECT count(*) FROM records") == [(1,)]


def test_a_revoked_device_is_cut_off(running):
    wire = running.connect("w1")
    wire.send(wire.twin.rating(5, wall_ms=now_ms()))
    wire.until_receipt(1)
    closed = wire.closed
    enrolment.revoke(running.settings.data, "w1", now_ms())
    wire.wait(lambda: wire.closed > closed, "cut off")


@pytest.mark.requirement("JX-3.1b")
def test_after_a_restart_of_everything_the_receipt_tells_where_to_go_on(running, tmp_path):
    wire = running.connect("w1")
    for _ in range(5):
        wire.send(wire.twin.rating(4, wall_ms=now_ms()))
    wire.until_receipt(5)
    data, port = running.settings.data, running.mqtt_port
    wire.close()
    running.stop()
    again = Gateway(running.settings.model_copy(update={"broker_port": port}))
    again.start()
    try:
        second = Wire(wire.twin, port, data, tmp_path)
        second.until_receipt(5)
        receipt = [m for m in second.got if m.kind == 1][-1].body
        assert receipt.hash == record_hash(wire.twin.sent[-1])[: record.HASH_IN_CHAIN]
        assert receipt.epoch == running.service.epoch
        second.close()
    finally:
        again.stop()


def test_mosquitto_that_is_not_configured_is_refused_with_what_to_do(tmp_path):
    given = settings(tmp_path).model_copy(update={"broker": "mosquitto", "broker_port": trial.free_port()})
    with pytest.raises(SettingsError, match="run `hcp broker config`"):
        Gateway(given).start()
    hall_of(given)
    wanted = setup.mosquitto_settings(given, HALL)
    mosquitto.write(wanted, b"")
    wanted.access.write_text("topic readwrite #\n")
    with pytest.raises(SettingsError, match="not what these settings mean"):
        Gateway(given).start()


def test_two_gateways_on_one_folder_are_refused(running):
    with pytest.raises(SettingsError, match="another gateway runs"):
        Gateway(settings(running.settings.data)).start()


def test_what_cannot_run_is_refused_in_words(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = {"http_port": taken.getsockname()[1]}
        with pytest.raises(SettingsError, match="cannot start.*in use"):
            Gateway(settings(tmp_path / "one").model_copy(update=given)).start()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "systems.toml").write_text("= x")
    with pytest.raises(SettingsError, match="systems.toml"):
        Gateway(settings(tmp_path / "two")).start()
    # what was started before the failure is gone again: the folder can be used
    gateway = Gateway(settings(tmp_path / "one"))
    gateway.start()
    gateway.stop()


def test_another_halls_folder_is_refused(running):
    data = running.settings.data
    running.stop()
    with pytest.raises(SettingsError, match="belongs to hall"):
        Gateway(settings(data).model_copy(update={"hall": "elsewhere"})).start()


def test_the_ready_line_has_real_ports(running):
    facts = json.loads(json.dumps(running.facts()))
    assert httpx.get(facts["http"] + "/healthz", trust_env=False).json() == {"alive": True}
    assert facts["mqtt_port"] == running.mqtt_port > 0


def test_what_is_to_be_shown_before_the_broker_is_reached_waits_for_it(tmp_path, monkeypatch):
    write_systems(tmp_path)
    said = []

    def start(service):
        started(service)
        said.append(service.sender.publish(topics.topic(HALL, "w1", "scene"), b""))

    started = Service.start
    monkeypatch.setattr(Service, "start", start)
    gateway = Gateway(settings(tmp_path))
    gateway.start()
    gateway.stop()
    assert said == [False]
