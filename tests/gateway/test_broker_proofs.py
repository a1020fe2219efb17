"""``hcp broker check``: holds for both brokers, and would not hold for one that lets things pass."""

import json
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.broker import mosquitto, probe, proofs, trial
from gateway.settings import GatewaySettings
from hcp.exits import Exit
from hcp.main import app
from tests.gateway.mosquitto_process import program

run = CliRunner()


@pytest.mark.parametrize("kind", ["embedded", "mosquitto"])
def test_the_hall_broker_keeps_every_rule(kind: str, tmp_path: Path) -> None:
    if kind == "mosquitto":
        program()
    done = run.invoke(app, ["broker", "check", "--data", str(tmp_path / "data"), "--broker", kind, "--json"])
    told = json.loads(done.stdout)
    assert [proof for proof in told["proofs"] if not proof["held"]] == []
    assert (done.exit_code, told["ok"], len(told["proofs"])) == (Exit.OK, True, proofs.RULES)


def test_a_broker_that_lets_things_pass_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Mosquitto as a manual on the web would set it up: TLS, and nothing that tells one client from another."""
    program()
    right = mosquitto.configuration

    def careless(settings: mosquitto.MosquittoSettings) -> str:
        text = right(settings).replace("require_certificate true", "require_certificate false")
        text = text.replace("use_identity_as_username true\nuse_username_as_clientid true\n", "")
        text = text.replace(f"crlfile {settings.revocations}\n", "")
        text = text.replace(f"acl_file {settings.access}\n", "").replace("max_packet_size 8190", "")
        return text.replace("allow_anonymous false", "allow_anonymous true")

    monkeypatch.setattr(mosquitto, "configuration", careless)
    monkeypatch.setattr(probe, "DEADLINE_S", 1.0)
    with trial.running(GatewaySettings(data=tmp_path, broker="mosquitto", broker_user="root"), tmp_path) as scratch:
        broken = {proof.rule for proof in proofs.prove(scratch) if not proof.held}
    assert {
        "没有证书不能连接",
        "本机构签发但未登记的证书被断开",
        "超过上限的数据包：连接被断开",
        "被吊销的评价器：立即断开，不能再连接",
    } <= broken
    assert "不用 TLS 得不到应答" not in broken


def test_without_a_broker_every_proof_fails_with_words(tmp_path: Path) -> None:
    proofs.furnish(tmp_path, trial.HALL)
    scratch = proofs.Scratch(tmp_path, trial.HALL, 1, lambda name: None)
    found = {proof.rule: proof for proof in proofs.prove(scratch)}
    assert not found["记录送达网关并得到应答"].held and "ConnectionRefused" in found["记录送达网关并得到应答"].words
    assert not any(proof.held for proof in found.values()), "that nobody answers proves nothing"


def test_the_configuration_can_be_written_and_run_by_hand(tmp_path: Path) -> None:
    data, unit = tmp_path / "data", tmp_path / "hcp-mosquitto.service"
    words = ["broker", "config", "--data", str(data), "--unit", str(unit), "--json"]
    settings = {"HCP_GATEWAY_HALL": "h1", "HCP_GATEWAY_BROKER_HOST": "127.0.0.1", "HCP_GATEWAY_BROKER_PORT": "18883"}
    done = run.invoke(app, words, env=settings)
    told = json.loads(done.stdout)
    assert done.exit_code == Exit.OK and told["port"] == 18883
    assert f"-c {told['configuration']}" in unit.read_text() and "NoNewPrivileges=true" in unit.read_text()
    assert Path(told["revocations"]).is_file() and "pattern write" in Path(told["access"]).read_text()
    log = Path(told["configuration"]).parent / "mosquitto.log"
    with subprocess.Popen([program(), "-c", told["configuration"]]) as started:
        try:
            until(lambda: log.exists() and "running" in log.read_text(), "Mosquitto takes the configuration")
            opened = re.findall(r"Opening (\w+) listen socket on (?:port|path) (\S+)\.", log.read_text())
            door = str(Path(told["configuration"]).parent / "door.sock")
            assert opened == [("ipv4", "18883"), ("unix", door)], "nothing else is open, 1883 least of all"
        finally:
            started.terminate()


def until(condition, what: str) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, what
        threading.Event().wait(0.01)  # it tells nobody: look again


def test_mosquitto_needs_a_port_of_its_own(tmp_path: Path) -> None:
    done = run.invoke(app, ["broker", "config", "--data", str(tmp_path)],
                      env={"HCP_GATEWAY_HALL": "h1", "HCP_GATEWAY_BROKER_PORT": "0"})  # fmt: skip
    assert done.exit_code == Exit.CONFIG and "broker_port" in done.output
