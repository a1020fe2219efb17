"""Who and where: the institution of a window, the person behind a 工号, the region of a hall.

What nobody registered has an answer, too: a hall is then its own institution, a 工号 its own person. That way no bad
rating waits for a clerk to fill in a form.
"""

from sqlalchemy import ColumnElement, Connection, Select, false, or_, select, true

from central import tables
from central.core.roles import RIGHTS, Grant, Place, Right, Scope, Viewer

#: More steps up than there are tiers: a circle, which registration refuses, would end here.
_DEEPEST = 10


def org_of(connection: Connection, hall: str, window: str | None) -> str:
    """The institution that a window belongs to, else the one that runs the hall, else the hall's own id."""
    windows, places = tables.windows.c, tables.places.c
    if window is not None:
        own = select(windows.org).where(windows.hall == hall, windows.window == window, windows.active)
        if found := connection.execute(own).scalar():
            return found
    return connection.execute(select(places.org).where(places.hall == hall)).scalar() or hall


def person_of(connection: Connection, hall: str, staff: str) -> str:
    """The account behind a 工号, else "hall/工号" (`Viewer.staff` knows that one person has both names)."""
    known = tables.staff.c
    account = connection.execute(select(known.account).where(known.hall == hall, known.staff == staff)).scalar()
    return account or f"{hall}/{staff}"


def region_of(connection: Connection, hall: str, org: str = "") -> str:
    """The path of the hall's region, of the institution's if the hall has none; empty if neither is registered."""
    places, orgs = tables.places.c, tables.orgs.c
    found = connection.execute(select(places.region).where(places.hall == hall)).scalar()
    if found is None:
        found = connection.execute(select(orgs.region).where(orgs.id == org)).scalar()
    return path(connection, found)


def place(connection: Connection, hall: str, org: str) -> Place:
    """Where a rating of this hall and institution belongs."""
    return Place(org, region_of(connection, hall, org), hall)


def path(connection: Connection, region: str | None) -> str:
    """A region with those above it, the highest first."""
    steps: list[str] = []
    while region is not None and len(steps) < _DEEPEST:
        steps.append(region)
        region = connection.execute(select(tables.regions.c.parent).where(tables.regions.c.id == region)).scalar()
    return "/".join(reversed(steps))


def below(region: str) -> Select[tuple[str]]:
    """A query for the ids of a region and of all below it."""
    table = tables.regions
    tree = select(table.c.id).where(table.c.id == region).cte(recursive=True)
    tree = tree.union(select(table.c.id).join(tree, table.c.parent == tree.c.id))
    return select(tree.c.id)


def visible(viewer: Viewer, right: Right, org: ColumnElement[str], hall: ColumnElement[str]) -> ColumnElement[bool]:
    """`Viewer.sees` as a condition on the columns of a list."""
    return or_(false(), *(_covered(grant, org, hall) for grant in viewer.grants if right in RIGHTS[grant.role]))


def _covered(grant: Grant, org: ColumnElement[str], hall: ColumnElement[str]) -> ColumnElement[bool]:
    if grant.scope is Scope.ALL:
        return true()
    if grant.scope is Scope.ORG:
        return org == grant.id
    if grant.scope is Scope.HALL:
        return hall == grant.id
    if grant.scope is Scope.OWN:
        return false()
    places, orgs = tables.places.c, tables.orgs.c
    there = hall.in_(select(places.hall).where(places.region.in_(below(grant.id))))
    unplaced = hall.not_in(select(places.hall)) & org.in_(select(orgs.id).where(orgs.region.in_(below(grant.id))))
    return there | unplaced


def org_name(connection: Connection, org: str) -> str:
    """As an official says it; the id where nobody registered a name."""
    return connection.execute(select(tables.orgs.c.name).where(tables.orgs.c.id == org)).scalar() or org


def person_name(connection: Connection, person: str) -> str:
    """The name behind an account or "hall/工号"; that itself where nobody registered one."""
    hall, slash, number = person.partition("/")
    if slash:
        query = select(tables.staff.c.name).where(tables.staff.c.hall == hall, tables.staff.c.staff == number)
    else:
        query = select(tables.accounts.c.name).where(tables.accounts.c.id == person)
    return connection.execute(query).scalar() or person
