"""What a disk holds after a power cut: the recorded calls of a process, replayed onto a model of its folder. Pure.

The model is stricter than most disks. A file's bytes are safe only once a sync of that file came back; a new, renamed
or removed name only once its folder was synced. After a sync that failed, what was dirty then is never safe, though
the process can still read it: the kernel calls such pages clean and will not write them again.

Everything that is not safe may be there or not. ``Keep`` says how much of it a cut leaves.
"""

import random
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

_ENTRY = struct.Struct("<B7xQQQ")
_WITH_DATA = frozenset(b"owurmM")
_O_CREAT, _O_TRUNC = 0o100, 0o1000
SECTOR = 512


class Keep(StrEnum):
    """How much of what was not synced a power cut leaves."""

    NOTHING = "nothing"
    """Only synced bytes and names."""
    SOME = "some"
    """Each write, truncation and name by the toss of a coin: the disk wrote them in an order of its own."""
    TORN = "torn"
    """The same for each sector of 512 bytes of a write."""


@dataclass(frozen=True, slots=True)
class Op:
    """One recorded call. ``kind`` is a letter of ``faults.c``; ``data`` a path, the bytes written, or a mark."""

    kind: str
    file: int
    offset: int
    data: bytes


def read_log(raw: bytes) -> Iterator[Op]:
    """The calls of a log, in their order. A last one that is not whole was cut off by a kill and is left out."""
    at = 0
    while at + _ENTRY.size <= len(raw):
        kind, file, offset, length = _ENTRY.unpack_from(raw, at)
        at += _ENTRY.size
        data = b""
        if kind in _WITH_DATA:
            if at + length > len(raw):
                return
            data = raw[at : at + length]
            at += length
        yield Op(chr(kind), file, offset, data)


@dataclass(slots=True)
class _Inode:
    """A file: what is safe, what was done since, and what the process itself would read."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)

    def change(self, offset: int, data: bytes | None) -> None:
        self.since.append((offset, data))
        _apply(self.seen, offset, data)

    def sync(self) -> None:
        for offset, data in self.since:
            _apply(self.safe, offset, data)
        self.since.clear()


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Write ``data`` at ``offset``; None: cut the file to that length."""
    end = offset if data is None else offset + len(data)
    if len(content) < (offset if data is None else end):
        content.extend(bytes((offset if data is None else end) - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset:end] = data


class Disk:
    """The folder ``root`` as the calls left it. ``play`` them in order; ``after_cut`` gives files by relative path."""

    def __init__(self, root: str):
        self._root = root
        self._open: dict[int, _Inode | str] = {}
        self._paths: dict[int, str] = {}
        self._names: dict[str, _Inode] = {}
        self._safe_names: dict[str, _Inode] = {}
        self.syncs = 0
        self.syncs_of: Counter[str] = Counter()
        """How often each file was synced, by its path below ``root``."""

    def restart(self, files: dict[str, bytes]) -> None:
        """The power went, and these files are what it left: all that is open is closed, all that is there is safe."""
        self._open.clear()
        found = {
            f"{self._root}/{name}": _Inode(bytearray(content), [], bytearray(content))
            for name, content in files.items()
        }
        self._names, self._safe_names = dict(found), dict(found)

    def play(self, op: Op) -> None:
        """One call more. Marks change nothing."""
        if op.kind == "o":
            self._opened(op)
        elif op.kind == "c":
            self._open.pop(op.file, None)
        elif op.kind in "wt":
            inode = self._open.get(op.file)
            if isinstance(inode, _Inode):
                inode.change(op.offset, op.data if op.kind == "w" else None)
        elif op.kind == "s":
            self.syncs += 1
            self.syncs_of[self._paths.get(op.file, "").removeprefix(self._root + "/")] += 1
            self._synced(self._open.get(op.file))
        elif op.kind == "e":
            inode = self._open.get(op.file)
            if isinstance(inode, _Inode):
                inode.since.clear()
        elif op.kind == "u":
            self._names.pop(op.data.decode(), None)
        elif op.kind == "r":
            before, _, after = op.data.decode().partition("\n")
            if before in self._names:
                self._names[after] = self._names.pop(before)

    def _opened(self, op: Op) -> None:
        path = self._paths[op.file] = op.data.decode()
        inode = self._names.get(path)
        if inode is None:
            if not op.offset & _O_CREAT:
                self._open[op.file] = path  # a folder, or a file that was there before the recording: not ours
                return
            inode = self._names[path] = _Inode()
        elif op.offset & _O_TRUNC:
            inode.change(0, None)
        self._open[op.file] = inode

    def _synced(self, what: _Inode | str | None) -> None:
        if isinstance(what, _Inode):
            what.sync()
        elif isinstance(what, str):  # a folder: its names are safe
            folder = what.rstrip("/") + "/"
            for names in (self._safe_names, self._names):
                for path in [path for path in names if _in(path, folder)]:
                    if path in self._names:
                        self._safe_names[path] = self._names[path]
                    else:
                        del self._safe_names[path]

    def seen(self) -> dict[str, bytes]:
        """What the process itself would read now: for checking the model against the real folder."""
        return {path.removeprefix(self._root + "/"): bytes(inode.seen) for path, inode in self._names.items()}

    def after_cut(self, keep: Keep, chance: random.Random) -> dict[str, bytes]:
        """The files that are found when the power is back, by their path below ``root``."""
        names = dict(self._safe_names)
        if keep is not Keep.NOTHING:
            for path in sorted({*self._names, *names}):
                if self._names.get(path) is not names.get(path) and chance.random() < 0.5:
                    if path in self._names:
                        names[path] = self._names[path]
                    else:
                        del names[path]
        return {path.removeprefix(self._root + "/"): _left(inode, keep, chance) for path, inode in names.items()}


def _in(path: str, folder: str) -> bool:
    return path.startswith(folder) and "/" not in path[len(folder) :]


def _left(inode: _Inode, keep: Keep, chance: random.Random) -> bytes:
    content = bytearray(inode.safe)
    if keep is Keep.NOTHING:
        return bytes(content)
    for offset, data in inode.since:
        if data is None or keep is Keep.SOME:
            if chance.random() < 0.5:
                _apply(content, offset, data)
            continue
        at = 0
        while at < len(data):
            end = min(len(data), at + SECTOR - (offset + at) % SECTOR)
            if chance.random() < 0.5:
                _apply(content, offset + at, data[at:end])
            at = end
    return bytes(content)
