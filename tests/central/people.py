"""A small city in a database: regions, a centre with its hall, institutions with windows there, people with roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from sqlalchemy import Connection, func, insert, select

from central import granting, registration, tables
from central.core.regions import OrgKind, Tier
from central.core.roles import Grant, Role, Scope
from central.registration import Desk
from central.store import Store
from tests.central.conftest import NOW_MS, Client

BY = "host:tester"


@dataclass
class City:
    """``passwords``: the first ones, by account. Police serves at window 1, tax at window 2 of the hall."""

    store: Store
    now_ms: int = NOW_MS
    hall: str = "test-hall"
    passwords: dict[str, str] = field(default_factory=dict)
    grants: dict[tuple[str, Role], int] = field(default_factory=dict)
    _connection: Connection | None = None

    def do(self, deed, *given, **more):
        """One registration in a transaction of its own, or in the one under way."""
        if self._connection is not None:
            return deed(Desk(self._connection, self.now_ms, BY), *given, **more)
        with self.store.write() as connection:
            return deed(Desk(connection, self.now_ms, BY), *given, **more)

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """All of it in one transaction."""
        with self.store.write() as self._connection:
            yield self._connection
        self._connection = None

    def person(self, account: str, org: str, *grants: Grant) -> None:
        self.passwords[account] = self.do(granting.add_account, account, f"{account}的姓名", org)
        for grant in grants:
            self.grants[account, grant.role] = self.do(granting.give, account, grant)


#: The tables that registering fills.
_FILLED = (
    tables.regions,
    tables.orgs,
    tables.places,
    tables.windows,
    tables.accounts,
    tables.staff,
    tables.grants,
    tables.audit,
)
_Rows = tuple[tuple[tuple, ...], ...]
_founded: dict[tuple[int, str, _Rows], tuple[dict[str, str], dict[tuple[str, Role], int], _Rows]] = {}


def found_city(store: Store, now_ms: int = NOW_MS, hall: str = "test-hall") -> City:
    """Registered step by step the first time. Whoever wants the same city again, in tables as they were then, gets a
    copy of its rows: that takes a tenth."""
    city = City(store, now_ms, hall)
    with city.at_once() as connection:
        held = _rows(connection)
        known = _founded.get((now_ms, hall, held))
        if known is None:
            _found(city)
            _founded[now_ms, hall, held] = dict(city.passwords), dict(city.grants), _rows(connection)
        else:
            passwords, grants, rows = known
            city.passwords, city.grants = dict(passwords), dict(grants)
            _copy(connection, held, rows)
    return city


def _rows(connection: Connection) -> _Rows:
    return tuple(tuple(map(tuple, connection.execute(select(table).order_by(*table.primary_key)))) for table in _FILLED)


def _copy(connection: Connection, held: _Rows, wanted: _Rows) -> None:
    for table, old, rows in zip(_FILLED, held, wanted, strict=True):
        new = [dict(zip(table.columns.keys(), row, strict=True)) for row in rows if row not in old]
        if table is tables.regions:
            new.sort(key=lambda row: list(Tier).index(row["tier"]))  # a region comes after the one above it
        connection.execute(insert(table), new)
    if connection.dialect.name == "postgresql":
        last = select(func.max(tables.grants.c.id)).scalar_subquery()
        connection.execute(select(func.setval(func.pg_get_serial_sequence("grants", "id"), last)))


def _found(city: City) -> None:
    for region, name, tier, parent in (
        ("wenzhou", "温州市", Tier.CITY, None),
        ("lucheng", "鹿城区", Tier.COUNTY, "wenzhou"),
        ("ouhai", "瓯海区", Tier.COUNTY, "wenzhou"),
        ("nanjiao", "南郊街道", Tier.TOWN, "lucheng"),
        ("dongshui", "东水社区", Tier.VILLAGE, "nanjiao"),
    ):
        city.do(registration.add_region, region, name, tier, parent)
    for org, name, kind, region in (
        ("lc-centre", "鹿城区政务服务中心", OrgKind.CENTRE, "lucheng"),
        ("police", "鹿城公安分局", OrgKind.AGENCY, "lucheng"),
        ("tax", "鹿城税务局", OrgKind.AGENCY, "lucheng"),
        ("letters", "市信访局", OrgKind.AGENCY, "wenzhou"),
        ("archive", "区委党史研究室", OrgKind.PARTY_BODY, "lucheng"),
        ("notary", "鹿城公证处", OrgKind.AUTHORISED, "lucheng"),
    ):
        city.do(registration.add_org, org, name, kind, region)
    city.person("handler", "police", Grant(Role.HANDLER, Scope.ORG, "police"))
    city.person("taxman", "tax", Grant(Role.HANDLER, Scope.ORG, "tax"))
    city.person("centre", "lc-centre", Grant(Role.HANDLER, Scope.ORG, "lc-centre"))
    city.person("reviewer", "letters", Grant(Role.REVIEWER, Scope.REGION, "wenzhou"))
    city.person("admin", "lc-centre", Grant(Role.REGION_ADMIN, Scope.REGION, "lucheng"))
    city.person("other-admin", "letters", Grant(Role.REGION_ADMIN, Scope.REGION, "ouhai"))
    city.person("reform", "letters", Grant(Role.COORDINATOR, Scope.REGION, "wenzhou"))
    city.person("auditor", "letters", Grant(Role.AUDITOR, Scope.ALL))
    city.person("rated", "police", Grant(Role.STAFF, Scope.OWN))
    city.person("mate", "police", Grant(Role.STAFF, Scope.OWN))
    for org in ("lc-centre", "police", "tax"):
        city.do(registration.activate_org, org)
    city.do(registration.place_hall, city.hall, "lucheng", "lc-centre")
    city.do(registration.assign_window, city.hall, "1", "police")
    city.do(registration.assign_window, city.hall, "2", "tax")
    city.do(registration.name_staff, city.hall, "S01", "王某", "rated")
    city.do(registration.name_staff, city.hall, "S02", "李某", "mate")


def own_password(account: str) -> str:
    """What a person chose instead of the first one."""
    return f"sesame-for-{account[::-1]}-9"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Somebody at a browser: keeps the cookie, fills in forms."""

    def __init__(self, client: Client):
        self.client = client
        self.cookies: dict[str, str] = {}
        self.csrf = ""

    def __call__(self, method: str, url: str, **request) -> httpx.Response:
        headers = dict(request.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.client(method, url, headers=headers, **request)
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        return answer

    def get(self, url: str, **request) -> httpx.Response:
        return self("GET", url, **request)

    def submit(self, url: str, **fields: str) -> httpx.Response:
        return self("POST", url, headers=FORM, content=httpx.QueryParams({"csrf": self.csrf, **fields}).__str__())

    def sign_in(self, account: str, password: str, next: str = "/") -> httpx.Response:
        answer = self.submit("/login", account=account, password=password, next=next)
        if answer.status_code == 303 and self.get("/api/v1/me").status_code == 200:
            self.csrf = self.get("/api/v1/me").json()["csrf"]
        return answer

    def settle_in(self, city: City, account: str) -> "Browser":
        """Sign in for the first time: with the first password, then with one's own."""
        own = own_password(account)
        if account in city.passwords:
            first = city.passwords.pop(account)
            problem = self.client.app.state.accounts.change_password(account, first, own)
            assert problem is None, problem
        assert self.sign_in(account, own).status_code == 303
        return self
