"""The people of a story: institutions, their windows, and the accounts of those who act in the loop."""

from fastapi import FastAPI

from central import granting, registration
from central.accounts import Accounts
from central.core.parties import Party
from central.core.regions import OrgKind, Tier
from central.core.roles import Grant, Role, Scope
from central.registration import Desk
from central.store import Store

OFFICE, REVIEW = "office", "review"
#: Who wears which hat. ``zhang`` is the clerk at the window.
PEOPLE = {"han": Party.HANDLER, "rui": Party.REVIEWER, "su": Party.SUPERVISOR, "zhang": Party.STAFF}
_GRANTS = {
    "han": (OFFICE, Grant(Role.HANDLER, Scope.ORG, OFFICE)),
    "rui": (REVIEW, Grant(Role.REVIEWER, Scope.REGION, "city")),
    "su": (REVIEW, Grant(Role.REGION_ADMIN, Scope.REGION, "city")),
    "zhang": (OFFICE, Grant(Role.STAFF, Scope.OWN)),
}


def password(account: str) -> str:
    """What they chose when they first signed in."""
    return f"sesame-for-{account[::-1]}-9"


def register(app: FastAPI, hall: str, window: str, staff: str, now_ms: int) -> None:
    """As `hcp central` does it: a city with an institution that serves at the window, and one that reviews."""
    store: Store = app.state.store
    accounts: Accounts = app.state.accounts
    given = {}
    with store.write() as connection:
        desk = Desk(connection, now_ms, "host:story")
        registration.add_region(desk, "city", "本市", Tier.CITY)
        registration.add_org(desk, OFFICE, "自然资源局", OrgKind.AGENCY, "city")
        registration.add_org(desk, REVIEW, "复核单位", OrgKind.AGENCY, "city")
        for account, (org, grant) in _GRANTS.items():
            given[account] = granting.add_account(desk, account, f"{account}某", org)
            granting.give(desk, account, grant)
        registration.activate_org(desk, OFFICE)
        registration.place_hall(desk, hall, "city", OFFICE)
        registration.assign_window(desk, hall, window, OFFICE)
        registration.name_staff(desk, hall, staff, "张某", "zhang")
    for account, first in given.items():
        assert accounts.change_password(account, first, password(account)) is None
