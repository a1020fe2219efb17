"""What the officials' pages read: the queue of a viewer, its counts, one case file, and an overview by institution.

Everything goes through one sieve (`central.sight`): whoever is rated, or has a part in the 办件, finds neither a line
nor a number of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, not_, or_, select

from central import audit, directory, policies, sight
from central.clock import Clock
from central.core import handdown, handling_json, moments, worklist
from central.core.audit_chain import Kind
from central.core.case_file import CaseFile, Done, Timed, case_file
from central.core.handling import TERMINAL, Action, Handling, Start, State
from central.core.moments import Left
from central.core.parties import Actor, Party
from central.core.roles import HATS, Grant, Place, Right, Viewer
from central.core.times import midnight_ms
from central.core.who_sees import Sight
from central.core.worklist import Entry, Row, View
from central.handlings import Held
from central.office import File, Office, Regime, UnknownHandling
from central.store import Store
from central.tables import cases, handlings, supplements
from protocol import levels

PAGE = 50
_NEVER = 2**62
#: Whose business a single level is. A supervisor sees that something is late, not which star it was.
_SEE_LEVEL = frozenset({Party.HANDLER, Party.REVIEWER})

After = tuple[int, int]


@dataclass(frozen=True)
class Wanted:
    """How a queue is narrowed. ``after``: the place of the last line of the page before."""

    view: View = View.MINE
    state: State | None = None
    org: str = ""
    search: str = ""
    after: After | None = None


@dataclass(frozen=True)
class Unit:
    """An institution with its open bad ratings. ``oldest``: by how much the one that is overdue longest is."""

    org: str
    name: str
    open: int
    today: int
    late: int
    oldest: Left | None


@dataclass(frozen=True)
class Opened:
    """One case file for one viewer. ``facts``: (label key, text) pairs; ``actors``: the viewer under each hat.
    ``reply``: the fields of the last 整改答复. ``rated_text``: what the citizen wrote."""

    held: Held
    regime: Regime
    case: CaseFile
    facts: tuple[tuple[str, str], ...]
    actors: tuple[Actor, ...]
    rated_ms: int
    reply: Mapping[str, str] | None = None
    rated_text: str = ""

    @property
    def handling(self) -> Handling:
        return self.held.handling


class Worklist:
    """Threads may share it."""

    def __init__(self, store: Store, office: Office, clock: Clock, halls: Mapping[str, str]):
        """``halls``: their names by id."""
        self._store = store
        self._office = office
        self._clock = clock
        self._halls = halls

    def rows(self, viewer: Viewer, wanted: Wanted) -> tuple[list[Row], After | None]:
        """One page of the queue, the first to be due first; and the place of its last line if there are more."""
        now_ms = self._clock.now_ms()
        closed = wanted.view is View.CLOSED
        place = func.coalesce(handlings.c.closed_ms, 0) if closed else func.coalesce(handlings.c.due_ms, _NEVER)
        order = (place.desc(), handlings.c.id.desc()) if closed else (place, handlings.c.id)
        query = select(handlings.c.id, place.label("place")).order_by(*order).limit(PAGE + 1)
        query = query.where(sight.seen(viewer), _in_view(wanted.view, viewer, now_ms))
        if wanted.state is not None:
            query = query.where(handlings.c.state == str(wanted.state))
        if wanted.org:
            query = query.where(handlings.c.org == wanted.org)
        if wanted.search:
            query = query.where(handlings.c.case_no == wanted.search)
        if wanted.after is not None:
            last, number = wanted.after
            beyond, same = (
                (place < last, handlings.c.id < number) if closed else (place > last, handlings.c.id > number)
            )
            query = query.where(or_(beyond, and_(place == last, same)))
        with self._store.read() as connection:
            found = list(connection.execute(query))
            shown = [row.id for row in found[:PAGE]]
            # only now: what is sorted should be small
            whole = select(handlings, _item().label("item")).where(handlings.c.id.in_(shown))
            held = {row.id: row for row in connection.execute(whole)}
            names = _Names(connection)
            lines = [self._line(viewer, held[number], names, now_ms) for number in shown]
        more = (found[PAGE - 1].place, found[PAGE - 1].id) if len(found) > PAGE else None
        return lines, more

    def counts(self, viewer: Viewer) -> dict[View, int]:
        """How many lines each open view has."""
        now_ms = self._clock.now_ms()
        views = [view for view in View if view is not View.CLOSED]
        columns = [func.count().filter(_in_view(view, viewer, now_ms)).label(str(view)) for view in views]
        with self._store.read() as connection:
            row = connection.execute(select(*columns).where(sight.seen(viewer), _open())).one()
        return {view: row._mapping[str(view)] for view in views}

    def units(self, viewer: Viewer) -> list[Unit]:
        """Open bad ratings by institution, those with most overdue first."""
        now_ms = self._clock.now_ms()
        due, late = handlings.c.due_ms, handlings.c.due_ms <= now_ms
        today = and_(due > now_ms, due <= midnight_ms(now_ms))
        columns = (
            handlings.c.org,
            func.count().label("open"),
            func.count().filter(today).label("today"),
            func.count().filter(late).label("late"),
            func.min(due).filter(late).label("oldest"),
        )
        query = select(*columns).where(sight.seen(viewer), _open()).group_by(handlings.c.org)
        with self._store.read() as connection:
            names = _Names(connection)
            found = [
                Unit(
                    row.org,
                    names.org(row.org),
                    row.open,
                    row.today,
                    row.late,
                    moments.left(row.oldest, now_ms) if row.oldest is not None else None,
                )
                for row in connection.execute(query)
            ]
        return sorted(found, key=lambda unit: (-unit.late, -unit.open, unit.org))

    def org_name(self, org: str) -> str:
        with self._store.read() as connection:
            return directory.org_name(connection, org)

    def open(self, viewer: Viewer, number: int) -> Opened | None:
        """One case file; None if there is none, or this viewer may not see it: the two cannot be told apart."""
        try:
            file = self._office.file(number)
        except UnknownHandling:
            return None
        held, people = file.held, file.held.handling.people
        with self._store.read() as connection:
            names = _Names(connection)
            where = names.place(held.hall, held.org)
            if sight.sight(connection, viewer, held) is not Sight.FILE:
                return None
            hats = viewer.hats(where.org, where.region, where.hall) - {Party.STAFF}
            actors = tuple(viewer.actor(party, people) for party in sorted(hats))
            deeds = [_done(each) for each in file.deeds]
            known = {each.actor: names.person(each.actor) for each in deeds}
            known |= {each.org: names.org(each.org) for each in deeds if each.org}
            reads = bool(hats & _SEE_LEVEL)
            wrote = _wrote(connection, file) if reads else ""
            facts = tuple(self._facts(connection, file, names, reads, wrote))
        regime = file.regime
        timed = [
            Timed(each.row.timer, each.row.start_ms, each.row.due_ms, each.deadline, each.row.fired_ms, each.stopped_ms)
            for each in file.limits
        ]
        case = case_file(regime.rules, regime.policy, held.handling, timed, deeds, known, actors, self._clock.now_ms())
        replies = [each.said.get("fields", {}) for each in deeds if each.action == Action.REPLY]
        return Opened(held, regime, case, facts, actors, _rated_ms(file), replies[-1] if replies else None, wrote)

    def note_read(self, viewer: Viewer, number: int) -> None:
        """That somebody read a case file stands in the audit."""
        with self._store.write() as connection:
            audit.append(connection, self._clock.now_ms(), viewer.id, Kind.READ, f"handling/{number}", "查看案卷")

    def _line(self, viewer: Viewer, row: Any, names: "_Names", now_ms: int) -> Row:
        handling = handling_json.load(row.body)
        where = names.place(row.hall, row.org)
        entry = Entry(
            row.id,
            self._halls.get(row.hall, row.hall),
            row.case_no,
            row.service_no,
            row.item,
            row.window,
            names.org(row.org),
            row.due_ms,
            row.due_timer,
            handling,
            self._office.regime_at(row.policy_version).rules,
        )
        return worklist.row(entry, sorted(viewer.hats(where.org, where.region, where.hall)), now_ms)

    def _facts(
        self, connection: Connection, file: File, names: "_Names", level: bool, wrote: str
    ) -> Iterable[tuple[str, str]]:
        held, rating, regime = file.held, file.rating, file.regime
        yield "case_no", worklist.case_words(held.case_no, held.service_no)
        item = connection.execute(select(_item()).where(handlings.c.id == held.id)).scalar()
        if item:
            yield "item", item
        yield "org", names.org(held.org)
        hall = self._halls.get(held.hall, held.hall)
        yield "window", "　".join(part for part in (hall, held.window and worklist.window_words(held.window)) if part)
        yield "rated_at", moments.moment(_rated_ms(file), self._clock.now_ms())
        if rating is not None and level:  # its reasons are those of its level
            yield "level", _level_words(regime, str(rating.level))
            yield "reasons", "\n".join(_reason_words(regime, str(rating.level), rating.reasons)) or "—"
        if wrote:
            yield "text", wrote
        yield "regulation", regime.rules.title


class _Names:
    """Names and places by id, each asked for once."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._orgs: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._places: dict[tuple[str, str], Place] = {}

    def place(self, hall: str, org: str) -> Place:
        if (hall, org) not in self._places:
            self._places[hall, org] = directory.place(self._connection, hall, org)
        return self._places[hall, org]

    def org(self, org: str) -> str:
        if org not in self._orgs:
            self._orgs[org] = directory.org_name(self._connection, org)
        return self._orgs[org]

    def person(self, person: str) -> str:
        if person not in self._people:
            self._people[person] = directory.person_name(self._connection, person)
        return self._people[person]


