"""The way to central: takes events from the outbox, posts them in batches, writes down what central said (spec 9).

A lost answer costs a repeat, which central knows by its id. Whatever goes wrong, an event ends only by central's word
on that very event, or by central refusing it alone with a status that blames its content.

    picker ─ids▶ compose ─▶ post ─▶ settle          two senders, so that central reads one batch while it writes another
"""

import functools
import json
import logging
import random
import sqlite3
import threading
import time
from collections.abc import Callable

from gateway.clock import Clock
from gateway.core.outbox import Answer, Fate, answers, backoff_ms
from gateway.store import composing, meta, outbox
from gateway.store.composing import Outgoing
from gateway.store.outbox import Settled
from gateway.store.writer import Store, StoreError
from gateway.upstream.picker import Picker
from gateway.upstream.post import MAX_BODY_BYTES, CentralDoor, CentralSettings, LaterError

__all__ = ["Central", "CentralSettings"]

log = logging.getLogger(__name__)

SENDERS = 2
_PATH = "/api/v1/events"
_PATIENCE = 10
_PIECE = 100  # rows settled in one job, so that intake never waits long behind them


class Central:
    """Threads that drain the outbox; ``wake`` them when something was queued.

    ``on_corrections`` is called with the number of central's newest correction when an answer tells it (spec 9.4).
    """

    def __init__(
        self, settings: CentralSettings, store: Store, clock: Clock, on_corrections: Callable[[int], None] | None = None
    ):
        """Raises OSError or ssl.SSLError if a certificate or a key cannot be read."""
        self.settings = settings
        self._store = store
        self._clock = clock
        self._on_corrections = on_corrections
        self.door = CentralDoor(settings)
        self._picker = Picker(store, settings.batch, settings.per_second, settings.burst, clock.now_ms())
        self._news = threading.Condition()
        self._wakes = 0
        self._stopping = threading.Event()
        self._epoch = threading.local()  # of the database that this sender's batch was read from
        self._patience = threading.Lock()
        self._failures = 0
        self._again_at = 0.0
        self.last_error: str | None = None
        self._threads = [
            threading.Thread(target=self._run, name=f"hcp-central-{number}", daemon=True) for number in range(SENDERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._news:
            self._wakes += 1
            self._news.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(3)
        self.door.close()

    def wake(self) -> None:
        with self._news:
            self._wakes += 1
            self._news.notify()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if (pause_s := self._pause_s()) > 0:
                self._stopping.wait(pause_s)
                continue
            seen = self._wakes
            try:
                idle_ms = self._once()
            except StoreError as error:
                log.error("%s", error)
                idle_ms = 1000
            except Exception:  # the top of this thread: the way up must not end for one surprise
                log.exception("central")
                self._stopping.wait(1.0)
                continue
            if idle_ms:
                with self._news:
                    self._news.wait_for(lambda seen=seen: self._wakes != seen, idle_ms / 1000)  # type: ignore[misc]

    def _once(self) -> int:
        """Send one batch. Gives for how long there is nothing to do, in ms; 0 if there may be more."""
        self._epoch.of = meta.get(self._store.reader(), "epoch")
        ids, idle_ms = self._picker.pick(self._clock.now_ms())
        if not ids:
            return idle_ms
        if self._pause_s() > 0:  # the other sender was told to wait, and these may be the ids that it gave back
            self._picker.release(ids)
            return 0
        try:
            events = composing.compose(self._store.reader(), self.settings.hall, ids)
            gone = [event for event in events if event.text is None]
            if gone:
                # a damaged database may still be on its way back
                fates = [Fate.LATER if event.attempts < _PATIENCE else Fate.DEAD for event in gone]
                self._settle(gone, [Answer(fate, "the fact it names is not in the database") for fate in fates])
            # stable: among events of one kind the order of the outbox stays
            for batch in _fitting(sorted((e for e in events if e.text is not None), key=lambda e: e.kind)):
                began = time.monotonic()
                self._deliver(batch)
                self._picker.went(len(batch), int((time.monotonic() - began) * 1000))
            with self._patience:
                self._failures, self.last_error = 0, None
        except LaterError as error:
            self._be_patient(error)
        finally:
            self._picker.release(ids)
        return 0

    def _pause_s(self) -> float:
        return self._again_at - time.monotonic()

    def _be_patient(self, error: LaterError) -> None:
        with self._patience:
            if self._pause_s() > 0:  # the other sender met the same trouble
                return
            self._failures += 1
            pause_s = backoff_ms(self._failures, random.random(), error.retry_after_ms) / 1000
            self._again_at = time.monotonic() + pause_s
            self.last_error = str(error)
        self._picker.away()
        log.warning("central %s: %s; again in %.1f s", self.settings.url, error, pause_s)

    def _deliver(self, batch: list[Outgoing]) -> None:
        """Post a batch; if its content is blamed as a whole, halve it until the culprit stands alone."""
        body = "[" + ",".join(str(event.text) for event in batch) + "]"
        reply = self.door.post(_PATH, body.encode())
        if not reply.blamed:
            self._settle(batch, self._read(batch, reply.body))
        elif len(batch) > 1:
            middle = len(batch) // 2
            self._deliver(batch[:middle])
            self._deliver(batch[middle:])
        else:
            words = f"HTTP {reply.status} for this event alone: {reply.body[:300].decode(errors='replace')}"
            self._settle(batch, [Answer(Fate.DEAD, words)])

    def _read(self, batch: list[Outgoing], raw: bytes) -> list[Answer]:
        try:
            body = json.loads(raw)
            found = answers([event.event_id for event in batch], body)
        except (ValueError, RecursionError):
            found = None
        if found is None:
            raise LaterError("HTTP 200, but not the results that were promised")
        newest = body.get("corrections")
        if self._on_corrections is not None and isinstance(newest, int):
            self._on_corrections(newest)
        return found

    def _settle(self, batch: list[Outgoing], found: list[Answer]) -> None:
        now_ms = self._clock.now_ms()
        outcome = []
        for event, answer in zip(batch, found, strict=True):
            if answer.fate is Fate.DEAD:
                log.error("central will not take %s: %s", event.event_id, answer.words)
            next_ms = now_ms + max(backoff_ms(event.attempts + 1, random.random()), 50)
            outcome.append(
                Settled(
                    event.id,
                    answer.fate,
                    answer.words,
                    answer.status,
                    next_ms,
                    event.event_id,
                    event.type,
                    event.text or "",
                )  # fmt: skip
            )
        pieces = [outcome[at : at + _PIECE] for at in range(0, len(outcome), _PIECE)]
        epoch = self._epoch.of
        waiting = [self._store.submit(functools.partial(_settled, piece, now_ms, epoch)) for piece in pieces]
        for done in waiting:
            done.result(60)


def _settled(piece: list[Settled], now_ms: int, epoch: int | None, connection: sqlite3.Connection) -> None:
    outbox.settle(connection, piece, now_ms, epoch)


def _fitting(events: list[Outgoing]) -> list[list[Outgoing]]:
    """Cut where a body would be too large for one post; an event too large alone goes alone, for central to refuse."""
    batches: list[list[Outgoing]] = []
    size = MAX_BODY_BYTES
    for event in events:
        length = len(str(event.text).encode()) + 1
        if size + length > MAX_BODY_BYTES:
            batches.append([])
            size = 2
        batches[-1].append(event)
        size += length
    return batches
