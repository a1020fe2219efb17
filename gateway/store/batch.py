"""Many genuine records in one job. What is plain goes in by the hundred; everything else takes ``records.take``.

Plain is nearly all that comes: the next record of its chain, with nothing behind it and nothing declared lost, by the
key in force, with a time, with no older rating that this time could date, and no event that changes a chain. The result
is that of taking one record after the other (tests/gateway/test_batch.py compares the databases).
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.core import intake
from gateway.core.intake import MAX_SEQ, Genuine
from gateway.store import bindings, dating, ledger, outbox, records
from gateway.store.records import Taken
from protocol import chain, record


@dataclass(slots=True)
class _Chain:
    """What must be known of a device's chain to see whether a record is plain."""

    head: chain.Head
    rotations: list[tuple[int, str]]
    plain: bool
    """Nothing waits behind the head, nothing was lost, nothing is to be dated, no decision stands without a record."""


def take(
    connection: sqlite3.Connection,
    batch: Sequence[Genuine],
    hall: str,
    now_ms: int,
    business_error_ms: int,
    bring_back: Callable[[sqlite3.Connection, str, int], object] = lambda connection, device, seq: None,
) -> list[Taken]:
    """Store each by its verdict, bind the ratings, queue all for central; one ``Taken`` for each, in order.

    ``bring_back`` is called before each record while a damaged database is being salvaged (``Store.bring_back``).
    """
    run = _Batch(connection, now_ms, business_error_ms)
    taken = []
    for genuine in batch:
        device, seq = genuine.record.device, genuine.record.head.seq
        bring_back(connection, device, seq)
        if run.is_plain(genuine):
            taken.append(run.take(genuine))
        else:
            run.flush()
            taken.append(records.take(connection, genuine, hall, now_ms, business_error_ms))
    run.flush()
    return taken


class _Batch:
    def __init__(self, connection: sqlite3.Connection, now_ms: int, business_error_ms: int):
        self._connection = connection
        self._now_ms = now_ms
        self._business_error_ms = business_error_ms
        self._begin()

    def _begin(self) -> None:
        self._chains: dict[str, _Chain] = {}
        self._first = bindings.First(self._connection, self._now_ms, self._business_error_ms)
        self._records: list[tuple] = []
        self._outgoing: list[outbox.RecordRow] = []
        self._received: Counter[str] = Counter()
        self._told: dict[tuple[str, int], tuple[record.Head, record.Head]] = {}

    def is_plain(self, genuine: Genuine) -> bool:
        found, head = genuine.record, genuine.record.head
        known = self._chain(found.device)
        return (
            known.plain
            and head.seq == known.head.seq + 1
            and intake.place(genuine, known.head, None) == chain.LINKED
            and intake.in_force(genuine, known.rotations)
            and head.wall_ms is not None
            and abs(head.wall_ms) + head.error_ms + head.uptime_ms <= MAX_SEQ
            and (found.kind != record.EVENT or (chain.declared_loss(found) is None and chain.next_key(found) is None))
        )

    def take(self, genuine: Genuine) -> Taken:
        found, head = genuine.record, genuine.record.head
        device, seq = found.device, head.seq
        known = self._chains[device]
        known.head = chain.step(known.head, seq, genuine.hash)
        self._received[device] += 1
        self._records.append(records.row_of(genuine, chain.LINKED, self._now_ms))
        number = case_no = used_window = None
        if found.kind == record.RATING:
            number = 1
            case_no, used_window = self._first.decide(genuine, number)
        self._outgoing.append((device, seq, number, case_no))
        first, _ = self._told.get((device, head.boot), (head, head))
        self._told[device, head.boot] = first, head
        return Taken(device, seq, chain.LINKED, known.head, used_window)

    def flush(self) -> None:
        """Write what was taken. What is known of chains is forgotten: somebody else may change them now."""
        connection = self._connection
        for device, count in self._received.items():
            ledger.received(connection, device, count)
        connection.executemany(records.INSERT, self._records)
        for device in self._received:
            records.put_head(connection, device, self._chains[device].head)
        self._first.flush()
        outbox.put_records(connection, self._outgoing)
        for (device, _), (first, last) in self._told.items():
            dating.tell(connection, device, first)
            if last is not first:
                dating.tell(connection, device, last)
        self._begin()

    def _chain(self, device: str) -> _Chain:
        known = self._chains.get(device)
        if known is None:
            known = self._chains[device] = self._look(device)
        return known

    def _look(self, device: str) -> _Chain:
        connection = self._connection
        head = records.head(connection, device)
        rotations = connection.execute(
            "SELECT seq, key FROM rotations WHERE device = ? ORDER BY seq", (device,)
        ).fetchall()
        odd = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM records WHERE device = ?1 AND seq > ?2)"
            " OR EXISTS (SELECT 1 FROM losses WHERE device = ?1 AND last > ?2)"
            " OR EXISTS (SELECT 1 FROM records WHERE device = ?1 AND kind = 1 AND from_ms IS NULL)"
            " OR EXISTS (SELECT 1 FROM bindings WHERE device = ?1 AND seq > ?2)",
            (device, head.seq),
        ).fetchone()[0]
        return _Chain(head, rotations, not odd)
