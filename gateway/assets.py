"""Bytes that devices fetch by their SHA-256 (spec 5.5), and the thread that answers them.

Two shelves. Pictures of scenes are made while the gateway runs: they stand in memory, as many as fit. Files of releases
stand on disk in ``<data>/assets/``, each under its hash, put there by ``hcp firmware publish``; they survive a restart.
Nothing else can be fetched: there is no path in a question, only a hash.
"""

import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from gateway.core.wants import Want, Wants
from gateway.registry import write_file
from protocol.downlink import Asset

log = logging.getLogger(__name__)

CHUNK = 512
"""Bytes in one answer: what a device has the memory for beside everything else."""
MAX_ASSET = 1 << 20
"""Bytes of one asset; a release of the firmware has less in all."""
MAX_IN_MEMORY = 8 << 20
FOLDER = "assets"


class AssetError(Exception):
    """These bytes cannot be an asset; the text says why."""


class Assets:
    """Both shelves. ``folder`` is that of the files on disk; None: there are none. Safe to call from any thread."""

    def __init__(self, folder: Path | None = None, most_in_memory: int = MAX_IN_MEMORY):
        self._folder = folder
        self._most = most_in_memory
        self._lock = threading.Lock()
        self._memory: OrderedDict[bytes, bytes] = OrderedDict()
        self._used = 0
        self._checked: dict[bytes, tuple[int, int]] = {}  # hash -> size and mtime of the file that was found good

    def put(self, data: bytes) -> bytes:
        """Keep bytes in memory and give their SHA-256. What was wanted longest ago gives way. Raises AssetError."""
        _check(data)
        if len(data) > self._most:
            raise AssetError(f"an asset in memory has up to {self._most} bytes, got {len(data)}")
        digest = hashlib.sha256(data).digest()
        with self._lock:
            if digest not in self._memory:
                self._memory[digest] = data
                self._used += len(data)
            self._memory.move_to_end(digest)
            while self._used > self._most:
                _, old = self._memory.popitem(last=False)
                self._used -= len(old)
        return digest

    def keep(self, data: bytes) -> bytes:
        """Keep bytes over restarts (without a disk: in memory) and give their SHA-256. Raises AssetError, OSError."""
        return self.put(data) if self._folder is None else store(self._folder, data)

    def whole(self, digest: bytes) -> bytes | None:
        """All bytes of an asset."""
        size = self._size(digest)
        found = None if size is None else self.answer(Want(digest, 0), size)
        return found.bytes if found else None

    def has(self, digest: bytes) -> bool:
        return self._size(digest) is not None

    def answer(self, want: Want, chunk: int = CHUNK) -> Asset | None:
        """The bytes that are wanted, one or more; None if nobody registered them or the offset is behind their end."""
        size = self._size(want.hash)
        if size is None or want.offset >= size:
            return None
        with self._lock:
            data = self._memory.get(want.hash)
            if data is not None:
                self._memory.move_to_end(want.hash)
                part = data[want.offset : want.offset + chunk]
                return Asset(want.hash, size, want.offset, part)
        try:
            with self._path(want.hash).open("rb") as file:
                file.seek(want.offset)
                part = file.read(min(chunk, size - want.offset))
        except OSError:
            return None
        return Asset(want.hash, size, want.offset, part) if part else None

    def _size(self, digest: bytes) -> int | None:
        with self._lock:
            data = self._memory.get(digest)
        if data is not None:
            return len(data)
        if self._folder is None or len(digest) != 32:
            return None
        path = self._path(digest)
        try:
            found = path.stat()
            stamp = (found.st_size, found.st_mtime_ns)
            if self._checked.get(digest) != stamp:
                if not 0 < found.st_size <= MAX_ASSET or hashlib.sha256(path.read_bytes()).digest() != digest:
                    log.error("%s is not what its name says; publish the release again", path)
                    return None
                self._checked[digest] = stamp
        except OSError:
            return None
        return found.st_size

    def _path(self, digest: bytes) -> Path:
        assert self._folder is not None
        return self._folder / digest.hex()


def store(folder: Path, data: bytes) -> bytes:
    """Put bytes on the disk's shelf, durably, for a gateway that runs or will run; gives their SHA-256.

    Raises AssetError, OSError.
    """
    _check(data)
    digest = hashlib.sha256(data).digest()
    path = folder / digest.hex()
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != data:
        write_file(path, data)
    return digest


def _check(data: bytes) -> None:
    if not 0 < len(data) <= MAX_ASSET:
        raise AssetError(f"an asset has 1 to {MAX_ASSET} bytes, got {len(data)}")


class AssetServer:
    """A thread that answers devices. ``send(device, asset)`` seals and publishes; ``now_ms`` paces."""

    def __init__(self, assets: Assets, send: Callable[[str, Asset], object], now_ms: Callable[[], int]):
        self._assets = assets
        self._send = send
        self._now_ms = now_ms
        self._wants = Wants()
        self._condition = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hcp-assets", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def healthy(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(10)

    def ask(self, device: str, want: Want) -> bool:
        """A device wants this. False if nobody registered it: then there is no answer."""
        if not self._assets.has(want.hash):
            return False
        with self._condition:
            self._wants.ask(device, want)
            self._condition.notify()
        return True

    def _run(self) -> None:
        while True:
            with self._condition:
                while not (due := self._wants.due(self._now_ms())) and not self._stopping:
                    wait_ms = self._wants.wait_ms(self._now_ms())
                    self._condition.wait(None if wait_ms is None else max(wait_ms, 1) / 1000)
                if self._stopping:
                    return
            for device, want in due:
                try:
                    asset = self._assets.answer(want)
                    if asset is not None:
                        self._send(device, asset)
                except Exception:  # the top of this thread: one device's fault must not cost the others theirs
                    log.exception("asset for %s", device)
