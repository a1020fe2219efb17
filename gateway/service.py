"""The service: joins the pure decisions, the store and the doors.

    network thread ─frames▶ intake thread ─jobs▶ writer ─commit▶ finisher thread: acknowledge, then receipt
    business API ───events────────────────────▶ writer ─commit▶ painter thread: scenes

A frame is acknowledged, and a receipt given, only after its transaction is committed.
"""

import contextlib
import functools
import logging
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.applicants import Applicants
from gateway.assets import Assets, AssetServer
from gateway.business import Business, Source
from gateway.clock import Clock
from gateway.commander import Commander
from gateway.core import intake, presence, wants
from gateway.core.commands import CommandError
from gateway.core.indicators import IndicatorSet
from gateway.core.numbers import Numbers
from gateway.core.overload import Verdict
from gateway.core.scene import Look
from gateway.core.timeline import Rules
from gateway.enrolment import EnrolmentError
from gateway.ledger import LedgerWatch
from gateway.mqtt import Frame
from gateway.painter import Painter
from gateway.registry import Device, Registry, RegistryError
from gateway.screens import strips
from gateway.screens.shelf import Shelf
from gateway.store import batch, bindings, devices, indicators, letters, losses, meta, outbox, records, scenes
from gateway.store import business as business_store
from gateway.store.business import Result
from gateway.store.writer import Store, StoreError
from protocol import chain, downlink, topics
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)

MAX_BATCH = 256
_WAIT_S = 60.0
_TELL_AGAIN_MS = 1000
_HOLD_MS = 5000


@dataclass(frozen=True)
class ServiceSettings:
    """Limits of the service; times in milliseconds."""

    hall: str
    rules: Rules = Rules()
    undo_ms: int = 8000
    business_error_ms: int = 0
    future_ms: int = 300_000
    queue_frames: int = 4096
    look: Look = Look()


def no_certificate(device: Device, request: bytes) -> bytes:
    """For a service without the hall's authority."""
    raise EnrolmentError("this gateway has no authority to certify a key with")


