"""The way to the gateway: connect, send records from the first without a receipt, believe receipts, and start again.

What to send is decided in ``window``, what to believe in ``intake``; here both meet a connection. Whatever arrives and
is not valid is counted and ignored.
"""

import asyncio
import gc
import os
from collections import namedtuple

from firmware.intake import Intake
from firmware.mqtt_client import Client, make_context
from firmware.window import SendWindow, backoff_ms
from protocol import downlink, mqtt, topics
from protocol.errors import ProtocolError
from protocol.record import record_hash

KEEPALIVE_MS = 30000
PONG_MS = 10000  # a broker that has not answered a ping by then is gone
TELEMETRY_MS = 30000
STABLE_MS = 20000  # a connection this old starts the back-off anew


#: What the link needs of the rest: ``scene(Scene)``, ``command(Command)``, ``event(name, detail)`` and
#: ``receipt(issued_ms, sent_ms, now_ms)`` with the uptime of the sending that proves it fresh, or None.
Listener = namedtuple("Listener", ("scene", "command", "event", "receipt"))


class Link:
    """Owns the connection for ever. ``run`` never returns; the network being away is no error."""

    def __init__(self, board, identity, journal, clock, boot: int, listener, lost):
        self._board = board
        self._identity = identity
        self._journal = journal
        self._clock = clock
        self._boot = boot
        self._listener = listener
        self._lost = list(lost)  # ranges of seqs that cannot be read, each declared by an event (SPEC 4.4)
        self._window = SendWindow(journal.next_seq)
        self._intake = Intake(identity.hall, identity.device, identity.downlink_key)
        self._context = None
        self._wake = asyncio.Event()
        self._error = None
        self._results: list = []
        self._heard_ms = 0
        self._pinged_ms = None
        self._forked = None

    def poke(self) -> None:
        """There is something new to send."""
        self._wake.set()

    def result(self, result) -> None:
        """Answer a command; lost if the connection is (SPEC 6.3: results are not stored)."""
        if len(self._results) < 8:
            self._results.append(result)
        self._wake.set()

    async def run(self) -> None:
        board = self._board
        first_ms, most_ms = board.backoff_ms
        attempt = 0
        while True:
            board.beat("link")
            if board.network_up():
                began_ms = self._now()
                try:
                    await self._session()
                except (OSError, ValueError, ProtocolError, asyncio.TimeoutError) as error:  # noqa: UP041
                    # ValueError: mbedTLS refused the other's certificate. Nothing here is worth a restart.
                    board.count("link_errors")
                    board.log("link: %s %s" % (type(error).__name__, error))
                if self._now() - began_ms >= STABLE_MS:
                    attempt = 0
            random32 = int.from_bytes(os.urandom(4), "big")
            until_ms = self._now() + backoff_ms(attempt, first_ms, most_ms, random32)
            attempt += 1
            while self._now() < until_ms:
                board.beat("link")
                await board.wait(self._wake, min(5000, until_ms - self._now()))

    def _now(self):
        return self._clock.uptime(self._board.ticks_ms())

    def _topic(self, leaf):
        return topics.topic(self._identity.hall, self._identity.device, leaf)

    async def _session(self):
        identity = self._identity
        if self._context is None:
            self._context = make_context(identity.certificate, identity.private_key_der(), identity.ca)
        gc.collect()  # a handshake wants its memory in one piece
        client = Client()
        will = mqtt.Will(self._topic("state"), downlink.pack_state(downlink.State("lost", self._boot)), 1, True)
        address = self._board.resolve(identity.host, identity.port)  # anew each time: brokers move
        reader = None
        try:
            await client.open(address, self._context, identity.host, identity.device, KEEPALIVE_MS // 1000, will)
            self._board.count("connects")
            self._error = None
            self._heard_ms = self._now()
            self._pinged_ms = None
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([self._topic(leaf) for leaf in topics.TO_DEVICE])
            self._window.connected(self._journal.receipted, self._now())
            await self._send(client)
        finally:
            if reader:
                reader.cancel()
            client.close()

    async def _send(self, client):
        journal = self._journal
        word = None
        telemetry_ms = self._now()
        while True:
            self._board.beat("link")
            if self._error is not None:
                raise self._error
            if not self._board.network_up():
                raise OSError("the network went away")
            now = self._now()
            if word != ("alert" if journal.full else "ready"):
                word = "alert" if journal.full else "ready"
                state = downlink.State(word, self._boot)
                await client.publish(self._topic("state"), downlink.pack_state(state), 1, True)
            while self._results:
                await client.publish(self._topic("result"), downlink.pack_result(self._results.pop(0)), 1)
            seq = self._window.take(self._safe(), journal.next_seq, now)
            if seq is not None:
                await self._send_record(client, seq)
                continue
            if now >= telemetry_ms:
                telemetry_ms = now + TELEMETRY_MS
                await client.publish(self._topic("telemetry"), self._telemetry(now), 0)
            due = [telemetry_ms, await self._keep_alive(client, now)]
            wake_ms = self._window.wake_ms(self._safe(), now)
            if wake_ms is not None:
                due.append(wake_ms)
            await self._board.wait(self._wake, max(0, min(5000, min(due) - self._now())))

    def _safe(self):
        """The seq up to which nothing needs sending: receipted, or lost."""
        safe = self._journal.receipted
        for first, last in self._lost:
            if first <= safe + 1 <= last:
                safe = last
        return safe

    async def _send_record(self, client, seq):
        try:
            data = self._journal.read(seq)
        except KeyError:  # bit rot
            if not any(first <= seq <= last for first, last in self._lost):
                self._lost.append((seq, seq))
                self._listener.event("records_lost", {"from": seq, "to": seq})
            return
        await client.publish(self._topic("record"), data, 1)

    async def _keep_alive(self, client, now):
        """Ping after silence; gives the uptime at which to look again."""
        if self._pinged_ms is not None:
            if now - self._pinged_ms >= PONG_MS:
                raise OSError("the broker does not answer")
            return self._pinged_ms + PONG_MS
        if now - self._heard_ms >= KEEPALIVE_MS // 2:
            self._pinged_ms = now
            await client.ping()
            return now + PONG_MS
        return self._heard_ms + KEEPALIVE_MS // 2

    def _telemetry(self, now):
        journal = self._journal
        _, error_ms = self._clock.at(now)
        return downlink.pack_telemetry(
            downlink.Telemetry(
                self._boot, now, gc.mem_free(), journal.waiting, journal.used_permille, journal.next_seq - 1, error_ms
            )
        )

    async def _read(self, client):
        try:
            while True:
                packet = await client.packet()
                self._heard_ms = self._now()
                self._pinged_ms = None
                if isinstance(packet, mqtt.Publish):
                    self._take(packet)
        except Exception as error:  # the top of a task: the sender raises it again, in the task that the app watches
            self._error = error
            self._wake.set()

    def _take(self, packet):
        try:
            message = self._intake.take(packet.topic, packet.payload)
        except ProtocolError as error:
            self._board.count("ignored")
            self._board.log("ignored: %s" % error.code)
            return
        if message.kind == downlink.RECEIPT:
            self._take_receipt(message)
        elif message.kind == downlink.SCENE:
            self._listener.scene(message.body)
        elif message.kind == downlink.COMMAND:
            self._listener.command(message.body)

    def _take_receipt(self, message):
        receipt = message.body
        journal = self._journal
        now = self._now()
        if receipt.hold_ms:
            self._window.hold(now + receipt.hold_ms)
        if receipt.seq <= journal.receipted:
            return
        try:
            own = record_hash(journal.read(receipt.seq))[:16]
        except KeyError:
            if receipt.seq < journal.next_seq:
                return  # a lost record: nothing to compare with, so nothing is dropped before the next receipt
            own = None
        if own != receipt.hash:
            # what the gateway holds under this number is not ours: keep everything and say so (SPEC 5.2)
            self._board.count("forks")
            if self._forked != (receipt.seq, receipt.hash):
                self._forked = (receipt.seq, receipt.hash)
                self._listener.event("fork_seen", {"seq": receipt.seq})
            return
        journal.receipt(receipt.seq)
        sent_ms = self._window.receipt(receipt.seq, now)
        self._listener.receipt(message.issued_ms, sent_ms, now)
        self._wake.set()
