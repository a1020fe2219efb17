"""The service: joins the pure decisions, the store and the doors.

    frames ──────────▶ reception ─┬─ records ─▶ writer ─commit▶ receipts ─┐
                                  └─ reports ─▶ writer                    │
    business events ─▶ business ───────────────▶ writer ─commit▶ scenes ──┼─▶ sender ─▶ devices
    operators ───────▶ commander ──────────────▶ writer ─commit▶ commands ┤
    devices' questions ───────────────────────────────────────▶ assets ───┘

A frame is acknowledged, and a receipt given, only after its transaction is committed. The roster knows who is enrolled,
``overview`` is what people may read, ``rechecking`` looks again at what is not bound.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.applicants import Applicants
from gateway.assets import Assets, AssetServer
from gateway.business import Business, Source
from gateway.clock import Clock
from gateway.commander import Commander
from gateway.core.commands import CommandError
from gateway.core.indicators import IndicatorSet
from gateway.core.overload import Verdict
from gateway.core.scene import Look
from gateway.core.timeline import Rules
from gateway.enrolment import EnrolmentError
from gateway.ledger import LedgerWatch
from gateway.mqtt import Frame
from gateway.overview import Overview
from gateway.painter import Painter
from gateway.presence import Presence
from gateway.receipts import Receipts
from gateway.reception import Reception
from gateway.rechecking import Rechecking
from gateway.registry import Device, Registry
from gateway.reports import Reports
from gateway.roster import Roster
from gateway.scenes import Scenes
from gateway.sender import Sender
from gateway.store import business as business_store
from gateway.store import meta
from gateway.store.business import Result
from gateway.store.writer import Store, StoreError

_WAIT_S = 60.0
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
        self._clock = clock
        self._on_sent = on_sent
        self._closed = False
        hall, error_ms = settings.hall, settings.business_error_ms
        self.ledger = LedgerWatch(store, hall, clock)
        self._roster = Roster(
            hall, store, registry, clock, lambda device: self._painter.wake(devices_={device}), on_revoked
        )
        self.sender = Sender(hall, store, clock, self._roster, publish)
        self._receipts = Receipts(store, clock, self._roster, self.sender)
        self.scenes = Scenes(
            hall,
            settings.undo_ms,
            settings.look,
            store,
            clock,
            self.assets,
            self._roster,
            self.sender,
            self._receipts,
        )
        self._painter = Painter(self.scenes.paint, self._roster.look, clock.now_ms)
        self._asset_server = AssetServer(self.assets, self.sender.asset, clock.now_ms)
        presence = Presence(store)
        self.commander = Commander(
            store,
            self.assets,
            clock.now_ms,
            self.sender.command,
            presence.is_online,
            presence.last_boot,
            lambda device, request: certify(self._present(device), request),
        )
        reports = Reports(
            hall, store, self._roster, presence, self.scenes, self._painter, self._asset_server, self.commander
        )
        self._reception = Reception(
            hall,
            error_ms,
            settings.queue_frames,
            store,
            clock,
            self._roster,
            reports,
            self._receipts,
            self._painter,
            on_sent,
        )
        self._business = Business(settings, store, clock, applicants)
        self._overview = Overview(store, clock, self._roster, presence, self.ledger)
        self._rechecking = Rechecking(hall, error_ms, store, clock, on_sent)
        self._begin()

    def _begin(self) -> None:
        """Take up what is on disk."""
        self._store.on_overload = self.set_overload
        self._store.on_fresh = self._begin_anew
        self.set_overload(self._store.overload)
        fresh_epoch = secrets.randbelow(2**32 - 1) + 1
        self._receipts.epoch = self._store.run(lambda c: meta.epoch(c, fresh_epoch))
        self.put_indicators(self.settings.look.indicators)
        self._roster.look()
        self._rechecking.begin()

    def start(self) -> None:
        self._reception.start()
        self._painter.start()
        self._asset_server.start()
        self.commander.start()

    def stop(self) -> None:
        """Finish what was taken in; what was not is delivered again by the broker."""
        self._painter.stop()
        self._asset_server.stop()
        self.commander.stop()
        self._reception.stop()

    @property
    def healthy(self) -> bool:
        """All threads are at work."""
        return all(part.healthy for part in (self._reception, self._painter, self._asset_server, self.commander))

    @property
    def epoch(self) -> int:
        """Of the database, as it stands in receipts (spec 5.2)."""
        return self._receipts.epoch

    # --- frames of devices ---

    @property
    def queued(self) -> int:
        """Frames that wait for intake."""
        return self._reception.queued

    def offer(self, frame: Frame) -> bool:
        """Take a frame in, without waiting; False if there is no room."""
        return self._reception.offer(frame)

    def on_up(self) -> None:
        """The broker is there (again) and may have forgotten everything: say it all once more."""
        self._receipts.say_again()
        self._painter.wake(everything=True)

    # --- what the store says of itself ---

    @property
    def overloaded(self) -> bool:
        """Whether devices are told to keep their records."""
        return self._receipts.hold_ms > 0

    def refuse_more(self, hold_ms: int) -> None:
        """Keep no more records from now on; 0: as before. See ``Reception.refuse_more``."""
        self._reception.refuse_more(hold_ms)

    def set_overload(self, verdict: Verdict) -> None:
        """What the store's room allows (``gateway.core.overload``). From any thread; it waits for nothing."""
        self._closed = verdict is Verdict.HARD
        self.refuse_more(0 if verdict is Verdict.OK else _HOLD_MS)

    def _begin_anew(self) -> None:
        """The database was damaged and an empty one took its place: nothing that was read from it holds any more."""
        self._receipts.begin_anew()
        self._roster.forget()
        self._painter.wake(everything=True)

    def salvaged(self) -> None:
        """All that could be read of a damaged database is back: heads moved, servings and tokens are known again."""
        self._rechecking.begin()
        self._roster.forget()
        self._painter.wake(everything=True)

    # --- business systems ---

    def take_events(self, source: Source, values: Iterable[object], dry_run: bool = False) -> list[Result]:
        """Take business events of one system; one result for each, in order. ``dry_run`` stores nothing.

        Raises StoreError if nothing can be stored.
        """
        if self._closed or self._store.closed_to_business:
            raise StoreError("the store has no room, or is being salvaged: the same events again later")
        self._roster.look()  # the window of a device that was enrolled a moment ago exists
        if dry_run:
            return self._business.attempt(source, values)
        results = self._business.take(source, values)
        windows = set().union(*(result.windows for result in results))
        if windows:
            self._painter.wake(windows=windows)
            self._on_sent()
        return results

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

    # --- operators and staff ---

    def put_indicators(self, new: IndicatorSet) -> bool:
        """Let all devices offer these from now on; False if they do already. Raises IndicatorError, StoreError."""
        changed = self.scenes.put_indicators(new)
        if changed:
            self._painter.wake(everything=True)
        return changed

    def put_labels(self, labels: int) -> bool:
        """Let all devices name the levels by this set (spec 5.3, key 13); False if they do already."""
        changed = self.scenes.put_labels(labels)
        if changed:
            self._painter.wake(everything=True)
        return changed

    def command(self, device_id: str, value: object, by: str) -> dict:
        """Command something of an enrolled device (spec 5.4). Raises CommandError, StoreError."""
        self._present(device_id)
        return self.commander.ask(device_id, value, by)

    def _present(self, device_id: str) -> Device:
        device = self._roster.speaking(device_id)
        if device is None:
            raise CommandError("unknown_device", f"no device {device_id[:20]!r} that may speak; see `hcp device list`")
        return device

    def windows(self) -> list[dict]:
        """Every window with its service and devices, for staff. It says nothing about ratings: no level, no count."""
        return self._overview.windows()

    def devices(self) -> list[dict]:
        """Every device's chain and how it is, for operators. No ratings, no levels."""
        return self._overview.devices()

    def status(self) -> dict:
        """What waits, what central refused and what intake refused, for operators. No ratings, no levels."""
        return self._overview.status()
