"""The feed posted to a business system: signed, in order, again until it is taken (Standard Webhooks 1.0.0).

What is due lies in the database, and a cursor says how far the receiver has come: nothing is lost over restarts, and
no queue grows in memory. The address comes from systems.toml alone, and no redirect is followed.
"""

import base64
import hashlib
import hmac
import json
import logging
import random
import threading

import httpx

from gateway.clock import Clock
from gateway.core import feed as core
from gateway.core.outbox import backoff_ms, retry_after_ms
from gateway.feed import Feed
from gateway.store.writer import StoreError
from gateway.web.systems import System, Webhook

log = logging.getLogger(__name__)

MOST_EVENTS = 100
_TIMEOUT_S = 10.0


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The header ``webhook-signature``: HMAC-SHA-256 over id, Unix time in seconds and body, joined by dots."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


class LaterError(Exception):
    """It was not taken."""

    def __init__(self, words: str, retry_after_ms: int | None = None):
        super().__init__(words)
        self.retry_after_ms = retry_after_ms


class Poster:
    """A thread that posts the feed to one system."""

    def __init__(self, system: System, feed: Feed, clock: Clock, transport: httpx.BaseTransport | None = None):
        if system.webhook is None:
            raise ValueError(f"{system.name} has no webhook")
        self._system = system
        self._webhook: Webhook = system.webhook
        self._feed = feed
        self._clock = clock
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._end = feed.listen(self._news.set)
        self._client = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False, transport=transport)
        self._thread = threading.Thread(target=self._run, name=f"hcp-webhook-{system.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end()
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(3)
        self._client.close()

    def post_next(self) -> bool:
        """Post what comes next, if there is something; False if there is not. Raises LaterError, StoreError."""
        system = self._system.name
        last_id = self._feed.cursor(system)
        events: list[dict] = []
        if not self._feed.complete_after(last_id):
            events, last_id = [{"type": "gap"}], self._feed.oldest() - 1
        notices, looked = self._feed.after(last_id, self._system.windows, MOST_EVENTS)
        events += [core.data(notice) for notice in notices]
        if events:
            self._post(f"feed-{system}-{last_id + 1}-{looked}".encode("ascii", "replace").decode(), events)
        if looked != last_id or events:
            self._feed.put_cursor(system, looked)
        return looked != last_id

    def _post(self, message_id: str, events: list[dict]) -> None:
        body = json.dumps({"type": "feed", "events": events}, ensure_ascii=False, separators=(",", ":")).encode()
        now_s = self._clock.now_ms() // 1000
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now_s),
            "webhook-signature": signature(self._webhook.secret, message_id, now_s, body),
        }
        try:
            # the answer's body is nobody's business, however long it is
            with self._client.stream("POST", self._webhook.url, content=body, headers=headers) as response:
                status = response.status_code
                wish_ms = retry_after_ms(response.headers.get("retry-after"), self._clock.now_ms())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LaterError(f"no answer: {type(error).__name__}") from error
        if not 200 <= status < 300:
            raise LaterError(f"HTTP {status}", wish_ms)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._news.clear()
            try:
                more = self.post_next()
                failures = 0
            except (LaterError, StoreError) as error:
                failures += 1
                wish_ms = error.retry_after_ms if isinstance(error, LaterError) else None
                pause_s = backoff_ms(failures, random.random(), wish_ms) / 1000
                log.warning("webhook of %s: %s; again in %.1f s", self._system.name, error, pause_s)
                self._stopping.wait(pause_s)
                continue
            except Exception:  # the top of this thread: one surprise must not end it
                log.exception("webhook of %s", self._system.name)
                self._stopping.wait(1.0)
                continue
            if not more:
                self._news.wait(core.STEP_MS / 1000)
