"""Ratings without a device over HTTP: tokens for a hall, what citizens say with them, and imports.

No body says where a rating comes from. A citizen's origin follows from a token that central signed, ``paper`` from two
people, ``import`` from the operator's key.
"""

from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from central.auth import hall_of, require_operator
from central.centre import Centre
from central.core import imported
from central.core.rating import Channel
from central.core.refusal import Refusal
from central.imports import Imports, totals
from central.intake import SAID, Intake, Taken
from central.problem import Problem
from central.raters import Raters
from central.routes.body import problem_of, read_object, text_of

log = structlog.get_logger("central")
router = APIRouter(prefix="/api/v1")
_PRIVATE = {"Cache-Control": "no-store"}
_WORD = {"level", "reasons", "text"}
MAX_IMPORT = 1024 * 1024
MAX_IDENTITY = 64


@router.post("/halls/{hall}/tokens", status_code=201)
async def make_token(request: Request, hall: str) -> JSONResponse:
    """A hall gets a token for a citizen it served, for the QR code of the receipt; without a case, for the centre."""
    asking = hall_of(request)
    if asking.id != hall:
        raise Problem(403, "forbidden", "只能为本大厅的服务签发。A hall gets tokens for its own services only.")
    given = await read_object(request, {"case_no", "service_no", "identity"})
    case_no, service_no = given.get("case_no"), given.get("service_no")
    identity = text_of(given, "identity", MAX_IDENTITY) or None
    lasts_ms = request.app.state.settings.token_hours * 3_600_000
    if case_no is None and service_no is None:
        if identity is None:
            raise Problem(422, "bad-parameter", "对大厅总体的评价须实名：identity 缺失。identity is missing.")
        centre: Centre = request.app.state.centre
        text = await run_in_threadpool(centre.token_for, hall, Channel.QR, lasts_ms, identity)
    else:
        if not isinstance(case_no, str) or not 0 < len(case_no) <= 64 or not isinstance(service_no, int):
            raise Problem(422, "bad-parameter", "须有办件编号 case_no 和服务次数 service_no。Both are needed.")
        intake: Intake = request.app.state.intake
        service = (case_no, service_no)
        text = await run_in_threadpool(intake.token_for, hall, Channel.QR, service, lasts_ms, identity)
    if isinstance(text, Refusal):
        raise problem_of(text)
    expires_ms = request.app.state.clock.now_ms() + lasts_ms
    return JSONResponse({"token": text, "expires_at": _time(expires_ms)}, 201, headers=_PRIVATE)


@router.post("/ratings")
async def rate(request: Request) -> JSONResponse:
    """A citizen rates the service that the token is for."""
    given = await read_object(request, {"token", "case_no", "service_no", *_WORD})
    word = {name: given[name] for name in _WORD & given.keys()}
    intake: Intake = request.app.state.intake
    service = (given.get("case_no"), given.get("service_no"))
    return _taken(await run_in_threadpool(intake.rate, _token(given), word, *service))


@router.post("/ratings/supplements")
async def add_to(request: Request) -> JSONResponse:
    """The same citizen adds reasons or words."""
    given = await read_object(request, {"token", "reasons", "text"})
    word = {name: given[name] for name in {"reasons", "text"} & given.keys()}
    intake: Intake = request.app.state.intake
    done = await run_in_threadpool(intake.add_to, _token(given), word)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "追评已收到；原来的评价不变", "repeated": done.repeated}, headers=_PRIVATE)


@router.post("/centre-ratings")
async def rate_centre(request: Request) -> JSONResponse:
    """A citizen rates the hall as a whole, once a day."""
    given = await read_object(request, {"token", *_WORD})
    word = {name: given[name] for name in _WORD & given.keys()}
    centre: Centre = request.app.state.centre
    done = await run_in_threadpool(centre.rate, _token(given), word)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "对大厅总体的评价已收到", "repeated": done}, headers=_PRIVATE)


@router.post("/raters/appeals")
async def appeal(request: Request) -> JSONResponse:
    """A citizen does not accept being on the list of malicious raters."""
    given = await read_object(request, {"token", "words"})
    raters: Raters = request.app.state.raters
    words = text_of(given, "words", 1000)
    if not words.strip():
        raise Problem(422, "bad-parameter", "请写明申诉的理由。words: say why.")
    done = await run_in_threadpool(raters.appeal, _token(given), words)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "申诉已收到，由未参与此前决定的人员复核"}, headers=_PRIVATE)


@router.post("/imports")
async def take_import(request: Request, dry_run: bool = Query(default=False)) -> JSONResponse:
    """Another system's ratings, with the operator's key. ``dry_run``: only say what would become of them."""
    require_operator(request)
    given = await read_object(request, set(imported.Batch.model_fields), MAX_IMPORT)
    if given.get("hall") not in {hall.id for hall in request.app.state.settings.halls}:
        raise Problem(422, "bad-parameter", "hall：应为 halls.toml 中的大厅。Expected a hall of halls.toml.")
    imports: Imports = request.app.state.imports
    outcomes = await run_in_threadpool(imports.take, given, dry_run)
    if isinstance(outcomes, Refusal):
        raise problem_of(outcomes)
    log.info("ratings imported", hall=given["hall"], dry_run=dry_run, **totals(outcomes))
    rows = [
        {"key": one.key, "result": one.result, "status": one.status, "why": str(one.why) if one.why else None}
        for one in outcomes
    ]
    return JSONResponse({"dry_run": dry_run, "totals": totals(outcomes), "results": rows}, headers=_PRIVATE)


def _taken(done: Taken | Refusal) -> JSONResponse:
    if isinstance(done, Refusal):
        raise problem_of(done)
    said = SAID.get(done.status, "评价已收到")
    return JSONResponse({"status": done.status, "said": said, "repeated": done.repeated}, headers=_PRIVATE)


def _token(given: dict[str, Any]) -> str:
    token = given.get("token")
    return token if isinstance(token, str) else ""


def _time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
