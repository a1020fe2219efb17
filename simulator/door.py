"""The host's end of a simulated board's doors: one connection from each life of the VM, in lines of JSON.

Every life shows a token that only its environment held, so that no other process of this machine can press a star.
"""

import contextlib
import hmac
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from typing import IO, Any

Message = dict[str, Any]
_LINE_MAX = 65536
_HELLO_S = 30.0
WATCHDOG_S = 60.0  # until the device says what its watchdog allows: a VM that is slower than this to start hangs


class Door:
    """Listens on the loopback. Its reading thread calls ``heard(life, message)``, and ``lost(life, hangs)`` at the end.

    It is the watchdog too: a life that does not feed it in time hangs. ``watchdog_s`` counts until the life starts its
    own, with the time it wants.
    """

    def __init__(
        self,
        heard: Callable[[int, Message], None],
        lost: Callable[[int, bool], None],
        watchdog_s: float = WATCHDOG_S,
    ):
        self._heard = heard
        self._lost = lost
        self._watchdog_s = watchdog_s
        self._lock = threading.Lock()
        self._tokens: dict[str, int] = {}
        self._peer: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"door-{self.port}", daemon=True).start()

    def admit(self, life: int) -> str:
        """What HCP_SIM_DOOR must say for this life of the VM; earlier lives are shut out."""
        token = secrets.token_hex(16)
        with self._lock:
            self._tokens = {token: life}
        return f"{self.port}:{token}"

    def tell(self, message: Message) -> None:
        """Send to the VM. Raises OSError if none is there."""
        with self._lock:
            if self._peer is None:
                raise OSError("no device is behind the door: is it powered on?")
            self._peer.sendall(json.dumps(message).encode() + b"\n")

    def close(self) -> None:
        with self._lock:
            self._tokens = {}
            for end in (self._listener, self._peer):
                if end is not None:
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=(peer,), name=f"door-{self.port}-read", daemon=True).start()

    def _read(self, peer: socket.socket) -> None:
        life = None
        hangs = False
        with peer, contextlib.suppress(OSError, ValueError), peer.makefile("rb") as lines:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(_HELLO_S)
            life = self._greet(peer, json.loads(lines.readline(_LINE_MAX)))
            if life is None:
                return
            peer.settimeout(self._watchdog_s)
            hangs = self._listen(life, peer, lines)
        with self._lock:
            if self._peer is peer:
                self._peer = None
        if life is not None:
            self._lost(life, hangs)

    def _listen(self, life: int, peer: socket.socket, lines: IO[bytes]) -> bool:
        """Hear one life out; True if it ended by not feeding the watchdog."""
        fed = time.monotonic()
        allowed_s = self._watchdog_s
        try:
            while True:
                # what is left of the time, also for a life that says much but never feeds
                peer.settimeout(max(0.001, fed + allowed_s - time.monotonic()))
                line = lines.readline(_LINE_MAX)
                if not line:
                    break
                message = json.loads(line)
                if "bytes" in message:  # pixels follow the line
                    message["data"] = lines.read(min(message["bytes"], _LINE_MAX))
                if message["t"] == "wdt":
                    allowed_s = message["ms"] / 1000
                elif message["t"] == "feed":
                    fed = time.monotonic()
                elif time.monotonic() - fed > allowed_s:
                    return True
                self._heard(life, message)
        except TimeoutError:
            return True
        return False

    def _greet(self, peer: socket.socket, hello: Message) -> int | None:
        shown = str(hello.get("token"))
        with self._lock:
            for token, life in self._tokens.items():
                if hmac.compare_digest(token, shown):
                    self._peer = peer
                    self._tokens = {}
                    return life
        return None
