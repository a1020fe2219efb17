"""Ratings without a device over HTTP: tokens for a hall, what citizens say with them, and imports.

No body says where a rating comes from. A citizen's origin follows from a token that central signed, ``paper`` from two
people, ``import`` from the operator's key.
"""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from central.answers import Added, Imported, Said, Taken, TokenMade
from central.auth import hall_of, require_operator
from central.body import read_model
from central.centre import Centre
from central.core import events, imported, rating_token
from central.core.rating import Channel
from central.core.refusal import Refusal
from central.core.spoken import Reasons, Word, Words
from central.core.times import rfc3339
from central.imports import Imports, totals
from central.intake import SAID, Intake
from central.openapi import ANYBODY, HALL, OPERATOR, takes, told
from central.problem import Problem
from central.raters import Raters
from central.refusals import problem_of

log = structlog.get_logger("central")
router = APIRouter(prefix="/api/v1", tags=["评价"])
_PRIVATE = {"Cache-Control": "no-store"}
#: A rating with its words is a few hundred bytes.
MAX_BYTES = 16_384
MAX_IMPORT = 1024 * 1024
_HallId = Annotated[str, Path(description="大厅编号，须是密钥或证书所属的大厅。", examples=["lucheng"])]
#: As citizens send it; what is too long to be one is refused as forged.
_Token = Annotated[str, Field(max_length=2 * rating_token.MAX_TEXT, description="评价凭证，由二维码或短信链接得来。")]
_RULES = ("403 refused-by-rule", "409 refused-by-rule")
_EXAMPLE = {"token": "h1AB…", "level": "dissatisfied", "reasons": [207], "text": "材料样本没有提供"}
_IMPORT = {
    "hall": "lucheng",
    "source": "portal",
    "levels": "gbt39046",
    "channels": "gbt39046",
    "ratings": [
        {
            "key": "2026-0930-1",
            "case_no": "LC-2026-1",
            "service_no": 1,
            "satisfaction": 4,
            "pf": "移动服务端",
            "rated_at": "2026-09-30T07:00:00.000Z",
        }
    ],
}


class TokenBody(BaseModel):
    """为哪次服务签发；case_no 与 service_no 都不填，则用于对大厅总体的评价，这时须有 identity。
    identity 为评价人的证件号码，只留其密钥散列，原文不保存。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    case_no: events.Text | None = None
    service_no: events.Count | None = None
    identity: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


class RatingBody(Word):
    """评价：等级，可以有理由和文字。case_no 与 service_no 可以不填；填了就须与凭证一致。"""

    token: _Token
    case_no: Annotated[str, Field(max_length=200)] | None = None
    service_no: int | None = None


class SupplementBody(BaseModel):
    """追评：补充理由或文字，原来的评价不变。"""

    model_config = ConfigDict(extra="forbid")

    token: _Token
    reasons: Reasons = []
    text: Words | None = None


class CentreBody(Word):
    """对大厅总体的评价。"""

    token: _Token


class AppealBody(BaseModel):
    """不接受列入恶意评价人员信息库的理由；凭证为评价人自己的任一评价凭证。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: _Token
    words: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]


class ImportBody(imported.Batch):
    """一批评价，至多 500 条。levels 与 channels 为代码表的名称；source 与各条的 key 合起来不得重复。"""

    ratings: Annotated[list[imported.Row], Field(min_length=1, max_length=imported.MAX_ROWS)]


@router.post(
    "/halls/{hall}/tokens",
    status_code=201,
    **told(
        *("签发评价凭证", HALL, *_RULES, "403 forbidden", "404 refused-by-rule", "422 refused-by-rule"),
        gives=TokenMade,
        body=takes(TokenBody, service={"case_no": "LC-2026-1", "service_no": 1}, centre={"identity": "11010…"}),
    ),
)
async def make_token(request: Request, hall: _HallId) -> JSONResponse:
    """一次有效的评价凭证，印在办件回执的二维码中交给评价人；到期或用过即失效。"""
    asking = hall_of(request)
    if asking.id != hall:
        raise Problem(403, "forbidden", "只能为本大厅的服务签发。A hall gets tokens for its own services only.")
    given = await read_model(request, TokenBody, MAX_BYTES)
    lasts_ms = request.app.state.settings.token_hours * 3_600_000
    expires_ms = request.app.state.clock.now_ms() + lasts_ms
    if given.case_no is None and given.service_no is None:
        centre: Centre = request.app.state.centre
        text = await run_in_threadpool(centre.token_for, hall, Channel.QR, lasts_ms, given.identity)
    else:
        if given.case_no is None or given.service_no is None:
            raise Problem(422, "bad-parameter", "须有办件编号 case_no 和服务次数 service_no。Both are needed.")
        intake: Intake = request.app.state.intake
        service = (given.case_no, given.service_no)
        text = await run_in_threadpool(intake.token_for, hall, Channel.QR, service, lasts_ms, given.identity)
    if isinstance(text, Refusal):
        raise problem_of(text)
    return JSONResponse({"token": text, "expires_at": rfc3339(expires_ms)}, 201, headers=_PRIVATE)


