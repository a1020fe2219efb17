"""A small central over real HTTP: it keeps what it accepts and can be told to misbehave."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Reply = tuple[int, dict[str, str], bytes]


def results(events: list[dict], status: str = "accepted", code: str = "") -> Reply:
    found = [{"id": event["id"], "status": status, "code": code, "detail": ""} for event in events]
    return 200, {}, json.dumps({"results": found}).encode()


class Centre:
    """``held``: events by id, the first stands. ``mood(events) -> Reply | None`` answers instead; None: no answer."""

    def __init__(self, port: int = 0):
        self.held: dict[str, dict] = {}
        self.order: list[str] = []
        self.posts = 0
        self.keys: set[str | None] = set()
        self.repeats = 0
        self.mood: Callable[[list[dict]], Reply | None] | None = None
        self.changed = threading.Condition()
        centre = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                centre.keys.add(self.headers["authorization"])
                reply = centre.take(self.path, self.headers["content-type"], json.loads(body))
                if reply is None:
                    self.connection.close()
                    self.close_connection = True
                    return
                status, headers, content = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

            def finish(self) -> None:
                try:
                    super().finish()
                except (OSError, ValueError):
                    pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def take(self, path: str, content_type: str, events: list[dict]) -> Reply | None:
        assert path == "/api/v1/events" and content_type == "application/cloudevents-batch+json"
        with self.changed:
            self.posts += 1
            reply = self.mood(events) if self.mood else self.keep(events)
            self.changed.notify_all()
            return reply

    def keep(self, events: list[dict]) -> Reply:
        found = []
        for event in events:
            known = self.held.setdefault(event["id"], event)
            new = known is event
            if new:
                self.order.append(event["id"])
            else:
                self.repeats += 1
            status = "accepted" if new else ("duplicate" if known == event else "conflict")
            found.append({"id": event["id"], "status": status, "code": "", "detail": ""})
        return 200, {}, json.dumps({"results": found}).encode()

    def wait(self, ready: Callable[[], object], timeout_s: float = 15.0) -> None:
        with self.changed:
            assert self.changed.wait_for(ready, timeout_s), (self.posts, self.order)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
