"""Bit rot and garbage in a journal's flash, and what a mount may make of it.

What was not touched must be found; what was touched is found as it was or not at all; a seq that had a record never
gets another one; and what is not found is declared lost, or its seq cannot be read, which the link declares.
"""

import random
from collections.abc import Callable
from pathlib import Path

from firmware import journal as journals
from firmware import journal_format as form
from protocol import record
from simulator.journal_story import BLOCKS, Moment
from simulator.journal_twin import BROKEN, CORRUPT, DUPLICATED, KID, LOST, State, demand, signature
from simulator.vm import nor

_SALT = form.device_salt(KID)


def _flips(image: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 12)):
        image[dice.randrange(len(image))] ^= 1 << dice.randrange(8)


def _near(image: bytearray, dice: random.Random) -> None:
    # some flips close together
    start = dice.randrange(len(image) - 300)
    for _ in range(dice.randint(2, 12)):
        image[start + dice.randrange(300)] ^= 1 << dice.randrange(8)


def _stretch(image: bytearray, dice: random.Random) -> None:
    size = dice.choice((8, 24, 100, 150, 256, 700, 2048))
    start = dice.randrange(len(image) - size)
    image[start : start + size] = dice.randbytes(size)


def _zeros(image: bytearray, dice: random.Random) -> None:
    size = dice.choice((8, 100, 256, 2048))
    start = dice.randrange(len(image) - size)
    image[start : start + size] = bytes(size)


