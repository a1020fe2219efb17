"""A model of NOR flash in a file, with power cuts. Runs under CPython (tests, the host) and MicroPython (the VM).

What it models: programming only clears bits (the old byte AND the new one) and goes by pages of 256 bytes; erasing sets
a whole block of 4096 to ones; nothing else sets a bit. Every operation reaches the file before it returns, so killing
the process with -9 leaves what a power cut between two operations would leave. Costs are counted, not slept: 0.7 ms for
each page touched and 45 ms for each erase (typical figures of W25Q-class parts); a read costs 20 us for the call, which
locks the bus and switches the cache off and on, and then goes at 20 bytes each us (four lines at 40 MHz).

A ``Cut`` stops the power at the n-th erase or program, counted from 1 over all partitions since the model was opened:

    flavour   a program                                 an erase
    before    nothing happened                          nothing happened
    torn      a prefix of the bytes is there            a prefix of the block is blank, the rest is old
    bits      any of the bits that should go to 0 went  any of the bits that should go to 1 went
    after     it is complete, but nobody was told       it is complete, but nobody was told

The seed decides how long the prefix is and which bits went. After the cut every operation raises ``PowerCut``.
"""

import os
from array import array
from collections import namedtuple

BLOCK = 4096
PAGE = 256
PROGRAM_US = 700  # for each page touched
ERASE_US = 45000
READ_CALL_US = 20
READ_BYTES_PER_US = 20

FLAVOURS = ("before", "torn", "bits", "after")

#: Labels and sizes in bytes, in the order in which they lie in the file.
PARTITIONS = (("identity", 2 * BLOCK), ("journal", 512 * 1024))

Cut = namedtuple("Cut", ("at", "flavour", "seed"))


class PowerCut(BaseException):
    """The power went. No code that runs on the device may catch this: on a device nobody would be there to."""


def parse_cut(text: str) -> Cut:
    """A cut from ``n``, ``n:flavour`` or ``n:flavour:seed``. Raises ValueError."""
    parts = text.split(":")
    flavour = parts[1] if len(parts) > 1 else "before"
    if len(parts) > 3 or flavour not in FLAVOURS:
        raise ValueError("a cut is n[:%s[:seed]], got %r" % ("|".join(FLAVOURS), text))
    return Cut(int(parts[0]), flavour, int(parts[2]) if len(parts) > 2 else 1)


def parse_partitions(text: str):
    """A partition table from ``label=size,label=size`` (bytes). Raises ValueError unless sizes are whole blocks."""
    table = []
    for row in text.split(","):
        label, size = row.split("=")
        if int(size) <= 0 or int(size) % BLOCK:
            raise ValueError("partition %s: a size is a multiple of %d, got %s" % (label, BLOCK, size))
        table.append((label, int(size)))
    return tuple(table)


class Flash:
    """The chip: one file that holds the partitions one after the other. Parts the file lacks are blank."""

    def __init__(self, path: str, partitions=PARTITIONS, cut: Cut | None = None):
        self.operations = 0
        self.cut = cut
        self.dead = False
        #: Called when the power goes, with the flash already in its final state; the VM kills itself here.
        self.on_cut = None
        self._page = memoryview(bytearray(PAGE))
        self._table = {}
        end = 0
        for label, size in partitions:
            self._table[label] = (end, size)
            end += size
        self._file = _open(path, end)

    def partition(self, label: str) -> "Partition":
        """A fresh view of a partition, with counters at zero. Raises KeyError for an unknown label."""
        start, size = self._table[label]
        return Partition(self, label, start, size)

    @property
    def labels(self):
        return list(self._table)

    def cut_in(self, operations: int, flavour: str, seed: int = 1) -> None:
        """Let the power go at the n-th operation from now (1 is the next one)."""
        self.cut = Cut(self.operations + operations, flavour, seed)

    def close(self) -> None:
        self._file.close()

    def _read(self, at, buffer):
        if self.dead:
            raise PowerCut()
        self._file.seek(at)
        self._file.readinto(buffer)

    def _change(self, at, size, data):
        """One operation: program ``data``, or erase if it is None. Returns how many bytes of it were not blank.

        It goes page by page, because in the VM it lives on the firmware's small heap.
        """
        if self.dead:
            raise PowerCut()
        self.operations += 1
        cut = self.cut if self.cut is not None and self.operations >= self.cut.at else None
        random = _random(cut.seed * 7919 + cut.at) if cut else None
        prefix = next(random) % (size + 1) if cut and cut.flavour == "torn" else 0
        used = 0
        for start in range(0, size, PAGE):
            length = min(PAGE, size - start)
            page = self._page[:length]
            self._read(at + start, page)
            used += length - bytes(page).count(b"\xff")
            old = int.from_bytes(page, "big")
            new = (1 << 8 * length) - 1 if data is None else old & int.from_bytes(data[start : start + length], "big")
            if cut:
                new = _torn(old, new, length, cut.flavour, prefix - start, random)
            self._file.seek(at + start)
            self._file.write(new.to_bytes(length, "big"))
        if cut:
            self.dead = True
            if self.on_cut is not None:
                self.on_cut()
            raise PowerCut()
        return used


