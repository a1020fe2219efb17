"""A central system for tests: a real database file, a real app, one hall with a real authority."""

import asyncio
import base64
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from sqlalchemy import Connection, Engine, event

from central import database, passwords
from central.app import create_app
from central.settings import Hall, Settings, load
from central.store import Store
from protocol import identity, record
from protocol.identity import About, Callee
from tests import browser
from tests.builders import Authority, DeviceTwin
from tests.postgres import Cluster

AUDITOR_KEY = "auditor-key-for-tests-only"
HALL_KEY = "hall-key-for-tests-only-01"
NOW_MS = 1_800_000_000_000
AT = "2026-03-02T01:02:03.456Z"


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """scrypt at its least: what it costs an attacker it would cost every test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", (4, 8, 1))
        yield


class _Compiled(dict):
    """SQL that was compiled once, for all engines on databases of one kind: each test opens new ones. The dialect that
    SQLAlchemy puts into the key is the engine's own."""

    def get(self, key: tuple, default: object = None) -> object:
        return super().get(self._shared(key), default)

    def __setitem__(self, key: tuple, compiled: object) -> None:
        super().__setitem__(self._shared(key), compiled)

    @staticmethod
    def _shared(key: tuple) -> tuple:
        return type(key[0]), *key[1:]


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    compiled, make = _Compiled(), database.create_engine

    def create_engine(*given, **more) -> Engine:
        engine = make(*given, **more)
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", create_engine)
        yield


class Gateway:
    """Makes the events that a hall's gateway would send (spec 9.1)."""

    def __init__(self, hall: str = "test-hall"):
        self.hall = hall
        self.authority = Authority(hall)
        self._incidents = 0

    def event(self, kind: str, name: str, data: object) -> dict:
        source = f"/hall/{self.hall}"
        return {
            "specversion": "1.0",
            "id": name,
            "source": source,
            "type": f"cn.hcp.{kind}.v1",
            "time": AT,
            "data": data,
        }

    def device(self, name: str = "w1") -> DeviceTwin:
        return DeviceTwin(name, self.authority)

    def enrolled(self, twin: DeviceTwin, /, window: str = "1", **changes) -> dict:
        assert twin.certificate
        fingerprint = hashlib.sha256(twin.certificate.public_bytes(Encoding.DER)).hexdigest()
        data = {"device": twin.device, "hall": self.hall, "window": window, "certificate": twin.pem.decode()}
        return self.event("device.enrolled", f"device/{twin.device}/{fingerprint[:16]}", {**data, **changes})

    def record(self, body: bytes, binding: dict | None = None, device: str = "", seq: int = 0) -> dict:
        if not device:
            read = record.parse(body)
            device, seq = read.device, read.head.seq
        name = f"record/{device}/{seq}/{record.record_hash(body).hex()[:16]}"
        data = {"record": base64.b64encode(body).decode(), "received_at": AT, "binding": binding}
        return self.event("record", name, data)

    def bound(self, device: DeviceTwin, case_no: str, service_no: int = 1, number: int = 1, seq: int = 0) -> dict:
        return {
            "device": device.device,
            "seq": seq or device.seq,
            "number": number,
            "status": "bound",
            "case_no": case_no,
            "service_no": service_no,
            "staff": "S01",
            "window": "1",
            "rule": "interval",
            "error_ms": 50,
            "candidates": [],
            "decided_at": AT,
        }

    def loose(self, device: DeviceTwin, status: str = "unbound", number: int = 1, seq: int = 0, candidates=()) -> dict:
        rule = "no_service" if status == "unbound" else "several_services"
        found = [{"case_no": case_no, "service_no": service_no} for case_no, service_no in candidates]
        data = {"device": device.device, "seq": seq or device.seq, "number": number, "status": status, "rule": rule}
        return {**data, "candidates": found, "decided_at": AT}

    def binding(self, data: dict) -> dict:
        return self.event("binding", f"binding/{data['device']}/{data['seq']}/{data['number']}", data)

    def case(self, case_no: str, revision: int = 1, status: str = "accepted") -> dict:
        data = {"case_no": case_no, "revision": revision, "item_code": "331", "item_name": "户口迁移", "status": status}
        return self.event("case", f"case/{case_no}/{revision}", {**data, "accepted_at": AT})

    def service(self, case_no: str, service_no: int = 1, revision: int = 1, status: str = "called") -> dict:
        data = {"case_no": case_no, "service_no": service_no, "revision": revision, "window": "1", "staff": "S01"}
        name = f"service/{case_no}/{service_no}/{revision}"
        return self.event("service", name, {**data, "called_at": AT, "status": status})

    def identity(
        self, case_no: str, callee: Callee, key: X25519PublicKey, service_no: int = 1, revision: int = 1
    ) -> dict:
        about = About(self.hall, case_no, service_no, revision)
        sealed = base64.b64encode(identity.seal(key, about, callee)).decode()
        data = {"case_no": case_no, "service_no": service_no, "revision": revision, "has_phone": callee.has_phone}
        name = f"identity/{case_no}/{service_no}/{revision}"
        return self.event("identity", name, {**data, "key": identity.key_id(key), "sealed": sealed})

    def incident(self, code: str = "bad_signature", **data) -> dict:
        self._incidents += 1
        return self.event("incident", f"incident/{self._incidents}", {"code": code, "at": AT, "detail": "seen", **data})


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@dataclass(frozen=True)
class Place:
    """Where one central keeps what it takes: its data folder, and a database server if it has one."""

    folder: Path
    server: str = ""

    @property
    def url(self) -> str:
        return self.server or f"sqlite:///{self.folder / 'central.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def lend(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], AbstractContextManager[Place]]:
    """Lends places where nothing was taken yet: on the one database, then on the other."""
    numbers = count(1)

    @contextmanager
    def place() -> Iterator[Place]:
        folder = tmp_path / f"data{next(numbers)}"
        folder.mkdir(mode=0o700)
        if request.param == "postgresql":
            with request.getfixturevalue("postgres").lent() as server:
                yield Place(folder, server)
        else:
            shutil.copy(request.getfixturevalue("migrated_file"), folder / "central.db")
            yield Place(folder)

    return place


