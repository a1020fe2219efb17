"""A journal's life beside its twin: the journal is the firmware's, on a flash model; the twin holds all records.

Every call goes to both. When the power goes inside a call, the next mount must find the twin's state before the call or
after it, nothing else; and every record that waits must be there byte for byte. What differs is raised as a ``Fault``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware import journal as journals
from protocol import cose, record
from simulator.vm import nor

KID = "pjq-01"

LOST = "lost"
DUPLICATED = "duplicated"
CORRUPT = "corrupt"
BROKEN = "broken"


class Fault(AssertionError):
    """A promise that the journal broke. ``kind`` says which.

    lost: what returned is not there. duplicated: a press counts twice, or a seq does. corrupt: something was read that
    was never written. broken: any other, such as a loss declared of what is there.
    """

    def __init__(self, kind: str, text: str):
        super().__init__(f"{kind}: {text}")
        self.kind = kind


class State(NamedTuple):
    """What a journal knows. ``records`` are the COSE bytes of all, from seq 1."""

    records: tuple[bytes, ...] = ()
    receipted: int = 0
    boot: int = 0
    pending: bytes | None = None

    def brief(self) -> str:
        """For messages: without the records."""
        return (
            f"{len(self.records)} records, receipted {self.receipted}, boot {self.boot}, pending {self.pending!r:.40}"
        )


BIRTH = State()


class Life:
    """One device's journal on the flash file ``path`` with ``blocks`` blocks."""

    def __init__(self, path: Path | str, blocks: int, state: State = BIRTH, after: State | None = None):
        self.path = str(path)
        self.blocks = blocks
        self.table = (("journal", blocks * nor.BLOCK),)
        self.state = state
        self.after = after or state
        self.cuts = 0
        self.refused = 0
        self.start()

    def watch(self, flash: nor.Flash) -> nor.Partition:
        """The partition that the journal lives on."""
        return flash.partition("journal")

    def start(self) -> None:
        """Power on: mount, and compare everything with the twin. The power holds meanwhile: a mount writes nothing."""
        self.flash = nor.Flash(self.path, self.table)
        self.partition = self.watch(self.flash)
        self.journal = journals.Journal(self.partition, KID)
        found = self.journal.mount()
        demand(self.flash.operations == 0, BROKEN, "a mount changed the flash")
        self.state = self.after = self._recognise(found)
        demand(not found.lost, BROKEN, f"declared lost: {found.lost}")
        self.compare(found.head_hash)

    def _recognise(self, found: journals.Mount) -> State:
        """Which of the two states that may be found this is. Raises Fault."""
        before, after = self.state, self.after
        count = found.next_seq - 1
        here = State(after.records[:count], found.receipted, found.boot, found.pending)
        if count == len(here.records) and here in (before, after):
            return here
        story = f"found {here.brief()} and next seq {found.next_seq}, was {before.brief()} or {after.brief()}"
        demand(count >= len(before.records), LOST, story)
        demand(count <= len(after.records), CORRUPT, story)
        demand(found.receipted <= after.receipted, LOST, story)
        for state in (before, after):
            if found.pending != state.pending and count == len(state.records):
                demand(found.pending is not None, LOST, story)
                raise Fault(DUPLICATED if state.pending is None else CORRUPT, story)
        raise Fault(BROKEN, story)

    def compare(self, head_hash: bytes) -> None:
        """Every record that waits is there, byte for byte. Raises Fault."""
        records = self.state.records
        head = record.record_hash(records[-1])[:16] if records else record.GENESIS
        demand(head_hash == head, CORRUPT, f"the head's hash is {head_hash.hex()}, expected {head.hex()}")
        for seq in range(self.state.receipted + 1, len(records) + 1):
            try:
                data = self.journal.read(seq)
            except KeyError:
                raise Fault(LOST, f"record {seq} cannot be read") from None
            demand(data == records[seq - 1], CORRUPT, f"record {seq} reads {data.hex()}")
        waiting = len(records) - self.state.receipted
        demand(self.journal.waiting == waiting, BROKEN, f"waiting {self.journal.waiting}, expected {waiting}")
        demand(self.partition.reprogrammed == 0, BROKEN, "a byte was programmed twice")

    def attempt(self, call: Callable[[], object], after: State) -> bool:
        """True if the call returned; False if the power went (and came again) or the journal was full."""
        self.after = after
        try:
            call()
        except journals.JournalFull:
            self.refused += 1
            self.after = self.state
            return False
        except nor.PowerCut:
            self.cuts += 1
            self.flash.close()
            self.start()
            return False
        self.state = after
        return True

    def cut_in(self, operations: int, flavour: str, seed: int) -> None:
        """Let the power go at the n-th flash operation from now."""
        self.flash.cut_in(operations, flavour, seed)

    def restart(self) -> None:
        """The power goes between two operations, and comes again."""
        self.flash.close()
        self.start()

    def boot(self) -> bool:
        """False only if the power went: a boot is never refused, however full the journal is."""
        refused = self.refused
        done = self.attempt(self.journal.start_boot, self.state._replace(boot=self.state.boot + 1))
        demand(self.refused == refused, BROKEN, "a boot was refused")
        return done

    def press(self, blob: bytes) -> bool:
        """The tentative press ``blob``."""
        return self.attempt(lambda: self.journal.tentative(blob), self.state._replace(pending=blob))

    def append(self, payload: bytes, signature: bytes, ends_press: bool) -> bool:
        """The record with this payload."""
        data = cose.sign1_pack(KID, payload, signature)
        pending = None if ends_press else self.state.pending
        after = self.state._replace(records=(*self.state.records, data), pending=pending)

        def call() -> None:
            demand(self.journal.append(payload, signature) == data, CORRUPT, "append returned other bytes")

        return self.attempt(call, after)

    def rating(self, level: int = 5, kind: int = record.RATING) -> bool:
        """The record of a press, or of none."""
        body = record.Rating(level, (), b"\x00" * 8, 7, ((1200, 3),), 0)
        payload = record.rating_payload(self.head(), body, kind)
        return self.append(payload, signature(payload), True)

    def event(self) -> bool:
        """The record of something that happened; a press stays pending."""
        payload = record.event_payload(self.head(), record.Event(1, {"cause": "power"}))
        return self.append(payload, signature(payload), False)

    def rate(self, level: int = 5) -> bool:
        """A whole rating: the press, then its record."""
        return self.press(bytes([level]) * 70) and self.rating(level)

    def receipt(self, seq: int) -> bool:
        """A receipt up to ``seq``, or up to the last record."""
        seq = min(seq, len(self.state.records))
        after = self.state._replace(receipted=max(seq, self.state.receipted))
        return self.attempt(lambda: self.journal.receipt(seq), after)

    def prepare(self) -> bool:
        """One step of idle work."""
        return self.attempt(self.journal.prepare, self.state)

    def idle(self) -> None:
        """All idle work, with the power on."""
        while self.journal.prepare():
            pass

    def head(self) -> record.Head:
        """The head of the next record."""
        return record.Head(
            self.journal.next_seq, self.journal.head_hash, max(1, self.state.boot), 5000, 1_700_000_000_000, 250
        )


def demand(holds: object, kind: str, text: str) -> None:
    """Raises Fault unless it holds."""
    if not holds:
        raise Fault(kind, text)


def signature(payload: bytes) -> bytes:
    """64 bytes that depend on the payload and end in a zero, as one signature in 256 does. Nobody verifies them."""
    return record.record_hash(payload) + record.record_hash(payload + b"2")[:31] + b"\x00"
