"""What systemd is told (sd_notify(3)): ready, alive, stopping. Without NOTIFY_SOCKET in the environment: nothing.

Alive means that our own threads live and the database takes writes. A broker or a centre that is away is no reason to
be restarted: nothing would be better afterwards.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)

_PARTS = 3  # of the time that systemd allows: two words may be late


class Watchdog:
    """``alive()`` is asked before each word; the first False ends them, and systemd restarts the gateway."""

    def __init__(self, alive: Callable[[], bool], environment: Mapping[str, str] = os.environ):
        self._alive = alive
        self._address = environment.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        allowed_us = environment.get("WATCHDOG_USEC", "0")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._pause_s = int(allowed_us) / 1e6 / _PARTS if allowed_us.isdigit() and ours else 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hcp-watchdog", daemon=True)

    def start(self, status: str) -> None:
        """Everything is ready; ``status`` is the line that ``systemctl status`` shows."""
        self._say(f"READY=1\nSTATUS={status}")
        if self._address and self._pause_s:
            self._thread.start()

    def stop(self) -> None:
        self._say("STOPPING=1")
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def _run(self) -> None:
        well = True
        while well and not self._stopping.wait(self._pause_s):
            well = self._alive()
            if well:
                self._say("WATCHDOG=1")
        if not well:
            log.critical("a part of the gateway has died; systemd is told no more, and will restart it")

    def _say(self, words: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.sendto(words.encode(), self._address)
        except OSError as error:
            log.warning("systemd cannot be told %s: %s", words.split("\n")[0], error)
