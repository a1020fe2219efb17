"""The loop's rows: handlings, their timers and deeds, notices, and the policies they came under.

Here is the SQL and nothing else: what may happen is decided by `central.core.loop`, and joined by `central.office`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, insert, or_, select, update

from central import audit, tables, voices
from central.core import handling_json
from central.core.audit_chain import Kind
from central.core.deadlines import Deadline
from central.core.due import Row
from central.core.handling import TERMINAL, Action, Deed, Handling, State
from central.core.loop_effects import About
from central.core.parties import Party, People
from central.core.rating import Binding, Status
from central.database import insert_new
from central.tables import (
    bindings,
    cases,
    deeds,
    handlings,
    kept_out,
    notices,
    policies,
    ratings,
    records,
    services,
    timers,
)

#: Before the digest of a deed in the audit's words.
DIGEST = "摘要"
_DEED = re.compile(r"handling/(\d+)/(\d+)")
#: How many due timers, or ratings without a handling, are looked at in one go.
MOST = 500
#: The states of a 办件 that is over.
FINISHED = ("finished", "cancelled")


@dataclass(frozen=True)
class Rated:
    """A bad rating that comes into the loop, with the service it is bound to."""

    id: int
    hall: str
    device: str | None
    seq: int | None
    level: str
    reasons: list[str]
    text: str | None
    wall_ms: int | None
    error_ms: int | None
    received_ms: int
    case_no: str | None
    service_no: int | None
    staff: str | None
    window: str | None


@dataclass(frozen=True)
class Held:
    """One row of ``handlings``."""

    id: int
    rating: int
    hall: str
    case_no: str | None
    service_no: int | None
    window: str | None
    org: str
    staff: str | None
    policy_version: str
    revision: int
    opened_ms: int
    changed_ms: int
    told_ms: int | None
    confirmed_ms: int | None
    closed_ms: int | None
    due_ms: int | None
    due_timer: str | None
    handling: Handling


@dataclass(frozen=True)
class Limit:
    """One row of ``timers``: a limit that runs, fired or was stopped. No ``deadline``: its end was agreed (延期)."""

    row: Row
    deadline: Deadline | None
    provisional: bool
    stopped_ms: int | None


@dataclass(frozen=True)
class Done:
    """One row of ``deeds``."""

    number: int
    at_ms: int
    action: str
    party: str
    actor: str
    org: str
    before: str | None
    after: str
    words: str
    said: Mapping[str, Any]
    request: str | None


# --- policies ---


def keep_policy(connection: Connection, version: str, content: Mapping[str, Any], handed: int, now_ms: int) -> int:
    """Note that this policy is in force; gives since when it has been known here."""
    row = {
        "version": version,
        "policy": content["policy"],
        "revision": content["revision"],
        "handed_down": handed,
        "content": dict(content),
        "since_ms": now_ms,
    }
    insert_new(connection, policies, [row])
    return connection.execute(select(policies.c.since_ms).where(policies.c.version == version)).scalar_one()


def policy_content(connection: Connection, version: str) -> Any:
    """What ``keep_policy`` was given. Raises sqlalchemy.exc.NoResultFound."""
    return connection.execute(select(policies.c.content).where(policies.c.version == version)).scalar_one()


# --- what comes into the loop ---


def to_open(
    connection: Connection, levels: Iterable[str], ids: Sequence[int] | None = None, since_ms: int = 0
) -> list[Rated]:
    """Counted ratings of these levels that have no handling: those of ``ids``, or all counted since ``since_ms``."""
    standing = and_(
        bindings.c.device == ratings.c.device,
        bindings.c.seq == ratings.c.seq,
        bindings.c.number == ratings.c.binding_number,
    )
    kept = and_(records.c.device == ratings.c.device, records.c.seq == ratings.c.seq)
    columns = (ratings.c[name] for name in _RATED)
    received = func.coalesce(records.c.gateway_received_ms, ratings.c.received_ms).label("received_ms")
    query = (
        select(*columns, received, voices.served_by("staff"), voices.served_by("window"))
        .outerjoin(bindings, standing)
        .outerjoin(records, kept)
        .where(
            ratings.c.status == Status.COUNTED,
            ratings.c.level.in_(list(levels)),
            ~exists().where(handlings.c.rating == ratings.c.id),
        )
        .order_by(ratings.c.id)
        .limit(MOST)
    )
    if ids is None:
        query = query.where(ratings.c.counted_ms >= since_ms)
    else:
        query = query.where(ratings.c.id.in_(ids))
    return [Rated(**row._mapping) for row in connection.execute(query)]


_RATED = ("id", "hall", "device", "seq", "level", "reasons", "text", "wall_ms", "error_ms", "case_no", "service_no")


def moved(connection: Connection, ids: Sequence[int]) -> list[tuple[int, Any]]:
    """Handlings whose rating is bound otherwise than they say: (handling, the standing binding or None)."""
    standing = and_(
        bindings.c.device == ratings.c.device,
        bindings.c.seq == ratings.c.seq,
        bindings.c.number == ratings.c.binding_number,
    )
    query = (
        select(
            handlings.c.id,
            handlings.c.hall,
            handlings.c.case_no.label("was_case"),
            handlings.c.service_no.label("was_service"),
            handlings.c.staff.label("was_staff"),
            bindings.c.status,
            bindings.c.case_no,
            bindings.c.service_no,
            bindings.c.staff,
            bindings.c.window,
        )
        .join(ratings, ratings.c.id == handlings.c.rating)
        .join(bindings, standing)
        .where(handlings.c.rating.in_(ids))
    )
    found = []
    for row in connection.execute(query):
        bound = row.status is Binding.BOUND
        now = (row.case_no, row.service_no, row.staff) if bound else (None, None, None)
        if now != (row.was_case, row.was_service, row.was_staff):
            found.append((row.id, row if bound else None))
    return found


def staff_of(connection: Connection, hall: str, case_no: str | None) -> set[str]:
    """The 工号 of everybody who ever served this case."""
    if case_no is None:
        return set()
    query = select(services.c.staff).distinct().where(services.c.hall == hall, services.c.case_no == case_no)
    return {staff for staff in connection.execute(query).scalars() if staff}


def finished(connection: Connection, hall: str, case_no: str | None) -> bool:
    """Whether the 办件 is over, by its newest revision; without one nobody is at work on it."""
    return case_no is None or finished_ms(connection, hall, case_no) is not None


def finished_ms(connection: Connection, hall: str, case_no: str | None) -> int | None:
    """When it was heard that the 办件 is over; None while it is not."""
    newest = select(cases.c.status, cases.c.received_ms).where(cases.c.hall == hall, cases.c.case_no == case_no)
    row = connection.execute(newest.order_by(cases.c.revision.desc()).limit(1)).one_or_none()
    return row.received_ms if row is not None and row.status in FINISHED else None


# --- handlings ---


def add(connection: Connection, rated: Rated, org: str, version: str, handling: Handling, now_ms: int) -> int:
    """A new handling; gives its number. Its first deed makes it revision 1.

    The number is the rating's own, which good ratings have as well: nobody can tell from the numbers of those he sees
    that there are others.
    """
    row = {
        "id": rated.id,
        "rating": rated.id,
        "hall": rated.hall,
        "case_no": rated.case_no,
        "service_no": rated.service_no,
        "window": rated.window,
        "org": org,
        "staff": rated.staff,
        "policy_version": version,
        "opened_ms": now_ms,
        "revision": 0,
        **_standing(handling, now_ms),
    }
    (number,) = connection.execute(insert(handlings).returning(handlings.c.id), row).one()
    _keep_out(connection, number, handling.people)
    return number


def load(connection: Connection, number: int) -> Held | None:
    """One handling, None if there is no such number."""
    row = connection.execute(select(handlings).where(handlings.c.id == number)).one_or_none()
    return None if row is None else _held(row)


def save(connection: Connection, number: int, handling: Handling, now_ms: int, **columns: Any) -> None:
    """Where it stands now, one revision on."""
    changed = {**_standing(handling, now_ms), **columns, "revision": handlings.c.revision + 1}
    connection.execute(update(handlings).where(handlings.c.id == number).values(**changed))
    _keep_out(connection, number, handling.people)


def _keep_out(connection: Connection, number: int, people: People) -> None:
    """Note from whom it stays hidden (`central.sight`); nobody is ever taken off."""
    persons = people.involved | ({people.rated} if people.rated else set())
    if persons:
        insert_new(connection, kept_out, [{"handling": number, "person": each} for each in sorted(persons)])


def set_due(connection: Connection, number: int, due_ms: int | None, timer: str | None) -> None:
    """The due time that lists are sorted by."""
    connection.execute(update(handlings).where(handlings.c.id == number).values(due_ms=due_ms, due_timer=timer))


def policy_versions(connection: Connection) -> list[str]:
    """Every policy that was ever in force here."""
    return list(connection.execute(select(policies.c.version).order_by(policies.c.since_ms)).scalars())


def untold(connection: Connection, versions: Sequence[str], after: int = 0, limit: int = MOST) -> list[int]:
    """Open handlings under these policies whose rated staff member was not told yet, by number above ``after``."""
    query = select(handlings.c.id).where(
        handlings.c.told_ms.is_(None),
        handlings.c.staff.is_not(None),
        handlings.c.state.not_in(sorted(TERMINAL)),
        handlings.c.policy_version.in_(versions),
        handlings.c.id > after,
    )
    return list(connection.execute(query.order_by(handlings.c.id).limit(limit)).scalars())


def queue(
    connection: Connection,
    *,
    orgs: Sequence[str] | None = None,
    states: Iterable[State] | None = None,
    owner: Party | None = None,
    due_before_ms: int | None = None,
    search: str = "",
    visible: ColumnElement[bool] | None = None,
    after: tuple[int, int] = (-1, -1),
    limit: int = 50,
) -> list[Held]:
    """A list by due time, those without one last. ``orgs`` None: all of them. ``after``: (due, id) of the last row.
    ``visible``: a condition on `handlings` besides (`central.directory.visible`)."""
    due = func.coalesce(handlings.c.due_ms, _NEVER)
    query = select(handlings).order_by(due, handlings.c.id).limit(limit)
    query = query.where(or_(due > after[0], and_(due == after[0], handlings.c.id > after[1])))
    if orgs is not None:
        query = query.where(handlings.c.org.in_(orgs))
    if states is not None:
        query = query.where(handlings.c.state.in_([str(state) for state in states]))
    if owner is not None:
        query = query.where(handlings.c.owner == str(owner))
    if due_before_ms is not None:
        query = query.where(handlings.c.due_ms < due_before_ms)
    if visible is not None:
        query = query.where(visible)
    if search:
        number = int(search) if search.isascii() and search.isdigit() and len(search) < 16 else -1
        query = query.where(or_(handlings.c.case_no == search, handlings.c.id == number))
    return [_held(row) for row in connection.execute(query)]


def place_of(held: Held) -> tuple[int, int]:
    """The ``after`` of the list that goes on behind this one."""
    return (_NEVER if held.due_ms is None else held.due_ms, held.id)


def counts(connection: Connection, now_ms: int, orgs: Sequence[str] | None = None) -> list[Any]:
    """(org, state, how many, how many of them overdue)."""
    late = func.count().filter(handlings.c.due_ms <= now_ms)
    query = select(handlings.c.org, handlings.c.state, func.count().label("count"), late.label("late"))
    if orgs is not None:
        query = query.where(handlings.c.org.in_(orgs))
    query = query.group_by(handlings.c.org, handlings.c.state).order_by(handlings.c.org, handlings.c.state)
    return list(connection.execute(query))


_NEVER = 2**62


def _standing(handling: Handling, now_ms: int) -> dict[str, Any]:
    return {
        "state": str(handling.state),
        "adopted": handling.adopted,
        "changed_ms": now_ms,
        "closed_ms": now_ms if handling.state in TERMINAL else None,
        "body": handling_json.dump(handling),
    }


def _held(row: Any) -> Held:
    values = {name: getattr(row, name) for name in Held.__dataclass_fields__ if name != "handling"}
    return Held(**values, handling=handling_json.load(row.body))


# --- timers ---


def start(connection: Connection, number: int, timer: str, row: Row, deadline: Deadline | None) -> None:
    """A limit runs; one that had run from the same moment and was stopped runs anew."""
    key = and_(timers.c.handling == number, timers.c.timer == timer, timers.c.start_ms == row.start_ms)
    values = {
        "due_ms": row.due_ms,
        "fires": str(row.fires),
        "deadline": deadline.as_json() if deadline else None,
        "provisional": deadline.provisional if deadline else False,
        "fired_ms": None,
        "stopped_ms": None,
    }
    if not connection.execute(update(timers).where(key).values(**values)).rowcount:
        connection.execute(insert(timers), {"handling": number, "timer": timer, "start_ms": row.start_ms, **values})


def stop(connection: Connection, number: int, timer: str, now_ms: int) -> None:
    """This limit runs no longer."""
    here = and_(timers.c.handling == number, timers.c.timer == timer, timers.c.stopped_ms.is_(None))
    connection.execute(update(timers).where(here).values(stopped_ms=now_ms))


def fire(connection: Connection, row: Row, now_ms: int) -> bool:
    """Mark a firing; False if somebody else has."""
    here = and_(
        timers.c.handling == int(row.handling),
        timers.c.timer == row.timer,
        timers.c.start_ms == row.start_ms,
        timers.c.fired_ms.is_(None),
        timers.c.stopped_ms.is_(None),
    )
    return bool(connection.execute(update(timers).where(here).values(fired_ms=now_ms)).rowcount)


def move(connection: Connection, row: Row, deadline: Deadline) -> None:
    """The same limit by other tables."""
    here = and_(timers.c.handling == int(row.handling), timers.c.timer == row.timer, timers.c.start_ms == row.start_ms)
    values = {"due_ms": deadline.due_ms, "deadline": deadline.as_json(), "provisional": deadline.provisional}
    connection.execute(update(timers).where(here).values(**values))


def limits(connection: Connection, number: int) -> list[Limit]:
    """Every limit of a handling, in the order in which they began."""
    query = select(timers).where(timers.c.handling == number).order_by(timers.c.start_ms, timers.c.timer)
    return [_limit(row) for row in connection.execute(query)]


def due_now(connection: Connection, now_ms: int) -> list[int]:
    """Handlings with a limit that is due and has not fired, longest due first."""
    query = select(timers.c.handling, func.min(timers.c.due_ms).label("first")).where(
        timers.c.stopped_ms.is_(None), timers.c.fired_ms.is_(None), timers.c.due_ms <= now_ms
    )
    query = query.group_by(timers.c.handling).order_by("first", timers.c.handling).limit(MOST)
    return [row.handling for row in connection.execute(query)]


def next_due_ms(connection: Connection) -> int | None:
    """The due time of the next limit that fires."""
    query = select(func.min(timers.c.due_ms)).where(timers.c.stopped_ms.is_(None), timers.c.fired_ms.is_(None))
    return connection.execute(query).scalar()


def provisional(connection: Connection) -> list[Limit]:
    """Limits that were counted over a year without a table and have not ended."""
    query = select(timers).where(timers.c.provisional, timers.c.fired_ms.is_(None), timers.c.stopped_ms.is_(None))
    return [_limit(row) for row in connection.execute(query.order_by(timers.c.handling))]


def _limit(row: Any) -> Limit:
    kept = Row(str(row.handling), row.timer, row.start_ms, row.due_ms, Action(row.fires), row.fired_ms)
    deadline = Deadline.of_json(row.deadline) if row.deadline else None
    return Limit(kept, deadline, row.provisional, row.stopped_ms)


# --- deeds and notices ---


def note(
    connection: Connection,
    number: int,
    deed: Deed,
    before: State | None,
    after: State,
    words: str,
    at_ms: int,
    request: str | None = None,
) -> int:
    """Write down what was done; gives its number in this handling."""
    row = {
        "action": str(deed.action),
        "party": str(deed.actor.party),
        "actor": deed.actor.id,
        "org": deed.actor.org,
        "before": str(before) if before else None,
        "after": str(after),
        "words": words,
        "said": handling_json.said(deed),
        "request": request,
    }
    return _note(connection, number, at_ms, row)


def remark(connection: Connection, number: int, what: str, state: State, words: str, at_ms: int) -> int:
    """Write down what happened to a handling and was nobody's deed."""
    row = {"action": what, "party": str(Party.SYSTEM), "actor": "system", "org": "", "words": words}
    return _note(connection, number, at_ms, {**row, "before": str(state), "after": str(state), "said": {}})


