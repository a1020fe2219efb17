"""What the doctor gathers from a real gateway, running and not, and what the command makes of it."""

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from gateway import doctor
from gateway.core.applicant import Identity, Person
from gateway.core.diagnosis import DAY_MS
from gateway.run import Gateway
from gateway.settings import GatewaySettings
from hcp.exits import Exit
from hcp.main import app
from tests.gateway.desk import HALL, enrol
from tests.gateway.test_gateway import now_ms, write_systems

run = CliRunner()


def settings(data, **given) -> GatewaySettings:
    return GatewaySettings(data=data, hall=HALL, broker_host="127.0.0.1", broker_port=0, http_port=0, **given)


@pytest.fixture
def running(tmp_path):
    data = tmp_path / "data"
    write_systems(data)
    (data / "systems.toml").chmod(0o600)
    gateway = Gateway(settings(data))
    gateway.start()
    yield gateway
    gateway.stop()


def test_a_running_gateway_is_looked_at_from_outside(running):
    enrol(running.settings.data, "w01")
    facts = doctor.gather(running.settings, now_ms())
    assert facts.running and facts.checks == {"database": True, "broker": True, "intake": True}
    assert facts.open_files == () and facts.unnamed is None and facts.database_error == ""
    assert {"大厅 CA", "消息代理", "网关", "评价器 w01"} == set(facts.certificates)
    assert min(facts.certificates.values()) > now_ms() + 300 * DAY_MS
    assert (facts.dead_letters, facts.ledger_wrong, facts.central) == (0, (), None)
    (device,) = facts.devices
    assert (device.device, device.heard_ms, device.online) == ("w01", None, False)


def test_a_hall_whose_citizens_cannot_be_called_back_is_named(running):
    data, known = running.settings.data, {"central_identity_key": "of central"}
    assert doctor.gather(running.settings, now_ms()).callees is None
    sealed = running.applicants.seal("queue", "1", ("C1", 1), Identity(Person("欧阳思齐")))
    running.store.run(lambda connection: sealed(connection, now_ms()))
    assert doctor.gather(settings(data), now_ms()).callees is False
    assert doctor.gather(settings(data).model_copy(update=known), now_ms()).callees is True


def test_what_is_wrong_on_disk_is_seen(running):
    data = running.settings.data
    running.stop()
    (data / "pki" / "server.key").chmod(0o644)
    facts = doctor.gather(settings(data).model_copy(update={"broker_host": "10.9.8.7"}), now_ms())
    assert not facts.running and facts.checks is None
    assert facts.open_files == ("pki/server.key",) and facts.unnamed == "10.9.8.7"
    (data / "gateway.db").write_bytes(b"this is no database" * 1000)
    assert "不能读取" in doctor.gather(settings(data), now_ms()).database_error


@pytest.fixture
def centre():
    """A central that answers what the test wants, an hour ahead."""

    class Handler(BaseHTTPRequestHandler):
        status = 200

        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(self.status)
            self.end_headers()

        def date_time_string(self, timestamp=None):
            return super().date_time_string(now_ms() / 1000 + 3600)

        def log_message(self, *_):
            """Quietly."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_central_is_asked_with_the_key_and_its_clock_compared(running, centre):
    url = f"http://127.0.0.1:{centre.server_port}"
    given = running.settings.model_copy(update={"central_url": url})
    told = doctor.gather(given, now_ms()).central
    assert told and told.status == 200 and abs(told.offset_ms - 3_600_000) < 5_000
    centre.RequestHandlerClass.status = 401
    assert doctor.gather(given, now_ms()).central.status == 401
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    away = given.model_copy(update={"central_url": f"http://127.0.0.1:{port}"})
    assert "ConnectError" in doctor.gather(away, now_ms()).central.error


def test_the_command_says_what_to_do_and_fails_when_something_is_broken(running):
    data = str(running.settings.data)
    done = run.invoke(app, ["gateway", "doctor", "--data", data], env={"HCP_GATEWAY_HALL": HALL})
    assert done.exit_code == Exit.OK and "正常" in done.output and "没有设置中心系统" in done.output
    os.chmod(running.settings.data / "pki" / "ca.key", 0o640)
    broken = run.invoke(app, ["gateway", "doctor", "--data", data, "--json"], env={"HCP_GATEWAY_HALL": HALL})
    told = json.loads(broken.stdout)
    assert broken.exit_code == Exit.FAILURE and told["grade"] == "fail"
    assert any("chmod 600 pki/ca.key" in finding["advice"] for finding in told["findings"])
