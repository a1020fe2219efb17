"""Taking batches: verify, then decide and commit in one transaction, then answer.

The order is the promise: an answer exists only after the commit, so a process killed at any line costs a repeat.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, Table, select

from central import corrections, database, database_url, keyring, policies, tables
from central.core import certificate, events, ingest, rating_rules
from central.core.ingest import Desk, Device, Link, Proof, Verdict
from central.keep import Keeper
from central.settings import Hall, Settings, SettingsError
from central.settle import Service, Settled, settle
from protocol import chain
from protocol.errors import ProtocolError

#: How many waiting records are read at once while a gap is being filled.
_AHEAD = 500

Proofs = list[Proof | ProtocolError | None]
OnSettled = Callable[[Connection, str, Sequence[int], Sequence[int]], None]
OnCases = Callable[[Connection, str, Iterable[str]], None]


class Store:
    """The one writer. Threads may share it: batches go through one after another.

    ``rules``: what the deployment's policy says about single ratings.
    """

    def __init__(self, settings: Settings):
        """Open the database and migrate it. Raises SettingsError if it cannot be used."""
        file = database_url.file_of(settings.url)
        if file is not None:
            try:
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(f"the folder of the database cannot be made: {error}") from None
        self._writer = database.open_writer(settings.url)
        self._reader = database.open_reader(settings.url)
        self._lock = threading.Lock()
        self._on_settled: list[OnSettled] = []
        self._on_cases: list[OnCases] = []
        policy = policies.in_force(settings.policy, settings.policy_overrides).policy if settings.policy else None
        self.rules = rating_rules.rules(policy)
        self._authorities = {hall.id: certificate.read_authority(hall.authority) for hall in settings.halls}
        database.migrate(self._writer)
        self._identity_keys = keyring.load(keyring.path_of(settings)).ids

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def take(self, hall: Hall, batch: Sequence[object], now_ms: int) -> list[Verdict]:
        """Decide and keep one batch of JSON values; one verdict for each, in order, once all of them are on the disk.

        Raises sqlalchemy.exc.DBAPIError if the database could not keep them; then nothing of the batch was kept.
        """
        incoming = [events.read(value, hall.id) for value in batch]
        proofs = self._prove(hall, incoming)
        with self.write() as connection:
            desk = self._desk(connection, hall, incoming, proofs)
            keeper = Keeper(connection, hall.id, now_ms, self.rules)
            verdicts = []
            for event, proof in zip(incoming, proofs, strict=True):
                verdict = desk.take(event, proof)
                keeper.keep(verdict.effects)
                verdicts.append(verdict)
            keeper.flush()
            self.settle(connection, hall.id, now_ms, keeper.ratings, keeper.services, keeper.cases)
        return verdicts

    def settle(
        self,
        connection: Connection,
        hall: str,
        now_ms: int,
        touched: set[tuple[str, int]],
        services: set[Service],
        cases: Iterable[str] = (),
    ) -> Settled:
        """The last step of every transaction that brings or moves ratings, whichever way they came (`central.settle`).
        ``cases``: those that have news."""
        settled = settle(connection, hall, now_ms, touched, services)
        for tell in self._on_settled:
            tell(connection, hall, settled.counted, settled.moved)
        if self._on_cases:
            concerned = {*cases, *(case_no for case_no, _ in settled.services)}
            for note in self._on_cases:
                note(connection, hall, concerned)
        return settled

    def on_cases(self, note: OnCases) -> None:
        """Call this in each transaction with news of cases, their services or ratings: (connection, hall, cases)."""
        self._on_cases.append(note)

    def on_settled(self, tell: OnSettled) -> None:
        """Call this in each transaction that settled ratings: (connection, hall, newly counted, bound anew)."""
        self._on_settled.append(tell)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of the one writer: committed at the end, undone by whatever is raised."""
        with self._lock, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One state of the database."""
        with self._reader.begin() as connection:
            yield connection

    def publish(self, kind: str, data: Mapping[str, Any], reason: str, hall: str | None, now_ms: int) -> int:
        """Publish a correction to one hall or to all; gives its number, once it is on the disk."""
        with self.write() as connection:
            return corrections.publish(connection, kind, data, reason, hall, now_ms)

    def corrections_after(self, hall: str, number: int) -> tuple[list[dict[str, Any]], int]:
        """The next corrections that a hall may read, and the number of its newest."""
        with self.read() as connection:
            return corrections.after(connection, hall, number), corrections.newest(connection, hall)

    def newest_correction(self, hall: str) -> int:
        with self.read() as connection:
            return corrections.newest(connection, hall)

    def _prove(self, hall: Hall, incoming: Sequence[events.Event | events.Refused]) -> Proofs:
        """Check signatures before the write lock is taken."""
        readings = [
            ingest.read_record(event.data.record)
            if isinstance(event, events.Event) and isinstance(event.data, events.SignedRecord)
            else None
            for event in incoming
        ]
        names = {
            reading.device for reading in readings if reading is not None and not isinstance(reading, ProtocolError)
        }
        keys = self._new_keys(hall, incoming)
        with self._reader.begin() as connection:
            pinned = {row.device: row.key for row in _of_devices(connection, tables.devices, names)}
            held = [(row.device, certificate.key_of(row.pem)) for row in
                    _of_devices(connection, tables.certificates, names)]  # fmt: skip
        known = {device: [key] for device, key in pinned.items()}
        for device, key in [*held, *keys]:
            if key not in known.setdefault(device, []):
                known[device].append(key)
        proofs: Proofs = []
        for event, reading in zip(incoming, readings, strict=True):
            if reading is None or isinstance(reading, ProtocolError):
                proofs.append(reading)
            elif isinstance(event, events.Event) and isinstance(event.data, events.SignedRecord):
                proofs.append(ingest.prove(reading, event.data.record, known.get(reading.device, ())))
        return proofs

    def _new_keys(self, hall: Hall, incoming: Sequence[events.Event | events.Refused]) -> list[tuple[str, bytes]]:
        # a device and its first records may come in one batch
        keys: list[tuple[str, bytes]] = []
        for event in incoming:
            if isinstance(event, events.Event) and isinstance(event.data, events.Enrolled):
                device = event.data.device
                try:
                    found = certificate.identify(event.data.certificate, device, hall.id, self._authority(hall))
                except ProtocolError:
                    continue  # the desk will say so
                keys.append((device, found.key))
        return keys

    def _authority(self, hall: Hall) -> x509.Certificate:
        return self._authorities[hall.id]

    def _desk(
        self, connection: Connection, hall: Hall, incoming: Sequence[events.Event | events.Refused], proofs: Proofs
    ) -> Desk:
        """Load what central knows that matters to this batch."""
        asked = _ask(incoming, proofs)

        def after(device: str, seq: int) -> Mapping[int, Link]:
            records = tables.records
            above = select(records.c.seq, records.c.prev, records.c.hash).where(
                records.c.device == device, records.c.seq > seq
            )
            rows = connection.execute(above.order_by(records.c.seq).limit(_AHEAD))
            return {row.seq: Link(row.prev, row.hash) for row in rows}

        desk = Desk(hall.id, self._authority(hall), hall.revoked, after, self._identity_keys)
        seen = tables.events.c
        rows = connection.execute(select(seen.id, seen.content).where(seen.hall == hall.id, seen.id.in_(asked.ids)))
        desk.seen.update((row.id, row.content) for row in rows)
        for row in _of_devices(connection, tables.devices, asked.devices):
            desk.devices[row.device] = Device(row.hall, row.key)
        for row in _of_devices(connection, tables.certificates, asked.devices):
            desk.certificates.add(row.fingerprint)
        for row in _of_devices(connection, tables.heads, asked.devices):
            desk.heads[row.device] = chain.Head(row.seq, row.hash)
            desk.tops[row.device] = row.top
        for row in _of_devices(connection, tables.losses, asked.devices):
            desk.losses.setdefault(row.device, []).append((row.first, row.last))
        for row in _of_devices(connection, tables.rotations, asked.devices):
            desk.rotations.setdefault(row.device, []).append((row.seq, row.key))
        records, bindings = tables.records, tables.bindings
        links = select(records.c.device, records.c.seq, records.c.prev, records.c.hash)
        for row in database.rows_of(connection, links, records, asked.pairs):
            desk.stored[row.device, row.seq] = Link(row.prev, row.hash)
        decided = select(bindings.c.device, bindings.c.seq, bindings.c.number, bindings.c.content)
        for row in database.rows_of(connection, decided, bindings, asked.pairs):
            desk.decisions[row.device, row.seq, row.number] = row.content
        return desk


@dataclass
class _Asked:
    ids: list[str] = field(default_factory=list)
    devices: set[str] = field(default_factory=set)
    pairs: set[tuple[str, int]] = field(default_factory=set)


def _ask(incoming: Sequence[events.Event | events.Refused], proofs: Proofs) -> _Asked:
    asked = _Asked()
    for event, proof in zip(incoming, proofs, strict=True):
        if isinstance(event, events.Refused):
            continue
        asked.ids.append(event.id)
        if isinstance(proof, Proof):
            asked.devices.add(proof.record.device)
            if proof.record.head.seq <= events.MAX_INT:
                asked.pairs.add((proof.record.device, proof.record.head.seq))
        elif isinstance(event.data, events.Decision):
            asked.devices.add(event.data.device)
            asked.pairs.add((event.data.device, event.data.seq))
        elif isinstance(event.data, events.Enrolled):
            asked.devices.add(event.data.device)
    return asked


def _of_devices(connection: Connection, table: Table, devices: set[str]):
    return connection.execute(select(table).where(table.c.device.in_(sorted(devices))))
