"""A centre with a city of officials: bad ratings come in, whoever is named signs in, and a browser looks at it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

from central import auth, keyring
from central.accounts import viewer_of
from central.app import create_app
from central.clock import HandClock
from central.core.handling import Action, Deed
from central.core.parties import Actor, Party
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.office import Answer, Office
from central.settings import load
from central.worklist import Worklist
from protocol.identity import Callee
from tests.browser import Served
from tests.central.conftest import AUDITOR_KEY, Client, Gateway, Place, settings_for
from tests.central.office_world import FULL, at
from tests.central.people import found_city

POLICE = Actor("handler", Party.HANDLER, "police")
REVIEWER = Actor("reviewer", Party.REVIEWER, "letters")


class World:
    """The app and what happens in it. The clock is turned by hand, and limits fire when it is."""

    def __init__(self, place: Place | Path, policy: str = "wenzhou", now: str = "2026-09-30 15:00"):
        self.gateway = Gateway()
        if isinstance(place, Path):
            place = Place(place)
        halls = settings_for(place, self.gateway).halls
        named = tuple(hall.model_copy(update={"name": "鹿城区政务服务大厅"}) for hall in halls)
        self.settings = load(
            data_dir=place.folder, database_url=place.server, auditor_key=AUDITOR_KEY, halls=named, policy=policy
        )
        self.clock = HandClock(at(now))
        self.ring = keyring.add(keyring.path_of(self.settings))
        self.app = create_app(self.settings, self.clock)
        self.store = self.app.state.store
        self.office: Office = self.app.state.office
        self.worklist: Worklist = self.app.state.worklist
        self.city = found_city(self.store, self.clock.now_ms())
        self.device = self.gateway.device()
        self._cases = 0
        self._take(self.gateway.enrolled(self.device))

    def close(self) -> None:
        self.app.state.reader.close()
        self.store.close()

    def _take(self, *batch: dict) -> None:
        results = self.store.take(self.settings.halls[0], batch, self.clock.now_ms())
        assert {str(one.status) for one in results} == {"accepted"}, results

    def turn_to(self, now: str) -> None:
        self.clock.turn(at(now) - self.clock.now_ms())
        self.office.run_due()

    def serve(self, case_no: str, service_no: int = 1, window: str = "1", staff: str = "S01") -> None:
        service = self.gateway.service(case_no, service_no, status="served")
        service["data"] |= {"window": window, "staff": staff}
        self._take(service)

    def rate(
        self,
        level: int = 1,
        reasons: Sequence[int] = (),
        window: str = "1",
        staff: str = "S01",
        case_no: str = "",
        item: str = "户口迁移",
    ) -> int:
        """A bad rating now, of a case that is finished; the number of its handling."""
        self._cases += 1
        case_no = case_no or f"C{self._cases}"
        case = self.gateway.case(case_no, status="finished")
        case["data"]["item_name"] = item
        self._take(case)
        self.serve(case_no, 1, window, staff)
        body = self.device.rating(level, wall_ms=self.clock.now_ms(), error_ms=50, reasons=reasons)
        bound = self.gateway.bound(self.device, case_no) | {"window": window, "staff": staff}
        record = self.gateway.record(body, bound)
        received = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        record["data"]["received_at"] = f"{received:%Y-%m-%dT%H:%M:%S}.000Z"
        self._take(record)
        return next(held.id for held in self.office.queue(limit=500) if held.case_no == case_no)

    def name(self, case_no: str, callee: Callee) -> None:
        """Somebody is behind a case, who can be called back."""
        self._take(self.gateway.identity(case_no, callee, list(self.ring.keys.values())[-1].public_key()))

    def must(self, number: int, action: Action, actor: Actor = POLICE, fields=FULL, **content) -> Answer:
        answer = self.office.act(number, Deed(action, actor, fields, **content))
        assert not isinstance(answer, Refusal), str(answer)
        return answer

    def state(self, number: int) -> str:
        return str(self.office.file(number).held.handling.state)

    def viewer(self, account: str) -> Viewer:
        with self.store.read() as connection:
            viewer = viewer_of(connection, account, self.clock.now_ms())
        assert viewer is not None
        return viewer

    def token(self, account: str) -> str:
        """Of a new session of somebody."""
        accounts, own = self.app.state.accounts, f"sesame-for-{account[::-1]}-9"
        if account in self.city.passwords:
            problem = accounts.change_password(account, self.city.passwords.pop(account), own)
            assert problem is None, problem
        token = accounts.sign_in(account, own, "127.0.0.1")
        assert isinstance(token, str)
        return token

    def client(self) -> Client:
        return Client(self.app)


class Desk(World):
    """A world that is served at ``url``."""

    def __init__(self, place: Place | Path, policy: str = "wenzhou", now: str = "2026-09-30 15:00"):
        super().__init__(place, policy, now)
        self.served = Served(self.app)
        self.url = self.served.url

    def stop(self) -> None:
        self.served.stop()

    def signed_in(self, chromium: Browser, account: str, **context) -> BrowserContext:
        """A browser of somebody who has signed in."""
        made = chromium.new_context(locale="zh-CN", base_url=self.url, **context)
        made.add_cookies([{"name": auth.COOKIE, "value": self.token(account), "url": self.url}])
        return made
