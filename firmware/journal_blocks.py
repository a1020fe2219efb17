"""The journal's blocks on flash: headers and entries read and programmed, blocks made blank. ``journal`` decides."""

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

    def header(self, block: int):
        """``(generation, next_seq, head_hash, receipted, boot)``, or None if the block has no header of ours."""
        for at in (form.HEADER_AT, form.COPY_AT):
            header = form.unpack_header(self._salt, self._load(block, at, form.HEADER_SIZE))
            if header is not None:
                return header
        return None

    def put_header(self, block: int, generation: int, next_seq: int, head_hash: bytes, receipted: int, boot: int):
        """Program the header and its copy."""
        header = form.pack_header(self._salt, generation, next_seq, head_hash, receipted, boot)
        self._partition.writeblocks(block, header, form.HEADER_AT)
        self._partition.writeblocks(block, header, form.COPY_AT)

    def entries(self, block: int, generation: int, at: int = form.ENTRIES_AT):
        """The entries from ``at``, as (place, kind, size, low); ``content(size)`` is valid until the next step.

        If more may be written behind them, (place, 0, 0, 0) comes last.
        """
        salt = form.block_salt(self._salt, generation)
        torn = False
        while at < form.COPY_AT:
            data = self._load(block, at, min(form.MAX_ENTRY, form.COPY_AT - at))
            entry = form.unpack_entry(salt, data)
            if entry is not None:
                torn = False
                yield (at,) + entry
                at += form.room(entry[1])
            elif data[0] == 0xFF and self._is_blank(block, at, form.COPY_AT):
                if not torn:
                    yield (at, 0, 0, 0)
                return
            else:
                torn = True
                at += 8

    def content(self, size: int) -> bytes:
        """The content of the entry that ``entries`` just gave."""
        return bytes(self._view[4 : 4 + size])

    def put_entry(self, block: int, generation: int, at: int, kind: int, seq: int, content: bytes) -> None:
        """Program an entry."""
        entry = form.pack_entry(form.block_salt(self._salt, generation), kind, seq, content)
        self._partition.writeblocks(block, entry, at)

    def cose(self, content: bytes) -> bytes:
        """The COSE bytes of the record with this content."""
        payload, signature = form.unpack_record(content)
        return cose.sign1_pack(self._kid, payload, signature)

    def cose_at(self, block: int, at: int) -> bytes:
        """The COSE bytes of the record that is known to lie there."""
        data = self._load(block, at, min(form.MAX_ENTRY, form.COPY_AT - at))
        return self.cose(self.content(data[1]))

    def make_blank(self, block: int) -> bool:
        """Erase the block unless it is blank and its clean mark says so. False if it is worn out."""
        if self._is_clean(block):
            return True
        self._partition.ioctl(6, block)
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
