"""A real Mosquitto with the configuration that hcp writes, and the warden beside it. Both end with ``stop``."""

import getpass
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.broker import mosquitto
from gateway.broker.mosquitto import MosquittoSettings
from gateway.broker.warden import Warden

DEADLINE_S = 30.0
_MISSING = "Mosquitto is not installed; on Debian and Ubuntu: sudo apt-get install -y mosquitto"


def program() -> Path:
    """Mosquitto's program. Without it the test is skipped, or fails where everything has to be run (CI is set)."""
    found = mosquitto.find()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING, pytrace=False)
        pytest.skip(_MISSING)
    return found


class Mosquitto:
    """Runs until ``stop``; ``port`` is where."""

    def __init__(
        self,
        folder: Path,
        hall: str,
        certificate: Path,
        key: Path,
        authority: Path,
        revoked: bytes,
        known: Callable[[str], bool],
        on_violation: Callable[[str, str], object] = lambda cn, topic: None,
        **limits: int,
    ):
        file = program()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.settings = MosquittoSettings(
            hall, folder, certificate, key, authority, "127.0.0.1", self.port, user=getpass.getuser(), **limits
        )  # type: ignore[arg-type]
        mosquitto.write(self.settings, revoked)
        with (folder / "out").open("ab") as out:
            self._process = subprocess.Popen([file, "-c", self.settings.configuration], stdout=out, stderr=out)
        try:
            self.wait(self._listens, "a Mosquitto that listens")
        except AssertionError:
            self._process.kill()
            raise
        self.warden = Warden(
            hall, self.settings.log, self.settings.door, known, lambda cn, at: on_violation(cn, at)
        )  # fmt: skip
        self.warden.start()

    def _listens(self) -> bool:
        assert self._process.poll() is None, f"mosquitto ended:\n{self.said()}"
        with socket.socket(socket.AF_UNIX) as door:
            return door.connect_ex(str(self.settings.door)) == 0

    def said(self) -> str:
        files = (self.settings.folder / "out", self.settings.log)
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def wait(self, condition: Callable[[], object], what: str) -> None:
        until = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < until, f"no {what}; mosquitto said:\n{self.said()[-2000:]}"
            threading.Event().wait(0.01)  # it tells nobody: look again

    def revoke(self, revoked: bytes) -> None:
        """Let the running Mosquitto take a new list of revocations."""
        reloads = self.said().count("Reloading config.")
        mosquitto.write(self.settings, revoked)
        self._process.send_signal(signal.SIGHUP)
        self.wait(lambda: self.said().count("Reloading config.") > reloads, "reload")

    def stop(self) -> None:
        self.warden.stop()
        self._process.terminate()
        self._process.wait(DEADLINE_S)
