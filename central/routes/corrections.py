"""Corrections over HTTP: an operator publishes them, a hall's gateway fetches its own (spec 9.4)."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from central.auth import hall_of, require_operator
from central.core import corrections
from central.problem import Problem
from central.store import Store

log = structlog.get_logger("central")
router = APIRouter()
_PRIVATE = {"Cache-Control": "no-store"}
_FIELDS = {"kind", "data", "reason", "hall"}


@router.get("/api/v1/halls/{hall}/corrections")
def read(request: Request, hall: str, after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0) -> JSONResponse:
    """The next corrections of the hall that asks."""
    asking = hall_of(request)
    if asking.id != hall:
        raise Problem(403, "forbidden", "只能读取本大厅的更正。A hall reads its own corrections only.")
    store: Store = request.app.state.store
    rows, newest = store.corrections_after(asking.id, after)
    for row in rows:
        moment = datetime.fromtimestamp(row.pop("issued_ms") / 1000, UTC)
        row["issued_at"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return JSONResponse({"corrections": rows, "newest": newest}, headers=_PRIVATE)


@router.post("/api/v1/corrections", status_code=201)
async def publish(request: Request) -> JSONResponse:
    """Publish one, with the operator's key and a reason."""
    require_operator(request)
    given = await _body(request)
    kind, data, reason, hall = (given.get(name) for name in ("kind", "data", "reason", "hall"))
    halls = {known.id for known in request.app.state.settings.halls}
    if hall is not None and (not isinstance(hall, str) or hall not in halls):
        raise _bad("hall: expected a hall of halls.toml, or none for all of them")
    try:
        words = corrections.check_reason(reason)
        known = corrections.check(str(kind), data)
    except ValueError as error:
        raise _bad(str(error)) from None
    store: Store = request.app.state.store
    number = await run_in_threadpool(
        store.publish, known, dict(data or {}), words, hall, request.app.state.clock.now_ms()
    )
    log.info("correction published", number=number, kind=str(known), hall=hall)
    return JSONResponse({"number": number}, 201, headers=_PRIVATE)


async def _body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > corrections.MAX_BYTES:
            raise Problem(413, "too-large", f"不超过 {corrections.MAX_BYTES} 字节。At most that many bytes.")
    try:
        given = json.loads(body.decode())
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not set(given) <= _FIELDS:
        raise _bad("expected an object with kind, data, reason and perhaps hall")
    return given


def _bad(detail: str) -> Problem:
    return Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {detail}")