def _note(connection: Connection, number: int, at_ms: int, row: dict[str, Any]) -> int:
    of_this = select(func.coalesce(func.max(deeds.c.number), 0)).where(deeds.c.handling == number)
    place = connection.execute(of_this).scalar_one() + 1
    kept = {"handling": number, "number": place, "at_ms": at_ms, **row}
    connection.execute(insert(deeds), kept)
    about, words = f"handling/{number}/{place}", f"{row['words']}；{DIGEST}{handling_json.digest(kept)}"
    audit.append(connection, at_ms, row["actor"], Kind.WRITE, about, words)
    return place


def astray(connection: Connection) -> list[tuple[int, int]]:
    """Deeds (handling, number) that are not what the audit says they were, or of which it knows nothing, and those
    that it knows and that are gone."""
    sealed = {}
    entries = tables.audit.c
    found = select(entries.about, entries.words).where(entries.about.like("handling/%"), entries.kind == Kind.WRITE)
    for about, words in connection.execute(found):
        if place := _DEED.fullmatch(about):
            sealed[int(place[1]), int(place[2])] = words.rpartition(DIGEST)[2]
    wrong = []
    for row in connection.execute(select(deeds)).mappings():
        if sealed.pop((row["handling"], row["number"]), None) != handling_json.digest(dict(row)):
            wrong.append((row["handling"], row["number"]))
    return sorted([*wrong, *sealed])


