"""Servers that are up at once: forked from a process that has imported all of gateway and central before.

What runs is what ``python -m hcp`` runs, in a process of its own that can be killed with -9; only its imports, most of
the work of a start, were done once for all of them.
"""

import contextlib
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing import connection
from pathlib import Path

#: All that ``hcp central run`` and ``hcp gateway run`` import, late too.
IMPORTED = (
    "central.run",
    "gateway.run",
    "hcp.central_commands",
    "hcp.gateway_commands",
    "sqlalchemy.dialects.sqlite",
    "sqlite_utils.migrations",
    "uvicorn.lifespan.off",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
)
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(list(IMPORTED))


class Forked:
    """``hcp <arguments>`` as a child, with as much of ``subprocess.Popen`` as a server needs. Safe from any thread."""

    def __init__(self, arguments: list[str], log: Path, environment: Mapping[str, str]):
        says, heard = _FORKS.Pipe(duplex=False)
        self._process = _FORKS.Process(target=_be, args=(arguments, log, dict(environment), heard), daemon=True)
        self._lock = threading.Lock()
        self._process.start()
        heard.close()
        with says:
            self.stdout = os.fdopen(os.dup(says.fileno()), encoding="utf-8")

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    def poll(self) -> int | None:
        with self._lock:  # it reads a pipe that says it once
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _be(arguments: list[str], log: Path, environment: dict[str, str], heard: connection.Connection) -> None:
    with log.open("ab") as err:
        os.dup2(err.fileno(), sys.stderr.fileno())
    os.dup2(heard.fileno(), sys.stdout.fileno())
    heard.close()
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hcp", *arguments]
    runpy.run_module("hcp", run_name="__main__", alter_sys=True)