def _item() -> Any:
    """The 事项 of the case, by its newest revision."""
    here = and_(cases.c.hall == handlings.c.hall, cases.c.case_no == handlings.c.case_no)
    newest = select(cases.c.item_name).where(here).order_by(cases.c.revision.desc()).limit(1)
    return newest.correlate(handlings).scalar_subquery()


def _open() -> ColumnElement[bool]:
    return handlings.c.state.not_in([str(state) for state in sorted(TERMINAL)])


def _in_view(view: View, viewer: Viewer, now_ms: int) -> ColumnElement[bool]:
    if view is View.CLOSED:
        return not_(_open())
    if view is View.OVERDUE:
        return and_(_open(), handlings.c.due_ms <= now_ms)
    if view is View.TODAY:
        return and_(_open(), handlings.c.due_ms <= midnight_ms(now_ms))
    if view is View.OPEN:
        return _open()
    turns = [
        and_(
            handlings.c.owner == str(HATS[grant.role]),
            directory.visible(only, Right.FILES, handlings.c.org, handlings.c.hall),
        )
        for grant in viewer.grants
        if grant.role in HATS and (only := replace(viewer, grants=(grant,)))
    ]
    return and_(_open(), or_(false(), *turns))


def _turn_of(viewer: Viewer, grant: Grant) -> ColumnElement[bool]:
    reached = directory.visible(replace(viewer, grants=(grant,)), Right.FILES, handlings.c.org, handlings.c.hall)
    return and_(handlings.c.owner == str(HATS[grant.role]), reached)


def _wrote(connection: Connection, file: File) -> str:
    """The citizen's words, with those that were added later (追评)."""
    table = supplements.c
    added = connection.execute(select(table.text).where(table.rating == file.held.rating)).scalar()
    first = file.rating.text if file.rating is not None else None
    return "\n".join(text for text in (first, added) if text)


def _done(each: Any) -> Done:
    return Done(**{name: getattr(each, name) for name in Done.__dataclass_fields__})


def _rated_ms(file: File) -> int:
    """When it was rated, as the loop took it."""
    return file.held.handling.moments[Start.RATED]


def _level_words(regime: Regime, level: str) -> str:
    names = regime.policy.levels.names
    return names.by_level()[level] if names else dict(zip(levels.NAMES, levels.LABELS[1], strict=True))[level]


def _reason_words(regime: Regime, level: str, codes: Sequence[int]) -> list[str]:
    shown = handdown.handed_down(regime.policy, policies.national()).indicators["content"]["levels"].get(level, {})
    return [shown.get(str(code), f"理由 {code}") for code in codes]
