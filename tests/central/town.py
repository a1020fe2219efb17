"""A city over HTTP, whose hall brings bad ratings and whose people sign in."""

import json

from central import keyring
from central.app import create_app
from central.clock import HandClock
from protocol.identity import Callee
from tests.central.conftest import Client
from tests.central.office_world import FULL, at
from tests.central.people import Browser, found_city

URL = "/api/v1/handlings"


class Town:
    def __init__(self, settings, gateway, policy: str):
        settings = settings.model_copy(update={"policy": policy})
        self.identity_key = next(iter(keyring.add(keyring.path_of(settings)).keys.values())).public_key()
        self.clock = HandClock(at("2026-09-30 15:00"))
        self.app = create_app(settings, self.clock)
        self.client = Client(self.app)
        self.city = found_city(self.app.state.store, self.clock.now_ms())
        self.gateway, self.hall, self.device = gateway, settings.halls[0], gateway.device()
        self.take(gateway.enrolled(self.device))
        self.people: dict[str, Browser] = {}
        self._cases = 0

    def take(self, *batch: dict) -> None:
        verdicts = self.app.state.store.take(self.hall, batch, self.clock.now_ms())
        assert {str(verdict.status) for verdict in verdicts} == {"accepted"}

    def rate(self, level: int = 1, status: str = "finished") -> int:
        """A press at window 1, where police serves; the number of its handling."""
        self._cases += 1
        case_no = f"C{self._cases}"
        self.take(self.gateway.case(case_no, status=status), self.gateway.service(case_no, status="served"))
        body = self.device.rating(level, wall_ms=self.clock.now_ms(), error_ms=50, reasons=(214,))
        record = self.gateway.record(body, self.gateway.bound(self.device, case_no))
        record["data"]["received_at"] = "2026-09-30T07:00:00.000Z"
        self.take(record)
        return max((held.id for held in self.app.state.office.queue(limit=200)), default=0)

    def named(self, case_no: str, callee: Callee) -> None:
        """Somebody gave a name and perhaps a number for this case."""
        self.take(self.gateway.identity(case_no, callee, self.identity_key))

    def __call__(self, account: str) -> Browser:
        if account not in self.people:
            self.people[account] = Browser(self.client).settle_in(self.city, account)
        return self.people[account]

    def turn_to(self, now: str) -> None:
        """The time is now that; whoever was signed in is no longer."""
        self.clock.turn(at(now) - self.clock.now_ms())
        self.people.clear()

    def next_day(self) -> None:
        """It is midnight, and rated persons are told."""
        self.turn_to("2026-10-01 00:00")
        self.app.state.office.run_due()

    def do(self, account: str, number: int, action: str, key: str | None = None, **body):
        browser = self(account)
        headers = {"X-CSRF-Token": browser.csrf, **({"Idempotency-Key": key} if key else {})}
        content = json.dumps({"action": action, "fields": FULL, **body})
        return browser("POST", f"{URL}/{number}/deeds", headers=headers, content=content)

    def close(self) -> None:
        self.app.state.reader.close()
        self.app.state.store.close()
