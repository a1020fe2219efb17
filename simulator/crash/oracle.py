"""The oracle: hands out identities, remembers what was promised, and judges what is held against it. Pure.

A promise is a receipt (spec 5.2): every record of that device up to its seq is stored, and the last one has its hash.
What is held comes from the databases themselves, never from a counter of the program under test.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.record import HASH_IN_CHAIN


class Breach(StrEnum):
    """What can be wrong. Each is a promise of DESIGN §2 that was not kept."""

    LOST = "lost"
    """A record that a receipt covers is not held."""
    FALSE_RECEIPT = "false_receipt"
    """A receipt names a record that nobody handed out, another hash, or a record that is not held."""
    FORGOT = "forgot"
    """A receipt goes back behind an earlier one, or its epoch changed: the database was replaced."""
    ALTERED = "altered"
    """What is held under a seq are not the bytes that were sent."""
    INVENTED = "invented"
    """Something is held that nobody sent."""
    DOUBLED = "doubled"
    """A record is held or queued twice."""
    DISORDERED = "disordered"
    """The chain has a hole below its head, or the head is not its last record."""
    MISBOUND = "misbound"
    """A rating stands under another service than the one that was being served."""
    UNBALANCED = "unbalanced"
    """A record is held and its event for central was neither queued nor sent, or its decision is missing."""
    STUCK = "stuck"
    """The faults are over and still something is without a receipt."""
    DAMAGED = "damaged"
    """The database itself is not whole."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach, where it was found, in words."""

    breach: Breach
    where: str

    def __str__(self) -> str:
        return f"{self.breach}: {self.where}"


@dataclass(frozen=True, slots=True)
class Promise:
    """What one receipt says."""

    seq: int
    hash: bytes
    epoch: int


@dataclass
class Held:
    """What a database holds of one device: the hash of each record by seq, and the head of its chain.

    ``since``: only records above this seq were read, those below were judged before.
    """

    hashes: dict[int, bytes] = field(default_factory=dict)
    linked: int = 0
    head: int = 0
    head_hash: bytes | None = None
    since: int = 0


@dataclass
class Oracle:
    """The book of one hall. ``issue`` what a device makes, ``promise`` what it is told, ``judge`` what is held."""

    violations: list[Violation] = field(default_factory=list)
    false_receipts: int = 0
    lost: int = 0
    _issued: dict[str, list[bytes]] = field(default_factory=dict)
    _promised: dict[str, Promise] = field(default_factory=dict)

    def issue(self, device: str, digest: bytes) -> int:
        """A new record with this SHA-256; gives its seq, from 1."""
        issued = self._issued.setdefault(device, [])
        issued.append(digest)
        return len(issued)

    def promise(self, device: str, told: Promise) -> bool:
        """A receipt arrived. False if it cannot be true whatever is stored; that is a violation."""
        issued = self._issued.get(device, [])
        known = self._promised.get(device)
        if told.seq > len(issued) or (told.seq and issued[told.seq - 1][:HASH_IN_CHAIN] != told.hash):
            self.false_receipts += 1
            self._breach(Breach.FALSE_RECEIPT, f"{device} seq {told.seq} hash {told.hash.hex()} was never sent")
            return False
        if known is not None and (told.seq < known.seq or told.epoch != known.epoch):
            self._breach(Breach.FORGOT, f"{device} after {known.seq} (epoch {known.epoch}): {told.seq} ({told.epoch})")
            return False
        self._promised[device] = told
        return True

    def refuse(self, device: str, code: str) -> None:
        """A receipt that its device cannot read or verify: nobody but the gateway speaks here, so it is a false one."""
        self.false_receipts += 1
        self._breach(Breach.FALSE_RECEIPT, f"{device} cannot take it: {code}")

    @property
    def promised(self) -> int:
        """How many records are covered by receipts."""
        return sum(promise.seq for promise in self._promised.values())

    @property
    def issued(self) -> int:
        return sum(map(len, self._issued.values()))

    def promised_to(self, device: str) -> int:
        known = self._promised.get(device)
        return known.seq if known else 0

    def promises(self) -> dict[str, Promise]:
        """The last receipt of each device, as it stands now."""
        return dict(self._promised)

    def settled(self) -> bool:
        """Everything that was handed out has its receipt."""
        return all(self.promised_to(device) == len(issued) for device, issued in self._issued.items())

    def fresh(self) -> "Oracle":
        """Another book with the same records and no promise yet: for judging moments that are past."""
        return Oracle(_issued=self._issued)

    def judge(self, held: Mapping[str, Held], promises: Mapping[str, Promise] | None = None, where: str = "") -> int:
        """Compare; gives how many new violations there are. ``promises``: those of an earlier moment (``promises()``)
        instead of those that stand now."""
        before = len(self.violations)
        promises = self._promised if promises is None else promises
        for device in sorted({*held, *promises}):
            self._judge(device, held.get(device, Held()), promises.get(device), where)
        return len(self.violations) - before

    def _judge(self, device: str, held: Held, told: Promise | None, where: str) -> None:
        issued = self._issued.get(device, [])
        place = f"{where} {device}".strip()
        for seq, digest in held.hashes.items():
            if not 1 <= seq <= len(issued):
                self._breach(Breach.INVENTED, f"{place} seq {seq}")
            elif issued[seq - 1] != digest:
                self._breach(Breach.ALTERED, f"{place} seq {seq}")
        if told is not None:
            missing = [seq for seq in range(held.since + 1, told.seq + 1) if seq not in held.hashes]
            if missing:
                self.lost += len(missing)
                self._breach(Breach.LOST, f"{place} {len(missing)} records, seq {missing[0]} … {missing[-1]}")
            if missing or held.head < told.seq:
                self.false_receipts += 1
                self._breach(Breach.FALSE_RECEIPT, f"{place} seq {told.seq}, the head is {held.head}")
        holes = [seq for seq in range(held.since + 1, held.head + 1) if seq not in held.hashes]
        right = held.head == 0 or (held.head <= len(issued) and held.head_hash == issued[held.head - 1][:HASH_IN_CHAIN])
        if holes or not right or held.linked != held.head:
            self._breach(
                Breach.DISORDERED, f"{place} head {held.head}, {held.linked} linked, {len(holes)} holes, hash {right}"
            )

    def balance(self, held: Mapping[str, Held], queued: Iterable[tuple[str, int]], where: str = "") -> None:
        """Conservation: every record that is held was queued for central exactly once. Needs whole ``held``."""
        seen: set[tuple[str, int]] = set()
        for name in queued:
            if name in seen:
                self._breach(Breach.DOUBLED, f"{where} {name} is queued twice")
            seen.add(name)
        stored = {(device, seq) for device, of in held.items() for seq in of.hashes}
        for device, seq in sorted(stored ^ seen)[:20]:
            which = "is held and was never queued" if (device, seq) in stored else "was queued and is not held"
            self._breach(Breach.UNBALANCED, f"{where} {device} seq {seq} {which}")

    def liveness(self, seconds: float) -> None:
        """The faults are over: what is still without a receipt after ``seconds`` is stuck."""
        for device, issued in self._issued.items():
            if self.promised_to(device) != len(issued):
                have = self.promised_to(device)
                self._breach(Breach.STUCK, f"{device} has a receipt for {have} of {len(issued)} after {seconds:.0f} s")

    def complain(self, breach: Breach, where: str) -> None:
        """A breach that somebody else has seen."""
        self._breach(breach, where)

    def _breach(self, breach: Breach, where: str) -> None:
        self.violations.append(Violation(breach, where))
