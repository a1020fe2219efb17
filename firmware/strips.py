"""Pictures of a hall's own reasons (SPEC 5.7), which the set of firmware does not have. Loaded by `firmware.pictures`.

They change about once a year. They lie in flash under their hash, written in calm moments.
"""

import asyncio
import binascii
import hashlib
import os

MAX_STRIPS = 131072
_NAME = "strips-"


def is_kept(digest) -> bool:
    """Whether they are in flash already."""
    return _path(digest) in os.listdir()


def _path(digest):
    return _NAME + binascii.hexlify(digest[:8]).decode()


async def get(pictures, display, digest) -> None:
    """See that the display has them; None: there are none. Raises ValueError if what comes is not they."""
    path, found = "", {}
    if digest is not None:
        path = await _file(pictures, digest)
        found = index(path)
    display.strips = path
    display.index = found


def index(path: str) -> dict:
    """Twice the code, plus 1 for the chosen picture -> where it begins."""
    found = {}
    with open(path, "rb") as file:
        head = file.read(3)
        for _ in range(head[2] if head[:2] == b"S2" else 0):
            entry = file.read(10)
            twice = int.from_bytes(entry[:2], "big") * 2
            found[twice] = int.from_bytes(entry[2:6], "big")
            found[twice + 1] = int.from_bytes(entry[6:], "big")
    return found


async def _file(pictures, digest):
    path = _path(digest)
    names = os.listdir()
    if path not in names:
        new = path + ".new"  # what a restart left of it goes on
        have = os.stat(new)[6] if new in names else 0
        size = have + 1
        with open(new, "ab") as file:
            while have < size:
                asset = await pictures.ask(digest, have)
                size = asset.size
                if size > MAX_STRIPS:
                    raise ValueError("%d bytes" % size)
                while not pictures.app._calm():
                    await asyncio.sleep_ms(500)
                have += file.write(asset.bytes[: size - have])
        if await _hash(new) != digest:
            os.remove(new)
            raise ValueError("hash")
        os.rename(new, path)
    for name in names:
        if name.startswith(_NAME) and not name.startswith(path):
            os.remove(name)
    return path


async def _hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        data = file.read(512)
        while data:
            digest.update(data)
            await asyncio.sleep_ms(0)
            data = file.read(512)
    return digest.digest()
