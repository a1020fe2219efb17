"""A central with a policy, a hall and a clock turned by hand: records come in, deeds go to the office."""

from datetime import UTC, datetime

from central.clock import HandClock
from central.core.calendar import ZONE
from central.core.grounds import FIELDS
from central.core.handling import Action, Deed
from central.core.parties import Actor, Party
from central.core.refusal import Refusal
from central.office import Answer, Office
from central.settings import load
from central.store import Store
from tests.central.conftest import AUDITOR_KEY, Gateway, Place, settings_for

FULL = {name: f"{title}：已写明" for name, title in FIELDS.items()}
HANDLER = Actor("han", Party.HANDLER, "test-hall")
REVIEWER = Actor("rui", Party.REVIEWER, "petition")
SUPERVISOR = Actor("su", Party.SUPERVISOR, "region")
CITIZEN = Actor("citizen", Party.CITIZEN)


def at(text: str) -> int:
    """Milliseconds of a Beijing time such as 2026-09-30 15:00."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def beijing(ms: int | None) -> str | None:
    return None if ms is None else f"{datetime.fromtimestamp(ms / 1000, ZONE):%Y-%m-%d %H:%M}"


class OfficeWorld:
    def __init__(
        self, place: Place, gateway: Gateway, policy: str | None = "wenzhou", now: str = "2026-09-30 15:00", **given
    ):
        halls = settings_for(place, gateway).halls
        where = {"data_dir": place.folder, "database_url": place.server}
        self.settings = load(**where, auditor_key=AUDITOR_KEY, halls=halls, policy=policy, **given)
        self.gateway = gateway
        self.clock = HandClock(at(now))
        self.device = gateway.device()
        self._cases = 0
        self.open()
        self.store.take(self.hall, [gateway.enrolled(self.device)], self.clock.now_ms())

    @property
    def hall(self):
        return self.settings.halls[0]

    def open(self) -> None:
        self.store = Store(self.settings)
        self.office = Office(self.store, self.settings, self.clock)

    def close(self) -> None:
        self.store.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def case(self, status: str = "finished") -> str:
        """A case with one service, as a gateway tells of it."""
        self._cases += 1
        number = f"C{self._cases}"
        self.take(self.gateway.case(number, status=status), self.gateway.service(number, status="served"))
        return number

    def take(self, *batch: dict) -> list[str]:
        return [str(one.status) for one in self.store.take(self.hall, batch, self.clock.now_ms())]

    def rate(self, level: int, case_no: str | None = None, reasons=()) -> int | None:
        """A press now, bound to a case (a new one if none is named); the number of its handling."""
        case_no = case_no or self.case()
        body = self.device.rating(level, wall_ms=self.clock.now_ms(), error_ms=50, reasons=reasons)
        (status,) = self.take(self.record(body, self.gateway.bound(self.device, case_no)))
        assert status == "accepted"
        return next((held.id for held in self.office.queue(limit=500) if held.case_no == case_no), None)

    def record(self, body: bytes, binding: dict | None) -> dict:
        """The event of a record that the gateway received now."""
        event = self.gateway.record(body, binding)
        received = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        event["data"]["received_at"] = f"{received:%Y-%m-%dT%H:%M:%S}.000Z"
        return event

    def do(self, number: int, action: Action, actor: Actor = HANDLER, fields=FULL, *, request=None, **content):
        return self.office.act(number, Deed(action, actor, fields, **content), request)

    def must(self, number: int, action: Action, actor: Actor = HANDLER, fields=FULL, **content) -> Answer:
        answer = self.do(number, action, actor, fields, **content)
        assert not isinstance(answer, Refusal), str(answer)
        return answer

    def turn_to(self, now: str) -> int:
        """The time is now that, and the scheduler comes round."""
        self.clock.turn(at(now) - self.clock.now_ms())
        return self.office.run_due()

    def state(self, number: int) -> str:
        return str(self.office.file(number).held.handling.state)

    def dues(self, number: int) -> dict[str, str | None]:
        """The limits that run, in Beijing time."""
        limits = self.office.file(number).limits
        return {one.row.timer: beijing(one.row.due_ms) for one in limits if one.stopped_ms is None}
