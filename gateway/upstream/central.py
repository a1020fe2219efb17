"""The way to central: takes events from the outbox, posts them in batches, writes down what central said (spec 9).

A lost answer costs a repeat, which central knows by its id. Whatever goes wrong, an event ends only by central's word
on that very event, or by central refusing it alone with a status that blames its content.
"""

import json
import logging
import random
import threading
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from gateway.clock import Clock
from gateway.core import cloudevent
from gateway.core.outbox import Answer, Fate, Meaning, answers, backoff_ms, meaning, retry_after_ms
from gateway.store import outbox
from gateway.store.outbox import Row
from gateway.store.writer import Store, StoreError

log = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 4 << 20
MAX_BODY_BYTES = (4 << 20) - 4096
_IDLE_S = 5.0
_CONTENT_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class CentralSettings:
    """``url`` is central's base address, ``key`` the hall's bearer key. Times in seconds."""

    url: str
    key: SecretStr
    batch: int = 500
    timeout_s: float = 30.0
    authority: str | None = None


class _LaterError(Exception):
    """The batch was not taken; nothing is known about its events."""

    def __init__(self, words: str, retry_after_ms: int | None = None):
        super().__init__(words)
        self.retry_after_ms = retry_after_ms


class Central:
    """A thread that drains the outbox; ``wake`` it when something was queued."""

    def __init__(self, settings: CentralSettings, store: Store, clock: Clock):
        self._settings = settings
        self._store = store
        self._clock = clock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._url = settings.url.rstrip("/") + "/api/v1/events"
        verify = httpx.create_ssl_context(verify=settings.authority) if settings.authority else True
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.timeout_s, connect=5.0),
            verify=verify,
            follow_redirects=False,
            trust_env=False,
            headers={"Authorization": f"Bearer {settings.key.get_secret_value()}", "Content-Type": _CONTENT_TYPE},
        )
        self._thread = threading.Thread(target=self._run, name="hcp-central", daemon=True)
        self.last_error: str | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(3)
        self._client.close()

    def wake(self) -> None:
        self._wake.set()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            pause_s: float | None
            try:
                pause_s = self._once()
                failures, self.last_error = 0, None
            except _LaterError as error:
                failures += 1
                pause_s = backoff_ms(failures, random.random(), error.retry_after_ms) / 1000
                self.last_error = str(error)
                log.warning("central %s: %s; again in %.1f s", self._settings.url, error, pause_s)
                self._stopping.wait(pause_s)
                continue
            except StoreError as error:
                log.error("%s", error)
                pause_s = 1.0
            except Exception:  # the top of this thread: the way up must not end for one surprise
                log.exception("central")
                self._stopping.wait(1.0)
                continue
            if pause_s:
                self._wake.wait(pause_s)

    def _once(self) -> float | None:
        """Send one batch. Gives how long there is nothing to do, None if there may be more. Raises _LaterError."""
        now_ms = self._clock.now_ms()
        rows = outbox.due(self._store.reader(), now_ms, self._settings.batch)
        if not rows:
            next_ms = outbox.next_due_ms(self._store.reader())
            return _IDLE_S if next_ms is None else min(max((next_ms - now_ms) / 1000, 0.01), _IDLE_S)
        batch: list[Row] = []
        size = 0
        for row in rows:
            size += len(row.body.encode()) + 1
            if batch and size > MAX_BODY_BYTES:
                break
            batch.append(row)
        # stable: inside one rank the order of the outbox stays
        batch.sort(key=lambda row: cloudevent.RANK.get(row.type, 9))
        self._deliver(batch)
        return None

    def _deliver(self, batch: list[Row]) -> None:
        """Post a batch; if its content is blamed as a whole, halve it until the culprit stands alone."""
        found = self._post(batch)
        if found is None and len(batch) > 1:
            middle = len(batch) // 2
            self._deliver(batch[:middle])
            self._deliver(batch[middle:])
            return
        self._settle(batch, found if found is not None else [self._blamed])

    def _settle(self, batch: list[Row], found: list[Answer]) -> None:
        now_ms = self._clock.now_ms()
        fates = []
        for row, answer in zip(batch, found, strict=True):
            next_ms = now_ms + max(backoff_ms(row.attempts + 1, random.random()), 50)
            fates.append((row.id, answer.fate, answer.words, next_ms))
            if answer.fate is Fate.DEAD:
                log.error("central will not take %s: %s", row.event_id, answer.words)
        self._store.run(lambda c: outbox.settle(c, fates))

    def _post(self, batch: list[Row]) -> list[Answer] | None:
        """One answer per row; None if the content of the batch is blamed. Raises _LaterError."""
        body = "[" + ",".join(row.body for row in batch) + "]"
        try:
            with self._client.stream("POST", self._url, content=body.encode()) as response:
                status = response.status_code
                wish_ms = retry_after_ms(response.headers.get("retry-after"), self._clock.now_ms())
                raw = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _LaterError(f"no answer: {type(error).__name__}") from error
        what = meaning(status)
        if what is Meaning.LATER:
            raise _LaterError(f"HTTP {status}", wish_ms)
        if what is Meaning.SPLIT:
            self._blamed = Answer(
                Fate.DEAD, f"HTTP {status} for this event alone: {raw[:300].decode(errors='replace')}"
            )
            return None
        try:
            found = answers([row.event_id for row in batch], json.loads(raw))
        except (ValueError, RecursionError):
            found = None
        if found is None:
            raise _LaterError("HTTP 200, but not the results that were promised")
        return found


def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise _LaterError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
