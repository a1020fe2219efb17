"""The journal: a ring of records on a raw flash partition, which a power cut at any moment leaves whole.

A press is first put down as a *tentative* entry, later, signed, as a *record*; ``append`` of a rating or a self-test
ends the tentative, an event does not. A *receipt* is an entry of its own and frees the blocks whose records it covers.
Where each thing lies is in ``journal_format``.

Blocks. At any time one block is *active* and takes entries. When it is full, or its tail is torn, the next blank block
is opened: its header repeats the state (next seq, head hash, receipted, boot), and a pending tentative is copied into
it before the header makes it count; the block before it then gets its successor mark. So ``mount`` reads all headers,
but the entries of only one block: the one with the highest generation. A block behind it is kept exactly while it holds
a record without a receipt.

Cuts. An entry counts when its kind is programmed and its crc is right. A call returns after its entry is programmed and
was read back, so what returned is there, and what is there was asked for. Where something unreadable follows the last
entry, nothing is written behind it any more: bits that read as ones there may be half programmed. A block is used only
if its clean mark says that its erase ended and it reads blank.

Rot. What was whole once and cannot be read is lost, and its seq is never given again. Where the last records or the
last block are unreadable, ``mount`` steps over as many seqs as could have been there and one more, which nobody can
have: the hash of the record before the next one is unknown, and only a declared loss (spec 4.4) that reaches beyond all
that was sent lets the chain go on. A press whose tentative is unreadable costs a seq as well, so that its loss is told;
one that is readable while its record is not was perhaps sent, and is not made a record again. Such a step ends the
block, and leaves a gap in the generations, by which later mounts find it.

Room. A *spare* block holds no record that waits. Marks (boots, receipts, torn tails) cannot use the spare blocks up: a
block that holds nothing but marks is dropped when the next one is opened, and two blocks take turns at that for ever.

    what                                      spare blocks needed
    a tentative press                         3, and the largest record fits behind it; 4 if not; 3 if it replaces one
    the record of a tentative press           2 afterwards (its tentative kept a third for it)
    a record without a tentative before it    3 afterwards
    an event                                  2 afterwards, 3 while a tentative is pending: room for a block of events

``append``, ``tentative`` and ``receipt`` erase nothing unless ``prepare`` was not called in time; ``stalls`` counts
that. A record that rotted elsewhere is noticed by ``read``, with KeyError: declare it (spec 4.4). RAM: 12 bytes for
each block.
"""

import struct
from array import array
from collections import namedtuple

from firmware import journal_format as form
from firmware.journal_blocks import Blocks
from protocol import record

#: What ``mount`` found. ``pending`` is the blob of a tentative press without its record, or None; ``lost`` lists the
#: ``(from, to)`` seqs that have no receipt and cannot be read.
Mount = namedtuple("Mount", ("next_seq", "head_hash", "receipted", "boot", "pending", "lost"))

MIN_BLOCKS = 6
_READY = 2  # blank blocks to have ahead
_SPARE_FOR_MARKS = 2
_ENTRIES = form.SUCCESSOR_AT - form.ENTRIES_AT  # bytes of entries in a block
_LEAST_RECORD = form.room(form.SIGNATURE_SIZE)
_MARK = form.room(4)  # the smallest entry
_TRIES = 3  # blocks, for an entry that does not read back
_MOST_LOST = 8  # ranges that a mount lists; ``read`` finds the others
_LARGEST_RATING = form.room(form.MAX_TENTATIVE) + form.MAX_ENTRY
# a payload begins {1: 1, 2: kind (spec 3.2), which all seqs and kinds leave in this place
_KIND_AT = 4


class JournalFull(Exception):
    """No room until a receipt comes. Nothing was written and nothing is lost."""


