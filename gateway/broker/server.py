"""The embedded broker: a listener and a loop in a thread of its own."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import asdict, replace

from gateway.broker.connection import Authorize, Connection, OnViolation, Shared
from gateway.broker.hub import Hub
from gateway.broker.settings import BrokerSettings, BrokerStats
from gateway.broker.tls import server_context

log = logging.getLogger(__name__)

_BACKLOG = 512
_STOP_TIMEOUT_S = 10.0


class EmbeddedBroker:
    """An MQTT 3.1.1 broker over mutual TLS for one hall. Its state is in RAM only and may be lost at any time.

    ``authorize(cn, fingerprint_sha256)`` is asked at each CONNECT and gives the role, or None to refuse.
    ``on_violation(cn, topic)`` hears of each client that was cut off for leaving its topics. Both run in the broker's
    thread: they must answer from memory.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        authorize: Authorize,
        on_violation: OnViolation = lambda cn, topic: None,
    ):
        self._settings = settings
        stats = BrokerStats()
        self._shared = Shared(settings, stats, Hub(settings, stats), authorize, on_violation)
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._slots: asyncio.Semaphore
        self.port = settings.port

    def expect(self, name: str, client_id: str, filters: tuple[str, ...]) -> None:
        """Before the start: what devices publish under these filters waits for this gateway to connect."""
        self._shared.hub.expect(name, client_id, filters)

    def start(self) -> None:
        """Listen; ``port`` is the real one from here on.

        Raises OSError if the address is taken or a certificate file cannot be read, RuntimeError if already started:
        a stopped broker is not started again, make a new one.
        """
        if self._thread is not None:
            raise RuntimeError("this broker was started before; make a new one")
        settings = self._settings
        context = server_context(settings.certificate, settings.key, settings.authority)
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        self._listener = socket.create_server((settings.host, settings.port), family=family, backlog=_BACKLOG)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        ready = threading.Event()
        run = self._run(context, self._listener, ready)
        self._thread = threading.Thread(target=asyncio.run, args=(run,), name="hcp-broker", daemon=True)
        self._thread.start()
        if not ready.wait(_STOP_TIMEOUT_S):
            raise RuntimeError("the broker's thread did not start; its error is in the log above")
        log.info("mqtt broker listens on %s port %d", settings.host, self.port)

    def stop(self) -> None:
        """Close the listener and all connections, and wait for the thread. May be called more than once."""
        if self._thread is None or self._loop is None or self._stopping is None:
            return
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(_STOP_TIMEOUT_S)
            if self._thread.is_alive():
                log.error("mqtt broker did not stop within %.0f s", _STOP_TIMEOUT_S)

    def cut_off(self, cn: str) -> int:
        """End all connections and sessions of a certificate, for instance because it was revoked; gives their number.

        ``authorize`` must refuse it from before this call on, or it just connects again.
        """

        def cut() -> int:
            mine = [connection for connection in self._shared.connections if connection.name == cn]
            for connection in mine:
                connection.close("cut off by the gateway")
            self._shared.hub.forget(cn)
            self._shared.stats.cut_off += len(mine)
            return len(mine)

        return self._call(cut)

    def refresh(self) -> None:
        """The register has changed: nothing to do, for ``authorize`` is asked at each CONNECT."""

    def counts(self) -> dict[str, int]:
        return asdict(self._shared.stats)

    def stats(self) -> BrokerStats:
        """A copy of the counters."""
        return replace(self._shared.stats)

    def _call(self, function: Callable[[], int]) -> int:
        if self._loop is None or self._thread is None or not self._thread.is_alive():
            return 0
        if threading.current_thread() is self._thread:
            return function()

        async def run() -> int:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_STOP_TIMEOUT_S)

    async def _run(self, context: ssl.SSLContext, listener: socket.socket, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._slots = asyncio.Semaphore(self._settings.handshakes)
        handshakes: set[asyncio.Task[None]] = set()
        accepting = asyncio.create_task(self._accept(context, listener, handshakes))
        ready.set()
        try:
            await self._stopping.wait()
        finally:
            accepting.cancel()
            listener.close()
            for task in handshakes:
                task.cancel()
            for connection in list(self._shared.connections):
                connection.close("the broker stops")
            await asyncio.gather(accepting, *handshakes, return_exceptions=True)

    async def _accept(
        self, context: ssl.SSLContext, listener: socket.socket, handshakes: set[asyncio.Task[None]]
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._slots.acquire()
            try:
                peer, address = await loop.sock_accept(listener)
            except OSError as error:  # the peer has gone already, or there are no more file descriptors
                self._slots.release()
                log.warning("mqtt broker cannot accept: %s", error)
                await asyncio.sleep(0.1)
                continue
            task = asyncio.create_task(self._shake_hands(context, peer, address[0]))
            handshakes.add(task)
            task.add_done_callback(handshakes.discard)

    async def _shake_hands(self, context: ssl.SSLContext, peer: socket.socket, host: str) -> None:
        shared = self._shared
        try:
            if len(shared.connections) >= self._settings.connections:
                shared.stats.connects_refused += 1
                log.warning("mqtt broker is full: %d connections", len(shared.connections))
                peer.close()
                return
            # asyncio does this only for sockets whose protocol it knows; without it each receipt waits 40 ms for an ACK
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(shared),
                peer,
                ssl=context,
                ssl_handshake_timeout=self._settings.connect_timeout_s,
                ssl_shutdown_timeout=2.0,
            )
        except OSError as error:  # all TLS errors, resets and time-outs
            shared.stats.handshakes_failed += 1
            log.info("mqtt broker: TLS handshake with %s failed: %s", host, error)
        finally:
            self._slots.release()
