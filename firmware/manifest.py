"""A release's manifest (SPEC 5.6), read where it lies on flash: it may be 8 KB, and a device has no memory for it.

It is a COSE_Sign1 in the one deterministic encoding, so every byte before and behind its payload is known, and its
hash for the signature is made of the file piece by piece. Of the files it names, one at a time is in memory.
"""

import hashlib
from collections import namedtuple

from firmware.crypto import slices
from protocol import cbor, cose
from protocol.errors import ProtocolError

MAX_FILES = 120
MAX_PATH = 64
#: In the folder of a set; no file of a set may be called so.
NAME = "manifest"
_PATH = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"
_KID = "release"
_SIGNATURE = b"\x58\x40"  # a byte string of 64
_PIECE = 256  # more than the beginning, or a row, takes: 9 + MAX_PATH + 34
_MAX_BOARD = 64

#: ``needs``: the lowest version that can be updated to this one. The rows of its files are in ``start`` to ``end``.
Manifest = namedtuple("Manifest", ("board", "version", "needs", "start", "end"))


class Refused(Exception):
    """The update is not taken; the text is the code (SPEC 5.6)."""


async def opened(path: str, size: int, key: bytes) -> Manifest:
    """Verify the file of this size, then read it. Raises Refused: ``no_key``, ``bad_signature``, ``bad_manifest``."""
    from firmware.crypto.verify import verify_digest_steps

    if not key:
        raise Refused("no_key")
    with open(path, "rb") as file:
        start, end = _payload(file, size)
        file.seek(end + len(_SIGNATURE))
        signature = file.read(64)
        digest = await _digest(file, start, end)
        if not await slices.run_async(verify_digest_steps(key, digest, signature)):
            raise Refused("bad_signature")
        manifest, count = _read(file, start, end)
    for _ in files(path, manifest):
        count -= 1
    if count:
        raise Refused("bad_manifest")
    return manifest


def files(path: str, manifest: Manifest):
    """Yields ``[path, size, SHA-256]`` of every file. Raises Refused ``bad_manifest`` at a row that is none."""
    with open(path, "rb") as file:
        at = manifest.start
        while at < manifest.end:
            file.seek(at)
            row, length = _item(file.read(_PIECE), 0)
            at += length
            if at > manifest.end or not _is_row(row):
                raise Refused("bad_manifest")
            yield row


def _item(data, at):
    try:
        return cbor.decode_prefix(data, at)
    except ProtocolError:
        raise Refused("bad_manifest")


def _payload(file, size):
    # where the payload lies; what is around it is as cose.sign1_pack writes it
    before = b"\xd2\x84" + cbor.encode(cose.sign1_protected(_KID)) + b"\xa0"
    begin = file.read(_PIECE)
    for head in (1, 2, 3):
        start = len(before) + head
        end = size - len(_SIGNATURE) - 64
        if end > start and begin[:start] == before + cbor.head(2, end - start):
            file.seek(end)
            if file.read(2) == _SIGNATURE:
                return start, end
    raise Refused("bad_manifest")


async def _digest(file, start, end):
    # of the Sig_structure (RFC 9052 §4.4), whose last part is the payload
    empty = cose.sign1_to_be_signed(cose.sign1_protected(_KID), b"")
    digest = hashlib.sha256(empty[:-1] + cbor.head(2, end - start))
    file.seek(start)
    while start < end:
        piece = file.read(min(_PIECE, end - start))
        digest.update(piece)
        start += len(piece)
        await slices.sleep_ms(0)
    return digest.digest()


def _read(file, start, end):
    # the manifest, and how many rows it should have
    file.seek(start)
    data = file.read(min(_PIECE, end - start))
    if data[:2] != b"\x85\x01":  # an array of five, the first the version of this form
        raise Refused("bad_manifest")
    board, at = _item(data, 2)
    version, at = _item(data, at)
    needs, at = _item(data, at)
    if not isinstance(board, str) or len(board.encode()) > _MAX_BOARD or not is_u32(version) or not is_u32(needs):
        raise Refused("bad_manifest")
    for count in range(1, MAX_FILES + 1):
        head = cbor.head(4, count)
        if data[at : at + len(head)] == head:
            break
    else:
        raise Refused("bad_manifest")
    return Manifest(board, version, needs, start + at + len(head), end), count


def is_u32(value) -> bool:
    return isinstance(value, int) and value is not True and 0 <= value <= 0xFFFFFFFF


def _is_row(row):
    return (
        isinstance(row, list)
        and len(row) == 3
        and _is_path(row[0])
        and is_u32(row[1])
        and isinstance(row[2], bytes)
        and len(row[2]) == 32
    )


def _is_path(path):
    return (
        isinstance(path, str)
        and 0 < len(path) <= MAX_PATH
        and path != NAME
        and all(char in _PATH for char in path)
        and all(part.strip(".") for part in path.split("/"))
    )
