"""The cable between a simulated device and its broker: a TCP relay on the loopback that can be cut, slow, or dead."""

import contextlib
import queue
import random
import socket
import threading
import time

_CHUNK = 65536
_HELD = 256  # chunks on their way in one direction


class NetworkCut:
    """Relays each connection to ``upstream``, an (host, port) that may change between connections.

    While it is cut, all connections are closed and new ones are closed as they come. While it hangs, connections stay
    open, new ones open too, and nothing passes: what a broker that froze, or a line that died unnoticed, look like.
    ``delay_ms`` each way, plus up to ``jitter_ms`` by chance, holds for connections made from then on. Order is kept.
    Safe from any thread.
    """

    def __init__(self, upstream: tuple[str, int], delay_ms: float = 0, jitter_ms: float = 0):
        self.upstream = upstream
        self.delay_ms = delay_ms
        self.jitter_ms = jitter_ms
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._up = True
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"relay-{self.port}", daemon=True).start()

    def cut(self) -> None:
        """Close what is open; nothing passes from here on."""
        with self._lock:
            self._up = False
            for end in self._open:
                _shut(end)

    def hang(self) -> None:
        """Nothing passes from here on, and nobody is told."""
        self._flows.clear()

    def restore(self) -> None:
        """Let everything pass again, also what was held while it hung."""
        with self._lock:
            self._up = True
        self._flows.set()

    def close(self) -> None:
        """Cut for good."""
        self.cut()
        self._flows.set()
        _shut(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near, contextlib.suppress(OSError), socket.create_connection(self.upstream, timeout=10) as far:
            far.settimeout(None)
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                if not self._up:
                    return
                self._open |= {near, far}
            try:
                back = threading.Thread(target=self._relay, args=(far, near), daemon=True)
                back.start()
                self._relay(near, far)
                back.join()
            finally:
                with self._lock:
                    self._open -= {near, far}

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        # one direction; its end ends both
        delay_s, jitter_s = self.delay_ms / 1000, self.jitter_ms / 1000
        try:
            if delay_s or jitter_s:
                self._relay_late(source, sink, delay_s, jitter_s)
            while chunk := source.recv(_CHUNK):
                self._flows.wait()
                sink.sendall(chunk)
        except OSError:
            pass
        finally:
            _shut(source)
            _shut(sink)

    def _relay_late(self, source: socket.socket, sink: socket.socket, delay_s: float, jitter_s: float) -> None:
        # until the source ends. What is under way does not hold up what follows: a second thread delivers
        under_way: queue.Queue[tuple[float, bytes]] = queue.Queue(_HELD)
        courier = threading.Thread(target=self._deliver, args=(under_way, sink), daemon=True)
        courier.start()
        try:
            chunk = b"-"
            while chunk:
                chunk = source.recv(_CHUNK)
                late_s = delay_s + jitter_s * random.random()  # noqa: S311 - chance of a line, not of a key
                under_way.put((time.monotonic() + late_s, chunk))
        except OSError:
            under_way.put((0.0, b""))
        courier.join()

    def _deliver(self, under_way: "queue.Queue[tuple[float, bytes]]", sink: socket.socket) -> None:
        broken = False
        while True:
            due, chunk = under_way.get()
            if not chunk:
                return
            time.sleep(max(0.0, due - time.monotonic()))
            self._flows.wait()
            if not broken:
                try:
                    sink.sendall(chunk)
                except OSError:
                    broken = True  # go on taking, so that the reader does not stand before a full queue
                    _shut(sink)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