@router.post(
    "/ratings",
    **told("以凭证评价", ANYBODY, *_RULES, gives=Taken, body=takes(RatingBody, bad=_EXAMPLE)),
)
async def rate(request: Request) -> JSONResponse:
    """评价人以凭证评价一次服务；同一内容再次提交，答复与第一次相同。"""
    given = await read_model(request, RatingBody, MAX_BYTES)
    intake: Intake = request.app.state.intake
    done = await run_in_threadpool(intake.rate, given.token, given.word, given.case_no, given.service_no)
    if isinstance(done, Refusal):
        raise problem_of(done)
    said = SAID.get(done.status, "评价已收到")
    return JSONResponse({"status": done.status, "said": said, "repeated": done.repeated}, headers=_PRIVATE)


@router.post(
    "/ratings/supplements",
    **told(
        *("追评", ANYBODY, *_RULES, "422 refused-by-rule"),
        gives=Added,
        body=takes(SupplementBody, text={"token": "h1AB…", "text": "当天等候两个小时"}),
    ),
)
async def add_to(request: Request) -> JSONResponse:
    """评价人在规定的时限内补充一次；文中没有规定追评的，不予受理。"""
    given = await read_model(request, SupplementBody, MAX_BYTES)
    intake: Intake = request.app.state.intake
    done = await run_in_threadpool(intake.add_to, given.token, given.reasons, given.text)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "追评已收到；原来的评价不变", "repeated": done.repeated}, headers=_PRIVATE)


@router.post(
    "/centre-ratings",
    **told(
        *("评价大厅总体", ANYBODY, *_RULES),
        gives=Added,
        body=takes(CentreBody, good={"token": "h1AB…", "level": "satisfied"}),
    ),
)
async def rate_centre(request: Request) -> JSONResponse:
    """一人一日评价一次，不属于任何办件，不计入好评率。"""
    given = await read_model(request, CentreBody, MAX_BYTES)
    centre: Centre = request.app.state.centre
    done = await run_in_threadpool(centre.rate, given.token, given.word)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "对大厅总体的评价已收到", "repeated": done}, headers=_PRIVATE)


@router.post(
    "/raters/appeals",
    **told(
        *("申诉列入恶意评价人员信息库", ANYBODY, *_RULES, "404 refused-by-rule"),
        gives=Said,
        body=takes(AppealBody, appeal={"token": "h1AB…", "words": "我每次都办理了业务"}),
    ),
)
async def appeal(request: Request) -> JSONResponse:
    """评价人不接受列入的，由未参与此前决定的人员复核。"""
    given = await read_model(request, AppealBody, MAX_BYTES)
    raters: Raters = request.app.state.raters
    done = await run_in_threadpool(raters.appeal, given.token, given.words)
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"said": "申诉已收到，由未参与此前决定的人员复核"}, headers=_PRIVATE)


@router.post(
    "/imports",
    **told(
        *("导入其他系统的评价", OPERATOR, "422 refused-by-rule"),
        gives=Imported,
        body=takes(ImportBody, portal=_IMPORT),
    ),
)
async def take_import(
    request: Request,
    dry_run: Annotated[bool, Query(description="只说明每一条会怎样，什么都不保存。")] = False,
) -> JSONResponse:
    """每条各自判断，一条有误不影响其他；对方的默认评价不导入，已有评价的服务不因导入而改变。"""
    require_operator(request)
    batch = await read_model(request, imported.Batch, MAX_IMPORT)
    if batch.hall not in {hall.id for hall in request.app.state.settings.halls}:
        raise Problem(422, "bad-parameter", "hall：应为 halls.toml 中的大厅。Expected a hall of halls.toml.")
    imports: Imports = request.app.state.imports
    outcomes = await run_in_threadpool(imports.take, batch, dry_run)
    if isinstance(outcomes, Refusal):
        raise problem_of(outcomes)
    log.info("ratings imported", hall=batch.hall, dry_run=dry_run, **totals(outcomes))
    rows: list[dict[str, Any]] = [
        {"key": one.key, "result": one.result, "status": one.status, "why": one.why.sentence if one.why else None}
        for one in outcomes
    ]
    return JSONResponse({"dry_run": dry_run, "totals": totals(outcomes), "results": rows}, headers=_PRIVATE)
