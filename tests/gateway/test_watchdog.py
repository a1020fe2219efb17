"""What systemd hears from a gateway, and the unit that makes it listen."""

import configparser
import os
import socket
import subprocess
import sys
import threading

import pytest

from gateway import unit
from gateway.settings import GatewaySettings, SettingsError
from gateway.watchdog import Watchdog


@pytest.fixture
def systemd(tmp_path):
    """The far end of NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(20)
        yield listening


def environment(systemd, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": systemd.getsockname(), **more}


def heard(systemd) -> list[str]:
    return systemd.recv(1000).decode().split("\n")


def test_ready_then_alive_as_long_as_it_is(systemd):
    asked, well = threading.Semaphore(0), threading.Event()
    well.set()

    def alive() -> bool:
        asked.release()
        return well.is_set()

    watchdog = Watchdog(alive, environment(systemd, WATCHDOG_USEC="60000"))
    watchdog.start("大厅 lucheng")
    assert heard(systemd) == ["READY=1", "STATUS=大厅 lucheng"]
    assert heard(systemd) == heard(systemd) == ["WATCHDOG=1"]
    well.clear()
    while watchdog._thread.is_alive():
        assert asked.acquire(timeout=20)
        watchdog._thread.join(1)
    watchdog.stop()
    rest = heard(systemd)
    while rest == ["WATCHDOG=1"]:  # what was said before it fell ill
        rest = heard(systemd)
    assert rest == ["STOPPING=1"]


@pytest.mark.parametrize("more", [{}, {"WATCHDOG_USEC": "60000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "x"}])
def test_without_a_watchdog_of_ours_only_ready_is_told(systemd, more):
    watchdog = Watchdog(lambda: True, environment(systemd, **more))
    watchdog.start("x")
    watchdog.stop()
    assert (heard(systemd)[0], heard(systemd)) == ("READY=1", ["STOPPING=1"])


def test_without_systemd_nothing_happens(caplog):
    watchdog = Watchdog(lambda: True, {})
    watchdog.start("x")
    watchdog.stop()
    gone = Watchdog(lambda: True, {"NOTIFY_SOCKET": "/nowhere/at/all"})
    gone.start("x")
    assert "systemd cannot be told READY=1" in caplog.text


def test_a_real_gateway_tells_systemd(systemd, tmp_path):
    settings = {
        "HCP_GATEWAY_HALL": "h1", "HCP_GATEWAY_BROKER_HOST": "127.0.0.1", "HCP_GATEWAY_BROKER_PORT": "0",
        "HCP_GATEWAY_HTTP_PORT": "0", **environment(systemd, WATCHDOG_USEC="300000"),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "hcp", "gateway", "run", "--data", tmp_path / "data"],
        env={**os.environ, **settings}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert heard(systemd) == ["READY=1", "STATUS=大厅 h1"]
        assert heard(systemd) == ["WATCHDOG=1"]
    finally:
        process.terminate()
        assert process.wait(20) == 0
    said = heard(systemd)
    while said == ["WATCHDOG=1"]:
        said = heard(systemd)
    assert said == ["STOPPING=1"]


def test_the_unit_is_restarted_watched_and_shut_in(tmp_path):
    config = configparser.ConfigParser(strict=True, interpolation=None)
    config.optionxform = str  # type: ignore[method-assign,assignment]
    settings = GatewaySettings(data=tmp_path)
    config.read_string(unit.text(settings, tmp_path / "hcp", "hcp", tmp_path / "g.toml", "hcp-mosquitto.service"))
    service = config["Service"]
    assert service["ExecStart"] == f"{tmp_path}/hcp gateway run --data {tmp_path} --config {tmp_path}/g.toml"
    assert (service["Type"], service["Restart"], service["WatchdogSec"]) == ("notify", "always", "30")
    assert service["ReadWritePaths"] == str(tmp_path) and service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == "" and service["NoNewPrivileges"] == "true"
    assert "hcp-mosquitto.service" in config["Unit"]["After"]


def test_a_folder_that_a_unit_cannot_express_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot hold"):
        unit.text(GatewaySettings(data=tmp_path / "two words"), tmp_path / "hcp", "hcp", None, None)
