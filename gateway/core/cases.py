"""What the business events of a case 办件 and of its services say together; central is told of both (spec 9.1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.business import SHIFT, ApplicantKind, Event, Type
from gateway.core.shifts import Shifts
from gateway.core.timeline import BEGIN, Rules, ordered


@dataclass(frozen=True, slots=True)
class Service:
    """One 服务 of a case as far as it is known; ``window`` and ``staff`` are the last ones."""

    case_no: str
    service_no: int
    window: str
    staff: str | None
    called_ms: int
    served_ms: int | None
    finished_ms: int | None
    closed_ms: int | None
    status: str
    applicant_kind: ApplicantKind | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A 办件."""

    case_no: str
    item_code: str | None
    item_name: str | None
    status: str
    accepted_ms: int | None
    finished_ms: int | None


def service_of(key: tuple[str, int], events: Iterable[Event], rules: Rules) -> Service | None:
    """The service that ``events`` tell of: its own, and the sign-ins and sign-outs of its windows.

    None while nobody has said at which window it is. Until its call is known, its first event stands for it.
    """
    shifts = Shifts(rules.limit_ms)
    window = staff = status = kind = None
    begun_ms = 0
    first_ms = called_ms = served_ms = finished_ms = closed_ms = None
    for event in ordered(events):
        if event.type in SHIFT:
            shifts.take(event)
            continue
        if (event.case_no, event.service_no) != key:
            continue
        at_ms = event.at_ms
        first_ms = at_ms if first_ms is None else first_ms
        window = event.window or window
        kind = event.applicant_kind or kind
        on_duty = shifts.on_duty(window, at_ms) if window else None
        if event.type in BEGIN:
            called_ms = at_ms if called_ms is None else called_ms
            staff, closed_ms, begun_ms = event.staff or on_duty, None, at_ms
        elif event.type in (Type.SERVED, Type.FINISHED):
            # who has taken the counter over has taken the service over
            newcomer: str | None = None
            if window and status == Type.CALLED:
                newcomer = shifts.since(window, begun_ms, at_ms)
            staff = event.staff or newcomer or staff or on_duty
            if event.type is Type.SERVED:
                served_ms = at_ms if served_ms is None else served_ms
            else:
                finished_ms = at_ms if finished_ms is None else finished_ms
        elif event.type in (Type.CANCELLED, Type.TRANSFERRED):
            closed_ms = at_ms
        if not (event.type is Type.SERVED and status == Type.FINISHED):
            status = str(Type.CALLED if event.type in BEGIN else event.type)
    if window is None or first_ms is None or status is None:
        return None
    called_ms = first_ms if called_ms is None else called_ms
    return Service(*key, window, staff, called_ms, served_ms, finished_ms, closed_ms, status, kind)


def case_of(case_no: str, events: Iterable[Event]) -> Case:
    """The case that ``events`` (all those of ``case_no``) tell of."""
    item_code = item_name = None
    accepted_ms = finished_ms = None
    for event in ordered(events):
        item_code = event.item_code or item_code
        item_name = event.item_name or item_name
        if accepted_ms is None:
            accepted_ms = event.at_ms
        if event.type is Type.FINISHED and finished_ms is None:
            finished_ms = event.at_ms
    return Case(case_no, item_code, item_name, "finished" if finished_ms else "accepted", accepted_ms, finished_ms)
