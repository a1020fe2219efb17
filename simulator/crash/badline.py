"""A bad line between gateway and central: an HTTP proxy that loses, repeats and delays answers, from a seed."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Faults:
    """Shares of 1. ``lost``: central has committed, its answer never comes; ``repeated``: the request reaches central
    twice; ``delayed``: the answer waits up to ``delay_s``, longer than the gateway's patience; ``asked_in_vain``: the
    request itself is lost."""

    lost: float = 0.3
    repeated: float = 0.1
    delayed: float = 0.1
    asked_in_vain: float = 0.05
    delay_s: float = 3.0


class BadLine:
    """Stands at ``port`` and passes POSTs on to central's port. ``counts`` says what it did; ``calm`` ends the faults.

    ``duplicates`` counts the events that central called duplicates: without any, a repeat was never exercised.
    """

    def __init__(self, central_port: int, faults: Faults, seed: int):
        self.counts: Counter[str] = Counter()
        self.duplicates = 0
        self._central_port = central_port
        self._faults: Faults | None = faults
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                self.close_connection = not line.pass_on(self)

            def log_message(self, *_: object) -> None:
                """Say nothing: it is all counted."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        # a caller that has hung up is what we are here for
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def calm(self) -> None:
        """From now on a good line."""
        self._faults = None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def pass_on(self, handler: BaseHTTPRequestHandler) -> bool:
        """One request; False if the connection ends without an answer."""
        body = handler.rfile.read(int(handler.headers["content-length"]))
        fate, wait_s = self._fate()
        with self._lock:
            self.counts["requests"] += 1
            self.counts[fate] += 1
        if fate == "asked_in_vain":
            return False
        try:
            status, headers, answer = self._ask(handler, body)
            if fate == "repeated":
                status, headers, answer = self._ask(handler, body)
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.counts["central_away"] += 1
            return False
        if fate == "lost":
            return False
        time.sleep(wait_s)
        handler.send_response(status)
        for name in ("content-type", "retry-after"):
            if name in headers:
                handler.send_header(name, headers[name])
        handler.send_header("content-length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)
        return True

    def _fate(self) -> tuple[str, float]:
        faults = self._faults
        if faults is None:
            return "good", 0.0
        with self._lock:
            dice = self._random.random()
            wait_s = self._random.uniform(0.05, faults.delay_s)
        for name in ("lost", "repeated", "delayed", "asked_in_vain"):
            dice -= getattr(faults, name)
            if dice < 0:
                return name, wait_s if name == "delayed" else 0.0
        return "good", 0.0

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._central_port, timeout=_PATIENCE_S)
        try:
            passed = {name: handler.headers[name] for name in ("authorization", "content-type", "content-encoding")
                      if name in handler.headers}  # fmt: skip
            connection.request("POST", handler.path, body, passed)
            response = connection.getresponse()
            answer = response.read()
            headers = {name.lower(): value for name, value in response.getheaders()}
        finally:
            connection.close()
        if response.status == 200:
            found = json.loads(answer)["results"]
            with self._lock:
                self.duplicates += sum(result["status"] == "duplicate" for result in found)
        return response.status, headers, answer
