"""kill -9 of a real gateway process, again and again, while devices go on pressing: nothing lost, nothing twice."""

import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest

from protocol import record
from tests.gateway.centre import Centre
from tests.gateway.desk import HALL, enrol, poll
from tests.gateway.wire import Wire

KILLS = 8
PROGRAM = (
    "import sys; from pathlib import Path; from gateway.run import run; from gateway.settings import load;"
    "run(load(Path(sys.argv[1])), as_json=True)"
)


class Process:
    """The gateway as a process of its own, on fixed ports so that devices find it again."""

    def __init__(self, config):
        self.config = config
        self.popen = None

    def start(self) -> dict:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        line = self.popen.stdout.readline()
        assert line, f"the gateway ended with {self.popen.wait()}"
        return json.loads(line)

    def end(self, number: int) -> int:
        self.popen.send_signal(number)
        self.popen.stdout.close()
        return self.popen.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def process(tmp_path):
    centre = Centre()
    config = tmp_path / "gateway.toml"
    data = tmp_path / "data"
    config.write_text(
        f'data = "{data}"\nhall = "{HALL}"\nbroker_host = "127.0.0.1"\nbroker_port = {free_port()}\nhttp_port = 0\n'
        f'central_url = "{centre.url}"\ncentral_key = "hall-key"\n'
    )
    process = Process(config)
    process.data, process.centre = data, centre
    yield process
    if process.popen and process.popen.poll() is None:
        process.popen.kill()
        process.popen.wait()
    centre.close()


class Presser(threading.Thread):
    """A device that presses on, and sends again from its first record without a receipt, as spec 6.4 says."""

    def __init__(self, wire: Wire, count: int):
        super().__init__(daemon=True)
        self.wire = wire
        self.count = count
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            wire, sent, seen, quiet = self.wire, 0, 0, time.monotonic()
            while wire.receipted < self.count:
                if wire.connects != seen or time.monotonic() - quiet > 1.0:
                    seen, sent, quiet = wire.connects, wire.receipted, time.monotonic()
                while sent < min(wire.receipted + 8, self.count):
                    if sent == len(wire.twin.sent):
                        wire.twin.rating(random.randint(1, 5), wall_ms=time.time_ns() // 1_000_000)
                    wire.send(wire.twin.sent[sent])
                    sent += 1
                before = wire.receipted
                with wire.changed:
                    if wire.receipted == before and wire.connects == seen:
                        wire.changed.wait(0.5)
                if wire.receipted > before:
                    quiet = time.monotonic()
                    sent = max(sent, wire.receipted)
        except BaseException as error:
            self.failure = error


@pytest.mark.requirement("JX-3.1b")
@pytest.mark.requirement("LZ-1c")
@pytest.mark.timeout(200)
def test_kill_9_at_any_moment_loses_and_doubles_nothing(process, tmp_path):
    dice = random.Random(20)
    facts = process.start()
    wires = [Wire(enrol(process.data, f"w{n}", f"A{n}"), facts["mqtt_port"], process.data, tmp_path) for n in (1, 2, 3)]
    pressers = [Presser(wire, 400) for wire in wires]
    for presser in pressers:
        presser.start()
    for _ in range(KILLS):
        goal = wires[0].receipted + dice.randint(1, 40)
        if goal < 400:
            wires[0].until_receipt(goal)
        threading.Event().wait(dice.uniform(0, 0.02))
        process.end(signal.SIGKILL)
        process.start()
    for presser in pressers:
        presser.join(100)
        assert presser.failure is None and not presser.is_alive(), (presser.failure, presser.wire.receipted)
    process.centre.wait(lambda: sum("record/" in name for name in process.centre.order) >= 1200, 30)
    for wire in wires:
        wire.close()
    assert process.end(signal.SIGTERM) == 0

    database = sqlite3.connect(f"file:{process.data}/gateway.db?mode=ro", uri=True)
    for wire in wires:
        stored = database.execute(
            "SELECT body FROM records WHERE device = ? AND state = 'linked' ORDER BY seq", (wire.twin.device,)
        ).fetchall()
        assert [body for (body,) in stored] == wire.twin.sent[:400]
    assert database.execute("SELECT count(*) FROM conflicts").fetchone() == (0,)
    assert database.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert database.execute("SELECT count(*), count(DISTINCT device || seq) FROM bindings").fetchone() == (1200, 1200)
    database.close()
    names = {
        f"record/{wire.twin.device}/{seq}/{record.record_hash(body).hex()[:16]}"
        for wire in wires
        for seq, body in enumerate(wire.twin.sent[:400], 1)
    }
    assert {name for name in process.centre.held if name.startswith("record/")} == names


def test_sigterm_stops_cleanly_and_a_second_start_goes_on(process):
    first = process.start()
    assert process.end(signal.SIGTERM) == 0
    second = process.start()
    assert first["mqtt_port"] == second["mqtt_port"] and second["hall"] == HALL
    poll(lambda: process.popen.poll() is None)
    assert process.end(signal.SIGINT) == 0