class Service:
    """``publish(topic, payload)`` sends to a device, and gives False while the broker is away."""

    def __init__(
        self,
        settings: ServiceSettings,
        store: Store,
        registry: Registry,
        clock: Clock,
        applicants: Applicants,
        publish: Callable[[str, bytes], bool],
        on_sent: Callable[[], None] = lambda: None,
        on_revoked: Callable[[str], object] = lambda device: None,
        assets: Assets | None = None,
        certify: Callable[[Device, bytes], bytes] = no_certificate,
    ):
        self.settings = settings
        self.assets = assets or Assets()
        """What devices may fetch."""
        self._store = store
        self._registry = registry
        self._clock = clock
        self._publish = publish
        self._on_sent = on_sent
        self._on_revoked = on_revoked
        self._frames: queue.Queue[Frame | None] = queue.Queue(settings.queue_frames)
        self._finishing: queue.Queue[list[tuple[Frame, Future]] | None] = queue.Queue(8)
        self._downlink = threading.Lock()
        self._heads: dict[str, chain.Head] = {}
        self._scenes: dict[str, downlink.Scene] = {}
        self._known: dict[str, tuple[bytes, bool]] = {}
        self._heard: set[str] = set()
        self._closed = False
        self._hold_ms = 0
        self._held: dict[str, int] = {}  # device that was told to keep its records -> when
        self._damaged: set[str] = set()
        self.ledger = LedgerWatch(store, settings.hall, clock)
        self._look = settings.look
        self._shelf = Shelf(self.assets.put, self.assets.has)
        self._painter = Painter(self._paint, self._poll, clock.now_ms)
        self._asset_server = AssetServer(self.assets, self._send_asset, clock.now_ms)
        store.on_overload = self.set_overload
        store.on_fresh = self._begin_anew
        self.set_overload(store.overload)
        self.commander = Commander(
            store,
            self.assets,
            clock.now_ms,
            self._send_command,
            self._is_online,
            self._last_boot,
            lambda device, request: certify(self._present(device), request),
        )
        fresh_epoch = secrets.randbelow(2**32 - 1) + 1
        self.epoch: int = store.run(lambda c: meta.epoch(c, fresh_epoch))
        self._business = Business(settings, store, clock, applicants)
        self._numbers = Numbers(store.run(lambda c: meta.get(c, "lease")) or 0)
        self._threads = [
            threading.Thread(target=self._run_intake, name="hcp-intake", daemon=True),
            threading.Thread(target=self._run_finisher, name="hcp-finisher", daemon=True),
        ]
        self.put_indicators(settings.look.indicators)
        self._poll()
        self.recheck()

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        self._painter.start()
        self._asset_server.start()
        self.commander.start()

    def stop(self) -> None:
        """Finish what was taken in; what was not is delivered again by the broker."""
        self._painter.stop()
        self._asset_server.stop()
        self.commander.stop()
        self._frames.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10)

    @property
    def queued(self) -> int:
        """Frames that wait for intake."""
        return self._frames.qsize()

    @property
    def healthy(self) -> bool:
        """All threads are at work."""
        own = all(thread.is_alive() for thread in self._threads)
        others = (self._painter, self._asset_server, self.commander)
        return own and all(thread.healthy for thread in others)

    # --- intake ------------------------------------------------------------------------------------------------------

    @property
    def overloaded(self) -> bool:
        """Whether devices are told to keep their records."""
        return self._hold_ms > 0

    def refuse_more(self, hold_ms: int) -> None:
        """From now on keep no more records; each device that sends one is told to ask again after ``hold_ms`` (spec
        5.2). 0: as before, and whoever was told so hears it. Call it from any thread; it waits for nothing.
        """
        self._hold_ms = hold_ms
        if not hold_ms:
            with contextlib.suppress(queue.Full):  # then the finisher comes by anyway
                self._finishing.put_nowait([])

    def set_overload(self, verdict: Verdict) -> None:
        """What the store's room allows (``gateway.core.overload``). From any thread; it waits for nothing."""
        self._closed = verdict is Verdict.HARD
        self.refuse_more(0 if verdict is Verdict.OK else _HOLD_MS)

    def _begin_anew(self) -> None:
        """The database was damaged and an empty one took its place: nothing that was read from it holds any more."""
        self.epoch = meta.get(self._store.reader(), "epoch") or 0
        self._known.clear()
        self._heads.clear()
        self._painter.wake(everything=True)

    def recheck(self) -> None:
        """Look again at ratings that are not bound. It waits for nothing: the writer does it when its turn comes."""
        self._recheck(bindings.Open(self._clock.now_ms() - business_store.RECHECK_MS))

    def _recheck(self, place: bindings.Open) -> None:
        now_ms, hall, error_ms = self._clock.now_ms(), self.settings.hall, self.settings.business_error_ms
        piece = self._store.submit(lambda c: bindings.recheck_some(c, hall, place, now_ms, error_ms))
        piece.add_done_callback(self._recheck_on)

    def _recheck_on(self, piece: Future) -> None:
        if piece.exception() is not None:
            log.warning("ratings that are not bound were not all looked at again: %s", piece.exception())
            return
        place, changed = piece.result()
        if changed:
            self._on_sent()
        if place is not None:
            with contextlib.suppress(StoreError):  # the store is closed: the next start does it
                self._recheck(place)

    def salvaged(self) -> None:
        """All that could be read of a damaged database is back: heads moved, servings and tokens are known again."""
        self.recheck()
        self._known.clear()
        self._painter.wake(everything=True)

    def offer(self, frame: Frame) -> bool:
        """Take a frame in, without waiting; False if there is no room."""
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            return False
        return True

    def _run_intake(self) -> None:
        stopping = False
        while not stopping:
            frames = [self._frames.get()]
            while len(frames) < MAX_BATCH:
                try:
                    frames.append(self._frames.get_nowait())
                except queue.Empty:
                    break
            stopping = None in frames
            self._take([frame for frame in frames if frame is not None])
        self._finishing.put(None)

    def _take(self, frames: list[Frame]) -> None:
        """Judge frames outside of any transaction, and queue what is to be stored: records together, in their order."""
        lookup = functools.cache(self._facts)  # the register is asked once for each device of a batch
        waiting: list[tuple[Frame, Future]] = []
        genuine: list[tuple[Frame, intake.Genuine]] = []
        for frame in frames:
            try:
                judged = self._judge(frame, lookup)
            except StoreError as error:
                log.error("%s", error)
                frame.drop()
                continue
            if isinstance(judged, intake.Genuine):
                genuine.append((frame, judged))
            else:
                waiting.append((frame, judged))
        if genuine:
            waiting += self._store_records(genuine)
        if waiting:
            self._finishing.put(waiting)

    def _store_records(self, genuine: list[tuple[Frame, intake.Genuine]]) -> list[tuple[Frame, Future]]:
        """One job for all. Should it fail for a reason of our own, each gets a job of its own."""
        batch_of = [one for _, one in genuine]
        now_ms, settings = self._clock.now_ms(), self.settings
        hall, error_ms = settings.hall, settings.business_error_ms
        each: list[Future] = [Future() for _ in genuine]

        def done(job: Future) -> None:
            error = job.exception()
            if error is None:
                for future, taken in zip(each, job.result(), strict=True):
                    future.set_result(taken)
            elif isinstance(error, StoreError) or len(genuine) == 1:
                for future in each:
                    future.set_exception(error)
            else:
                log.error("storing %d records together: %r; now one by one", len(genuine), error)
                for future, (_, one) in zip(each, genuine, strict=True):
                    self._store_alone(one, future)

        try:
            job = self._store.submit(lambda c: batch.take(c, batch_of, hall, now_ms, error_ms, self._store.bring_back))
        except StoreError as error:
            log.error("%s", error)
            for frame, _ in genuine:
                frame.drop()
            return []
        job.add_done_callback(done)
        return [(frame, future) for (frame, _), future in zip(genuine, each, strict=True)]

    def _store_alone(self, one: intake.Genuine, future: Future) -> None:
        """In the writer's thread, so it only queues."""

        def done(job: Future) -> None:
            error = job.exception()
            if error is None:
                future.set_result(job.result()[0])
            else:
                future.set_exception(error)

        now_ms, settings = self._clock.now_ms(), self.settings
        hall, error_ms = settings.hall, settings.business_error_ms
        try:
            alone = self._store.submit(lambda c: batch.take(c, [one], hall, now_ms, error_ms, self._store.bring_back))
        except StoreError as error:
            future.set_exception(error)
            return
        alone.add_done_callback(done)

    def _judge(self, frame: Frame, lookup: Callable[[str], intake.DeviceFacts | None]) -> intake.Genuine | Future:
        """What a frame is worth: a genuine record, or what was queued for anything else."""
        now_ms = self._clock.now_ms()
        hall = self.settings.hall
        try:
            if frame.topic.endswith("/state"):
                return self._submit_state(frame, now_ms)
            if frame.topic.endswith(("/telemetry", "/log", "/result")):
                return self._submit_report(frame, now_ms)
            if self._hold_ms:
                return self._turn_away(frame)
            verdict = intake.examine(hall, frame.topic, frame.payload, lookup)
        except ProtocolError as error:
            verdict = intake.Refused(error.code, error.detail, _sender(frame.topic), frame.topic, frame.payload)
        except Exception as error:  # our own fault must not block the frames behind this one
            log.exception("intake of a frame on %s", frame.topic)
            verdict = intake.Refused("gateway_error", type(error).__name__, None, frame.topic, frame.payload)
        if isinstance(verdict, intake.Refused):
            refused = verdict
            log.warning("refused from %s: %s %s", refused.device, refused.code, refused.detail)
            return self._store.submit(lambda c: records.refuse(c, refused, hall, now_ms))
        return verdict

    def _submit_state(self, frame: Frame, now_ms: int) -> Future:
        hall, device, _ = topics.split(frame.topic)
        if hall != self.settings.hall or self._facts(device) is None:
            raise ProtocolError("unknown_device", "this hall has not enrolled it")
        if not frame.payload:  # a retained state that was cleared
            return self._store.submit(lambda c: None)
        new = downlink.unpack_state(frame.payload)

        def job(connection) -> None:
            kept = presence.follow(devices.state(connection, device), new)
            devices.put_state(connection, device, kept, now_ms)

        self._heard.add(device)
        if new.word in presence.ONLINE:
            self._painter.wake(devices_={device})
        kept = self._store.submit(job)
        if new.word in presence.ONLINE:  # once that is committed: the commander reads who is there
            kept.add_done_callback(lambda _: self.commander.online(device))
        return kept

    def _submit_report(self, frame: Frame, now_ms: int) -> Future:
        """What a device says of itself (spec 6.3): it proves nothing. Or its answer to a command (spec 5.4)."""
        hall, device, leaf = topics.split(frame.topic)
        if hall != self.settings.hall or self._facts(device) is None:
            raise ProtocolError("unknown_device", "this hall has not enrolled it")
        body = frame.payload
        if leaf == "telemetry":
            told = downlink.unpack_telemetry(body)
            return self._store.submit(lambda c: self._take_telemetry(c, device, told, body, now_ms))
        result = None
        if leaf == "log":
            level, text = downlink.unpack_log(body)
        else:
            result = downlink.unpack_result(body)
            if result.status == downlink.WANTS:
                return self._answer_want(device, result)
            if result.status == downlink.REQUESTS:
                self.commander.requests(device, result.id, result.text)
                return _done(None)
            level = logging.INFO if result.status == downlink.DONE else logging.WARNING
            text = f"command {result.id}: status {result.status} {result.text}"
        # another's words in our log: no line of its own, no control sequence for a terminal
        text = "".join(letter if letter.isprintable() else "?" for letter in text)
        log.log(level, "%s says (%s): %s", device, leaf, text)

        def job(connection: sqlite3.Connection) -> None:
            devices.put_line(connection, device, leaf, level, text, now_ms)
            if result is not None:
                self.commander.answered(connection, device, result)

        return self._store.submit(job)

    def _answer_want(self, device: str, result: downlink.Result) -> Future:
        """A device fetches something (spec 5.5). Nothing of that is stored: it asks again for what it lacks."""
        want = wants.read(result.text)
        if want is None:
            raise ProtocolError("bad_field", "expected <hash> <offset>")
        if not self._asset_server.ask(device, want):
            shown = self._scenes.get(device)
            if shown and want.hash in (shown.prompt, shown.strips):  # it had to give way to others: draw it again
                self._painter.wake(devices_={device})
                return _done(None)
            log.warning("%s wants %s, which nobody published", device, want.hash.hex()[:16])
        self.commander.wants(device, result.id, want)
        return _done(None)

    def _turn_away(self, frame: Frame) -> Future:
        """Keep nothing of a record; without a receipt that covers it, its device does."""
        device = _sender(frame.topic)
        if device is None or self._facts(device) is None:
            return _done(None)
        return _done(_Held(device))

    def _take_telemetry(self, connection, device: str, told: downlink.Telemetry, body: bytes, now_ms: int) -> None:
        devices.put_telemetry(connection, device, body, now_ms)
        if self._store.salvaging:  # what is not here yet is not lost
            return
        if losses.heard(connection, self.settings.hall, device, told.seq - told.waiting + 1, now_ms):
            self._painter.wake(devices_={device})

    def _facts(self, device_id: str) -> intake.DeviceFacts | None:
        device = self._registry.device(device_id)
        if device is None:
            return None
        self._enrol(device)
        return intake.DeviceFacts(device.keys, device.key, device.revoked, device.window or None)

    def _enrol(self, device: Device) -> None:
        """See that the store knows a device before its first record comes to it."""
        known = (device.fingerprint, device.revoked)
        if self._known.get(device.id) == known:
            return
        now_ms = self._clock.now_ms()
        self._known[device.id] = known
        told = self._store.submit(lambda c: self._tell_enrolled(c, device, now_ms))
        told.add_done_callback(lambda done: self._known.pop(device.id, None) if done.exception() else None)
        if device.revoked:
            self._on_revoked(device.id)
        else:
            self._painter.wake(devices_={device.id})

    def _tell_enrolled(self, connection: sqlite3.Connection, device: Device, now_ms: int) -> None:
        for certificate in device.certificates:
            pem = certificate.public_bytes(Encoding.PEM).decode()
            fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
            devices.enrolled(connection, self.settings.hall, device.id, device.window, pem, fingerprint, now_ms)
        key = records.key_in_force(connection, device.id)
        if key is not None:  # what a crash may have kept from being noted
            self._registry.put_in_force(device.id, key)

    def _run_finisher(self) -> None:
        while (batch := self._finishing.get()) is not None:
            try:
                self._finish(batch)
            except Exception:  # the top of this thread; what was not acknowledged is delivered again
                log.exception("after a commit")

    def _finish(self, batch: list[tuple[Frame, Future]]) -> None:
        """Wait for the commit; acknowledge; then one receipt for each device."""
        heads: dict[str, chain.Head] = {}
        windows: set[str] = set()
        turned_away: list[tuple[str, Frame]] = []
        for frame, future in batch:
            try:
                taken = self._result(frame, future)
            except StoreError:
                self._drop(frame)
                continue
            if isinstance(taken, _Held):
                turned_away.append((taken.device, frame))
                continue
            frame.ack()
            if isinstance(taken, records.Taken):
                if taken.verdict not in (chain.LINKED, chain.DUPLICATE):
                    log.warning("%s seq %d: %s", taken.device, taken.seq, taken.verdict)
                heads[taken.device] = taken.head
                if taken.rotated:
                    self._registry.put_in_force(taken.device, taken.rotated)
                if taken.used_window:
                    windows.add(taken.used_window)
        self._tell_held(turned_away)
        for device_id, head in heads.items():
            self._send_receipt(device_id, head)
        if windows:
            self._painter.wake(windows=windows)
        self._on_sent()

    def _tell_held(self, turned_away: list[tuple[str, Frame]]) -> None:
        """Whoever sent a record hears, once a second, that it was not kept; when more can be kept, all of them do.

        It hears it before its frame is acknowledged, on the same connection: a device whose record is gone from the
        broker and who was told nothing would wait 10 s before it sends it again (spec 6.4).
        """
        if self._hold_ms:
            now_ms = self._clock.now_ms()
            for device_id, frame in turned_away:
                lately = abs(now_ms - self._held.get(device_id, 0)) < _TELL_AGAIN_MS
                if lately or self._send_receipt(device_id):
                    frame.ack()
                else:
                    self._drop(frame)
            return
        with self._downlink:
            told, self._held = self._held, {}
        for device_id in told:
            self._send_receipt(device_id)
        for _, frame in turned_away:  # there is room for it after all
            if not self.offer(frame):
                self._drop(frame)

    def _drop(self, frame: Frame) -> None:
        """End the connection, so that the frame is delivered again. What was said on it may not have arrived."""
        frame.drop()
        self._say_again()

    def _say_again(self) -> None:
        told = self._held
        for device_id in list(told):
            told[device_id] = 0

    def _result(self, frame: Frame, future: Future) -> object:
        try:
            return future.result()
        except StoreError:
            raise
        except Exception as error:  # one frame that our own code cannot take: keep it aside, go on
            log.exception("storing a frame on %s", frame.topic)
            refused = intake.Refused("gateway_error", type(error).__name__, None, frame.topic, frame.payload)
            now_ms = self._clock.now_ms()
            self._store.run(lambda c: records.refuse(c, refused, self.settings.hall, now_ms), _WAIT_S)
            return None

    # --- downlink ----------------------------------------------------------------------------------------------------

    def on_up(self) -> None:
        """The broker is there (again) and may have forgotten everything: say it all once more."""
        self._say_again()
        self._painter.wake(everything=True)

    def _send_receipt(self, device_id: str, head: chain.Head | None = None) -> bool:
        """False if it did not go out."""
        device = self._device(device_id)
        if device is None or device.revoked:
            return True
        with self._downlink:
            if head is None:
                head = records.head(self._store.reader(), device_id)
            known = self._heads.get(device_id)
            if known is not None and known.seq > head.seq:
                head = known
            self._heads[device_id] = head
            hold_ms = self._hold_ms
            body = downlink.Receipt(head.seq, head.hash or bytes(16), self.epoch, hold_ms)
            sent = self._send(device, "receipt", downlink.RECEIPT, body)
            if hold_ms and sent:  # whoever hears it, with a scene too, is told when it is over
                self._held[device_id] = self._clock.now_ms()
            return sent

    def _send(self, device: Device, leaf: str, kind: int, body: object) -> bool:
        """Number, seal and publish; the caller holds ``_downlink`` so that numbers rise in the order of sending.

        False if it did not go out."""
        now_ms = self._clock.now_ms()
        lease = self._numbers.wanted(now_ms, 1)
        if lease is not None:
            try:
                self._store.run(lambda c: meta.put(c, "lease", lease), _WAIT_S)
            except StoreError as error:
                log.error("nothing is sent to %s: %s", device.id, error)
                return False
            self._numbers.lease = lease
        message = downlink.Downlink(device.id, self._numbers.next(now_ms), now_ms, kind, body)
        topic = topics.topic(self.settings.hall, device.id, leaf)
        return self._publish(topic, downlink.pack(device.downlink_key, message))

    def command(self, device_id: str, value: object, by: str) -> dict:
        """Command something of an enrolled device (spec 5.4). Raises CommandError, StoreError."""
        self._present(device_id)
        return self.commander.ask(device_id, value, by)

    def _present(self, device_id: str) -> Device:
        device = self._device(device_id)
        if device is None or device.revoked:
            raise CommandError("unknown_device", f"no device {device_id[:20]!r} that may speak; see `hcp device list`")
        return device

    def _send_command(self, device_id: str, command: downlink.Command) -> bool:
        device = self._device(device_id)
        if device is None or device.revoked:
            return False
        with self._downlink:
            return self._send(device, "command", downlink.COMMAND, command)

    def _is_online(self, device_id: str) -> bool:
        state = devices.state(self._store.reader(), device_id)
        return device_id in self._heard and state is not None and state.word in presence.ONLINE

    def _last_boot(self, device_id: str) -> int | None:
        state = devices.state(self._store.reader(), device_id)
        return state.boot if state else None

    def _send_asset(self, device_id: str, asset: downlink.Asset) -> None:
        device = self._device(device_id)
        if device is not None and not device.revoked:
            with self._downlink:
                self._send(device, "asset", downlink.ASSET, asset)

    def _paint(self, device_id: str, afresh: bool) -> int | None:
        """Send a device its scene if it changed, or scene and receipt ``afresh``; gives when to look at it again.

        The same scene is not sent twice: a device may end its undo window when one arrives (spec 5.3).
        """
        device = self._device(device_id)
        if device is None or device.revoked:
            return None
        token = secrets.token_bytes(8)
        hall, undo_ms, look, now_ms = self.settings.hall, self.settings.undo_ms, self._look, self._clock.now_ms()
        shown = self._store.run(
            lambda c: scenes.showing(c, hall, device.id, device.window, now_ms, undo_ms, look, token), _WAIT_S
        )
        if afresh:  # before anything is drawn: it lets go of records
            self._send_receipt(device_id)
        prompt, own = self._shelf.prompt(shown.prompt), self._shelf.strips(look.indicators)
        scene = shown.scene._replace(prompt=prompt, strips=own)
        with self._downlink:
            if afresh or self._scenes.get(device_id) != scene:
                self._scenes[device_id] = scene
                self._send(device, "scene", downlink.SCENE, scene)
        return shown.look_again_ms

    def _poll(self) -> list[Device]:
        """Look at the register: whoever was enrolled or revoked since the last look is taken up."""
        try:
            found = self._registry.devices()
        except RegistryError:  # one damaged entry must not cost the other devices their scenes
            found = [device for device_id in list(self._known) if (device := self._device(device_id))]
        for device in found:
            self._enrol(device)
        return [device for device in found if not device.revoked]

    def _device(self, device_id: str) -> Device | None:
        try:
            return self._registry.device(device_id)
        except RegistryError as error:
            if device_id not in self._damaged:
                log.error("%s", error)
                self._damaged.add(device_id)
            return None

    # --- business ----------------------------------------------------------------------------------------------------

    def take_events(self, source: Source, values: Iterable[object], dry_run: bool = False) -> list[Result]:
        """Take business events of one system; one result for each, in order. ``dry_run`` stores nothing.

        Raises StoreError if nothing can be stored.
        """
        if self._closed or self._store.closed_to_business:
            raise StoreError("the store has no room, or is being salvaged: the same events again later")
        self._poll()  # the window of a device that was enrolled a moment ago exists
        if dry_run:
            return self._business.attempt(source, values)
        results = self._business.take(source, values)
        windows = set().union(*(result.windows for result in results))
        if windows:
            self._painter.wake(windows=windows)
            self._on_sent()
        return results

    def put_indicators(self, new: IndicatorSet) -> bool:
        """Let all devices offer these from now on; False if they do already. Raises IndicatorError, StoreError."""
        strips.pack(new)  # what no device can keep is refused here
        now_ms = self._clock.now_ms()
        changed = self._store.run(lambda c: indicators.put_in_force(c, new, now_ms), _WAIT_S)
        self._look = replace(self._look, indicators=new)
        if changed:
            self._painter.wake(everything=True)
        return changed

    def put_window(self, window: str, name: str | None, is_open: bool) -> bool:
        """Register a window, or change it. Raises StoreError."""
        settings, now_ms = self.settings, self._clock.now_ms()
        changed = self._store.run(
            lambda c: business_store.put_window(
                c, window, name, is_open, settings.hall, now_ms, settings.business_error_ms
            ),
            _WAIT_S,
        )
        self._painter.wake(windows={window})
        self._on_sent()
        return changed

    def windows(self) -> list[dict]:
        """Every window with its service and device, for staff. It says nothing about ratings: no level, no count."""
        connection, now_ms = self._store.reader(), self._clock.now_ms()
        at_window: dict[str, list[dict]] = {}
        for device in self._poll():
            at_window.setdefault(device.window, []).append({"device": device.id, "online": self._is_online(device.id)})
        rows = connection.execute("SELECT window, name, open FROM windows ORDER BY window").fetchall()
        found = []
        for window, name, is_open in rows:
            standing = business_store.servings(connection, window, now_ms)
            current = next((s for s in standing if s.meets(now_ms, now_ms)), None)
            found.append(
                {
                    "window": window,
                    "name": name,
                    "open": bool(is_open),
                    "devices": at_window.get(window, []),
                    "service": current
                    and {
                        "case_no": current.case_no,
                        "service_no": current.service_no,
                        "staff": current.staff,
                        "state": "served" if current.served_ms else "called",
                    },
                }
            )
        return found

    def devices(self) -> list[dict]:
        """Every device's chain and how it is, for operators. No ratings, no levels."""
        connection = self._store.reader()
        return [
            {"device": device.id, "window": device.window, **devices.overview(connection, device.id)}
            for device in self._poll()
        ]

    def status(self) -> dict:
        """What waits, what central refused and what intake refused, for operators. No ratings, no levels."""
        connection = self._store.reader()
        refused = connection.execute("SELECT code, sum(seen) FROM refusals GROUP BY code ORDER BY code").fetchall()
        return {
            "outbox": outbox.counts(connection),
            "dead_letters": letters.dead(connection),
            "refused": dict(refused),
            "ledger": self.ledger.status(),
        }


@dataclass(frozen=True)
class _Held:
    """A record of this device came while no more are kept."""

    device: str


def _done(value: object) -> Future:
    future: Future = Future()
    future.set_result(value)
    return future


def _sender(topic: str) -> str | None:
    try:
        return topics.split(topic)[1]
    except ProtocolError:
        return None
