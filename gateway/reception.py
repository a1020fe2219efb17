"""Frames on their way in: judged, stored together, and acknowledged once that is committed.

network thread ─offer▶ intake thread ─jobs▶ writer ─commit▶ finisher thread: acknowledge, then receipt
"""

import contextlib
import functools
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.core import intake
from gateway.mqtt import Frame
from gateway.painter import Painter
from gateway.receipts import Receipts
from gateway.reports import Reports
from gateway.roster import Roster
from gateway.store import batch, records
from gateway.store.writer import Store, StoreError
from protocol import chain, topics
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)

MAX_BATCH = 256
_WAIT_S = 60.0


class Reception:
    """Two threads. ``on_sent`` is called after each batch: there may be something for central."""

    def __init__(
        self,
        hall: str,
        business_error_ms: int,
        queue_frames: int,
        store: Store,
        clock: Clock,
        roster: Roster,
        reports: Reports,
        receipts: Receipts,
        painter: Painter,
        on_sent: Callable[[], None],
    ):
        self._hall = hall
        self._error_ms = business_error_ms
        self._store = store
        self._clock = clock
        self._roster = roster
        self._reports = reports
        self._receipts = receipts
        self._painter = painter
        self._on_sent = on_sent
        self._frames: queue.Queue[Frame | None] = queue.Queue(queue_frames)
        self._finishing: queue.Queue[list[tuple[Frame, Future]] | None] = queue.Queue(8)
        self._threads = [
            threading.Thread(target=self._run_intake, name="hcp-intake", daemon=True),
            threading.Thread(target=self._run_finisher, name="hcp-finisher", daemon=True),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what was taken in; what was not is delivered again by the broker."""
        self._frames.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(10)

    @property
    def healthy(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    @property
    def queued(self) -> int:
        """Frames that wait for intake."""
        return self._frames.qsize()

    def offer(self, frame: Frame) -> bool:
        """Take a frame in, without waiting; False if there is no room."""
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            return False
        return True

    def refuse_more(self, hold_ms: int) -> None:
        """From now on keep no more records; each device that sends one is told to ask again after ``hold_ms`` (spec
        5.2). 0: as before, and whoever was told so hears it. Call it from any thread; it waits for nothing.
        """
        self._receipts.hold_ms = hold_ms
        if not hold_ms:
            with contextlib.suppress(queue.Full):  # then the finisher comes by anyway
                self._finishing.put_nowait([])

    # --- the intake thread ---

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
        lookup = functools.cache(self._roster.facts)  # the register is asked once for each device of a batch
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
        now_ms, hall, error_ms = self._clock.now_ms(), self._hall, self._error_ms
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

        now_ms, hall, error_ms = self._clock.now_ms(), self._hall, self._error_ms
        try:
            alone = self._store.submit(lambda c: batch.take(c, [one], hall, now_ms, error_ms, self._store.bring_back))
        except StoreError as error:
            future.set_exception(error)
            return
        alone.add_done_callback(done)

    def _judge(self, frame: Frame, lookup: Callable[[str], intake.DeviceFacts | None]) -> intake.Genuine | Future:
        """What a frame is worth: a genuine record, or what was queued for anything else."""
        now_ms, hall = self._clock.now_ms(), self._hall
        try:
            if frame.topic.endswith(Reports.TOPICS):
                return self._reports.take(frame.topic, frame.payload, now_ms) or _done(None)
            if self._receipts.hold_ms:
                return self._turn_away(frame)
            verdict = intake.examine(hall, frame.topic, frame.payload, lookup)
        except ProtocolError as error:
            verdict = intake.Refused(error.code, error.detail, _device_of(frame.topic), frame.topic, frame.payload)
        except Exception as error:  # our own fault must not block the frames behind this one
            log.exception("intake of a frame on %s", frame.topic)
            verdict = intake.Refused("gateway_error", type(error).__name__, None, frame.topic, frame.payload)
        if isinstance(verdict, intake.Refused):
            refused = verdict
            log.warning("refused from %s: %s %s", refused.device, refused.code, refused.detail)
            return self._store.submit(lambda c: records.refuse(c, refused, hall, now_ms))
        return verdict

    def _turn_away(self, frame: Frame) -> Future:
        """Keep nothing of a record; without a receipt that covers it, its device does."""
        device = _device_of(frame.topic)
        if device is None or self._roster.facts(device) is None:
            return _done(None)
        return _done(_Held(device))

    # --- the finisher thread ---

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
                    self._roster.put_in_force(taken.device, taken.rotated)
                if taken.used_window:
                    windows.add(taken.used_window)
        self._tell_held(turned_away)
        for device_id, head in heads.items():
            self._receipts.send(device_id, head)
        if windows:
            self._painter.wake(windows=windows)
        self._on_sent()

    def _tell_held(self, turned_away: list[tuple[str, Frame]]) -> None:
        """Whoever sent a record hears, once a second, that it was not kept; when more can be kept, all of them do.

        It hears it before its frame is acknowledged, on the same connection: a device whose record is gone from the
        broker and who was told nothing would wait 10 s before it sends it again (spec 6.4).
        """
        if self._receipts.hold_ms:
            for device_id, frame in turned_away:
                if self._receipts.tell_hold(device_id):
                    frame.ack()
                else:
                    self._drop(frame)
            return
        self._receipts.tell_over()
        for _, frame in turned_away:  # there is room for it after all
            if not self.offer(frame):
                self._drop(frame)

    def _drop(self, frame: Frame) -> None:
        """End the connection, so that the frame is delivered again. What was said on it may not have arrived."""
        frame.drop()
        self._receipts.say_again()

    def _result(self, frame: Frame, future: Future) -> object:
        try:
            return future.result()
        except StoreError:
            raise
        except Exception as error:  # one frame that our own code cannot take: keep it aside, go on
            log.exception("storing a frame on %s", frame.topic)
            refused = intake.Refused("gateway_error", type(error).__name__, None, frame.topic, frame.payload)
            now_ms = self._clock.now_ms()
            self._store.run(lambda c: records.refuse(c, refused, self._hall, now_ms), _WAIT_S)
            return None


@dataclass(frozen=True)
class _Held:
    """A record of this device came while no more are kept."""

    device: str


def _done(value: object) -> Future:
    future: Future = Future()
    future.set_result(value)
    return future


def _device_of(topic: str) -> str | None:
    try:
        return topics.split(topic)[1]
    except ProtocolError:
        return None
