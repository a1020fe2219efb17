"""The rival of the benchmarks: the storage of ThingsBoard gateway 3.8.5, from PyPI, in an environment of its own.

It is no dependency of ours: ``make bench`` installs it into ``build/rival`` and measures it in the same run, under the
same load and the same kills. Its defaults are used throughout: what a hall would get that installs it.
"""

import signal
import subprocess
import tempfile
import threading
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator.bytecode import ROOT

NAME = "ThingsBoard gateway 3.8.5, SQLite storage"
REQUIREMENT = "thingsboard-gateway==3.8.5"
_HOME = ROOT / "build" / "rival"
_CHILD = Path(__file__).with_name("rival_child.py")
_RUN_S = 300


class RivalError(Exception):
    """The rival cannot be had or does not run; the text says why."""


@dataclass(frozen=True)
class Killed:
    """What it had said yes to, and what was in its file afterwards."""

    accepted: int
    stored: int

    @property
    def lost(self) -> int:
        return self.accepted - self.stored


class Rival:
    """Installs itself on first use. Every method runs one process, on a fresh folder."""

    def __init__(self, say: Callable[[str], None] = lambda words: None):
        self._python = _HOME / "bin" / "python"
        if not (_HOME / "ready").exists():
            say(f"installing {REQUIREMENT}")
            venv.create(_HOME, clear=True, with_pip=True)
            # its storage needs nothing but the standard library; its connectors would bring a hundred packages
            self._call("-m", "pip", "install", "-qq", "--no-deps", "--disable-pip-version-check", REQUIREMENT)
            (_HOME / "ready").touch()

    def rows_per_s(self, count: int, size: int) -> float:
        """From the first put() until all of ``count`` messages of ``size`` bytes are rows of its file."""
        with tempfile.TemporaryDirectory(prefix="hcp-rival-") as folder:
            return float(self._call(str(_CHILD), folder, "write", str(count), str(size)))

    def killed(self, rate: int, size: int, after: int) -> Killed:
        """Kill -9 at ``rate`` messages a second, once it has said yes ``after`` times."""
        with tempfile.TemporaryDirectory(prefix="hcp-rival-") as folder:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [self._python, _CHILD, folder, "steady", str(rate), str(size)], stdout=subprocess.PIPE, text=True
            )
            assert process.stdout
            limit = threading.Timer(_RUN_S, process.kill)
            limit.start()
            accepted = -1  # "ready"
            for _ in process.stdout:
                accepted += 1
                if accepted == after:
                    process.send_signal(signal.SIGKILL)
            process.wait()
            limit.cancel()
            if accepted < after:
                raise RivalError(f"the rival ended by itself after {accepted} messages")
            return Killed(accepted, self._count(folder))

    def stopped(self, count: int, size: int) -> Killed:
        """Its own stop(), right after ``count`` messages."""
        with tempfile.TemporaryDirectory(prefix="hcp-rival-") as folder:
            accepted = int(self._call(str(_CHILD), folder, "stop", str(count), str(size)))
            return Killed(accepted, self._count(folder))

    def _count(self, folder: str) -> int:
        return int(self._call(str(_CHILD), folder, "count"))

    def _call(self, *words: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [self._python, *words], capture_output=True, text=True, timeout=_RUN_S, check=False
        )
        if done.returncode:
            raise RivalError(f"the rival does not run: {(done.stderr or done.stdout).strip()[-500:]}")
        return done.stdout.strip()
