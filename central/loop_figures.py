"""Figures of the loop for those who supervise: call-backs, feedback, what is overdue, who was often confirmed.

Counts of handlings, never of levels. A viewer's figures hold the bad ratings whose files that viewer may open: whoever
had a part in one learns nothing of it from a sum either.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, func, select

from central.core import accountability
from central.core.accountability import Counted
from central.core.handling import OPEN, Action
from central.core.policy import Policy
from central.tables import deeds, handlings, identities


@dataclass(frozen=True)
class LoopFigures:
    """Of the bad ratings that came in within a time. ``called``: of the real-name ones, those with a record of the
    call-back, ``reached`` those where somebody answered. ``told``: of the closed ones, those with a feedback."""

    all: int
    open: int
    overdue: int
    ever_overdue: int
    real_name: int
    called: int
    reached: int
    closed: int
    told: int
    confirmed: int
    not_adopted: int

    def as_json(self) -> dict[str, Any]:
        """With the two rates of JX 三(三): 实名差评回访率 and 件件有反馈; null where there is nothing to divide by."""
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "call_back_rate": _rate(self.called, self.real_name),
            "feedback_rate": _rate(self.told, self.closed),
        }


@dataclass(frozen=True)
class Person:
    """A rated person with confirmed bad ratings. ``reached``: whether the policy's number is; None: it has none."""

    hall: str
    staff: str
    counted: Counted
    reached: bool | None


def loop_figures(
    connection: Connection, visible: ColumnElement[bool], now_ms: int, from_ms: int, to_ms: int
) -> LoopFigures:
    """``visible``: a condition on ``handlings`` (`central.sight.seen`). The time is [from, to) by when they came in."""
    row, body = handlings.c, handlings.c.body
    called, overdue = body["called_back"].as_string(), body["overdue"]
    named = exists().where(
        and_(
            identities.c.hall == row.hall,
            identities.c.case_no == row.case_no,
            identities.c.service_no == row.service_no,
        )
    )
    is_open = row.state.in_(sorted(OPEN))
    columns = {
        "all": func.count(),
        "open": func.count().filter(is_open),
        "overdue": func.count().filter(is_open, row.due_ms <= now_ms),
        "ever_overdue": func.count().filter(overdue.as_string() != "[]"),
        "real_name": func.count().filter(named),
        "called": func.count().filter(named, called.in_(("reached", "unreached"))),
        "reached": func.count().filter(named, called == "reached"),
        "closed": func.count().filter(row.state == "closed"),
        "told": func.count().filter(row.state == "closed", body["fed_back"].as_boolean()),
        "confirmed": func.count().filter(row.confirmed_ms.is_not(None)),
        "not_adopted": func.count().filter(~row.adopted),
    }
    query = select(*(column.label(name) for name, column in columns.items()))
    query = query.where(visible, row.opened_ms >= from_ms, row.opened_ms < to_ms)
    return LoopFigures(**connection.execute(query).one()._mapping)


def people(connection: Connection, visible: ColumnElement[bool], policy: Policy | None, now_ms: int) -> list[Person]:
    """Whoever has confirmed bad ratings within a year, most first."""
    row = handlings.c
    query = select(row.hall, row.staff, row.confirmed_ms).where(
        visible, row.staff.is_not(None), row.confirmed_ms.is_not(None), row.adopted
    )
    moments: dict[tuple[str, str], list[int]] = {}
    for hall, staff, confirmed_ms in connection.execute(query):
        moments.setdefault((hall, staff), []).append(confirmed_ms)
    found = []
    for (hall, staff), each in moments.items():
        counted = accountability.count(each, now_ms)
        if counted.rolling or counted.calendar:
            reached = accountability.reached(policy.accountability, counted) if policy is not None else None
            found.append(Person(hall, staff, counted, reached))
    return sorted(found, key=lambda one: (-one.counted.rolling, one.hall, one.staff))


def suggestions(connection: Connection, visible: ColumnElement[bool], limit: int = 200) -> list[RowMapping]:
    """追责建议 by reviewers (WZ 第十二条), the newest first."""
    query = (
        select(deeds.c.handling, handlings.c.org, deeds.c.at_ms, deeds.c.actor, deeds.c.said)
        .join(handlings, handlings.c.id == deeds.c.handling)
        .where(visible, deeds.c.action == str(Action.SUGGEST))
        .order_by(deeds.c.at_ms.desc(), deeds.c.handling.desc())
        .limit(limit)
    )
    return list(connection.execute(query).mappings())


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
