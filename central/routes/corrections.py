"""Corrections over HTTP: an operator publishes them, a hall's gateway fetches its own (spec 9.4)."""

from datetime import UTC, datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from central.answers import Corrections, Published
from central.auth import hall_of, require_operator
from central.body import read_model
from central.core import corrections
from central.core.corrections import Kind
from central.openapi import HALL, OPERATOR, takes, told
from central.parameters import After
from central.problem import Problem
from central.store import Store

log = structlog.get_logger("central")
router = APIRouter(tags=["大厅"])
_PRIVATE = {"Cache-Control": "no-store"}
_HallId = Annotated[str, Path(description="大厅编号，须是密钥或证书所属的大厅。", examples=["lucheng"])]
_EXAMPLES = {
    "indicators": {
        "kind": "indicators",
        "data": {"version": 7, "content": {"levels": {"dissatisfied": {"108": "在办事指南之外增加新的审批条件"}}}},
        "reason": "新版指标",
    },
    "not_adopted": {
        "kind": "not_adopted",
        "data": {"device": "a01", "seq": 17},
        "reason": "申诉成立",
        "hall": "lucheng",
    },
}


class CorrectionBody(BaseModel):
    """要下发的更正。hall 为 null 或不填则下发全部大厅；data 按种类各有要求（SPEC.md 9.4）。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Annotated[Kind, Field(strict=False)]
    data: dict[str, Any]
    reason: Annotated[str, Field(min_length=1, max_length=corrections.MAX_REASON)]
    hall: str | None = None


@router.get(
    "/api/v1/halls/{hall}/corrections",
    **told("读取更正", HALL, "403 forbidden", gives=Corrections),
)
def read(request: Request, hall: _HallId, after: After = 0) -> JSONResponse:
    """本大厅在 after 之后的更正，至多 100 条；网关按编号续读。"""
    asking = hall_of(request)
    if asking.id != hall:
        raise Problem(403, "forbidden", "只能读取本大厅的更正。A hall reads its own corrections only.")
    store: Store = request.app.state.store
    rows, newest = store.corrections_after(asking.id, after)
    for row in rows:
        moment = datetime.fromtimestamp(row.pop("issued_ms") / 1000, UTC)
        row["issued_at"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return JSONResponse({"corrections": rows, "newest": newest}, headers=_PRIVATE)


@router.post(
    "/api/v1/corrections",
    status_code=201,
    **told("下发更正", OPERATOR, gives=Published, body=takes(CorrectionBody, **_EXAMPLES)),
)
async def publish(request: Request) -> JSONResponse:
    """下发评价规定、评价指标或不予采纳的决定，须写明理由；发布后不再改变。"""
    require_operator(request)
    given = await read_model(request, CorrectionBody, corrections.MAX_BYTES)
    hall, data = given.hall, given.data
    if hall is not None and hall not in {known.id for known in request.app.state.settings.halls}:
        raise _bad("hall: expected a hall of halls.toml, or none for all of them")
    try:
        words = corrections.check_reason(given.reason)
        known = corrections.check(given.kind, data)
    except ValueError as error:
        raise _bad(str(error)) from None
    store: Store = request.app.state.store
    number = await run_in_threadpool(store.publish, known, data, words, hall, request.app.state.clock.now_ms())
    log.info("correction published", number=number, kind=str(known), hall=hall)
    return JSONResponse({"number": number}, 201, headers=_PRIVATE)


def _bad(detail: str) -> Problem:
    return Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {detail}")
