"""A queue system's side of the gateway's business API. Standard library only; copy it, or write your own after it.

Two rules carry the whole: an event is on disk here before it is sent, and it is sent under the same id until the
gateway has answered it. So neither a restart nor a cut line loses an event, and none counts twice.
"""

import base64
import datetime
import hashlib
import hmac
import json
import random
import sqlite3
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping

BATCH = 500
MAX_WAIT_S = 60.0
#: A webhook older than this is a replay.
MAX_AGE_S = 300


class Busy(Exception):
    """The gateway is away or busy; everything waits. ``wait_s``: what it asked for, if it did."""

    def __init__(self, why: str, wait_s: float = 0.0):
        super().__init__(why)
        self.wait_s = wait_s


class QueueClient:
    """``url`` and ``key`` of the gateway, and a file of one's own for what was not answered yet."""

    def __init__(self, url: str, key: str, path: str):
        self._url = url.rstrip("/")
        self._key = key
        self._waiting = sqlite3.connect(path)
        self._waiting.executescript(
            "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, body TEXT NOT NULL);"
            "CREATE TABLE IF NOT EXISTS refused (body TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL)"
        )

    def tell(self, kind: str, at: datetime.datetime | None = None, **fields: object) -> str:
        """Note an event and give its id. Nothing is sent yet, so no clerk ever waits for the network."""
        event_id = uuid.uuid4().hex
        moment = at or datetime.datetime.now(datetime.UTC)
        event = {"id": event_id, "type": kind, "at": moment.isoformat(timespec="milliseconds"), **fields}
        with self._waiting:
            self._waiting.execute("INSERT INTO waiting (body) VALUES (?)", (json.dumps(event),))
        return event_id

    def flush(self) -> int:
        """Send what waits, oldest first; gives how many were answered. Raises Busy if the gateway took nothing."""
        answered = 0
        while rows := self._waiting.execute(
            "SELECT number, body FROM waiting ORDER BY number LIMIT ?", (BATCH,)
        ).fetchall():
            results = self._post([json.loads(body) for _, body in rows])
            with self._waiting:
                for (number, body), result in zip(rows, results, strict=True):
                    # accepted and duplicate are both done; whatever else is for a person to look at
                    if result["status"] not in ("accepted", "duplicate"):
                        values = (body, result["code"], result["detail"])
                        self._waiting.execute("INSERT INTO refused VALUES (?, ?, ?)", values)
                    self._waiting.execute("DELETE FROM waiting WHERE number = ?", (number,))
            answered += len(rows)
        return answered

    def run(self, stopped: Callable[[], bool], sleep: Callable[[float], object] = time.sleep) -> None:
        """Send for ever; wait longer after each failure, and by chance, so that systems do not come all at once."""
        failures = 0
        while not stopped():
            try:
                self.flush()
                failures, pause_s = 0, 1.0
            except Busy as busy:
                failures += 1
                pause_s = max(busy.wait_s, random.uniform(0, min(MAX_WAIT_S, 0.5 * 2**failures)))
            sleep(pause_s)

    def refused(self) -> list[tuple[str, str, str]]:
        """Events that the gateway will not take as they are: (event, code, detail)."""
        return self._waiting.execute("SELECT body, code, detail FROM refused").fetchall()

    def _post(self, events: list[dict]) -> list[dict]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._url}/api/v1/events", json.dumps(events).encode(), headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            if error.code in (408, 429) or error.code >= 500:
                raise Busy(f"HTTP {error.code}", float(error.headers.get("Retry-After") or 0)) from error
            raise  # 401, 403, 413 …: our own settings are wrong, and sending again mends nothing
        except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
            raise Busy(str(error)) from error


def notices(url: str, key: str, last_id: int) -> Iterator[dict]:
    """The gateway's notices behind ``last_id``, as they come. Keep each id: it is where to go on after a cut."""
    headers = {"Authorization": f"Bearer {key}", "Last-Event-ID": str(last_id)}
    request = urllib.request.Request(f"{url.rstrip('/')}/api/v1/feed", headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as stream:  # noqa: S310 - it says something every 15 s
        for line in stream:
            if line.startswith(b"data:"):
                yield json.loads(line[5:])


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether a webhook came from the gateway, unchanged, and just now. ``secret`` as in systems.toml (``whsec_…``)."""
    message_id, sent_s = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not sent_s.isdigit() or abs(now_s - int(sent_s)) > MAX_AGE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = hmac.digest(key, f"{message_id}.{sent_s}.".encode() + body, hashlib.sha256)
    given = [text.removeprefix("v1,") for text in headers.get("webhook-signature", "").split()]
    # compared in constant time: how long it takes must not say how much of a guess was right
    return any(hmac.compare_digest(base64.b64encode(wanted).decode(), text) for text in given)
