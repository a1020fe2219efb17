"""A server as a child process that can be stopped kindly, killed with -9 and started again (the gateway, central)."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from simulator.forked import Forked


class ProcessError(Exception):
    """A child did not come up; the text ends with the last lines of its log."""


class Server:
    """``python -m hcp <arguments>``, whose first line of JSON on stdout says that it is ready. Safe from any thread.

    Every start appends to ``log``. ``starts`` and ``kills`` count what happened; ``outages_ms`` lists from when to when
    (wall time) it was away between two starts. With HCP_SIM_FORK=1 in the environment it is forked: up at once.
    """

    def __init__(self, name: str, arguments: list[str], log: Path, environment: Mapping[str, str] | None = None):
        self.name = name
        self.outages_ms: list[tuple[int, int]] = []
        self.starts = 0
        self.kills = 0
        self.ready_facts: dict = {}
        self._arguments = arguments
        self._environment = {**os.environ, **(environment or {})}
        self._log = log
        self._lock = threading.RLock()
        self._child: subprocess.Popen[str] | Forked | None = None
        self._away_since_ms: int | None = None

    @property
    def running(self) -> bool:
        child = self._child
        return child is not None and child.poll() is None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def start(self, timeout_s: float = 60) -> None:
        """Start it and wait until it says that it is ready. Raises ProcessError."""
        with self._lock:
            if self.running:
                return
            self.ready_facts = {}
            self._child = self._launch()
            self.starts += 1
            ready = threading.Event()
            threading.Thread(
                target=self._read, args=(self._child, ready), name=f"read-{self.name}", daemon=True
            ).start()
            if not ready.wait(timeout_s) or not self.ready_facts or not self.running:
                self._end(signal.SIGKILL)
                raise ProcessError(f"{self.name} was not ready in {timeout_s:.0f} s; {self._log} ends:\n{self._tail()}")
            if self._away_since_ms is not None:
                self.outages_ms.append((self._away_since_ms, _wall_ms()))
                self._away_since_ms = None

    def stop(self) -> None:
        """Ask it to stop, as systemd would."""
        with self._lock:
            self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9."""
        with self._lock:
            if self.running:
                self.kills += 1
            self._end(signal.SIGKILL)

    def restart_killed(self) -> None:
        """kill -9 and start again, with nobody else's stop or start in between."""
        with self._lock:
            self.kill()
            self.start()

    def _launch(self) -> subprocess.Popen[str] | Forked:
        if os.environ.get("HCP_SIM_FORK") == "1":
            return Forked(self._arguments, self._log, self._environment)
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "hcp", *self._arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, text=True, env=self._environment,
            )  # fmt: skip

    def _end(self, how: signal.Signals) -> None:
        child = self._child
        if child is None:
            return
        if child.poll() is None:
            self._away_since_ms = _wall_ms()
            child.send_signal(how)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _read(self, child: subprocess.Popen[str] | Forked, ready: threading.Event) -> None:
        assert child.stdout
        with child.stdout as lines, self._log.open("a") as log:
            for line in lines:
                log.write(line)
                log.flush()
                if not ready.is_set() and line.startswith("{"):
                    self.ready_facts = json.loads(line)
                    ready.set()
        # a child that ended without a word must not be waited for
        ready.set()

    def _tail(self) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        except OSError:
            return "(no log)"


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
