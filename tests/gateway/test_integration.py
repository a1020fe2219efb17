"""docs/integration-queue.md, block by block, against a real gateway with a real device."""

import datetime
import http.server
import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gateway.clock import HandClock
from gateway.core import feed, times
from gateway.run import Gateway
from gateway.settings import GatewaySettings
from tests.gateway.desk import HALL, enrol
from tests.gateway.wire import Wire

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "integration-queue.md").read_text(encoding="utf-8")
#: (language, text) of every block, and ("rate", "WINDOW CASE") for what a citizen does in between.
BLOCKS = [
    (match["lang"], match["text"]) if match["lang"] else ("rate", match["stage"])
    for match in re.finditer(r"^```(?P<lang>\w+)\n(?P<text>.*?)^```$|^<!-- rate (?P<stage>.+?) -->$", TEXT, re.M | re.S)
]


def only(language: str) -> str:
    (text,) = [text for lang, text in BLOCKS if lang == language]
    return text


class Receiver(http.server.BaseHTTPRequestHandler):
    """The business system's webhook."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((dict(self.headers.items()), body))
        self.server.came.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.came = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def hall(tmp_path, receiver):
    data = tmp_path / "data"
    data.mkdir()
    toml = only("toml").replace("127.0.0.1:9000", f"127.0.0.1:{receiver.server_port}")
    (data / "systems.toml").write_text(toml)
    (tmp_path / "events.csv").write_text(only("csv"))
    # not before the times in the document, whatever this machine believes
    clock = HandClock(max(time.time_ns() // 1_000_000, times.parse("2026-11-23T10:00:00+08:00")))
    settings = GatewaySettings(data=data, hall=HALL, broker_host="127.0.0.1", broker_port=0, http_port=0)
    gateway = Gateway(settings, clock)
    gateway.start()
    gateway.clock = clock
    yield gateway
    gateway.stop()


def rate(hall: Gateway, window: str, case_no: str, tmp_path: Path) -> None:
    """A citizen presses a star while a case stands at a window, and time goes by until it is told."""
    reader = hall.store.reader()
    where = "SELECT served_ms FROM servings WHERE window = ? AND case_no = ?"
    (served_ms,) = reader.execute(where, (window, case_no)).fetchone()
    wire = Wire(enrol(hall.settings.data, "w01", window), hall.mqtt_port, hall.settings.data, tmp_path)
    wire.wait(lambda: wire.connects, "connected")
    wire.send(wire.twin.rating(2, None, wall_ms=served_ms + 20_000, error_ms=20))
    wire.until_receipt(1)
    wire.close()
    hall.clock.turn(feed.DELAY_MS + feed.STEP_MS)
    hall.feed.release()


def run(script: str, folder: Path, **variables: str) -> str:
    environment = {**os.environ, **variables, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for name in [name for name in environment if name.lower().endswith("_proxy")]:
        del environment[name]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_block_of_the_document_does_what_it_says(hall, receiver, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples"))
    key = re.search(r'^key = "(.+)"', only("toml"), re.M)[1]
    secret = re.search(r'^webhook_secret = "(.+)"', only("toml"), re.M)[1]
    url, data = hall.facts()["http"], str(hall.settings.data)
    names = {"GATEWAY": url, "KEY": key, "SECRET": secret, "WAITING": str(tmp_path / "waiting.db")}
    said = ""
    for language, text in BLOCKS:
        if language == "sh":
            said = run(text, tmp_path, GATEWAY=url, KEY=key, DATA=data)
        elif language == "json":
            assert json.loads(said) == json.loads(text)
        elif language == "rate":
            rate(hall, *text.split(), tmp_path)
            assert receiver.came.wait(20)
            names["received"] = receiver.got[0]
            names["now_s"] = hall.clock.now_ms() // 1000
        elif language == "python":
            exec(compile(text, "docs/integration-queue.md", "exec"), names)
    assert [lang for lang, _ in BLOCKS].count("sh") == 6 and (tmp_path / "bad.csv").exists()
    (event,) = json.loads(receiver.got[0][1])["events"]
    assert (event["type"], event["case_no"]) == ("rated", "LC-2026-4")


@pytest.fixture
def client(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples"))
    return importlib.import_module("queue_client")


def test_the_example_client_loses_and_doubles_nothing_over_restarts_and_outages(client, hall, tmp_path):
    path, key = str(tmp_path / "waiting.db"), re.search(r'^key = "(.+)"', only("toml"), re.M)[1]
    away = client.QueueClient("http://127.0.0.1:9", key, path)
    at = datetime.datetime(2026, 11, 23, 1, 0, tzinfo=datetime.UTC)
    hall.service.put_window("A01", None, True)
    for number in range(3):
        away.tell("called", at, window="A01", case_no=f"C{number}", service_no=1)
    with pytest.raises(client.Busy):
        away.flush()
    again = client.QueueClient(hall.facts()["http"], key, path)
    results = again._post([json.loads(row[0]) for row in again._waiting.execute("SELECT body FROM waiting LIMIT 1")])
    assert results[0]["status"] == "accepted"  # taken, and the answer lost
    assert again.flush() == 3 and again.refused() == [] and again.flush() == 0
    rows = hall.store.reader().execute("SELECT case_no FROM business_events ORDER BY id").fetchall()
    assert rows == [("C0",), ("C1",), ("C2",)]


def test_the_example_client_waits_longer_each_time_and_then_goes_on(client, hall, tmp_path, monkeypatch):
    key = re.search(r'^key = "(.+)"', only("toml"), re.M)[1]
    mine = client.QueueClient("http://127.0.0.1:9", key, str(tmp_path / "waiting.db"))
    mine.tell("sign_out", datetime.datetime(2026, 11, 23, 1, 0, tzinfo=datetime.UTC), window="A01")
    hall.service.put_window("A01", None, True)
    monkeypatch.setattr(client.random, "uniform", lambda low, high: high)
    pauses: list[float] = []

    def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 9:
            mine._url = hall.facts()["http"]

    mine.run(lambda: len(pauses) == 10, sleep)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 1]
    assert hall.store.reader().execute("SELECT count(*) FROM business_events").fetchone() == (1,)
