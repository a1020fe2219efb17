"""Reading what arrived. The auditor sees all of it, the page only what :func:`public` leaves."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import ColumnElement, Connection, exists, func, select, text, tuple_

from central import centre, database, feedback, raters, tables, voices
from central.core import publish, statistics
from central.core.certificate import key_of, load_key
from central.core.rating import VOICES, Level, Origin, Status
from central.core.rating_rules import RatingRules
from central.core.statistics import Tally
from central.core.times import rfc3339
from central.settings import Hall, Settings
from protocol import record, topics
from protocol.errors import ProtocolError

_CHINA = timezone(timedelta(hours=8))
_CHUNK = 1000
_KINDS = {record.RATING: "rating", record.EVENT: "event", record.SELFTEST: "selftest"}


@dataclass(frozen=True)
class DeviceState:
    """A device as central knows it. ``gaps`` are missing seqs, ``lost`` those declared lost, as (first, last)."""

    device: str
    window: str | None
    records: int
    head: int
    top: int
    gaps: list[tuple[int, int]]
    lost: list[tuple[int, int]]
    quarantined: int
    revoked: bool
    last_received_ms: int | None


@dataclass(frozen=True)
class HallState:
    """What arrived from one hall. ``levels`` counts the counted citizen ratings; ``newest`` are the last few of
    these levels, the newest first.
    """

    id: str
    name: str
    kinds: dict[str, int]
    cases: int
    services: int
    statuses: dict[str, int]
    levels: dict[str, int]
    newest: list[str]
    devices: list[DeviceState]
    incidents: list[tuple[str, str, int]]
    tally: Tally
    centre: dict[str, int]
    feedback: dict[str, int]


class Reader:
    """Queries. Each call sees one state of the database."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._engine = database.open_reader(settings.url)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def ping(self) -> None:
        """Raises sqlalchemy.exc.DBAPIError if the database does not answer."""
        with self._engine.begin() as connection:
            connection.execute(text("SELECT 1"))

    def records(self, device: str | None, after: int, limit: int) -> list[dict[str, Any]]:
        """Records in the order they were accepted, with ``position`` above ``after``."""
        table = tables.records
        query = select(table, tables.heads.c.seq.label("head")).join(
            tables.heads, tables.heads.c.device == table.c.device
        )
        query = query.where(table.c.id > after).order_by(table.c.id).limit(limit)
        if device is not None:
            query = query.where(table.c.device == device)
        with self._engine.begin() as connection:
            rows = connection.execute(query).all()
        return [
            {
                "position": row.id,
                "device": row.device,
                "seq": row.seq,
                "kind": _KINDS[row.kind],
                "chain": "linked" if row.seq <= row.head else "early",
                "arrived": row.arrived,
                "hash": row.hash.hex(),
                "record": row.body,
                "gateway_received_at": rfc3339(row.gateway_received_ms),
                "received_at": rfc3339(row.received_ms),
            }
            for row in rows
        ]

    def bodies(self) -> Iterator[bytes]:
        """The COSE bytes of every record accepted before the first one is read, by (device, seq)."""
        table = tables.records
        place: tuple[str, int] = ("", 0)
        with self._engine.begin() as connection:
            newest = connection.execute(select(func.max(table.c.id))).scalar() or 0
        while True:
            # short transactions: a slow reader must not hold the write-ahead log
            query = select(table.c.device, table.c.seq, table.c.body).where(
                tuple_(table.c.device, table.c.seq) > place, table.c.id <= newest
            )
            with self._engine.begin() as connection:
                rows = connection.execute(query.order_by(table.c.device, table.c.seq).limit(_CHUNK)).all()
            if not rows:
                return
            yield b"".join(row.body for row in rows)
            place = (rows[-1].device, rows[-1].seq)

    def public_key(self, device: str) -> str | None:
        """The keys of a device in PEM, the pinned one first; None if it is not known."""
        try:
            topics.check_id(device)
        except ProtocolError:
            return None  # no database is asked for what cannot be: a NUL, say
        certificates = tables.certificates.c
        others = select(certificates.pem).where(certificates.device == device).order_by(certificates.received_ms)
        with self._engine.begin() as connection:
            key = connection.execute(select(tables.devices.c.key).where(tables.devices.c.device == device)).scalar()
            keys = dict.fromkeys([key, *map(key_of, connection.execute(others).scalars())])
        if key is None:
            return None
        pems = (load_key(each).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for each in keys)
        return b"".join(pems).decode("ascii")

    def ratings(self, status: Status | None, after: int, limit: int) -> list[dict[str, Any]]:
        """Ratings with their standing binding, in the order they were accepted."""
        table, bindings = tables.ratings, tables.bindings
        standing = (
            (bindings.c.device == table.c.device)
            & (bindings.c.seq == table.c.seq)
            & (bindings.c.number == table.c.binding_number)
        )
        chosen = (bindings.c.rule, bindings.c.candidates, bindings.c.decided_ms)
        added = tables.supplements.c
        about = (
            voices.served_by("staff"),
            voices.served_by("window"),
            raters.set_aside().label("set_aside"),
            _real_name().label("real_name"),
            added.reasons.label("added_reasons"),
            added.text.label("added_text"),
            added.given_ms.label("added_ms"),
        )
        held = (tables.records.c.device == table.c.device) & (tables.records.c.seq == table.c.seq)
        query = select(table, *chosen, *about, tables.records.c.gateway_received_ms).outerjoin(bindings, standing)
        query = query.outerjoin(tables.records, held).outerjoin(tables.supplements, added.rating == table.c.id)
        query = query.where(table.c.id > after).order_by(table.c.id).limit(limit)
        if status is not None:
            query = query.where(table.c.status == status)
        with self._engine.begin() as connection:
            rows = connection.execute(query).all()
        return [
            {
                "position": row.id,
                "hall": row.hall,
                "device": row.device,
                "seq": row.seq,
                "origin": row.origin,
                "channel": row.channel,
                "key": row.key,
                "level": row.level,
                "reasons": row.reasons,
                "text": row.text,
                "reason_missing": row.reason_missing,
                "supplement": _supplement(row),
                "indicators": row.indicators,
                "policy_version": row.policy_version,
                "token": row.token.hex() if row.token else None,
                "flags": row.flags,
                "boot": row.boot,
                "uptime_ms": row.uptime_ms,
                "wall_at": rfc3339(row.wall_ms),
                "error_ms": row.error_ms,
                "status": row.status,
                "adopted": row.adopted,
                "set_aside": row.set_aside,
                "real_name": row.real_name,
                "binding_number": row.binding_number,
                "case_no": row.case_no,
                "service_no": row.service_no,
                "staff": row.staff,
                "window": row.window,
                "rule": row.rule,
                "candidates": row.candidates,
                "decided_at": rfc3339(row.decided_ms),
                "gateway_received_at": rfc3339(row.gateway_received_ms),
                "received_at": rfc3339(row.received_ms),
            }
            for row in rows
        ]

    def halls(self) -> list[HallState]:
        """The state of every hall in the settings."""
        with self._engine.begin() as connection:
            return [_hall(connection, hall) for hall in self._settings.halls]


