"""Gateways that are started within a fraction of a second and ended in every way: forked from a process that waits."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

_PATIENCE_S = 60.0


class NurseryError(Exception):
    """A gateway did not come up; the text ends with the last lines of its log."""


class Nursery:
    """Starts one gateway at a time. ``environment`` is for the shim. Close it, or use it as a context manager."""

    def __init__(self, log: Path, environment: Mapping[str, str] | None = None):
        self._log = log
        self._answers: queue.SimpleQueue[dict] = queue.SimpleQueue()
        self.pid: int | None = None
        self.facts: dict = {}
        """What the last gateway said when it was ready."""
        self.ready_s: list[float] = []
        """How long each birth took, from the fork to the ready line."""
        with log.open("ab") as err:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "simulator.crash.nursery_child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> "Nursery":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def birth(self, settings: dict) -> bool:
        """Start a gateway. False if it ended before it was ready, killed by the shim. Raises NurseryError."""
        if self.pid is not None:
            raise NurseryError("a gateway runs already; end it first")
        assert self._process.stdin
        began = time.monotonic()
        self._process.stdin.write(json.dumps(settings) + "\n")
        self._process.stdin.flush()
        self.pid = self._answer()["pid"]
        first = self._answer()
        if "ended" in first:
            self.pid = None
            if first["ended"] != -signal.SIGKILL:
                raise NurseryError(f"the gateway ended with {first['ended']}: {self._tail()}")
            return False
        self.facts = first
        self.ready_s.append(time.monotonic() - began)
        return True

    def death(self, how: int = signal.SIGKILL) -> int:
        """End it with a signal, and wait; gives its exit code. Nothing if it is dead."""
        if self.pid is None:
            return 0
        os.kill(self.pid, how)
        return self.wait()

    def wait(self, timeout_s: float = _PATIENCE_S) -> int:
        """Until it has ended by itself. Raises NurseryError if it does not."""
        status = self._answer(timeout_s)["ended"]
        self.pid = None
        return status

    def close(self) -> None:
        """End everything."""
        if self.pid is not None and self._process.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self, timeout_s: float = _PATIENCE_S) -> dict:
        try:
            found = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            raise NurseryError(f"no word from the gateway in {timeout_s:.0f} s: {self._tail()}") from None
        if not found:
            raise NurseryError(f"the nursery ended: {self._tail()}")
        return found

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):
                self._answers.put(json.loads(line))
        self._answers.put({})

    def _tail(self) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-12:])
        except OSError:
            return "(no log)"
