"""Two worlds that differ in one citizen's level and in nothing else: who had a part in that 办件 gets the same bytes
from every route there is while the 办件 is not finished (MOT 第五条).

The public page shows levels of a hall in whole groups of five, to everybody alike (`test_publish`); here are fewer.
"""

import asyncio
import itertools
import shutil
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from central import accounts, granting, registration
from central.app import create_app
from central.clock import HandClock
from central.core.handling import DAY_MS
from central.core.roles import Grant, Role, Scope
from central.routes import mine
from tests.central.conftest import Client, Gateway, settings_for
from tests.central.office_world import at
from tests.central.people import FORM, Browser, found_city

START = at("2026-09-30 09:00")
#: The one who is rated, a colleague at the window, one who served the same case before; and each again with every hat.
WHO = ("rated", "mate", "served", "rated2", "mate2", "served2")
NUMBERS = {"rated": "S01", "mate": "S02", "served": "S03", "rated2": "S01", "mate2": "S02", "served2": "S03"}
POLICIES = ("wenzhou", "mot", "siping")


@dataclass(frozen=True)
class Ground:
    """A city with people who are signed in, to copy worlds from."""

    folder: Path
    gateway: Gateway
    people: dict[str, tuple[dict[str, str], str]]


@pytest.fixture(scope="module")
def ground(tmp_path_factory) -> Ground:
    folder, gateway = tmp_path_factory.mktemp("ground"), Gateway()
    app = create_app(settings_for(folder, gateway), HandClock(START))
    city = found_city(app.state.store, START)
    people = {}
    for name in WHO:
        if name not in ("rated", "mate"):
            city.person(name, "police", Grant(Role.STAFF, Scope.OWN))
        if name.endswith("2"):
            for grant in (
                Grant(Role.HANDLER, Scope.ORG, "police"),
                Grant(Role.REVIEWER, Scope.ALL),
                Grant(Role.REGION_ADMIN, Scope.ALL),
                Grant(Role.AUDITOR, Scope.ALL),
            ):
                city.do(granting.give, name, grant)
        browser = Browser(Client(app)).settle_in(city, name)
        people[name] = browser.cookies, browser.csrf
    close(app)
    return Ground(folder, gateway, people)


def close(app: FastAPI) -> None:
    app.state.reader.close()
    app.state.store.close()


@dataclass(frozen=True)
class Other:
    """Another citizen: at window 1 or 2, served by whom, how rated."""

    window: str
    staff: str
    level: int


class World:
    """``numbers``: who stands behind which 工号; a second account takes the place of the first where asked."""

    def __init__(self, ground: Ground, folder: Path, policy: str, second: bool):
        shutil.copytree(ground.folder, folder)
        self.ground = ground
        self.clock = HandClock(START)
        config = settings_for(folder, ground.gateway).model_copy(update={"policy": policy})
        self.hall = config.halls[0]
        self.app = create_app(config, self.clock)
        self.device = ground.gateway.device()
        self.take(ground.gateway.enrolled(self.device))
        self.who = WHO[3:] if second else WHO[:3]
        store = self.app.state.store
        with store.write() as connection:
            desk = registration.Desk(connection, START, "test")
            for name in self.who:
                registration.name_staff(desk, "test-hall", NUMBERS[name], name, name)

    def take(self, *batch: dict) -> None:
        verdicts = self.app.state.store.take(self.hall, batch, self.clock.now_ms())
        assert {str(verdict.status) for verdict in verdicts} == {"accepted"}

    def serve(self, case_no: str, number: int, window: str, staff: str) -> None:
        gateway = self.ground.gateway
        service = gateway.service(case_no, number, status="served")
        service["data"] |= {"window": window, "staff": staff}
        if number == 1:
            self.take(gateway.case(case_no))
        self.take(service)

    def rate(self, case_no: str, number: int, window: str, staff: str, level: int) -> None:
        body = self.device.rating(level, wall_ms=self.clock.now_ms(), error_ms=50, reasons=(214,) if level < 3 else ())
        bound = {**self.ground.gateway.bound(self.device, case_no, number), "window": window, "staff": staff}
        self.take(self.ground.gateway.record(body, bound))

    def live(self, level: int, before: list[Other], after: list[Other]) -> None:
        """The case in question is C0: served by S03, then by S01, who is rated; it stays open."""
        self.serve("M0", 1, "1", "S02")
        self.serve("C0", 1, "4", "S03")
        for number, other in enumerate(before):
            self._other(f"B{number}", other)
        self.serve("C0", 2, "1", "S01")
        self.rate("C0", 2, "1", "S01", level)
        for number, other in enumerate(after):
            self._other(f"A{number}", other)

    def _other(self, case_no: str, other: Other) -> None:
        self.serve(case_no, 1, other.window, other.staff)
        self.rate(case_no, 1, other.window, other.staff, other.level)

    def turn(self, days: int) -> None:
        """Time passes, what is due fires, and everybody signs in once more."""
        self.clock.turn(days * DAY_MS)
        self.app.state.office.run_due()
        with self.app.state.store.write() as connection:
            now_ms = self.clock.now_ms()
            connection.exec_driver_sql(f"UPDATE sessions SET seen_ms = {now_ms}, expires_ms = {now_ms + DAY_MS}")

    def answers(self) -> list[tuple[str, str, int, list[tuple[str, str]], bytes]]:
        """What each of them gets from each route."""
        return asyncio.run(self._ask())

    async def _ask(self) -> list[tuple[str, str, int, list[tuple[str, str]], bytes]]:
        found = []
        door = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=door, base_url="http://central") as client:
            for name in self.who:
                cookies, csrf = self.ground.people[name]
                cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
                for method, url, content, headers in requests(self.app, csrf):
                    answer = await client.request(method, url, content=content, headers={"Cookie": cookie, **headers})
                    client.cookies.clear()
                    shown = sorted((key, value) for key, value in answer.headers.items() if key != "date")
                    found.append((name, f"{method} {url} {content}", answer.status_code, shown, answer.content))
        return found