@pytest.fixture
def places(lend: Callable[[], AbstractContextManager[Place]]) -> Iterator[Callable[[], Place]]:
    """Each call gives another place, until the end of the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(lend())


@pytest.fixture
def place(places: Callable[[], Place]) -> Place:
    return places()


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place without tables."""
    if request.param == "sqlite":
        yield Place(tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    server = cluster.create(migrated=False)
    yield Place(tmp_path, server)
    cluster.drop(server)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a file of SQLite is once all steps were taken: a copy costs a hundredth of them."""
    file = tmp_path_factory.mktemp("migrated") / "central.db"
    engine = database.open_writer(f"sqlite:///{file}")
    database.migrate(engine)
    engine.dispose()
    return file


def settings_for(place: Place | Path, *gateways: Gateway, revoked: frozenset[str] = frozenset()) -> Settings:
    """The settings of a central at ``place``; a folder alone means SQLite."""
    if isinstance(place, Path):
        place = Place(place)
    halls = tuple(
        Hall(
            id=gateway.hall,
            name=f"大厅{number}",
            authority=gateway.authority.pem.decode(),
            key=HALL_KEY[:-1] + str(number),  # type: ignore[arg-type]
            revoked=revoked,
        )
        for number, gateway in enumerate(gateways, 1)
    )
    return load(data_dir=place.folder, database_url=place.server, auditor_key=AUDITOR_KEY, halls=halls)


@pytest.fixture
def settings(place: Place, gateway: Gateway) -> Settings:
    return settings_for(place, gateway)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = Store(settings)
    yield opened
    opened.close()


class Take:
    """Sends batches of one hall straight to a store and gives the answers."""

    def __init__(self, store: Store, hall: Hall):
        self.store = store
        self.hall = hall
        self.now_ms = NOW_MS

    def __call__(self, *batch: object) -> list[str]:
        return [verdict.status.value for verdict in self.verdicts(*batch)]

    def verdicts(self, *batch: object) -> list:
        self.now_ms += 1
        return self.store.take(self.hall, batch, self.now_ms)


@pytest.fixture
def take(store: Store, settings: Settings) -> Take:
    return Take(store, settings.halls[0])


class Client:
    """Speaks HTTP to an app in this process. A route that asks the database on the event loop, where everybody else
    waits for it, fails."""

    #: The threads in which one runs.
    loops: ClassVar[set[int]] = set()

    def __init__(self, app: FastAPI):
        self.app = app

    def __call__(self, method: str, url: str, **request) -> httpx.Response:
        async def send() -> httpx.Response:
            door = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=door, base_url="http://central") as client:
                return await client.request(method, url, **request)

        here = threading.get_ident()
        self.loops.add(here)
        try:
            return asyncio.run(send())
        finally:
            self.loops.discard(here)

    def get(self, url: str, **request) -> httpx.Response:
        return self("GET", url, **request)

    def post(self, *batch: object, **request) -> httpx.Response:
        body = request.pop("content", None) or json.dumps(batch)
        return self("POST", "/api/v1/events", content=body, headers=request.pop("headers", SENDER))


@event.listens_for(Engine, "begin")
def _nobody_waits_for_a_database(_connection: Connection) -> None:
    assert threading.get_ident() not in Client.loops, "a route asks the database on the event loop: run_in_threadpool"


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    app = create_app(settings)
    yield Client(app)
    app.state.reader.close()
    app.state.store.close()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    """One browser for the tests of a file."""
    with browser.chromium(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a visitor who was never here."""
    context = chromium.new_context(locale="zh-CN")
    yield context.new_page()
    context.close()


@pytest.fixture
def town_of(settings: Settings, gateway: Gateway) -> Iterator[Callable]:
    """Makes towns under a policy."""
    from tests.central.town import Town

    towns: list[Town] = []

    def make(policy: str) -> Town:
        towns.append(Town(settings, gateway, policy))
        return towns[-1]

    yield make
    for town in towns:
        town.close()


@pytest.fixture
def town(town_of):
    return town_of("wenzhou")


AUDITOR = {"Authorization": f"Bearer {AUDITOR_KEY}"}
SENDER = {"Authorization": f"Bearer {HALL_KEY}", "Content-Type": "application/cloudevents-batch+json"}
