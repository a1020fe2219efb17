"""A central with a city, an identity key and bad ratings whose citizens can be called back, and people who ask."""

import json

from central import keyring
from central.app import create_app
from central.clock import HandClock
from central.settings import load
from protocol.identity import Callee, Contact
from tests.central.conftest import AUDITOR_KEY, Client, settings_for
from tests.central.office_world import at
from tests.central.people import Browser, found_city

NAME, PHONE = "欧阳思齐", "13800002222"
AGENT, AGENT_PHONE = "司徒代办", "13900003333"
CALLEE = Callee(Contact(NAME, PHONE), Contact(AGENT, AGENT_PHONE))
NOW_MS = at("2026-09-30 15:00")
HEADERS = {"Content-Type": "application/json"}


class Hall:
    """A central with a city, and one bad rating with somebody to call at a window of the police."""

    def __init__(self, folder, gateway):
        self.gateway, self.clock = gateway, HandClock(NOW_MS)
        halls = settings_for(folder, gateway).halls
        self.settings = load(data_dir=folder, auditor_key=AUDITOR_KEY, halls=halls, policy="wenzhou")
        self.ring = keyring.add(keyring.path_of(self.settings))
        self.app = create_app(self.settings, self.clock)
        self.client = Client(self.app)
        self.city = found_city(self.app.state.store, NOW_MS)
        self.device = gateway.device()
        self.take(gateway.enrolled(self.device))
        self.number = self.rate("C1")

    def take(self, *batch) -> None:
        found = self.app.state.store.take(self.settings.halls[0], batch, self.clock.now_ms())
        assert {str(verdict.status) for verdict in found} == {"accepted"}

    def rate(self, case_no: str, level: int = 1) -> int | None:
        gateway, key = self.gateway, list(self.ring.keys.values())[-1].public_key()
        body = self.device.rating(level, wall_ms=NOW_MS, error_ms=50)
        self.take(gateway.case(case_no), gateway.service(case_no), gateway.identity(case_no, CALLEE, key),
                  gateway.record(body, gateway.bound(self.device, case_no)))  # fmt: skip
        return next((held.id for held in self.app.state.office.queue() if held.case_no == case_no), None)

    def browser(self, account: str) -> Browser:
        return Browser(self.client).settle_in(self.city, account)

    def post(self, browser: Browser, path: str, body: object, method: str = "POST", **headers: str):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**HEADERS, "X-CSRF-Token": browser.csrf, **headers}
        return browser(method, f"/api/v1/handlings/{path}", content=content, headers=headers)

    def reveal(self, account: str, number: int | None = None, reason: str = "差评回访"):
        return self.post(self.browser(account), f"{number or self.number}/reveal", {"reason": reason})

    def close(self) -> None:
        self.app.state.reader.close()
        self.app.state.store.close()