class Journal:
    """The journal of the device ``kid`` on ``partition``, an ``esp32.Partition``. Call ``mount`` first."""

    def __init__(self, partition, kid: str):
        self.stalls = 0
        self._blocks = Blocks(partition, kid, MIN_BLOCKS)
        self._count = self._blocks.count
        # of each block: its generation while it is active or holds a record that waits, else 0; and its first seq
        self._generation = array("I", bytes(4 * self._count))
        self._first = array("Q", bytes(8 * self._count))

    # --- mounting ---

    def mount(self) -> Mount:
        """Find the state that the last life left. Only reads."""
        self._ready = []
        self._worn = []
        self._active = -1
        self._at = form.SUCCESSOR_AT  # where the next entry goes; here: the active block takes no more
        self._held = 0  # blocks with records that wait, without the active one
        self._release_at = 0  # the receipt that can free a block
        self._pending = None
        self._cursor = (0, 0, 0, 0)  # seq, block, its generation, place: where the next read will probably be
        self.next_seq, self.head_hash, self.receipted, self.boot = 1, record.GENESIS, 0, 0
        self._leap = 1  # from the generation of the active block to the next
        newest = None
        damaged = 0
        for block in range(self._count):
            header = self._blocks.header(block)
            damaged += header == ()
            self._generation[block] = header[0] if header else 0
            self._first[block] = header[1] if header else 0
            if header and (newest is None or header[0] > newest[0]):
                newest = header
                self._active = block
        lost = []
        if newest is not None:
            _, self.next_seq, self.head_hash, self.receipted, self.boot = newest
            self._replay(lost)
        if newest is None or self._blocks.has_successor(self._active):
            # the blocks that came after it, if they came, cannot be read
            if newest is not None and not damaged:
                damaged = 1
            if damaged:
                self._step_over(damaged * (_ENTRIES // _LEAST_RECORD), lost)
                self.boot += damaged * (_ENTRIES // _MARK)
                self._pending = None
        if newest is not None:
            self._find_held(lost, damaged)
        lost = _without_receipt(lost, self.receipted)
        return Mount(self.next_seq, self.head_hash, self.receipted, self.boot, self._pending, lost)

    def _replay(self, lost):
        # the entries of the active block, on top of the state in its header
        record_at = None
        record_seq = self.next_seq - 1
        gap = 0  # bytes that cannot be read, just before
        what = 0
        dropped = False  # a press that was lit and cannot be read
        for at, kind, size, low in self._entries(self._active):
            if not kind:
                self._at = at
                break
            if kind == form.UNREADABLE:
                gap, what = size, low
                continue
            # the low bits of the seq tell of records before this entry that cannot be read
            missing = (low - self.next_seq) & 0xFFFF
            if gap:
                dropped = self._rotted(gap, what % form.UNCOMMITTED, missing)
                gap = 0
            if missing:
                lost.append((self.next_seq, self.next_seq + missing - 1))
                self.next_seq += missing
            if kind == form.TENTATIVE:
                self._pending = self._blocks.content(size)
                dropped = False
            elif kind == form.RECEIPT:
                self.receipted = struct.unpack("<Q", self._blocks.content(size))[0]
            elif kind == form.BOOT:
                self.boot = struct.unpack("<I", self._blocks.content(size))[0]
            else:
                record_at, record_seq = at, self.next_seq
                self.next_seq += 1
                if kind == form.RECORD:
                    self._pending = None
                    dropped = False
        missing = 0
        if gap and what != form.UNCOMMITTED:
            if what in (form.RECORD, form.EVENT):
                missing = 1
            elif not what:
                missing = gap // _LEAST_RECORD  # at most
            dropped = self._rotted(gap, what, missing)
        if missing or dropped or record_seq != self.next_seq - 1:
            self._step_over(missing, lost)
        elif record_at is not None:
            self.head_hash = _hash(self._blocks.cose_at(self._active, record_at))

    def _rotted(self, gap, what, missing):
        # forget what may have changed in a stretch that cannot be read; True if a press may have been there
        if not what or what == form.BOOT:
            self.boot += gap // _MARK  # at most; the counter never comes again
        if what == form.EVENT or gap <= _MARK:
            return False
        self._pending = None
        return what == form.TENTATIVE or (not what and not missing)

    def _step_over(self, missing, lost):
        # that many records of which nothing is known, and a seq that nobody can have seen
        lost.append((self.next_seq, self.next_seq + missing))
        self.next_seq += missing + 1
        self.head_hash = record.GENESIS  # what comes before the next record is hidden by a declared loss
        self._at = form.SUCCESSOR_AT
        self._leap = 2

    def _find_held(self, lost, damaged):
        # from the newest block back: the others count while they hold a record that waits
        later = self._active
        while True:
            block = self._before(later)
            after = self._first[later]
            if block < 0 or after - 1 <= self.receipted:
                break
            if self._first[block] >= after:
                self._generation[block] = 0
                continue
            if self._generation[block] + 1 != self._generation[later]:
                # the block between held only marks, or its header and the copy are unreadable and its records lost
                end = self._end(block)
                if end < after:
                    lost.append((end, after - 1))
            later = block
        if self._first[later] > self.receipted + 1:
            if damaged:
                lost.append((self.receipted + 1, self._first[later] - 1))
            else:
                self.receipted = self._first[later] - 1  # no block is unreadable: they were erased, after their receipt
        self._release()

    def _before(self, later):
        # the block that was in use before this one; -1 if there is none
        below = self._generation[later]
        found = (later - 1) % self._count  # nearly always
        if self._generation[found] + 1 == below > 1:
            return found
        found = -1
        best = 0
        for block in range(self._count):
            if best < self._generation[block] < below:
                found, best = block, self._generation[block]
        return found

    def _end(self, block):
        # the seq after the last entry of a block
        seq = self._first[block]
        for _, kind, _, low in self._entries(block):
            if kind > form.UNREADABLE:
                seq += (low - seq) & 0xFFFF
                seq += kind == form.RECORD or kind == form.EVENT
        return seq

    # --- writing ---

    def start_boot(self) -> int:
        """Count this boot; the number never comes again. Also makes blank blocks ready, which may take two erases."""
        while self.prepare():
            pass
        self._put(form.BOOT, struct.pack("<I", self.boot + 1))
        self.boot += 1
        return self.boot

    def tentative(self, blob: bytes) -> None:
        """Put down a press; it replaces the tentative before it. Raises JournalFull, or ValueError beyond 200 bytes."""
        if len(blob) > form.MAX_TENTATIVE:
            raise ValueError("a tentative press has up to %d bytes, got %d" % (form.MAX_TENTATIVE, len(blob)))
        if self.full and (self._pending is None or self._spare() <= _SPARE_FOR_MARKS):
            raise JournalFull("%d spare blocks and no room in the active one for a press" % self._spare())
        self._put(form.TENTATIVE, blob)
        self._pending = bytes(blob)

    def append(self, payload: bytes, signature: bytes) -> bytes:
        """Put down the record ``next_seq`` and return its COSE bytes. An event leaves a tentative press pending.

        Raises JournalFull, or ValueError unless there are 152 and 64 bytes.
        """
        content = form.pack_record(payload, signature)
        kind = form.EVENT if payload[_KIND_AT] == record.EVENT else form.RECORD
        uses = 0 if self._fits(form.room(len(content))) and self._active_waits() else 1
        keep = _SPARE_FOR_MARKS
        if (kind == form.EVENT) == (self._pending is not None):
            keep += 1
        if self._spare() - uses < keep:
            raise JournalFull("%d spare blocks, the record needs %d" % (self._spare(), keep + uses))
        self._put(kind, content)
        data = self._blocks.cose(content)
        self.head_hash = _hash(data)
        self.next_seq += 1
        if kind == form.RECORD:
            self._pending = None
        return data

    def receipt(self, seq: int) -> None:
        """Every record up to ``seq`` is safe elsewhere and may go. A lower one than before changes nothing.

        Raises ValueError for a record that was never written: a receipt must have been checked before (spec 5.2).
        """
        if seq >= self.next_seq:
            raise ValueError("a receipt for %d, but the last record is %d" % (seq, self.next_seq - 1))
        if seq <= self.receipted:
            return
        self._put(form.RECEIPT, struct.pack("<Q", seq))
        self.receipted = seq
        if seq >= self._release_at:
            self._release()

    def prepare(self) -> bool:
        """One step of idle work: make a block blank, with at most one erase. True if there is more to do."""
        if len(self._ready) < _READY:
            block = self._reusable()
            if block >= 0:
                self._make_ready(block)
        return len(self._ready) < _READY and self._reusable() >= 0

    # --- reading ---

    def read(self, seq: int, old: bool = False) -> bytes:
        """The COSE bytes of a record that waits for a receipt. KeyError if there is none, or it is unreadable.

        ``old``: also of one that has its receipt and is still there.
        """
        if not (old or self.receipted < seq) or not seq < self.next_seq:
            raise KeyError(seq)
        cursor, block, generation, at = self._cursor
        data = None
        if cursor == seq and self._generation[block] == generation:
            data = self._find(seq, block, at)
        if data is None:
            data = self._find(seq, self._block_of(seq), form.ENTRIES_AT)
        if data is None:
            raise KeyError(seq)
        return data

    def _find(self, seq, block, start):
        # the record with this seq in the block from ``start``, or None
        if block < 0:
            return None
        for at, kind, size, low in self._entries(block, start):
            if (kind == form.RECORD or kind == form.EVENT) and low == seq & 0xFFFF:
                self._cursor = (seq + 1, block, self._generation[block], at + form.room(size))
                return self._blocks.cose(self._blocks.content(size))
        return None

    @property
    def pending(self):
        """The blob of the tentative press that has no record yet, or None."""
        return self._pending

    @property
    def waiting(self) -> int:
        """Records without a receipt."""
        return self.next_seq - 1 - self.receipted

    @property
    def full(self) -> bool:
        """True if a new press would be refused."""
        spare = self._spare() - _SPARE_FOR_MARKS
        return spare < 1 or (spare == 1 and not (self._active_waits() and self._fits(_LARGEST_RATING)))

    @property
    def used_permille(self) -> int:
        """How much of the room for records is taken; 1000 exactly when ``full``."""
        if self.full:
            return 1000
        used = self._held * _ENTRIES + (self._at - form.ENTRIES_AT if self._active_waits() else 0)
        return min(999, 1000 * used // (_ENTRIES * (self._count - len(self._worn) - _SPARE_FOR_MARKS - 1)))

    @property
    def wear(self):
        """Erases: ``(of a block on average since ever, most of one block since this boot)``."""
        return max(self._generation) // self._count, max(self._blocks.erases)

    # --- blocks ---

    def _entries(self, block, at=form.ENTRIES_AT):
        return self._blocks.entries(block, self._generation[block], at)

    def _spare(self):
        return self._count - len(self._worn) - self._held - self._active_waits()

    def _active_waits(self):
        # 1 if the active block holds a record that waits
        active = self._active
        return int(active >= 0 and self.next_seq > self._first[active] and self.next_seq - 1 > self.receipted)

    def _release(self):
        # every block before the last one that begins at or below the first waiting record is free
        waiting = self.receipted + 1
        keep = 0
        for block in range(self._count):
            if self._generation[block] > keep and self._first[block] <= waiting:
                keep = self._generation[block]
        self._held = 0
        self._release_at = self.next_seq - 1
        for block in range(self._count):
            if self._generation[block] < keep:
                self._generation[block] = 0
            elif block != self._active:
                self._held += 1
            if self._generation[block] > keep and self._first[block] - 1 < self._release_at:
                self._release_at = self._first[block] - 1

    def _block_of(self, seq):
        # the block that holds a waiting seq: the last one that begins at or below it; -1 if none does
        found = -1
        for block in range(self._count):
            if self._generation[block] and self._first[block] <= seq:
                if found < 0 or self._generation[block] > self._generation[found]:
                    found = block
        return found

    def _reusable(self):
        # the next block round the ring that may be erased; -1 if there is none
        start = self._ready[-1] if self._ready else self._active
        for step in range(1, self._count + 1):
            block = (start + step) % self._count
            if not self._generation[block] and block not in self._ready and block not in self._worn:
                return block
        return -1

    def _make_ready(self, block):
        if self._blocks.make_blank(block):
            self._ready.append(block)
        else:
            self._worn.append(block)  # tried again after the next boot

    def _open(self):
        # the next block becomes the active one, with the state in its header
        while not self._ready:
            block = self._reusable()
            if block < 0:
                raise JournalFull("every block holds records that wait for a receipt")
            self.stalls += 1
            self._make_ready(block)
        block = self._ready.pop(0)
        generation = self._leap + (self._generation[self._active] if self._active >= 0 else 0)
        at = form.ENTRIES_AT
        whole = True
        if self._pending is not None:
            whole = self._blocks.put_entry(block, generation, at, form.TENTATIVE, self.next_seq, self._pending)
            at += form.room(len(self._pending))
        if not whole or not self._blocks.put_header(
            block, generation, self.next_seq, self.head_hash, self.receipted, self.boot
        ):
            self._worn.append(block)
            self._open()
            return
        if self._active >= 0:
            self._blocks.put_successor(self._active)
        self._leap = 1
        if self._active_waits():
            self._held += 1
        elif self._active >= 0:
            self._generation[self._active] = 0
        self._active = block
        self._generation[block] = generation
        self._first[block] = self.next_seq
        self._at = at

    def _fits(self, room):
        return self._at + room <= form.SUCCESSOR_AT

    def _put(self, kind, content):
        for _ in range(_TRIES):
            if not self._fits(form.room(len(content))):
                self._open()
            at, active = self._at, self._active
            self._at = form.SUCCESSOR_AT  # if the flash refuses, nothing follows a half written entry
            if self._blocks.put_entry(active, self._generation[active], at, kind, self.next_seq, content):
                self._at = at + form.room(len(content))
                return
        raise OSError("the journal's flash does not keep what is written")


def _hash(data):
    return record.record_hash(data)[: record.HASH_IN_CHAIN]


def _without_receipt(lost, receipted):
    # the parts of the ranges that have no receipt, in order, and as one where they meet
    found = []
    for first, last in sorted(lost):
        first = max(first, receipted + 1)
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        elif first <= last:
            found.append((first, last))
    return found[:_MOST_LOST]
