"""Builds ``faults.c`` once and steers it: the page of memory it shares with us, and the environment that loads it."""

import ctypes
import hashlib
import mmap
import os
import shutil
import subprocess
import tempfile
from enum import IntEnum, IntFlag
from pathlib import Path

SOURCE = Path(__file__).with_name("faults.c")
NO_COMPILER = "no C compiler (cc): on Debian and Ubuntu: sudo apt-get install -y gcc libc6-dev"


class ShimError(Exception):
    """The library could not be built; the text says what is missing."""


class Point(IntEnum):
    """Where a process can be made to end itself with SIGKILL."""

    BEFORE_WRITE = 1
    AFTER_WRITE = 2
    BEFORE_SYNC = 3
    AFTER_SYNC = 4
    BEFORE_SEND = 5
    AFTER_SEND = 6


class Fail(IntFlag):
    """What fails: writes, syncs; ``HALF``: a write still puts down its first half."""

    WRITE = 1
    SYNC = 2
    HALF = 4


class _Page(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int32) for name in ("kill_at", "kill_in", "fail_errno", "fail_what", "fail_skip")),
        ("fail_left", ctypes.c_int32),
        *((name, ctypes.c_uint64) for name in ("writes", "syncs", "sends", "failed")),
    ]


class Shim:
    """One control page, for the processes that are started with ``environment``. Files of ``folder`` are watched.

    ``log``: where everything that is done to them is recorded, None: nowhere. Raises ShimError without a compiler.
    """

    def __init__(self, control: Path, folder: Path, log: Path | None = None):
        control.write_bytes(bytes(ctypes.sizeof(_Page)))
        with control.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), ctypes.sizeof(_Page))
        self._page = _Page.from_buffer(self._memory)
        self.environment = {
            "LD_PRELOAD": str(library()),
            "HCP_FAULTS_CONTROL": str(control),
            "HCP_FAULTS_FOLDER": str(folder.resolve()),
            **({"HCP_FAULTS_LOG": str(log)} if log else {}),
        }

    def kill_at(self, point: Point, passing: int = 0) -> None:
        """Let the process end itself at the next ``point`` after ``passing`` of them."""
        self._page.kill_in = passing
        self._page.kill_at = point

    def fail(self, errno: int, what: Fail, times: int = -1, passing: int = 0) -> None:
        """From the next matching call after ``passing`` on, let ``times`` of them fail; below 0: until ``calm``."""
        page = self._page
        page.fail_errno = 0
        page.fail_what, page.fail_skip, page.fail_left = what, passing, times
        page.fail_errno = errno

    def calm(self) -> None:
        """Nothing is killed and nothing fails any more."""
        self._page.kill_at = 0
        self._page.fail_errno = 0

    @property
    def failed(self) -> int:
        """How many calls have failed for us."""
        return self._page.failed

    @property
    def syncs(self) -> int:
        return self._page.syncs


def library() -> Path:
    """The shared library, built when its source is new. Raises ShimError."""
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "haochaping"
    ready = cache / f"faults-{name}.so"
    if ready.exists():
        return ready
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise ShimError(NO_COMPILER)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        built = Path(folder) / "faults.so"
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(built), str(SOURCE), "-ldl", "-lpthread"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own file
        if done.returncode:
            raise ShimError(f"{SOURCE.name} cannot be built: {done.stderr[-500:]}; {NO_COMPILER}")
        built.replace(ready)
    return ready


def mark(data: bytes) -> None:
    """Write a line into the log of this process's own shim, before anything it does later. Nothing without a log."""
    function = getattr(ctypes.CDLL(None), "hcp_faults_mark", None)
    if function is not None:
        function(data, ctypes.c_uint64(len(data)))
