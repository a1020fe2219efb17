"""The officials of the demo: a small city, registered in central's database before it starts; three may sign in.

Their passwords are made anew each time and shown once, on the terminal of whoever plays the demo.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from central import granting, registration, settings
from central.accounts import Accounts
from central.clock import Clock
from central.core.regions import OrgKind, Tier
from central.core.roles import Grant, Role, Scope
from central.registration import Desk
from central.store import Store

_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫"
CITY, CENTRE, LETTERS = "demo-city", "demo-centre", "demo-letters"


@dataclass(frozen=True)
class Official:
    """Somebody who may sign in at central's ``/login``."""

    account: str
    title: str
    password: str = field(repr=False)


def applicant(case_no: str) -> dict[str, str]:
    """Somebody made up who came for this case, so that there is whom to call back. The numbers belong to nobody."""
    number = sum(case_no.encode())
    return {"name": f"{_SURNAMES[number % len(_SURNAMES)]}某某", "phone": f"1000000{number % 10000:04d}"}


def register(central_data: Path, auditor_key: str, hall: str, windows: Iterable[str]) -> list[Official]:
    """Register the city and its people; central must not run yet."""
    clock = Clock()
    store = Store(settings.load(data_dir=central_data, auditor_key=auditor_key))
    try:
        first = {}
        with store.write() as connection:
            desk = Desk(connection, clock.now_ms(), "demo")
            registration.add_region(desk, CITY, "示范市", Tier.CITY)
            registration.add_org(desk, CENTRE, "示范政务服务中心", OrgKind.CENTRE, CITY)
            registration.add_org(desk, LETTERS, "示范市信访局", OrgKind.AGENCY, CITY)
            for account, name, org, _, grant in _PEOPLE:
                first[account] = granting.add_account(desk, account, name, org)
                granting.give(desk, account, grant)
            registration.activate_org(desk, CENTRE)
            registration.place_hall(desk, hall, CITY, CENTRE)
            for window in windows:
                registration.assign_window(desk, hall, window, CENTRE)
        accounts = Accounts(store, clock)
        officials = []
        for account, _, _, title, _ in _PEOPLE:
            own = secrets.token_urlsafe(9)
            problem = accounts.change_password(account, first[account], own)
            if problem:
                raise ValueError(problem)
            officials.append(Official(account, title, own))
        return officials
    finally:
        store.close()


_PEOPLE = (
    ("chuzhi", "陈处置", CENTRE, "处置员", Grant(Role.HANDLER, Scope.ORG, CENTRE)),
    ("fuhe", "傅复核", LETTERS, "复核员", Grant(Role.REVIEWER, Scope.REGION, CITY)),
    ("jiandu", "简督办", CENTRE, "地区管理员", Grant(Role.REGION_ADMIN, Scope.REGION, CITY)),
)
