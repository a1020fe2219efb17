"""Linking chains again after a salvage, from the records that came back.

What is missing is asked for by a head that stays before it (spec 4.6) and told to central by device and seq.
"""

import functools
import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from gateway.store import bindings, losses, outbox, records
from gateway.store.connection import Reader
from gateway.store.writer import Store
from protocol import chain, record
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)

CHUNK = 500


class Relinking:
    """``job(work)`` runs ``work(connection)`` in the writer, when there is room; after ``stop`` it gives None."""

    def __init__(
        self,
        store: Store,
        hall: str,
        now_ms: Callable[[], int],
        error_ms: int,
        stop: threading.Event,
        job: Callable[[Callable[[sqlite3.Connection], Any]], Any],
    ):
        self._store = store
        self._hall = hall
        self._now_ms = now_ms
        self._error_ms = error_ms
        self._stop = stop
        self._job = job
        self._missing: dict[str, losses.Ranges] = {}

    def run(self, damaged: Reader | None) -> dict[str, losses.Ranges]:
        """All devices, one after the other; gives what is missing of each. ``damaged``: the other database, if it can
        be opened: its heads count."""
        for device, top in sorted(self._tops(damaged).items()):
            self._link(device, top)
            self._decide(device)
            self._queue(device, top)
        return self._missing

    def _tops(self, damaged: Reader | None) -> dict[str, int]:
        """The highest seq of each device that anything speaks of."""
        reader = self._store.open_reader()
        found: dict[str, int] = {}
        queries = [(reader, "SELECT device, max(seq) FROM records GROUP BY device")]
        queries.append((reader, "SELECT device, max(seq) FROM bindings GROUP BY device"))
        if damaged:
            queries.append((damaged, "SELECT device, seq FROM heads"))
        for connection, sql in queries:
            try:
                for device, seq in connection.execute(sql).fetchall():
                    found[device] = max(seq, found.get(device, 0))
            except sqlite3.Error as error:
                log.warning("salvage: %s", error)
        reader.close()
        return found

    def _link(self, device: str, top: int) -> None:
        """Walk the chain of a device as far as it goes; what lies behind waits, what is missing is named."""
        hall, now_ms = self._hall, self._now_ms()
        self._events(device)
        while self._job(lambda c: records.advance(c, hall, device, now_ms, CHUNK * 4)):
            pass
        while self._job(lambda c: records.unlink_behind(c, device, CHUNK * 4)):
            pass
        missing = self._job(lambda c: losses.absent(c, device, top)) or []
        if missing:
            self._missing[device] = missing
            self._job(lambda c: losses.put_unreadable(c, hall, device, missing, now_ms))

    def _decide(self, device: str) -> None:
        """A rating whose decisions cannot be read is decided on again."""
        after: int | None = 0
        while after is not None and not self._stop.is_set():
            after = self._job(
                functools.partial(
                    bindings.decide_missing,
                    device=device,
                    after=after,
                    most=CHUNK,
                    now_ms=self._now_ms(),
                    business_error_ms=self._error_ms,
                )
            )

    def _queue(self, device: str, top: int) -> None:
        """What neither waits for central nor was taken by it: its row in the outbox was lost, so it goes again."""
        for after in range(0, top, CHUNK):
            self._job(functools.partial(outbox.put_missing, device=device, first=after + 1, last=after + CHUNK))

    def _events(self, device: str) -> None:
        """Declared losses and turned keys, from the signed events themselves."""
        reader, after = self._store.open_reader(), 0
        while not self._stop.is_set():
            rows = reader.execute(
                "SELECT seq, body FROM records WHERE device = ? AND seq > ? AND kind = ? AND body <> x''"
                " ORDER BY seq LIMIT ?",
                (device, after, record.EVENT, CHUNK),
            ).fetchall()
            if not rows:
                break
            for seq, body in rows:
                after = seq
                try:
                    found = record.parse(body)
                except ProtocolError:
                    continue
                loss, key = chain.declared_loss(found), chain.next_key(found)
                if loss:
                    self._job(functools.partial(_put_loss, device=device, loss=loss, seq=seq))
                if key:
                    self._job(functools.partial(records.put_rotation, device=device, seq=seq, key=key))
        reader.close()


def _put_loss(connection: sqlite3.Connection, device: str, loss: tuple[int, int], seq: int) -> None:
    losses.put_declared(connection, device, *loss, seq)
