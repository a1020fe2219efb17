"""Writing what the verdicts ask for. Rows of one table go in together, parents before children."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from central import corrections, tables
from central.core import effects
from central.core.policy_version import Published, given_under
from central.core.rating import Channel, Level, Origin, Status
from central.core.rating_rules import RatingRules
from central.database import insert_new
from protocol import chain, levels, record

Row = dict[str, Any]

#: Parents first.
_ADDED = (
    tables.devices,
    tables.heads,
    tables.certificates,
    tables.events,
    tables.cases,
    tables.services,
    tables.identities,
    tables.records,
    tables.ratings,
    tables.bindings,
    tables.losses,
    tables.rotations,
)
#: These may meet a row that is there already; it stands.
_ADDED_ONCE = (tables.quarantine, tables.conflicts, tables.incidents)


class Keeper:
    """Collects rows for one transaction. ``services`` and ``ratings`` name what :mod:`central.settle` must look at,
    ``cases`` those with news.
    """

    def __init__(self, connection: Connection, hall: str, now_ms: int, rules: RatingRules):
        self._connection = connection
        self._hall = hall
        self._now_ms = now_ms
        self._rules = rules
        self._published: list[Published] | None = None
        self._rows: dict[Table, list[Row]] = {}
        self._heads: dict[str, effects.MoveHead] = {}
        self._windows: dict[str, str | None] = {}
        self.cases: set[str] = set()
        self.services: set[tuple[str, int]] = set()
        self.ratings: set[tuple[str, int]] = set()

    def keep(self, wanted: Iterable[effects.Effect]) -> None:
        """Note the effects of one verdict."""
        for effect in wanted:
            _KEEPERS[type(effect)](self, effect)

    def flush(self) -> None:
        """Write what was noted."""
        for table in _ADDED:
            rows = self._rows.pop(table, None)
            if rows:
                self._connection.execute(insert(table), rows)
        for table in _ADDED_ONCE:
            rows = self._rows.pop(table, None)
            if rows:
                insert_new(self._connection, table, rows)
        if self._windows:
            statement = update(tables.devices).where(tables.devices.c.device == bindparam("of"))
            moved = [{"of": device, "window": window} for device, window in self._windows.items()]
            self._connection.execute(statement, moved)
            self._windows.clear()
        if self._heads:
            statement = update(tables.heads).where(tables.heads.c.device == bindparam("of"))
            self._connection.execute(
                statement,
                [
                    {"of": move.device, "seq": move.head.seq, "hash": move.head.hash, "top": move.top}
                    for move in self._heads.values()
                ],
            )
            self._heads.clear()

    def _add(self, table: Table, **row: Any) -> None:
        self._rows.setdefault(table, []).append({**row, "received_ms": self._now_ms})

    def _event(self, effect: effects.SeenEvent) -> None:
        self._add(tables.events, hall=self._hall, id=effect.id, type=effect.type, content=effect.content)

    def _device(self, effect: effects.PinDevice) -> None:
        row = {
            "device": effect.device,
            "hall": self._hall,
            "key": effect.key,
            "key_fingerprint": hashlib.sha256(effect.key).hexdigest(),
            "pinned_ms": self._now_ms,
        }
        self._rows.setdefault(tables.devices, []).append(row)
        start = {"device": effect.device, "seq": chain.START.seq, "hash": chain.START.hash, "top": 0}
        self._rows.setdefault(tables.heads, []).append(start)

    def _certificate(self, effect: effects.KeepCertificate) -> None:
        self._add(
            tables.certificates,
            fingerprint=effect.fingerprint,
            device=effect.device,
            pem=effect.pem,
            window=effect.window,
        )
        self._windows[effect.device] = effect.window

    def _record(self, effect: effects.KeepRecord) -> None:
        read = effect.record
        self._add(
            tables.records,
            device=read.device,
            seq=read.head.seq,
            kind=read.kind,
            prev=read.head.prev,
            hash=effect.hash,
            body=effect.body,
            arrived=effect.arrived,
            gateway_received_ms=effect.gateway_received_ms,
        )
        if read.kind == record.RATING:
            self.ratings.add((read.device, read.head.seq))
            self._add(tables.ratings, **self._rating(read, effect.gateway_received_ms))

    def _rating(self, read: record.Record, gateway_received_ms: int) -> Row:
        body, wall_ms = read.body, read.head.wall_ms
        if self._published is None:
            self._published = corrections.policies(self._connection, self._hall)
        given_ms = gateway_received_ms if wall_ms is None else wall_ms
        level = Level(levels.name(body.level))
        return {
            "hall": self._hall,
            "origin": Origin.CITIZEN_DEVICE,
            "channel": Channel.HALL_TERMINAL,
            "device": read.device,
            "seq": read.head.seq,
            "level": level,
            "reasons": list(body.reasons),
            "reason_missing": self._rules.reason_missing(level, body.reasons, None),
            "indicators": body.indicators,
            "policy_version": given_under(self._published, given_ms, body.indicators),
            "token": body.token,
            "flags": body.flags,
            "boot": read.head.boot,
            "uptime_ms": read.head.uptime_ms,
            "wall_ms": wall_ms,
            "error_ms": read.head.error_ms,
            "status": Status.UNBOUND,
        }

    def _head(self, effect: effects.MoveHead) -> None:
        self._heads[effect.device] = effect

    def _rotation(self, effect: effects.KeepRotation) -> None:
        self._add(tables.rotations, device=effect.device, seq=effect.seq, key=effect.key)

    def _loss(self, effect: effects.KeepLoss) -> None:
        self._add(
            tables.losses,
            device=effect.device,
            declared_by=effect.declared_by,
            first=effect.first,
            last=effect.last,
        )

    def _quarantine(self, effect: effects.Quarantine) -> None:
        # the right record may follow in the same batch and needs the place
        self.flush()
        records, ratings = tables.records, tables.ratings
        here = (records.c.device == effect.device) & (records.c.seq == effect.seq)
        kept = ("device", "seq", "hash", "body", "gateway_received_ms", "received_ms")
        row = self._connection.execute(select(*(records.c[name] for name in kept)).where(here)).one()
        insert_new(self._connection, tables.quarantine, [{**row._mapping, "verdict": chain.BROKEN, "event": None}])
        rated = (ratings.c.device == effect.device) & (ratings.c.seq == effect.seq)
        self.services.update(
            (case_no, service_no)
            for case_no, service_no in self._connection.execute(
                select(ratings.c.case_no, ratings.c.service_no).where(rated)
            )
            if case_no is not None
        )
        self._connection.execute(delete(ratings).where(rated))
        self._connection.execute(delete(records).where(here))

    def _apart(self, effect: effects.KeepApart) -> None:
        self._add(
            tables.quarantine,
            verdict=effect.verdict,
            device=effect.device,
            seq=effect.seq,
            hash=effect.hash,
            body=effect.body,
            event=effect.event,
            gateway_received_ms=effect.gateway_received_ms,
        )

    def _conflict(self, effect: effects.KeepConflict) -> None:
        self._add(
            tables.conflicts,
            hall=self._hall,
            id=effect.id,
            type=effect.type,
            content=effect.content,
            event=effect.event,
        )

    def _case(self, effect: effects.KeepCase) -> None:
        data = effect.data
        self.cases.add(data.case_no)
        self._add(
            tables.cases,
            hall=self._hall,
            case_no=data.case_no,
            revision=data.revision,
            item_code=data.item_code,
            item_name=data.item_name,
            status=data.status,
            accepted_ms=data.accepted_at,
            finished_ms=data.finished_at,
        )

    def _service(self, effect: effects.KeepService) -> None:
        data = effect.data
        self.services.add((data.case_no, data.service_no))
        self._add(
            tables.services,
            hall=self._hall,
            case_no=data.case_no,
            service_no=data.service_no,
            revision=data.revision,
            window=data.window,
            staff=data.staff,
            called_ms=data.called_at,
            served_ms=data.served_at,
            finished_ms=data.finished_at,
            closed_ms=data.closed_at,
            status=data.status,
            applicant_kind=data.applicant_kind,
        )

    def _identity(self, effect: effects.KeepIdentity) -> None:
        data = effect.data
        self._add(
            tables.identities,
            hall=self._hall,
            case_no=data.case_no,
            service_no=data.service_no,
            revision=data.revision,
            has_phone=data.has_phone,
            key=data.key,
            blob=data.sealed or (data.opaque or "").encode(),
        )

    def _decision(self, effect: effects.KeepDecision) -> None:
        data = effect.data
        self.ratings.add((data.device, data.seq))
        self._add(
            tables.bindings,
            device=data.device,
            seq=data.seq,
            number=data.number,
            status=data.status,
            case_no=data.case_no,
            service_no=data.service_no,
            staff=data.staff,
            window=data.window,
            rule=data.rule,
            error_ms=data.error_ms,
            candidates=[candidate.model_dump() for candidate in data.candidates],
            decided_ms=data.decided_at,
            content=effect.content,
            evidence=data.evidence,
        )

    def _incident(self, effect: effects.KeepIncident) -> None:
        self._add(
            tables.incidents,
            hall=self._hall,
            about=effect.about,
            code=effect.code,
            origin=effect.origin,
            device=effect.device,
            seq=effect.seq,
            at_ms=effect.at_ms,
            detail=effect.detail,
            body=effect.body,
        )


_KEEPERS: dict[type, Callable[[Keeper, Any], None]] = {
    effects.SeenEvent: Keeper._event,
    effects.PinDevice: Keeper._device,
    effects.KeepCertificate: Keeper._certificate,
    effects.KeepRecord: Keeper._record,
    effects.MoveHead: Keeper._head,
    effects.KeepRotation: Keeper._rotation,
    effects.KeepLoss: Keeper._loss,
    effects.Quarantine: Keeper._quarantine,
    effects.KeepApart: Keeper._apart,
    effects.KeepConflict: Keeper._conflict,
    effects.KeepCase: Keeper._case,
    effects.KeepService: Keeper._service,
    effects.KeepIdentity: Keeper._identity,
    effects.KeepDecision: Keeper._decision,
    effects.KeepIncident: Keeper._incident,
}
