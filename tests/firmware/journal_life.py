"""A journal's life beside its twin: the journal is the firmware's, on a flash model; the twin holds all records.

Every call goes to both. When the power goes inside a call, the next mount must find the twin's state before the call or
after it, nothing else; and every record that waits must be there byte for byte.
"""

from collections import namedtuple

from firmware import journal as journals
from protocol import cose, record
from simulator.vm import nor

KID = "pjq-01"

#: ``records`` are the COSE bytes of all, from seq 1.
State = namedtuple("State", ("records", "receipted", "boot", "pending"))
BIRTH = State((), 0, 0, None)


class Life:
    """One device's journal on the flash file ``path`` with ``blocks`` blocks."""

    def __init__(self, path, blocks: int, state: State = BIRTH, after: State | None = None):
        self.path = str(path)
        self.table = (("journal", blocks * nor.BLOCK),)
        self.state = state
        self.after = after or state
        self.cuts = 0
        self.refused = 0
        self.start()

    def watch(self, flash: nor.Flash) -> nor.Partition:
        return flash.partition("journal")

    def start(self) -> None:
        """Power on: mount, and compare everything with the twin. The power holds meanwhile: a mount writes nothing."""
        self.flash = nor.Flash(self.path, self.table)
        self.partition = self.watch(self.flash)
        self.journal = journals.Journal(self.partition, KID)
        found = self.journal.mount()
        assert self.flash.operations == 0
        state = State(self.after.records[: found.next_seq - 1], found.receipted, found.boot, found.pending)
        assert state in (self.state, self.after), (
            f"found {brief(state)}, was {brief(self.state)} or {brief(self.after)}"
        )
        self.state = self.after = state
        assert found.next_seq == len(state.records) + 1
        assert found.lost == []
        self.compare(found.head_hash)

    def compare(self, head_hash: bytes) -> None:
        records = self.state.records
        assert head_hash == (record.record_hash(records[-1])[:16] if records else record.GENESIS)
        for seq in range(self.state.receipted + 1, len(records) + 1):
            assert self.journal.read(seq) == records[seq - 1], f"record {seq}"
        assert self.journal.waiting == len(records) - self.state.receipted
        assert self.partition.reprogrammed == 0

    def attempt(self, call, after: State) -> bool:
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
        self.flash.cut_in(operations, flavour, seed)

    def restart(self) -> None:
        self.flash.close()
        self.start()

    def boot(self) -> bool:
        """False only if the power went: a boot is never refused, however full the journal is."""
        refused = self.refused
        done = self.attempt(self.journal.start_boot, self.state._replace(boot=self.state.boot + 1))
        assert self.refused == refused
        return done

    def press(self, blob: bytes) -> bool:
        return self.attempt(lambda: self.journal.tentative(blob), self.state._replace(pending=blob))

    def append(self, payload: bytes, signature: bytes, ends_press: bool) -> bool:
        data = cose.sign1_pack(KID, payload, signature)
        pending = None if ends_press else self.state.pending
        after = self.state._replace(records=self.state.records + (data,), pending=pending)

        def call():
            assert self.journal.append(payload, signature) == data

        return self.attempt(call, after)

    def rating(self, level: int = 5, kind: int = record.RATING) -> bool:
        body = record.Rating(level, (), b"\x00" * 8, 7, ((1200, 3),), 0)
        payload = record.rating_payload(self.head(), body, kind)
        return self.append(payload, signature(payload), True)

    def event(self) -> bool:
        payload = record.event_payload(self.head(), record.Event(1, {"cause": "power"}))
        return self.append(payload, signature(payload), False)

    def rate(self, level: int = 5) -> bool:
        """A whole rating: the press, then its record."""
        return self.press(bytes([level]) * 70) and self.rating(level)

    def receipt(self, seq: int) -> bool:
        seq = min(seq, len(self.state.records))
        after = self.state._replace(receipted=max(seq, self.state.receipted))
        return self.attempt(lambda: self.journal.receipt(seq), after)

    def prepare(self) -> bool:
        return self.attempt(self.journal.prepare, self.state)

    def idle(self) -> None:
        while self.journal.prepare():
            pass

    def head(self) -> record.Head:
        return record.Head(
            self.journal.next_seq, self.journal.head_hash, max(1, self.state.boot), 5000, 1_700_000_000_000, 250
        )


def signature(payload: bytes) -> bytes:
    """64 bytes that depend on the payload and end in a zero, as one signature in 256 does. Nobody verifies them."""
    return record.record_hash(payload) + record.record_hash(payload + b"2")[:31] + b"\x00"


def brief(state: State) -> str:
    return f"{len(state.records)} records, receipted {state.receipted}, boot {state.boot}, pending {state.pending!r}"