def summary(halls: Sequence[HallState], rules: RatingRules) -> dict[str, Any]:
    """What the auditor sees. ``rules``: by which the rates are made."""
    return {
        "halls": [
            {
                "id": hall.id,
                "name": hall.name,
                "records": sum(hall.kinds.values()),
                "kinds": hall.kinds,
                "cases": hall.cases,
                "services": hall.services,
                "ratings": rating_counts(hall),
                "levels": {level.value: hall.levels.get(level, 0) for level in Level},
                "figures": statistics.as_json(rules, hall.tally),
                "centre": hall.centre,
                "feedback": hall.feedback,
                "devices": [
                    {
                        "device": state.device,
                        "window": state.window,
                        "records": state.records,
                        "head": state.head,
                        "top": state.top,
                        "gaps": state.gaps,
                        "lost": state.lost,
                        "quarantined": state.quarantined,
                        "revoked": state.revoked,
                        "last_received_at": rfc3339(state.last_received_ms),
                    }
                    for state in hall.devices
                ],
                "incidents": [{"date": date, "code": code, "count": n} for date, code, n in hall.incidents],
            }
            for hall in halls
        ]
    }


def rating_counts(hall: HallState) -> dict[str, int]:
    """What citizens said: ``received`` = ``counted`` + ``already_rated`` + ``waiting_service`` (these three are
    ``bound``) + ``unbound`` + ``ambiguous``. No default is among them."""
    counts = {status.value: hall.statuses.get(status, 0) for status in Status if status is not Status.SUPERSEDED}
    bound = sum(counts[status] for status in (Status.COUNTED, Status.ALREADY_RATED, Status.WAITING_SERVICE))
    return {"received": sum(counts.values()), "bound": bound, **counts}


def public(hall: HallState) -> dict[str, Any]:
    """What anybody may see: no level of a small group, no time of one record, no case, nobody's name."""
    return {
        "name": hall.name,
        "records": sum(hall.kinds.values()),
        "kinds": hall.kinds,
        "ratings": rating_counts(hall),
        "levels": publish.level_counts(hall.levels, hall.newest),
        "devices": [
            {
                "device": state.device,
                "window": state.window,
                "records": state.records,
                "last_date": _date(state.last_received_ms),
                "gaps": state.gaps,
                "lost": state.lost,
                "quarantined": state.quarantined,
                "revoked": state.revoked,
            }
            for state in hall.devices
        ],
        "incidents": hall.incidents,
    }


