"""Central as a real process: it says when it is ready, stops when asked, and keeps its word when it is killed."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cbor2
import httpx
import pytest

from tests.central.conftest import AUDITOR, AUDITOR_KEY, HALL_KEY, SENDER, Gateway

PROGRAM = "from central import run, settings; run.run(settings.load(), as_json=True)"
WAIT_S = 30


class Central:
    """A child process on a data folder."""

    def __init__(self, folder: Path, gateway: Gateway, server: str = ""):
        self.folder = folder
        self.server = server
        self.children: list[subprocess.Popen[str]] = []
        folder.mkdir(exist_ok=True)
        (folder / "ca.pem").write_bytes(gateway.authority.pem)
        hall = f'[[hall]]\nid = "{gateway.hall}"\nname = "大厅"\nauthority = "ca.pem"\nkey = "{HALL_KEY}"\n'
        (folder / "halls.toml").write_text(hall, encoding="utf-8")
        self.start()

    def start(self, port: int = 0) -> None:
        given = {"DATA_DIR": str(self.folder), "AUDITOR_KEY": AUDITOR_KEY, "PORT": str(port)}
        given["DATABASE_URL"] = self.server
        environment = {**os.environ, **{f"HCP_CENTRAL_{name}": value for name, value in given.items()}}
        with (self.folder / "log").open("ab") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=log, env=environment, text=True
            )
        self.children.append(self.child)
        assert self.child.stdout
        assert select.select([self.child.stdout], [], [], WAIT_S)[0], self.log()
        line = self.child.stdout.readline()
        assert line, self.log()
        ready = json.loads(line)
        assert ready["ready"] == "central"
        self.url, self.port = ready["url"], ready["port"]

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def post(self, batch: list) -> list[str]:
        answer = httpx.post(self.url + "api/v1/events", content=json.dumps(batch), headers=SENDER, timeout=WAIT_S)
        return [result["status"] for result in answer.raise_for_status().json()["results"]]

    def end(self, how: signal.Signals) -> int:
        self.child.send_signal(how)
        return self.child.wait(WAIT_S)

    def close(self) -> None:
        for child in self.children:
            child.kill()
            child.wait(WAIT_S)
            assert child.stdout
            child.stdout.close()


@pytest.fixture
def central(tmp_path, gateway):
    running = Central(tmp_path / "central", gateway)
    yield running
    running.close()


@pytest.fixture
def killed(place, gateway):
    """One on each database, to be killed."""
    running = Central(place.folder, gateway, place.server)
    yield running
    running.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_when_it_says_so_and_stops_when_asked(central, how):
    assert httpx.get(central.url + "healthz").json() == {"status": "ok"}
    assert central.end(how) == 0
    assert central.log() == ""


def test_a_port_that_is_taken_is_an_error(central):
    with pytest.raises(AssertionError, match="address already in use"):
        Central.start(central, port=central.port)
    assert central.child.wait(WAIT_S) != 0


def test_a_body_that_never_ends_is_cut_off(central):
    """Raw bytes: more than the announced nothing, in chunks."""
    with socket.create_connection(("127.0.0.1", central.port), timeout=WAIT_S) as wire:
        head = "POST /api/v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in SENDER.items())
        wire.sendall(head.encode() + b"\r\n")
        try:
            for _ in range(200):
                wire.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        except OSError:
            pass  # it hung up on us, as it should
        else:
            assert wire.recv(100).startswith(b"HTTP/1.1 413")
    assert httpx.get(central.url + "healthz").status_code == 200


@pytest.mark.requirement("JX-3.1b")
def test_kill_9_loses_nothing_that_was_answered(killed, gateway):
    """Five rounds: one batch is answered, the next is under way when the process dies; it is sent again afterwards."""
    device = gateway.device()
    assert killed.post([gateway.enrolled(device)]) == ["accepted"]
    for round_number in range(5):
        sure = [gateway.record(device.rating(number % 5 + 1)) for number in range(20)]
        risky = [gateway.record(device.rating(1)) for _ in range(200)]
        assert killed.post(sure) == ["accepted"] * 20
        answers: list[str] = []
        begun = threading.Event()

        def send(risky=risky, answers=answers, begun=begun) -> None:
            begun.set()
            try:
                answers += killed.post(risky)
            except httpx.HTTPError:
                pass

        sender = threading.Thread(target=send)
        sender.start()
        begun.wait(WAIT_S)
        sender.join(round_number * 0.035)  # a later moment each time
        killed.end(signal.SIGKILL)
        sender.join(WAIT_S)
        killed.start()
        assert killed.post(sure) == ["duplicate"] * 20
        again = killed.post(risky)
        assert set(again) <= ({"duplicate"} if answers else {"accepted", "duplicate"})
        assert len(set(again)) == 1, "a batch is taken as a whole"
    stored = httpx.get(killed.url + "api/v1/records.cborseq", headers=AUDITOR).content
    assert stored == b"".join(device.sent)
    [hall] = httpx.get(killed.url + "api/v1/summary", headers=AUDITOR).json()["halls"]
    assert hall["devices"][0]["head"] == hall["records"] == 5 * 220
    assert hall["incidents"] == []
    assert cbor2.loads(stored).tag == 18


@pytest.mark.requirement("WZ-8b")
def test_two_processes_on_one_server_take_each_fact_once(tmp_path, postgres, gateway):
    """Four gateways' worth of senders over two processes, all with the same batches: as if it were one."""
    device = gateway.device()
    with postgres.lent() as server:
        both = [Central(tmp_path / name, gateway, server) for name in ("one", "two")]
        assert both[0].post([gateway.enrolled(device), gateway.service("C1")]) == ["accepted"] * 2
        batches = [
            [gateway.record(device.rating(level % 5 + 1), gateway.bound(device, "C1")) for level in range(20)]
            for _ in range(5)
        ]
        answers: list[str] = []

        def send(central: Central) -> None:
            for batch in batches:
                answers.extend(central.post(batch))

        senders = [threading.Thread(target=send, args=(both[number % 2],)) for number in range(4)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join(WAIT_S)
        assert answers.count("accepted") == 100 and answers.count("duplicate") == 300
        for central in both:
            stored = httpx.get(central.url + "api/v1/records.cborseq", headers=AUDITOR).content
            assert stored == b"".join(device.sent)
            [hall] = httpx.get(central.url + "api/v1/summary", headers=AUDITOR).json()["halls"]
            assert (hall["ratings"]["counted"], hall["ratings"]["already_rated"]) == (1, 99)
            central.close()
