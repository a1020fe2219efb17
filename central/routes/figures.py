"""Figures of the loop over HTTP, for those who supervise. That they were read stands in the audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from central import audit, loop_figures, sight
from central.answers import Accountability, LoopFigures
from central.auth import forbidden, viewer_of
from central.core.audit_chain import Kind
from central.core.roles import Right, Role, Viewer
from central.core.times import rfc3339
from central.office import Office
from central.openapi import READER, told
from central.store import Store

router = APIRouter(prefix="/api/v1/figures", tags=["统计"])
_PRIVATE = {"Cache-Control": "no-store"}
_MAX = 2**62
#: Who may see figures of single persons: never the persons themselves, nor those who only handle or watch.
_OF_PERSONS = frozenset({Role.REGION_ADMIN, Role.SUPERVISOR, Role.REVIEWER, Role.AUDITOR})

_From = Annotated[int, Query(ge=0, le=_MAX, description="自此时起进入处置的；1970 年以来的毫秒数。")]
_To = Annotated[int, Query(ge=0, le=_MAX, description="至此时止，不含此时。")]


@router.get("/loop", **told("处置统计", READER, gives=LoopFigures))
def loop(request: Request, from_ms: _From = 0, to_ms: _To = _MAX) -> JSONResponse:
    """期间内差评的回访、反馈与逾期情况，只含本人可以查看的件。"""
    viewer = _viewer(request)
    with _store(request).read() as connection:
        found = loop_figures.loop_figures(connection, sight.seen(viewer), _now_ms(request), from_ms, to_ms)
    return JSONResponse(found.as_json(), headers=_PRIVATE)


@router.get("/accountability", **told("问责统计", READER, gives=Accountability))
def accountability(request: Request) -> JSONResponse:
    """一年内谁有几件差评经认定属实，以及复核员的追责建议。只对监督、复核与审计人员开放，查看记入审计。"""
    viewer = _viewer(request)
    if not viewer.roles() & _OF_PERSONS:
        raise forbidden(request, viewer, "只有监督、复核和审计人员可以查看。For those who supervise or review.")
    regime = _office(request).regime
    policy = regime.policy if regime else None
    said = policy.accountability if policy else None
    with _store(request).write() as connection:
        audit.append(connection, _now_ms(request), viewer.id, Kind.READ, "figures/accountability", "查看问责统计")
        seen = sight.seen(viewer)
        people = loop_figures.people(connection, seen, policy, _now_ms(request))
        suggested = loop_figures.suggestions(connection, seen)
    answer: dict[str, Any] = {
        "threshold": said.bad_ratings.value if said and said.bad_ratings else None,
        "window": said.window.value if said and said.window else None,
        "people": [
            {
                "hall": one.hall,
                "staff": one.staff,
                "rolling": one.counted.rolling,
                "calendar": one.counted.calendar,
                "reached": one.reached,
            }
            for one in people
        ],
        "suggestions": [
            {
                "handling": one["handling"],
                "org": one["org"],
                "at": rfc3339(one["at_ms"]),
                "by": one["actor"],
                "reason": one["said"].get("fields", {}).get("reason", ""),
            }
            for one in suggested
        ],
    }
    return JSONResponse(answer, headers=_PRIVATE)


def _viewer(request: Request) -> Viewer:
    viewer = viewer_of(request)
    if not viewer.may(Right.FIGURES):
        raise forbidden(request, viewer, "您没有查看统计的权限。You may not see figures.")
    return viewer


def _now_ms(request: Request) -> int:
    now_ms: int = request.app.state.clock.now_ms()
    return now_ms


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