def _hall(connection: Connection, hall: Hall) -> HallState:
    devices, records, ratings = tables.devices.c, tables.records.c, tables.ratings.c
    here = select(devices.device).where(devices.hall == hall.id)
    kinds = connection.execute(
        select(records.kind, func.count()).where(records.device.in_(here)).group_by(records.kind).order_by(records.kind)
    )
    statuses = connection.execute(
        select(ratings.status, func.count())
        .where(ratings.hall == hall.id, ratings.origin.in_(VOICES))
        .group_by(ratings.status)
    )
    counted = (ratings.hall == hall.id, ratings.status == Status.COUNTED, ratings.origin.in_(VOICES))
    levels = connection.execute(select(ratings.level, func.count()).where(*counted).group_by(ratings.level))
    newest = connection.execute(
        select(ratings.level)
        .where(*counted)
        .order_by(ratings.counted_ms.desc(), ratings.id.desc())
        .limit(publish.SMALLEST_GROUP)
    )
    return HallState(
        id=hall.id,
        name=hall.name,
        kinds={_KINDS[kind]: count for kind, count in kinds},
        cases=_count(connection, hall, tables.cases.c.case_no),
        services=_count(connection, hall, tables.services.c.case_no, tables.services.c.service_no),
        statuses={status.value: count for status, count in statuses},
        levels={level.value: count for level, count in levels},
        newest=[level.value for (level,) in newest],
        devices=list(_devices(connection, hall)),
        incidents=_incidents(connection, hall),
        tally=_tally(connection, hall),
        centre=centre.counts(connection, hall.id),
        feedback=feedback.counts(connection, hall.id),
    )


def _real_name() -> ColumnElement[bool]:
    """Whether the hall told, sealed, who was served."""
    ratings, known = tables.ratings.c, tables.identities.c
    return exists().where(
        known.hall == ratings.hall, known.case_no == ratings.case_no, known.service_no == ratings.service_no
    )


def _supplement(row: Any) -> dict[str, Any] | None:
    if row.added_ms is None:
        return None
    return {"reasons": row.added_reasons, "text": row.added_text, "given_at": rfc3339(row.added_ms)}


def _tally(connection: Connection, hall: Hall) -> Tally:
    """Active and default ratings apart, and how many are in neither, each by its reason."""
    table = tables.ratings.c
    aside = raters.set_aside()
    query = select(
        table.origin == Origin.DEFAULT,
        table.level,
        table.status,
        table.adopted,
        aside,
        table.reason_missing,
        func.count(),
    )
    query = query.where(table.hall == hall.id, table.status.in_((Status.COUNTED, Status.SUPERSEDED)))
    active: Counter[Level] = Counter()
    default: Counter[Level] = Counter()
    other: Counter[str] = Counter()
    rows = connection.execute(
        query.group_by(table.origin, table.level, table.status, table.adopted, aside, table.reason_missing)
    )
    for silent, level, status, adopted, apart, missing, number in rows:
        if silent:
            if status is Status.COUNTED:
                default[level] += number
            else:
                other["superseded"] += number
        elif not adopted:
            other["not_adopted"] += number
        elif apart:
            other["set_aside"] += number
        else:
            active[level] += number
            other["reason_missing"] += number if missing else 0
    return Tally(active, default, **other)


def _count(connection: Connection, hall: Hall, *key: Any) -> int:
    table = key[0].table
    distinct = select(*key).where(table.c.hall == hall.id).distinct().subquery()
    return connection.execute(select(func.count()).select_from(distinct)).scalar_one()


def _devices(connection: Connection, hall: Hall) -> Iterator[DeviceState]:
    devices, heads, records = tables.devices, tables.heads, tables.records
    apart, losses = tables.quarantine, tables.losses
    query = (
        select(
            devices.c.device,
            devices.c.window,
            heads.c.seq,
            func.count(records.c.id).label("records"),
            func.max(records.c.seq).label("top"),
            func.max(records.c.received_ms).label("last"),
        )
        .join(heads, heads.c.device == devices.c.device)
        .outerjoin(records, records.c.device == devices.c.device)
        .where(devices.c.hall == hall.id)
        .group_by(devices.c.device, devices.c.window, heads.c.seq)
        .order_by(devices.c.window, devices.c.device)
    )
    for row in connection.execute(query).all():
        own = losses.c.device == row.device
        lost = [(first, last) for first, last in connection.execute(select(losses.c.first, losses.c.last).where(own))]
        top = row.top or 0
        above: list[int] = []
        if top > row.seq:
            waiting = select(records.c.seq).where(records.c.device == row.device, records.c.seq > row.seq)
            above = list(connection.execute(waiting.order_by(records.c.seq)).scalars())
        kept = select(func.count()).select_from(apart).where(apart.c.device == row.device)
        yield DeviceState(
            device=row.device,
            window=row.window,
            records=row.records,
            head=row.seq,
            top=top,
            gaps=publish.missing(row.seq, above, lost),
            lost=sorted(lost),
            quarantined=connection.execute(kept).scalar_one(),
            revoked=row.device in hall.revoked,
            last_received_ms=row.last,
        )


def _incidents(connection: Connection, hall: Hall) -> list[tuple[str, str, int]]:
    """(date, code, how many), newest first."""
    table = tables.incidents
    newest = (
        select(table.c.received_ms, table.c.code).where(table.c.hall == hall.id).order_by(table.c.id.desc()).limit(5000)
    )
    counts = Counter((_date(received_ms) or "", code) for received_ms, code in connection.execute(newest))
    return [(date, code, count) for (date, code), count in sorted(counts.items(), reverse=True)]


def _date(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms // 1000, _CHINA).date().isoformat()
