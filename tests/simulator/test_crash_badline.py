"""The bad line does to requests and answers what its name says, and counts it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from simulator.crash.badline import BadLine, Faults


@pytest.fixture
def central():
    """Counts the POSTs that reach it; calls each event a duplicate from the second time on."""
    taken = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(self.rfile.read(int(self.headers["content-length"])))
            status = "accepted" if len(taken) == 1 else "duplicate"
            body = json.dumps({"results": [{"id": "a", "status": status}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.taken = taken
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked(central, **faults: float) -> tuple[BadLine, list[str]]:
    """Ask once; gives the line and the statuses in the answer, none if there was none."""
    every = {"lost": 0.0, "repeated": 0.0, "delayed": 0.0, "asked_in_vain": 0.0, "delay_s": 0.06, **faults}
    line = BadLine(central.server_port, Faults(**every), 1)
    try:
        answer = httpx.post(f"http://127.0.0.1:{line.port}/api/v1/events", content=b"[]", timeout=10)
        return line, [result["status"] for result in answer.json()["results"]]
    except httpx.TransportError:
        return line, []
    finally:
        line.close()


def test_a_lost_answer_was_given_by_central_and_reaches_nobody(central):
    line, statuses = asked(central, lost=1.0)
    assert statuses == [] and central.taken == [b"[]"] and line.counts["lost"] == 1


def test_a_repeated_request_reaches_central_twice(central):
    line, statuses = asked(central, repeated=1.0)
    assert statuses == ["duplicate"] and len(central.taken) == 2 and line.duplicates == 1


def test_a_lost_request_reaches_nobody(central):
    line, statuses = asked(central, asked_in_vain=1.0)
    assert statuses == [] and central.taken == [] and line.counts["asked_in_vain"] == 1


@pytest.mark.parametrize("faults", [{}, {"delayed": 1.0}], ids=["good", "delayed"])
def test_a_good_and_a_late_answer_arrive(central, faults):
    line, statuses = asked(central, **faults)
    assert statuses == ["accepted"] and line.counts[next(iter(faults), "good")] == 1