def _block(image: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(image) // nor.BLOCK) * nor.BLOCK
    image[start : start + nor.BLOCK] = dice.randbytes(nor.BLOCK)


def _last(image: bytearray, dice: random.Random) -> None:
    # around the end of what was written in the newest block: the last records
    newest = max(range(len(image) // nor.BLOCK), key=lambda block: (_header(image, block) or (0,))[0])
    start = newest * nor.BLOCK
    end = start + len(bytes(image[start : start + form.SUCCESSOR_AT]).rstrip(b"\xff"))
    size = dice.choice((1, 8, 100, 160, 400))
    at = max(start + form.ENTRIES_AT, end - size - dice.randrange(40))
    stop = min(at + size + dice.choice((0, 0, 200)), start + form.SUCCESSOR_AT)
    image[at:stop] = dice.randbytes(stop - at)


DAMAGES: dict[str, Callable[[bytearray, random.Random], None]] = {
    "flips": _flips,
    "near": _near,
    "stretch": _stretch,
    "zeros": _zeros,
    "block": _block,
    "last": _last,
}


def strike(path: Path, moment: Moment, damage: str, seed: int) -> journals.Mount:
    """Damage the flash of a moment, mount it, live on, and judge. Raises Fault; whatever else it raises is a crash."""
    image = bytearray(moment.image)
    DAMAGES[damage](image, random.Random(seed))
    path.write_bytes(image)
    flash = nor.Flash(str(path), (("journal", BLOCKS * nor.BLOCK),))
    try:
        return _judge(flash, moment, bytes(image))
    finally:
        flash.close()


def _judge(flash: nor.Flash, moment: Moment, image: bytes) -> journals.Mount:
    # the operation that was about to happen may be half there already: a bit that rotted may be what it lacked
    state, asked = moment.before, moment.after
    journal = journals.Journal(flash.partition("journal"), KID)
    found = journal.mount()
    count = found.next_seq - 1
    demand(flash.operations == 0, BROKEN, "a mount changed the flash")
    demand(count >= len(state.records), DUPLICATED, f"seq {found.next_seq} again, of {len(state.records)}")
    demand(found.receipted <= asked.receipted, LOST, f"receipted {found.receipted}, was {state.receipted}")
    demand(found.boot >= state.boot, DUPLICATED, f"boot {found.boot}, was {state.boot}")
    known = (state.pending, asked.pending, None)
    demand(found.pending in known, CORRUPT, f"pending {found.pending!r}, was {state.pending!r}")
    if state.pending is not None and found.pending is None:
        demand(count > len(state.records), LOST, "a press is not there, and no seq tells of it")
    if not found.lost or found.lost[-1][1] != count or found.head_hash != record.GENESIS:
        demand(count <= len(asked.records), BROKEN, "stepped over seqs and did not say so")
        head = record.record_hash(asked.records[count - 1])[:16] if count else record.GENESIS
        demand(found.head_hash == head, CORRUPT, "the head's hash is not that of the last record")
    there = _readable(journal, found, asked)
    missed = [seq for seq in _untouched(moment.image, image, state) if seq not in there and seq > found.receipted]
    demand(not missed, LOST, f"not touched, yet not found: {missed}")
    _live_on(journal, flash, found, there)
    return found


def _readable(journal: journals.Journal, found: journals.Mount, state: State) -> dict[int, bytes]:
    """The records that can be read, each as it was. Raises Fault."""
    there = {}
    for seq in range(found.receipted + 1, found.next_seq):
        try:
            data = journal.read(seq)
        except KeyError:
            continue
        demand(seq <= len(state.records), CORRUPT, f"record {seq} was never written")
        demand(data == state.records[seq - 1], CORRUPT, f"record {seq} is not what was written")
        demand(not any(a <= seq <= b for a, b in found.lost), BROKEN, f"record {seq} is there and was declared lost")
        there[seq] = data
    return there


def _untouched(was: bytes, image: bytes, state: State) -> list[int]:
    """Seqs without a receipt whose entry and whose block's header or its copy are as they were."""
    seqs = []
    for block in range(len(was) // nor.BLOCK):
        header = _header(was, block)
        if header is None or header != _header(image, block):
            continue
        start, seq = block * nor.BLOCK, header[1]
        salt = form.block_salt(_SALT, header[0])
        at = start + form.ENTRIES_AT
        while (entry := form.unpack_entry(salt, was[at : start + form.SUCCESSOR_AT])) is not None:
            kind, size, _ = entry
            if kind in (form.RECORD, form.EVENT):
                if seq > state.receipted and was[at : at + form.room(size)] == image[at : at + form.room(size)]:
                    seqs.append(seq)
                seq += 1
            at += form.room(size)
    return seqs


def _header(image: bytes | bytearray, block: int) -> tuple | None:
    for at in (form.HEADER_AT, form.COPY_AT):
        start = block * nor.BLOCK + at
        header = form.unpack_header(_SALT, bytes(image[start : start + form.HEADER_SIZE]))
        if header is not None:
            return header
    return None


def _live_on(journal: journals.Journal, flash: nor.Flash, found: journals.Mount, there: dict[int, bytes]) -> None:
    """The device boots, declares its losses, and finds all of it again after a restart. Raises Fault."""
    journal.start_boot()
    written = dict(there)
    for first, last in [*found.lost, (0, 0)]:
        head = record.Head(journal.next_seq, journal.head_hash, journal.boot, 1, None, None)
        payload = record.event_payload(head, record.Event(5, {"from": first, "to": last}))
        try:
            written[head.seq] = journal.append(payload, signature(payload))
        except journals.JournalFull:
            break
    again = journals.Journal(flash.partition("journal"), KID)
    mount = again.mount()
    demand(mount.next_seq == journal.next_seq, DUPLICATED, f"seq {mount.next_seq}, was {journal.next_seq}")
    demand(mount.head_hash == journal.head_hash, BROKEN, "another head after a restart")
    demand(mount.pending == found.pending, BROKEN, "another press after a restart")
    demand(mount.boot == journal.boot, BROKEN, "another boot counter after a restart")
    for seq, data in written.items():
        demand(again.read(seq) == data, LOST, f"record {seq} after a restart")
    for first, last in mount.lost:
        demand(not any(first <= seq <= last for seq in written), BROKEN, f"declared lost yet there: {first} to {last}")
