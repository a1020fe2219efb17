"""Running the gateway: puts store, broker, service, upstream and web together, and takes them apart in order."""

import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from cryptography import x509

from gateway import assets, enrolment, logs, look, schema, vault
from gateway.applicants import Applicants
from gateway.broker import Broker, setup
from gateway.clock import Clock
from gateway.core import overload
from gateway.core.figures import Snapshot
from gateway.core.indicators import IndicatorError
from gateway.core.timeline import Rules
from gateway.feed import Feed
from gateway.handed_down import HandedDown
from gateway.keeper import Keeper
from gateway.mqtt import Door, DoorSettings
from gateway.registry import Registry
from gateway.service import Service, ServiceSettings
from gateway.settings import GatewaySettings, SettingsError
from gateway.store.writer import Store
from gateway.upstream.sync import Sync
from gateway.watchdog import Watchdog
from gateway.web import HTTP_FILE, systems
from gateway.web.app import create_app
from gateway.webhook import Poster
from protocol import identity, signature

log = logging.getLogger(__name__)

_READY_S = 30.0


class Gateway:
    """A whole gateway. ``start`` returns once everything is really ready; ``stop`` takes it apart in order."""

    def __init__(self, settings: GatewaySettings, clock: Clock | None = None):
        self.settings = settings
        self._clock = clock or Clock()
        self._undo = contextlib.ExitStack()
        self._started_s = self._clock.now_ms() / 1000
        self.mqtt_port = 0
        self.http_port = 0
        self.hall = ""
        self.store: Store
        self.service: Service
        self.door: Door
        self.broker: Broker
        self.applicants: Applicants
        self.feed: Feed
        self.sync: Sync | None = None

    def start(self) -> None:
        """Raises SettingsError if it cannot run as it is set up: it says what to change."""
        try:
            self._start()
        except (
            systems.SystemsError,
            vault.VaultError,
            schema.NewerSchemaError,
            enrolment.EnrolmentError,
            IndicatorError,
        ) as error:
            self._undo.close()
            raise SettingsError(str(error)) from error
        except (OSError, sqlite3.Error) as error:  # an address that is taken, a folder that cannot be written
            self._undo.close()
            raise SettingsError(f"the gateway cannot start: {error}; check ports, {self.settings.data}") from error
        except BaseException:
            self._undo.close()
            raise

    def stop(self) -> None:
        self._undo.close()

    def facts(self) -> dict:
        """What a caller needs to reach it."""
        return {
            "ready": True,
            "hall": self.hall,
            "http": f"http://{_reachable(self.settings.http_host)}:{self.http_port}",
            "mqtt_host": _reachable(self.settings.broker_host),
            "mqtt_port": self.mqtt_port,
            "data": str(self.settings.data),
            "pid": os.getpid(),
        }

    def alive(self) -> bool:
        """Whether a restart could make nothing better: our own threads live, and the database is open."""
        return self.store.healthy and self.service.healthy

    def checks(self) -> dict[str, bool]:
        """What must be true for it to be ready."""
        return {"database": self.store.healthy, "broker": self.door.up, "intake": self.service.healthy}

    def snapshot(self) -> Snapshot:
        """What all parts say of themselves, for ``/metrics``. No ratings, no levels."""
        store = self.store.facts()
        return Snapshot(
            checks=self.checks(),
            store=store,
            status=self.service.status(),
            devices=tuple(self.service.devices()),
            alarms=tuple(overload.alarms(store)),
            queued_frames=self.service.queued,
            sessions_lost=self.door.sessions_lost,
            broker=self.broker.counts(),
            central_error=self.sync.central.last_error if self.sync and self.sync.central else "none is set up",
            started_s=self._started_s,
            now_ms=self._clock.now_ms(),
        )

    def _start(self) -> None:
        settings, data = self.settings, self.settings.data
        data.mkdir(parents=True, exist_ok=True)
        self._undo.enter_context(_only_one(data))
        self.hall = hall_of(settings)
        pki = data / "pki"
        keys = systems.load(data / "systems.toml")
        sealing = vault.load(settings.applicant_keys or vault.default_path(data))
        registry = Registry(data, lambda: self.broker.refresh())
        self.store = Store(data / "gateway.db", settings.store(), self._clock.now_ms)
        self._undo.callback(self.store.close)
        self.broker = setup.make(settings, self.hall, registry)
        told = settings.central_identity_key
        central = identity.read_key(told) if told else None
        self.applicants = Applicants(self.hall, self.store, sealing, self._clock, central)
        self.applicants.warn_of_lost_keys()
        self.applicants.tell_late()
        self.service = Service(
            ServiceSettings(
                self.hall,
                Rules(settings.linger_ms, settings.service_limit_ms),
                settings.undo_ms,
                settings.business_error_ms,
                settings.future_ms,
                settings.queue_frames,
                look.load(settings, self.store),
            ),
            self.store,
            registry,
            self._clock,
            self.applicants,
            lambda topic, payload: self.door.publish(topic, payload),
            lambda: self.sync.wake() if self.sync else None,
            # before the broker runs there is nobody to cut off
            lambda device: self.broker.cut_off(device) if self.mqtt_port else 0,
            assets.Assets(data / assets.FOLDER),
            lambda device, request: enrolment.certify_next(data, device, request),
        )
        self.broker.start()
        self._undo.callback(self.broker.stop)
        self.mqtt_port = self.broker.port
        # not connected yet; but the service may have something to show from the first moment
        self.door = Door(
            DoorSettings(
                self.hall,
                _reachable(settings.broker_host),
                self.mqtt_port,
                pki / "gateway.pem",
                pki / "gateway.key",
                pki / "ca.pem",
            ),
            self.service.offer,
            self.service.on_up,
        )
        self.service.start()
        self._undo.callback(self.service.stop)
        keeper = Keeper(
            self.store, self.hall, self._clock.now_ms, settings.business_error_ms, lambda: self.service.salvaged()
        )
        keeper.start()
        self._undo.callback(keeper.stop)
        self.door.start()
        self._undo.callback(self.door.stop)
        self.feed = Feed(self.store, self._clock, settings.feed_delay_ms)
        handed_down = HandedDown(settings, self.service, self.store)
        handed_down.start()
        self.sync = Sync(settings, self.hall, data, self.store, self._clock, self.service.ledger, handed_down.take)
        self.sync.start()
        self._undo.callback(self.sync.stop)
        self._start_web(keys)
        self.feed.start()
        self._undo.callback(self.feed.stop)  # before the web: its listeners hang up
        for system in keys.webhooks():
            poster = Poster(system, self.feed, self._clock)
            poster.start()
            self._undo.callback(poster.stop)
        _wait(lambda: all(self.checks().values()), "the gateway's own connection to its broker")

    def _start_web(self, keys: systems.Systems) -> None:
        host = self.settings.http_host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, self.settings.http_port), family=family)
        self._undo.callback(listener.close)
        self.http_port = listener.getsockname()[1]
        app = create_app(self.service, keys, self.checks, self.feed, self.snapshot)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=3
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), name="hcp-http", daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(5)

        self._undo.callback(stop)
        _wait(lambda: server.started, "the HTTP server")
        (self.settings.data / HTTP_FILE).write_text(self.facts()["http"])


