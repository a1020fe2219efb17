"""A hall and its centre at any date: device, broker, gateway and central, with clocks turned by hand.

Everything is what ships, in this process but for the device's VM: SQLite, MQTT with certificates, HTTPS. Only the
clocks are other ones. The gateway's goes on from the story's moment and the device is told it by receipts, as always;
central's stands until somebody turns it, so that what is due can be worked out to the minute.
"""

import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

import gateway.settings
from central import handlings, keyring, tls
from central import settings as central_settings
from central.app import create_app
from central.clock import Clock, HandClock
from central.core.calendar import ZONE
from central.halls import add_hall
from gateway.enrolment import create_authority, enroll, write_file
from gateway.run import Gateway
from gateway.store import corrections
from hcp.audit import Finding, verify_database
from protocol.downlink import Scene
from simulator import provisioning
from simulator.business import BusinessSystem
from simulator.device import SimDevice
from tests.e2e import cast
from tests.gateway.desk import poll
from tests.gateway.pki import Authority

HALL, DEVICE, WINDOW, STAFF = "lucheng", "w1", "A01", "1001"
ITEM = "不动产登记"
UNDO_MS = 2000
#: For what another thread or process does: generous, because a story is not a measurement.
WAIT_S = 60.0


def at(text: str) -> int:
    """``at("2026-09-24 16:40")``: a moment in Beijing, ms since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def beijing(ms: int | None) -> str | None:
    """The moment as people say it, to the minute; the end of a day as 24:00."""
    if ms is None:
        return None
    moment = datetime.fromtimestamp(ms / 1000, ZONE)
    if (moment.hour, moment.minute) == (0, 0):
        return datetime.fromtimestamp(ms / 1000 - 1, ZONE).strftime("%Y-%m-%d 24:00")
    return moment.strftime("%Y-%m-%d %H:%M")


class StoryClock(Clock):
    """The time of a hall: it goes on from the moment it was set to."""

    def __init__(self, now_ms: int):
        self.set(now_ms)

    def now_ms(self) -> int:
        return self._set_ms + (time.monotonic_ns() // 1_000_000 - self._since_ms)

    def set(self, now_ms: int) -> None:
        self._set_ms, self._since_ms = now_ms, time.monotonic_ns() // 1_000_000

    def turn(self, ms: int) -> None:
        self._set_ms += ms


class Central:
    """Central over HTTPS, with a database of its own in ``folder``. ``clock`` stands at ``now_ms``."""

    def __init__(self, folder: Path, pki: Authority, hall_authority: Path, hall_key: str, now_ms: int, **settings):
        self.name = folder.name
        self.clock = HandClock(now_ms)
        self.auditor_key = secrets.token_hex(24)
        own = pki.server()
        self.identity_key = keyring.add(keyring.default_path(folder)).public
        add_hall(folder, HALL, "鹿城区政务服务中心", hall_authority, hall_key)
        self.settings = central_settings.load(
            data_dir=folder, auditor_key=self.auditor_key, tls_certificate=own.certificate, tls_key=own.key, **settings
        )
        self.app: FastAPI = create_app(self.settings, clock=self.clock)
        context = tls.context(own.certificate, own.key, self.settings.halls)
        config = uvicorn.Config(
            self.app,
            http=tls.Protocol,
            ssl_context_factory=lambda _config, _default: context,
            host="127.0.0.1",
            port=0,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, name="central", daemon=True)
        self._thread.start()
        poll(lambda: self._server.started or not self._thread.is_alive(), timeout_s=WAIT_S)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"https://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.url, verify=pki.context(None), timeout=WAIT_S, trust_env=False)
        cast.register(self.app, HALL, WINDOW, STAFF, now_ms)
        self._tokens: dict[str, tuple[int, str]] = {}

    def turn_to(self, moment: str) -> None:
        self.clock.turn(at(moment) - self.clock.now_ms())

    def ask(self, method: str, path: str, key: str | None = None, **request) -> httpx.Response:
        """A request with this bearer key."""
        headers = {**request.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        return self._http.request(method, path, headers=headers, **request)

    def token(self, account: str) -> str:
        """The key of somebody who signs in now, once for each moment of the story."""
        now_ms = self.clock.now_ms()
        since_ms, token = self._tokens.get(account, (-1, ""))
        if since_ms != now_ms:
            answer = self.ask("POST", "/api/v1/sessions", json={"account": account, "password": cast.password(account)})
            assert answer.status_code == 201, answer.text
            token = answer.json()["token"]
            self._tokens[account] = now_ms, token
        return token

    def ratings(self, case_no: str) -> list[dict]:
        """What an auditor reads of the ratings of a case."""
        answer = self.ask("GET", "/api/v1/ratings", self.auditor_key)
        answer.raise_for_status()
        return [row for row in answer.json()["ratings"] if row["case_no"] == case_no]

    def records(self) -> bytes:
        """All records as the devices signed them."""
        answer = self.ask("GET", "/api/v1/records.cborseq", self.auditor_key)
        answer.raise_for_status()
        return answer.content

    def summary(self) -> dict:
        """What an auditor reads of the hall as a whole."""
        answer = self.ask("GET", "/api/v1/summary", self.auditor_key)
        answer.raise_for_status()
        (hall,) = answer.json()["halls"]
        return hall

    def findings(self) -> list[Finding]:
        """What an auditor finds wrong with its database: records, the audit, and the deeds it vouches for."""
        return verify_database(str(self.settings.data_dir / "central.db")).findings

    def counted(self, case_no: str) -> dict:
        """What a citizen said and counts, once it is here."""
        poll(lambda: self._counts(case_no), lambda: str(self.ratings(case_no)), WAIT_S)
        (row,) = self._counts(case_no)
        return row

    def knows_as_finished(self, case_no: str) -> bool:
        """Whether it has heard that the 办件 is over."""
        hall = self.app.state.settings.halls[0].id
        with self.app.state.store.read() as connection:
            return handlings.finished(connection, hall, case_no)

    def _counts(self, case_no: str) -> list[dict]:
        return [row for row in self.ratings(case_no) if row["status"] == "counted" and row["origin"] != "default"]

    def stop(self) -> None:
        self._http.close()
        self._server.should_exit = True
        self._thread.join(10)


@dataclass(frozen=True)
class Press:
    """What a citizen does: a star, and the codes of the reasons that are ticked."""

    level: int
    reasons: tuple[int, ...] = ()


class ClockedHall:
    """Opened with ``with_central`` or, for a hall without one, ``opened``. Central's clock is turned apart."""

    def __init__(self, folder: Path, now_ms: int):
        self.folder = folder
        self.clock = StoryClock(now_ms)
        self.pki = Authority(folder / "pki", "centre")
        self.data = folder / "gateway"
        self.key = secrets.token_hex(24)
        self._business_key = secrets.token_hex(24)
        self._ends = ExitStack()
        self.central: Central
        self.gateway: Gateway
        self.business: BusinessSystem
        self.device: SimDevice
        create_authority(self.data, HALL)
        text = f'[[system]]\nname = "queue"\nkey = "{self._business_key}"\nscopes = ["events", "windows", "read"]\n'
        write_file(self.data / "systems.toml", text.encode(), secret=True)

    @property
    def authority(self) -> Path:
        return self.data / "pki" / "ca.pem"

    def open(self, central: Central | None) -> None:
        """Everything in the hall; without a centre the gateway keeps what it has, in its outbox."""
        self.gateway = self._start_gateway(self.data, central)
        url = f"http://127.0.0.1:{self.gateway.http_port}"
        self.business = BusinessSystem(url, self._business_key, clock=self.clock)
        self._ends.callback(self.business.close)
        self.business.register([WINDOW])
        self.business.sign_in(WINDOW, STAFF)
        box = self.folder / DEVICE
        provisioning.provision(box, self._enroll)
        self.device = SimDevice(box, ("127.0.0.1", self.gateway.mqtt_port), DEVICE)
        self._ends.callback(self.device.stop)
        self.device.start()
        self.wait_receipts()

    def add_central(self, name: str, moment: str, **settings) -> Central:
        """A centre for this hall, whose clock stands at ``moment``."""
        central = Central(self.folder / name, self.pki, self.authority, self.key, at(moment), **settings)
        self._ends.callback(central.stop)
        return central

    def bring_to(self, central: Central) -> None:
        """A copy of this hall, as its gateway left it, brings this centre what waits in the outbox."""
        self.device.power_off()
        self.gateway.stop()
        copy = self.folder / f"gateway-for-{central.name}"
        shutil.copytree(self.data, copy)
        self._start_gateway(copy, central)

    def _start_gateway(self, data: Path, central: Central | None) -> Gateway:
        there = (
            {
                "central_url": central.url,
                "central_key": self.key,
                "central_authority": self.pki.certificate,
                "central_identity_key": central.identity_key,
            }
            if central
            else {}
        )
        found = gateway.settings.load(
            data=data, broker_host="127.0.0.1", broker_port=0, http_port=0, undo_ms=UNDO_MS, **there
        )
        made = Gateway(found, self.clock)
        made.start()
        self._ends.callback(made.stop)
        return made

    def _enroll(self, csr: bytes) -> bytes:
        return enroll(self.data, csr, DEVICE, WINDOW, "127.0.0.1", self.gateway.mqtt_port).bundle

    def close(self) -> None:
        self._ends.close()

    # --- what happens in it ---

    def rate(self, case_no: str, press: Press, **applicant: str) -> dict:
        """Somebody is served and presses; gives the rating as central counts it."""
        self.serve(case_no, **applicant)
        self.press(press)
        return self.central.counted(case_no)

    def finish(self, case_no: str) -> None:
        self.business.finished(WINDOW, STAFF, case_no, 1, ITEM)

    def serve(self, case_no: str, **applicant: str) -> None:
        """Call and serve; until the device asks. ``applicant``: name, id_no, phone, as far as they were given."""
        more = {"applicant": applicant} if applicant else {}
        self.business.called(WINDOW, STAFF, case_no, 1, ITEM, **more)
        self.business.served(WINDOW, STAFF, case_no, 1, ITEM)
        self.device.wait_screen("rate", WAIT_S)

    def press(self, press: Press) -> None:
        """The star, the same star again so that it stands, and the reasons if the device asks for them."""
        device = self.device
        device.press(press.level)
        device.wait_light(press.level, WAIT_S)
        device.press(press.level)
        if press.level <= 2:
            device.wait_screen("reasons", WAIT_S)
            self.pass_time(500)  # what is pressed so soon was meant for the screen before
            self._tick(set(press.reasons))
        device.wait_screen("thanks", WAIT_S)
        self.pass_time(3000)  # of thanks

    def _tick(self, wanted: set[int]) -> None:
        """Page after page; the lines are ``1 108``, ``2*109`` where it is ticked, and the number of the page."""
        while (screen := self.device.screen()).name == "reasons":
            lines = [line for line in screen.lines if line[1:2] in " *"]
            here = {int(line[2:]): int(line[0]) for line in lines if line[2:].isdigit() and line[1] == " "}
            key = next((key for code, key in here.items() if code in wanted), 5)
            before = len(self.device.screens())
            self.device.press(key)
            assert self.device.wait_until(lambda before=before: len(self.device.screens()) > before, WAIT_S)

    def knows_as_not_adopted(self, rating: dict) -> bool:
        """Whether this hall was told that the rating is 不予采纳."""
        return corrections.is_not_adopted(self.gateway.store.reader(), rating["device"], rating["seq"])

    def scene(self) -> Scene | None:
        """What the device was told to show last."""
        return self.gateway.service.scenes.sent(DEVICE)

    def policy(self) -> dict:
        """What this hall was told of the policy last."""
        return corrections.newest(self.gateway.store.reader(), "policy") or {}

    def pass_time(self, ms: int) -> None:
        """Time goes by in the hall, for the gateway and the device alike."""
        self.clock.turn(ms)
        self.device.advance(ms)

    def sleep_until(self, now_ms: int) -> None:
        """The device is off meanwhile, as over a night, and learns the time when it is back."""
        self.device.power_off()
        self.clock.set(now_ms)
        self.device.power_on()
        self.wait_receipts()
        self.business.sign_in(WINDOW, STAFF)

    def wait_receipts(self) -> None:
        """Until the device knows the time and the gateway has all its records."""
        self.device.wait_stats(lambda stats: stats.waiting == 0 and stats.wall_ms is not None, WAIT_S)


@contextmanager
def opened(folder: Path, moment: str) -> Iterator[ClockedHall]:
    """A hall alone, at this moment."""
    hall = ClockedHall(folder, at(moment))
    try:
        yield hall
    finally:
        hall.close()


@contextmanager
def with_central(folder: Path, hall_at: str, central_at: str, **settings) -> Iterator[ClockedHall]:
    """A hall at one moment and its centre at another, usually a few minutes later. ``settings`` are central's.

    At the end of a story an auditor finds nothing wrong.
    """
    with opened(folder, hall_at) as hall:
        hall.central = hall.add_central("central", central_at, **settings)
        hall.open(hall.central)
        yield hall
        assert hall.central.findings() == []
