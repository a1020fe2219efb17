"""What people take in for citizens, signed in and by their own name: paper forms, feedback, the list of raters."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from central import audit
from central.answers import FormChecked, FormsWaiting, ListEntry, ListStands, Registered
from central.auth import forbidden, viewer_of, writer_of
from central.body import read_model
from central.core.audit_chain import Kind
from central.core.events import MAX_INT
from central.core.malicious import Entry
from central.core.paper_form import PaperForm
from central.core.refusal import Refusal
from central.core.roles import Right, Viewer
from central.core.times import rfc3339
from central.feedback import Feedback, Given
from central.openapi import READER, WRITER, takes, told
from central.paper import Papers, sees
from central.parameters import ZonedTime, ms
from central.problem import Problem
from central.raters import NO_ENTRY, Raters
from central.refusals import problem_of

MAX_BYTES = 16_384
router = APIRouter(prefix="/api/v1", tags=["登记"])
_PRIVATE = {"Cache-Control": "no-store"}
_RULES = ("403 refused-by-rule", "409 refused-by-rule", "422 refused-by-rule")
_FormNumber = Annotated[int, Path(ge=1, le=MAX_INT, description="录入时所得的编号。", examples=[1])]
_EntryNumber = Annotated[int, Path(ge=1, le=MAX_INT, description="提请时所得的编号。", examples=[1])]
_Why = Annotated[str, StringConstraints(max_length=1000)]
_FORM = {
    "hall": "lucheng",
    "form_no": "P-0001",
    "case_no": "LC-2026-1",
    "service_no": 1,
    "level": "dissatisfied",
    "filled_in_at": "2026-09-30T07:00:00.000Z",
    "scan": "0123456789abcdef" * 4,
}
_FEEDBACK = {
    "hall": "lucheng",
    "channel": "hotline",
    "key": "2026-0930-17",
    "text": "大厅空调太冷",
    "given_at": "2026-09-30T07:00:00.000Z",
}
_PROPOSAL = {
    "rating": 17,
    "basis": "三日内连续十余次相同差评，经核实均未到窗口办理业务",
    "expires_at": "2026-12-31T00:00:00+08:00",
}


class CheckBody(BaseModel):
    """是否与扫描件一致；不一致的须写明哪一处。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    agrees: bool
    remark: _Why = ""


class ProposalBody(BaseModel):
    """提请把作出这条评价的人列入恶意评价人员信息库：依据，以及到期时间（一年以内）。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    rating: Annotated[int, Field(ge=1, le=MAX_INT)]
    basis: _Why
    expires_at: ZonedTime


class DecisionBody(BaseModel):
    """是否同意列入，及其理由。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    agreed: bool
    reason: _Why


