"""`core.who_sees` asked of the database: for one handling, and as a condition for lists of them."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, exists, not_, or_, select

from central import directory, handlings
from central.core import who_sees
from central.core.roles import Right, Viewer
from central.core.who_sees import MATES_MS, Seen, Sight
from central.handlings import Held
from central.tables import handlings as table
from central.tables import kept_out, services


def sight(connection: Connection, viewer: Viewer, held: Held) -> Sight:
    """What this viewer sees of it now."""
    people = held.handling.people
    known = connection.execute(select(kept_out.c.person).where(kept_out.c.handling == held.id)).scalars()
    of_case = handlings.staff_of(connection, held.hall, held.case_no)
    at_window = select(services.c.staff).distinct().where(
        services.c.hall == held.hall,
        services.c.window == held.window,
        services.c.received_ms >= held.opened_ms - MATES_MS,
        services.c.staff.is_not(None),
    )  # fmt: skip
    seen = Seen(
        directory.place(connection, held.hall, held.org),
        people.rated,
        frozenset({*known, *people.involved, *_names(held.hall, of_case)}),
        frozenset(_names(held.hall, connection.execute(at_window).scalars())),
        handlings.finished(connection, held.hall, held.case_no),
        held.told_ms is not None,
    )
    return who_sees.sight(viewer, seen)


def seen(viewer: Viewer) -> ColumnElement[bool]:
    """The rows of ``handlings`` of which the viewer sees the file."""
    reached = directory.visible(viewer, Right.FILES, table.c.org, table.c.hall)
    return and_(reached, not_(_has_part(viewer)))


def told(connection: Connection, viewer: Viewer) -> list[Held]:
    """The handlings that this person was told of, the newest first."""
    mine = exists().where(kept_out.c.handling == table.c.id, kept_out.c.person.in_(_own_names(viewer)))
    query = select(table.c.id).where(mine, table.c.told_ms.is_not(None)).order_by(table.c.id.desc())
    found = [handlings.load(connection, number) for number in connection.execute(query).scalars().all()]
    return [held for held in found if held is not None and sight(connection, viewer, held) is Sight.TOLD]


def _has_part(viewer: Viewer) -> ColumnElement[bool]:
    found: list[ColumnElement[bool]] = [
        exists().where(kept_out.c.handling == table.c.id, kept_out.c.person.in_(_own_names(viewer))),
    ]
    for hall, numbers in _numbers(viewer).items():
        served = and_(services.c.hall == hall, services.c.staff.in_(numbers))
        of_case = services.c.case_no == table.c.case_no
        at_window = and_(services.c.window == table.c.window, services.c.received_ms >= table.c.opened_ms - MATES_MS)
        found.append(and_(table.c.hall == hall, exists().where(served, or_(of_case, at_window))))
    return or_(*found)


def _own_names(viewer: Viewer) -> list[str]:
    return [viewer.id, *sorted(viewer.staff)]


def _numbers(viewer: Viewer) -> Mapping[str, list[str]]:
    """The viewer's 工号 by hall."""
    found: dict[str, list[str]] = {}
    for name in sorted(viewer.staff):
        hall, _, number = name.partition("/")
        found.setdefault(hall, []).append(number)
    return found


def _names(hall: str, numbers) -> list[str]:
    return [f"{hall}/{number}" for number in numbers]