class Partition:
    """One partition with the block device methods of MicroPython's ``esp32.Partition``, and counters.

    ``erases``, ``programs`` (calls), ``pages``, ``programmed`` (bytes), ``reprogrammed`` (of these, bytes that were not
    blank before), ``reads`` and ``read`` (bytes), ``busy_us`` (modelled time of all), ``wear`` (erases of each block).
    """

    def __init__(self, flash: Flash, label: str, start: int, size: int):
        self.flash = flash
        self.label = label
        self.start = start
        self.size = size
        self.wear = array("I", bytes(4 * (size // BLOCK)))
        self.reset_counters()

    def reset_counters(self) -> None:
        self.erases = self.programs = self.pages = self.programmed = self.reprogrammed = 0
        self.reads = self.read = self.busy_us = 0

    def readblocks(self, block_num, buf, offset=0) -> None:
        """Fill ``buf`` from ``offset`` in the block. Raises OSError outside the partition."""
        at = self._place(block_num, offset, len(buf))
        self.reads += 1
        self.read += len(buf)
        self.busy_us += READ_CALL_US + len(buf) // READ_BYTES_PER_US
        self.flash._read(at, buf)

    def writeblocks(self, block_num, buf, offset=None) -> None:
        """With ``offset``: program without erasing. Without: erase the blocks that ``buf`` fills, then program them.

        Raises OSError outside the partition, and ValueError for parts of blocks without an offset.
        """
        if offset is not None:
            self._program(self._place(block_num, offset, len(buf)), buf)
            return
        if len(buf) % BLOCK:
            raise ValueError("without an offset whole blocks are written, got %d bytes" % len(buf))
        self._place(block_num, 0, len(buf))
        for index in range(len(buf) // BLOCK):
            self.ioctl(6, block_num + index)
            part = memoryview(buf)[index * BLOCK : (index + 1) * BLOCK]
            self._program(self._place(block_num + index, 0, BLOCK), part)

    def ioctl(self, cmd, arg=0):
        """4: number of blocks, 5: bytes of a block, 6: erase block ``arg``; 1, 2, 3 (init, deinit, sync) do nothing."""
        if cmd == 4:
            return self.size // BLOCK
        if cmd == 5:
            return BLOCK
        if cmd == 6:
            at = self._place(arg, 0, BLOCK)
            self.erases += 1
            self.wear[arg] += 1
            self.busy_us += ERASE_US
            self.flash._change(at, BLOCK, None)
            return 0
        return 0 if cmd in (1, 2, 3) else None

    def info(self):
        """(type, subtype, address, size, label, encrypted) as on the chip; these are data partitions."""
        return (1, 0x99, self.start, self.size, self.label, False)

    def _place(self, block, offset, size):
        at = block * BLOCK + offset
        if block < 0 or offset < 0 or at + size > self.size:
            raise OSError(22)
        return self.start + at

    def _program(self, at, data):
        pages = (at + len(data) - 1) // PAGE - at // PAGE + 1
        self.programs += 1
        self.pages += pages
        self.programmed += len(data)
        self.busy_us += pages * PROGRAM_US
        self.reprogrammed += self.flash._change(at, len(data), memoryview(data))


def _torn(old, new, length, flavour, prefix, random):
    # what a cut leaves of a page, as big-endian integers; ``prefix`` bytes of it were done
    if flavour == "after":
        return new
    if flavour == "before":
        return old
    done = 0
    if flavour == "torn":
        done = ((1 << 8 * max(0, min(length, prefix))) - 1) << 8 * max(0, length - max(0, prefix))
    else:
        for _ in range(length):
            done = done << 8 | next(random) & 0xFF
    # where a bit should change, it did if it lies in ``done``
    return old ^ ((old ^ new) & done)


def _random(seed):
    """xorshift32 (Marsaglia 2003): the same numbers on both runtimes."""
    state = (seed * 2654435761 + 1) & 0xFFFFFFFF or 1
    while True:
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        yield state >> 7


def _open(path, size):
    try:
        there = os.stat(path)[6]
    except OSError:
        open(path, "wb").close()
        there = 0
    # no buffer of our own: what an operation wrote is in the file when it returns
    file = open(path, "r+b", 0)
    file.seek(there)
    while there < size:
        chunk = min(BLOCK, size - there)
        file.write(b"\xff" * chunk)
        there += chunk
    return file
