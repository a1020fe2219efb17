"""The journal's blocks on flash: headers and entries read and programmed, blocks made blank. ``journal`` decides."""

from array import array

from firmware import journal_format as form
from protocol import cose

_CHUNK = 256
_BLANK = b"\xff" * _CHUNK


class Blocks:
    """The blocks of one partition for the device ``kid``. Raises ValueError if there are fewer than ``least``."""

    def __init__(self, partition, kid: str, least: int):
        self.count = partition.ioctl(4, 0)
        if self.count < least or partition.ioctl(5, 0) != form.BLOCK:
            raise ValueError("a journal needs %d blocks of 4096 bytes, got %d" % (least, self.count))
        self._partition = partition
        self._kid = kid
        self._salt = form.device_salt(kid)
        self._view = memoryview(bytearray(_CHUNK))
        self.erases = array("H", bytes(2 * self.count))  # of each block, since this boot

    def header(self, block: int):
        """``(generation, next_seq, head_hash, receipted, boot)``.

        None if no header of ours was completed there, an empty tuple if it seems to have been and cannot be read.
        """
        for at in (form.HEADER_AT, form.COPY_AT):
            header = form.unpack_header(self._salt, self._load(block, at, form.HEADER_SIZE))
            if header is not None:
                return header
        copy = bytes(self._view[: form.HEADER_SIZE])
        # blank: it was not completed. Twice the same: it is another device's.
        if copy == _BLANK[: form.HEADER_SIZE] or self._load(block, form.HEADER_AT, form.HEADER_SIZE) == copy:
            return None
        return ()

    def has_successor(self, block: int) -> bool:
        """Whether another block was opened after this one."""
        mark = bytes(self._load(block, form.SUCCESSOR_AT, len(form.SUCCESSOR_MARK)))
        return mark.count(b"\xff") < 4

    def put_header(self, block: int, *state) -> bool:
        """Program the header and its copy. False if it does not read back."""
        header = form.pack_header(self._salt, *state)
        self._partition.writeblocks(block, header, form.HEADER_AT)
        self._partition.writeblocks(block, header, form.COPY_AT)
        return self._load(block, form.HEADER_AT, form.HEADER_SIZE) == header

    def put_successor(self, block: int) -> None:
        """Program the mark that another block was opened after this one."""
        self._partition.writeblocks(block, form.SUCCESSOR_MARK, form.SUCCESSOR_AT)

    def entries(self, block: int, generation: int, at: int = form.ENTRIES_AT):
        """The entries from ``at``, as (place, kind, size, low); ``content(size)`` is valid until the next step.

        What lies between them comes as (place, UNREADABLE, bytes, ``guess``). If more may be written behind them,
        (place, 0, 0, 0) is last.
        """
        salt = form.block_salt(self._salt, generation)
        start = 0  # of what cannot be read
        while at < form.SUCCESSOR_AT:
            data = self._load(block, at, min(form.MAX_ENTRY, form.SUCCESSOR_AT - at))
            entry = form.unpack_entry(salt, data)
            end = entry is None and data[0] == 0xFF and self._is_blank(block, at, form.SUCCESSOR_AT)
            if entry is None and not end:
                start = start or at
                at += 8
                continue
            if start:
                yield self._unreadable(block, start, at)
                if end:
                    return
                start = 0
                self._load(block, at, min(form.MAX_ENTRY, form.SUCCESSOR_AT - at))
            if end:
                yield (at, 0, 0, 0)
                return
            yield (at,) + entry
            at += form.room(entry[1])
        if start:
            yield self._unreadable(block, start, form.SUCCESSOR_AT)

    def _unreadable(self, block, start, end):
        return start, form.UNREADABLE, end - start, form.guess(self._load(block, start, 8), end - start)

    def content(self, size: int) -> bytes:
        """The content of the entry that ``entries`` just gave."""
        return bytes(self._view[4 : 4 + size])

    def put_entry(self, block: int, generation: int, at: int, kind: int, seq: int, content: bytes) -> bool:
        """Program an entry, its kind last. False if it does not read back: what was there was not blank."""
        entry = form.pack_entry(form.block_salt(self._salt, generation), kind, seq, content)
        self._partition.writeblocks(block, entry[1:], at + 1)
        if self._load(block, at, len(entry))[1:] != entry[1:]:
            return False
        self._partition.writeblocks(block, entry[:1], at)
        return self._load(block, at, 1)[0] == kind

    def cose(self, content: bytes) -> bytes:
        """The COSE bytes of the record with this content."""
        payload, signature = form.unpack_record(content)
        return cose.sign1_pack(self._kid, payload, signature)

    def cose_at(self, block: int, at: int) -> bytes:
        """The COSE bytes of the record that is known to lie there."""
        data = self._load(block, at, min(form.MAX_ENTRY, form.SUCCESSOR_AT - at))
        return self.cose(self.content(data[1]))

    def make_blank(self, block: int) -> bool:
        """Erase the block unless it is blank and its clean mark says so. False if it is worn out."""
        if self._is_clean(block):
            return True
        self._partition.ioctl(6, block)
        self.erases[block] += 1
        if not self._is_blank(block, 0, form.BLOCK):
            return False
        self._partition.writeblocks(block, form.CLEAN_MARK, 0)
        return True

    def _is_clean(self, block):
        size = len(form.CLEAN_MARK)
        return self._load(block, 0, size) == form.CLEAN_MARK and self._is_blank(block, size, form.BLOCK)

    def _is_blank(self, block, at, end):
        while at < end:
            size = min(_CHUNK, end - at)
            if self._load(block, at, size) != _BLANK[:size]:
                return False
            at += size
        return True

    def _load(self, block, at, size):
        data = self._view[:size]
        self._partition.readblocks(block, data, at)
        return data
