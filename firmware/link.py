"""The way to the gateway: connect, send records from the first without a receipt, believe receipts, and start again.

What to send is decided in ``window``, what to believe in ``intake``; here both meet a connection. Whatever arrives and
is not valid is counted and ignored.
"""

import asyncio
import gc
import os
from collections import namedtuple

from firmware import floor
from firmware.health import telemetry
from firmware.intake import Intake
from firmware.log import ERROR
from firmware.mqtt_client import Client, blame, make_context
from firmware.patience import KEEPALIVE_MS, Retry, Silence
from firmware.window import SendWindow
from protocol import downlink, topics
from protocol import mqtt_device as mqtt
from protocol.errors import ProtocolError
from protocol.record import record_hash

TELEMETRY_MS = 30000


#: What the link needs of the rest: ``scene(Scene)``, ``command(Command)``, ``asset(Asset)``, ``event(name, detail)``
#: and ``receipt(issued_ms, sent_ms, now_ms)`` with the uptime of the sending that proves it fresh, or None.
Listener = namedtuple("Listener", ("scene", "command", "asset", "event", "receipt"))


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
        self._declared: list = []  # the seqs of these events
        self._ahead: list = []  # of them, those not yet sent in this connection
        self._window = SendWindow(journal.next_seq)
        self._intake = Intake(identity.hall, identity.device, identity.downlink_key)
        self._context = None
        self._wake = asyncio.Event()
        self._error = None
        self._results: list = []
        self._silence = Silence(0)
        self._answered = False
        self._refused = 0  # certificates, while nobody told the time
        self._checked_ms = 0  # the time by which the last one was checked, less uptime
        self._forked = None
        self.up = True  # nothing is said of a first connection that is still being made

    def poke(self) -> None:
        """There is something new to send."""
        self._wake.set()

    def result(self, result) -> None:
        """Answer a command; lost if the connection is (SPEC 6.3: results are not stored)."""
        if len(self._results) < 8 and result not in self._results:
            self._results.append(result)
        self._wake.set()

    def declared(self, seq: int) -> None:
        """The event ``seq`` declares a loss; it goes before its turn (SPEC 4.4)."""
        self._declared.append(seq)
        self._ahead.append(seq)
        self._wake.set()

    async def run(self) -> None:
        board = self._board
        retry = Retry(*board.backoff_ms, _random32())
        while True:
            board.beat("link")
            if not board.network_up():
                self._set_up(False)
            wait_ms = retry.wait_ms(board.network_up(), self._journal.waiting > 0, self._now())
            if wait_ms:
                await board.wait(self._wake, min(5000, wait_ms))
                continue
            began_ms = self._now()
            self._answered = False
            try:
                await self._session()
            except (OSError, ValueError, MemoryError, ProtocolError, asyncio.TimeoutError) as error:  # noqa: UP041
                # ValueError: mbedTLS refused the other's certificate. MemoryError: a message was larger than the room
                # for it. Nothing here is worth a restart.
                self._refused += isinstance(error, ValueError)
                board.count("link_errors")
                board.count(blame(error))
                board.log("link: %s %s" % (type(error).__name__, error))
            self._set_up(False)
            retry.ended(began_ms, self._answered, self._now(), _random32())

    def _set_up(self, up):
        if self.up != up:
            self.up = up
            self._board.woken.set()

    def _now(self):
        return self._clock.uptime(self._board.ticks_ms())

    def _topic(self, leaf):
        return topics.topic(self._identity.hall, self._identity.device, leaf)

    async def _session(self):
        identity = self._identity
        if self._context is None:
            self._context = make_context(identity.certificate, identity.private_key_der(), identity.ca)
        with self._board.meter("gc"):
            gc.collect()  # a handshake wants its memory in one piece
        client = Client()
        now = self._now()
        wall_ms = self._clock.at(now)[0]
        if not self._clock.told:
            wall_ms = floor.guess(wall_ms or self._clock.floor_ms, self._refused, *floor.validity(identity.certificate))
        self._board.set_time(wall_ms)
        self._checked_ms = wall_ms - now
        will = mqtt.Will(self._topic("state"), downlink.pack_state(downlink.State("lost", self._boot)), 1, True)
        address = self._board.resolve(identity.host, identity.port)  # anew each time: brokers move
        reader = None
        try:
            await client.open(address, self._context, identity.host, identity.device, KEEPALIVE_MS // 1000, will)
            self._board.count("connects")
            self._set_up(True)
            self._error = None
            self._silence = Silence(self._now())
            reader = asyncio.create_task(self._read(client))
            await client.subscribe([self._topic(leaf) for leaf in topics.TO_DEVICE])
            self._window.connected(self._journal.receipted, self._now())
            self._ahead = list(self._declared)
            await self._send(client)
        finally:
            self._answered = client.answered
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
            if self._ahead:
                seq = self._ahead.pop(0)
                self._window.early(seq)
            else:
                seq = self._window.take(self._safe(), journal.next_seq, now)
            if seq is not None:
                await self._send_record(client, seq)
                continue
            if now >= telemetry_ms:
                telemetry_ms = now + TELEMETRY_MS
                await self._send_telemetry(client, now)
            await self._send_lines(client)
            wake_ms = self._window.wake_ms(self._safe(), now)
            ping, look_ms = self._silence.look(wake_ms is not None and self.up, now)
            if ping:
                await client.ping()
            due = [telemetry_ms, look_ms]
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
        start = seq
        data = None
        while data is None and self._journal.receipted < seq < self._journal.next_seq:
            try:
                data = self._journal.read(seq)
            except KeyError:  # bit rot; perhaps of more than this one
                seq += 1
        if seq == start:
            if data is not None:
                await client.publish(self._topic("record"), data, 1)
        elif not any(first <= start <= last for first, last in self._lost):
            self._lost.append((start, seq - 1))
            self._listener.event("records_lost", {"from": start, "to": seq - 1})

    async def _send_telemetry(self, client, now):
        found = telemetry(self._board, self._journal, self._boot, now, self._clock.at(now)[1])
        await client.publish(self._topic("telemetry"), downlink.pack_telemetry(found), 0)

    async def _send_lines(self, client):
        # what the last lives ended of, then the log
        crashes = self._board.crashes
        lines = [(ERROR, text) for text in crashes.lines()]
        while lines:
            await self._send_line(client, lines.pop(0))
            if not lines:
                crashes.reported()
        line = self._board.lines.take()
        while line:
            await self._send_line(client, line)
            line = self._board.lines.take()

    async def _send_line(self, client, line):
        await client.publish(self._topic("log"), downlink.pack_log(downlink.Log(*line)), 0)

    async def _read(self, client):
        try:
            while True:
                packet = await client.packet()
                self._silence.heard(self._now())
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
        else:
            self._listener.asset(message.body)

    def _take_receipt(self, message):
        receipt = message.body
        journal = self._journal
        now = self._now()
        self._window.hold(receipt.hold_ms, now)
        self._set_up(not receipt.hold_ms)  # to a citizen it is the same: ratings are saved here
        self._wake.set()
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
        if self._clock.told and abs(self._clock.at(now)[0] - now - self._checked_ms) > floor.OFF_MS:
            self._error = OSError("certificate checked by a wrong time")


def _random32():
    return int.from_bytes(os.urandom(4), "big")