def history(connection: Connection, number: int) -> list[Done]:
    """All deeds of a handling, the first one first."""
    rows = connection.execute(select(deeds).where(deeds.c.handling == number).order_by(deeds.c.number))
    return [_done(row) for row in rows]


def requested(connection: Connection, number: int, request: str) -> Done | None:
    """What was done under this request, if anything was."""
    query = select(deeds).where(deeds.c.handling == number, deeds.c.request == request)
    row = connection.execute(query).one_or_none()
    return None if row is None else _done(row)


def _done(row: Any) -> Done:
    return Done(**{name: getattr(row, name) for name in Done.__dataclass_fields__})


def tell(connection: Connection, number: int, to: Party, about: About, at_ms: int) -> None:
    """Somebody is to be told something."""
    connection.execute(
        insert(notices), {"handling": number, "party": str(to), "about": str(about), "at_ms": at_ms, "sent_ms": None}
    )


def told(connection: Connection, number: int) -> list[Any]:
    """The notices of a handling: (party, about, at_ms, sent_ms)."""
    columns = (notices.c[name] for name in ("party", "about", "at_ms", "sent_ms"))
    return list(connection.execute(select(*columns).where(notices.c.handling == number).order_by(notices.c.id)))


# --- the rating ---


def adopt(connection: Connection, rating: int, adopted: bool) -> Any:
    """Whether a rating counts in the statistics; gives its (hall, device, seq)."""
    connection.execute(update(ratings).where(ratings.c.id == rating).values(adopted=adopted))
    key = select(ratings.c.hall, ratings.c.device, ratings.c.seq).where(ratings.c.id == rating)
    return connection.execute(key).one_or_none()


def rating_of(connection: Connection, rating: int) -> Any:
    """The rating itself, None if it is no longer in its chain (quarantined)."""
    return connection.execute(select(ratings).where(ratings.c.id == rating)).one_or_none()