def _say(line: str) -> None:
    print(line, flush=True)  # whoever waits for it may read a pipe


def run(settings: GatewaySettings, as_json: bool = False, say: Callable[[str], None] = _say) -> None:
    """Run until SIGTERM or SIGINT. Says one line once everything is ready. Raises SettingsError.

    Call it in the main thread: it takes the signals.
    """
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with logs.configured(settings.log_level, settings.log_format == "json"):
        gateway = Gateway(settings)
        gateway.start()
        watchdog = Watchdog(gateway.alive)
        try:
            facts = gateway.facts()
            watchdog.start(f"大厅 {facts['hall']}")
            say(json.dumps(facts, ensure_ascii=False) if as_json else _ready(facts))
            ended.wait()
        finally:
            watchdog.stop()
            gateway.stop()


def _ready(facts: dict) -> str:
    where = f"业务接口 {facts['http']} · 评价器 mqtts://{facts['mqtt_host']}:{facts['mqtt_port']}"
    return f"网关已就绪 (ready): 大厅 {facts['hall']} · {where}"


def hall_of(settings: GatewaySettings) -> str:
    """The hall of the data folder; its authority is made if there is none. Raises SettingsError, EnrolmentError."""
    authority = settings.data / "pki" / "ca.pem"
    if authority.exists():
        present = signature.certificate_name(x509.load_pem_x509_certificate(authority.read_bytes()))
        if settings.hall not in (None, present):
            raise SettingsError(f"{settings.data} belongs to hall {present}, not {settings.hall}; use another folder")
        return present
    if settings.hall is None:
        raise SettingsError(f"hall is not set, and {settings.data} has no authority yet; set HCP_GATEWAY_HALL")
    names = dict.fromkeys((*settings.broker_names, _reachable(settings.broker_host)))
    enrolment.create_authority(settings.data, settings.hall, tuple(names))
    return settings.hall


def is_running(data: Path) -> bool:
    """Whether a gateway holds this folder now."""
    try:
        with (data / "gateway.lock").open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Two gateways on one folder would each write the database."""
    with (data / "gateway.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"another gateway runs on {data}; stop it, or use another folder") from None
        yield


def _wait(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _READY_S
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} was not ready within {_READY_S:.0f} s")
        time.sleep(0.01)


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