#: What stands in a path. There are at most four ratings.
PATHS = {
    "number": ["1", "2", "3", "4", "5"],
    "hall": ["test-hall"],
    "device": ["w1"],
    "consent": ["1"],
    "action": ["call_back", "appeal", "reply", "supervise"],
}
QUERIES = {"/worklist": ["", "?view=open", "?view=closed", "?search=C0"], "/api/v1/handlings": ["", "?search=C0"]}
#: They end the session; without the form's token they do not.
ENDING = {("POST", "/logout"), ("DELETE", "/api/v1/sessions")}


def routes(app: FastAPI) -> list[tuple[str, str]]:
    found = []
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop(0)
        if hasattr(route, "original_router"):
            waiting += route.original_router.routes
        else:
            found += [(method, route.path) for method in sorted(route.methods - {"OPTIONS"})]
    return found


def requests(app: FastAPI, csrf: str) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    for method, path in routes(app):
        names = [name for _, name, _, _ in string.Formatter().parse(path) if name]
        for chosen in itertools.product(*(PATHS[name] for name in names)):
            url = path.format(**dict(zip(names, chosen, strict=True)))
            if method in ("GET", "HEAD"):
                for query in QUERIES.get(path, [""]):
                    yield method, url + query, "", {}
                continue
            token = "" if (method, path) in ENDING else csrf
            if path.startswith("/api/"):
                for content in ("{}", '{"action": "call_back"}', '{"reason": "回访核实情况"}'):
                    yield method, url, content, {"X-CSRF-Token": token}
            else:
                yield method, url, f"csrf={token}&account=x&password=y&reason=1&request={'r' * 20}", FORM


STAFF = st.sampled_from(["S01", "S02", "S03", "S09"])
OTHERS = st.lists(st.builds(Other, st.sampled_from("12"), STAFF, st.integers(1, 5)), max_size=3)


@pytest.mark.requirement("MOT-5b", "WZ-4b")
@given(
    policy=st.sampled_from(POLICIES),
    levels=st.permutations(range(1, 6)).map(lambda order: order[:2]),
    others=OTHERS,
    split=st.integers(0, 3),
    second=st.booleans(),
    days=st.sampled_from([0, 3, 40]),
)
@example("siping", [1, 5], [Other("2", "S02", 1)], 0, True, 3)
@example("wenzhou", [2, 3], [Other("1", "S02", 1), Other("2", "S09", 2)], 1, True, 40)
@example("mot", [1, 4], [Other("1", "S01", 1)], 1, False, 0)
@settings(
    max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
)
def test_whichever_star_a_citizen_pressed_who_had_a_part_gets_the_same_bytes(
    ground, tmp_path_factory, policy, levels, others, split, second, days
):
    found = []
    for level in levels:
        with pytest.MonkeyPatch.context() as patch:
            counter = itertools.count()
            patch.setattr(accounts.secrets, "token_urlsafe", lambda _n, counter=counter: f"token-{next(counter)}")
            patch.setattr(mine.secrets, "token_hex", lambda _n, counter=counter: f"{next(counter):016x}")
            world = World(ground, tmp_path_factory.mktemp("worlds") / "w", policy, second)
            world.live(level, others[:split], others[split:])
            world.turn(days)
            found.append(list(world.answers()))
            close(world.app)
    for one, other in zip(*found, strict=True):
        assert one == other, f"{one[0]} can tell {levels} by {one[1]}"
    assert {answer[2] for answer in found[0]} >= {200, 401, 403, 404}


def test_the_worlds_do_differ_for_a_handler(ground, tmp_path):
    """Or the test above would prove nothing."""
    seen = []
    for level in (1, 5):
        world = World(ground, tmp_path / str(level), "mot", second=True)
        world.live(level, [], [])
        with world.app.state.store.write() as connection:
            registration.name_staff(registration.Desk(connection, START, "test"), "test-hall", "S02", "某", None)
        cookies, _ = ground.people["mate2"]
        cookie = "; ".join(f"{key}={value}" for key, value in cookies.items())
        seen.append(Client(world.app).get("/api/v1/handlings", headers={"Cookie": cookie}).json()["handlings"])
        close(world.app)
    assert [len(rows) for rows in seen] == [1, 0]
