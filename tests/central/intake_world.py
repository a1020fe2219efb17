"""A central as it is served, with a policy, one hall and a clock turned by hand, for what comes without a device."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from central.app import create_app
from central.clock import HandClock
from central.core.rating import Channel
from central.core.refusal import Refusal
from central.settings import load
from tests.central.conftest import AUDITOR, AUDITOR_KEY, HALL_KEY, Client, Gateway, Place, settings_for
from tests.central.office_world import at
from tests.central.people import Browser, City, found_city

OPERATOR_KEY = "operator-key-for-tests-1"
OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}", "Content-Type": "application/json"}
HALL = {"Authorization": f"Bearer {HALL_KEY}", "Content-Type": "application/json"}
DAY_MS = 86_400_000


#: What a deployment has to say before the loop can run under these two (docs/policies.md).
FILLED = {
    "jiaxiang": ("classes.coordinated.timers.call_back", "classes.coordinated.timers.rectify"),
    "lanzhou": ("timers.call_back", "timers.rectify"),
}


def overrides(folder: Path, policy: str, **others: str) -> Path | None:
    """A file of overrides: the limits that this policy leaves open, and ``others`` as TOML, dots written as "__"."""
    values = {key: '{ amount = 5, unit = "WD", start = "pushed" }' for key in FILLED.get(policy, ())}
    values |= {key.replace("__", "."): value for key, value in others.items()}
    if not values:
        return None
    entries = [f'[[override]]\nkey = "{key}"\nvalue = {value}\nreason = "会议纪要"' for key, value in values.items()]
    file = folder / "overrides.toml"
    file.write_text("\n".join([f'policy = "{policy}"', *entries]), encoding="utf-8")
    return file


def utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


class IntakeWorld:
    def __init__(self, place: Place | Path, policy: str | None = "mot", now: str = "2026-09-30 15:00", **given: Any):
        place = place if isinstance(place, Place) else Place(place)
        place.folder.mkdir(parents=True, exist_ok=True)
        if policy and "policy_overrides" not in given:
            given["policy_overrides"] = overrides(place.folder, policy)
        self.gateway = Gateway()
        self.clock = HandClock(at(now))
        made = settings_for(place, self.gateway)
        self.settings = load(
            data_dir=place.folder,
            database_url=place.url,
            auditor_key=AUDITOR_KEY,
            operator_key=OPERATOR_KEY,
            halls=made.halls,
            policy=policy,
            **given,
        )
        self.device = self.gateway.device()
        self.open()
        self.take(self.gateway.enrolled(self.device))

    def open(self) -> None:
        self.app = create_app(self.settings, self.clock)
        self.state = self.app.state
        self.client = Client(self.app)

    def close(self) -> None:
        self.state.reader.close()
        self.state.store.close()

    def restart(self) -> None:
        self.close()
        self.open()

    def turn_to(self, text: str) -> None:
        """Turn the clock to a Beijing time such as 2026-10-08 09:00."""
        self.clock.turn(at(text) - self.clock.now_ms())

    # --- from the hall ---

    def take(self, *batch: dict) -> list[str]:
        hall = self.settings.halls[0]
        return [str(one.status) for one in self.state.store.take(hall, batch, self.clock.now_ms())]

    def case(self, case_no: str, status: str = "accepted", revision: int = 1, finished: str | None = None) -> None:
        event = self.gateway.case(case_no, revision, status)
        event["data"]["finished_at"] = utc(at(finished)) if finished else None
        assert self.take(event) == ["accepted"]

    def service(
        self, case_no: str, number: int = 1, status: str = "finished", revision: int = 1, finished: str | None = None
    ) -> None:
        event = self.gateway.service(case_no, number, revision, status)
        event["data"]["finished_at"] = utc(at(finished)) if finished else None
        assert self.take(event) == ["accepted"]

    def press(self, level: int, case_no: str, number: int = 1) -> None:
        body = self.device.rating(level, wall_ms=self.clock.now_ms(), error_ms=50)
        assert self.take(self.gateway.record(body, self.gateway.bound(self.device, case_no, number))) == ["accepted"]

    # --- from citizens ---

    def token(self, case_no: str = "C1", number: int = 1, **given: Any) -> str:
        """A QR code's, as the hall gets it."""
        answer = self.post(
            f"/api/v1/halls/{self.gateway.hall}/tokens", HALL, case_no=case_no, service_no=number, **given
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["token"]

    def sms(self, case_no: str = "C1", number: int = 1, lasts_ms: int = 7 * DAY_MS) -> str | Refusal:
        """A text message's, as the sender in central makes it."""
        return self.state.intake.token_for(self.gateway.hall, Channel.SMS, (case_no, number), lasts_ms)

    def rate(self, token: Any, level: str = "satisfied", **given: Any) -> httpx.Response:
        return self.post("/api/v1/ratings", token=token, level=level, **given)

    def post(self, url: str, headers: dict[str, str] | None = None, /, **body: Any) -> httpx.Response:
        return self.client(
            "POST", url, content=json.dumps(body), headers=headers or {"Content-Type": "application/json"}
        )

    # --- people ---

    def city(self) -> City:
        return found_city(self.state.store, self.clock.now_ms())

    def person(self, city: City, account: str) -> "Person":
        return Person(self.client, city, account)

    # --- what is there ---

    def ratings(self) -> list[dict[str, Any]]:
        return self.client.get("/api/v1/ratings", headers=AUDITOR).json()["ratings"]

    def seen(self, *names: str) -> list[tuple[Any, ...]]:
        return [tuple(row[name] for name in names) for row in self.ratings()]

    def summary(self) -> dict[str, Any]:
        return self.client.get("/api/v1/summary", headers=AUDITOR).json()["halls"][0]

    def handlings(self) -> int:
        return len(self.state.office.queue(limit=500))


class Person:
    """Somebody signed in, who sends JSON."""

    def __init__(self, client: Client, city: City, account: str):
        self.browser = Browser(client).settle_in(city, account)

    def post(self, url: str, **body: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": self.browser.csrf}
        return self.browser("POST", url, headers=headers, content=json.dumps(body))

    def get(self, url: str) -> httpx.Response:
        return self.browser.get(url)