class ReviewBody(BaseModel):
    """是否移出，及其理由。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    remove: bool
    reason: _Why


@router.post(
    "/paper-forms",
    status_code=201,
    **told("录入书面评价表格", WRITER, *_RULES, gives=Registered, body=takes(PaperForm, form=_FORM)),
)
async def enter_form(request: Request) -> JSONResponse:
    """第一人按扫描件录入；另一人核对之前不是评价。"""
    viewer = await run_in_threadpool(_writer, request)
    form = await read_model(request, PaperForm, MAX_BYTES)
    papers: Papers = request.app.state.papers
    return _number(await run_in_threadpool(papers.enter, viewer, form))


@router.get("/paper-forms", **told("待核对的表格", READER, gives=FormsWaiting))
def waiting_forms(request: Request) -> JSONResponse:
    """所管大厅中等待第二人核对的表格；查看留有记录。"""
    viewer = _registrar(request, viewer_of(request))
    papers: Papers = request.app.state.papers
    store = request.app.state.store
    with store.read() as connection:
        halls = {hall.id for hall in request.app.state.settings.halls if sees(connection, viewer, hall.id)}
    rows = [_form(row) for row in papers.waiting(halls.__contains__)]
    with store.write() as connection:
        audit.append(connection, request.app.state.clock.now_ms(), viewer.id, Kind.READ, "paper", f"待核对 {len(rows)}")
    return JSONResponse({"forms": rows}, headers=_PRIVATE)


@router.post(
    "/paper-forms/{number}/check",
    **told(
        *("核对书面评价表格", WRITER, *_RULES, "404 not-found"),
        gives=FormChecked,
        body=takes(CheckBody, right={"agrees": True}, wrong={"agrees": False, "remark": "等级与扫描件不符"}),
    ),
)
async def check_form(request: Request, number: _FormNumber) -> JSONResponse:
    """第二人对照扫描件核对；一致的即成为评价。"""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_model(request, CheckBody, MAX_BYTES)
    papers: Papers = request.app.state.papers
    form = await run_in_threadpool(papers.check, viewer, number, given.agrees, given.remark)
    if form is None:
        raise Problem(404, "not-found", "没有这张表格，请核对编号。No such form.")
    if isinstance(form, Refusal):
        raise problem_of(form)
    return JSONResponse({"number": form.id, "state": form.state}, headers=_PRIVATE)


@router.post(
    "/feedback",
    status_code=201,
    **told("登记综合评价", WRITER, *_RULES, gives=Registered, body=takes(Given, hotline=_FEEDBACK)),
)
async def enter_feedback(request: Request) -> JSONResponse:
    """意见箱、热线、电子邮箱等所得，不属于任何办件，不计入好评率。"""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_model(request, Given, MAX_BYTES)
    taken: Feedback = request.app.state.feedback
    return _number(await run_in_threadpool(taken.enter, viewer, given))


@router.post(
    "/raters",
    status_code=201,
    **told(
        *("提请列入恶意评价人员信息库", WRITER, *_RULES, "404 refused-by-rule"),
        gives=Registered,
        body=takes(ProposalBody, proposal=_PROPOSAL),
    ),
)
async def propose(request: Request) -> JSONResponse:
    """第一人写明依据提请；另一人同意之前没有任何效果。评价照常记录和处置，只是暂不计入统计。"""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_model(request, ProposalBody, MAX_BYTES)
    raters: Raters = request.app.state.raters
    return _number(await run_in_threadpool(raters.propose, viewer, given.rating, given.basis, ms(given.expires_at)))


@router.get("/raters/{number}", **told("恶意评价人员信息库的一条", READER, "404 refused-by-rule", gives=ListEntry))
def read_entry(request: Request, number: _EntryNumber) -> JSONResponse:
    """提请、决定、申诉、复核的全过程；没有姓名。查看留有记录。"""
    viewer = _registrar(request, viewer_of(request))
    raters: Raters = request.app.state.raters
    found = raters.entry(number)
    if found is None:
        raise problem_of(NO_ENTRY)
    entry, steps = found
    said = [{"at": rfc3339(one.at_ms), "person": one.person, "step": one.step, "words": one.words} for one in steps]
    with request.app.state.store.write() as connection:
        audit.append(connection, request.app.state.clock.now_ms(), viewer.id, Kind.READ, f"rater/{number}")
    whole = {_at(name): rfc3339(value) if name.endswith("_ms") else value for name, value in asdict(entry).items()}
    return JSONResponse({"number": number, **whole, "steps": said}, headers=_PRIVATE)


@router.post(
    "/raters/{number}/decision",
    **told(
        *("决定是否列入", WRITER, *_RULES, "404 refused-by-rule"),
        gives=ListStands,
        body=takes(DecisionBody, agreed={"agreed": True, "reason": "核对叫号记录，确未办理业务"}),
    ),
)
async def decide(request: Request, number: _EntryNumber) -> JSONResponse:
    """第二人决定，须与提请人不同。"""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_model(request, DecisionBody, MAX_BYTES)
    raters: Raters = request.app.state.raters
    return _entry(number, await run_in_threadpool(raters.decide, viewer, number, given.agreed, given.reason))


@router.post(
    "/raters/{number}/review",
    **told(
        *("复核申诉", WRITER, *_RULES, "404 refused-by-rule"),
        gives=ListStands,
        body=takes(ReviewBody, removed={"remove": True, "reason": "叫号记录有误，本人确已办理"}),
    ),
)
async def review(request: Request, number: _EntryNumber) -> JSONResponse:
    """第三人复核评价人的申诉；移出的，自始不影响统计。"""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_model(request, ReviewBody, MAX_BYTES)
    raters: Raters = request.app.state.raters
    return _entry(number, await run_in_threadpool(raters.review, viewer, number, given.remove, given.reason))


def _writer(request: Request) -> Viewer:
    return _registrar(request, writer_of(request))


def _registrar(request: Request, viewer: Viewer) -> Viewer:
    if not viewer.may(Right.REGISTER):
        raise forbidden(request, viewer, "您没有登记权限。This needs the right to register.")
    return viewer


def _form(row: Any) -> dict[str, Any]:
    shown = ("id", "hall", "form_no", "case_no", "service_no", "level", "reasons", "text", "scan", "entered_by")
    times = {"filled_in_at": rfc3339(row.filled_in_ms), "entered_at": rfc3339(row.entered_ms)}
    return {**{name: getattr(row, name) for name in shown}, **times}


def _at(name: str) -> str:
    return name.removesuffix("_ms") + "_at" if name.endswith("_ms") else name


def _number(done: int | Refusal) -> JSONResponse:
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"number": done}, 201, headers=_PRIVATE)


def _entry(number: int, done: Entry | Refusal) -> JSONResponse:
    if isinstance(done, Refusal):
        raise problem_of(done)
    stands = {"number": number, "agreed": done.agreed, "removed": done.removed_ms is not None}
    return JSONResponse(stands, headers=_PRIVATE)
