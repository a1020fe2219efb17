"""What people take in for citizens, signed in and by their own name: paper forms, feedback, the list of raters."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from central.auth import forbidden, viewer_of, writer_of
from central.core import events
from central.core.malicious import Entry
from central.core.paper_form import PaperForm
from central.core.refusal import Refusal
from central.core.roles import Right, Viewer
from central.feedback import Feedback, Given
from central.paper import Papers, sees
from central.problem import Problem
from central.raters import NO_ENTRY, Raters
from central.routes.body import problem_of, read_object, text_of

router = APIRouter(prefix="/api/v1")
_PRIVATE = {"Cache-Control": "no-store"}
_MAX_REASON = 1000


@router.post("/paper-forms", status_code=201)
async def enter_form(request: Request) -> JSONResponse:
    """The first person types a form."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, set(PaperForm.model_fields))
    papers: Papers = request.app.state.papers
    return _number(await run_in_threadpool(papers.enter, viewer, given))


@router.get("/paper-forms")
def waiting_forms(request: Request) -> JSONResponse:
    """Forms that wait for the second person."""
    viewer = viewer_of(request)
    if not viewer.may(Right.REGISTER):
        raise forbidden(request, viewer, "您没有登记权限。This needs the right to register.")
    papers: Papers = request.app.state.papers
    with request.app.state.store.read() as connection:
        halls = {hall.id for hall in request.app.state.settings.halls if sees(connection, viewer, hall.id)}
    rows = [dict(row._mapping) for row in papers.waiting(halls.__contains__)]
    return JSONResponse({"forms": rows}, headers=_PRIVATE)


@router.post("/paper-forms/{number}/check")
async def check_form(request: Request, number: int) -> JSONResponse:
    """The second person has held it against the scan."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, {"agrees", "remark"})
    papers: Papers = request.app.state.papers
    remark = text_of(given, "remark", _MAX_REASON)
    form = await run_in_threadpool(papers.check, viewer, number, _yes(given, "agrees"), remark)
    if form is None:
        raise Problem(404, "not-found", "没有这张表格，请核对编号。No such form.")
    if isinstance(form, Refusal):
        raise problem_of(form)
    return JSONResponse({"number": form.id, "state": form.state}, headers=_PRIVATE)


@router.post("/feedback", status_code=201)
async def enter_feedback(request: Request) -> JSONResponse:
    """Somebody takes down what came by hotline, letter, e-mail and the like."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, set(Given.model_fields))
    taken: Feedback = request.app.state.feedback
    return _number(await run_in_threadpool(taken.enter, viewer, given))


@router.post("/raters", status_code=201)
async def propose(request: Request) -> JSONResponse:
    """The first person proposes whoever gave this rating for the list."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, {"rating", "basis", "expires_at"})
    rating = given.get("rating")
    try:
        expires_ms = events.read_time(given.get("expires_at"))
    except ValueError as error:
        raise Problem(422, "bad-parameter", f"expires_at: {error}") from None
    if type(rating) is not int:
        raise Problem(422, "bad-parameter", "rating：应为评价的编号。Expected the number of a rating.")
    raters: Raters = request.app.state.raters
    basis = text_of(given, "basis", _MAX_REASON)
    return _number(await run_in_threadpool(raters.propose, viewer, rating, basis, expires_ms))


@router.get("/raters/{number}")
def read_entry(request: Request, number: int) -> JSONResponse:
    """An entry with its steps."""
    viewer = viewer_of(request)
    if not viewer.may(Right.REGISTER):
        raise forbidden(request, viewer, "您没有登记权限。This needs the right to register.")
    raters: Raters = request.app.state.raters
    found = raters.entry(number)
    if found is None:
        raise problem_of(NO_ENTRY)
    entry, steps = found
    said = [{"at_ms": one.at_ms, "person": one.person, "step": one.step, "words": one.words} for one in steps]
    return JSONResponse({"number": number, **asdict(entry), "steps": said}, headers=_PRIVATE)


@router.post("/raters/{number}/decision")
async def decide(request: Request, number: int) -> JSONResponse:
    """The second person agrees or does not."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, {"agreed", "reason"})
    raters: Raters = request.app.state.raters
    reason = text_of(given, "reason", _MAX_REASON)
    return _entry(number, await run_in_threadpool(raters.decide, viewer, number, _yes(given, "agreed"), reason))


@router.post("/raters/{number}/review")
async def review(request: Request, number: int) -> JSONResponse:
    """A third person decides about the appeal."""
    viewer = await run_in_threadpool(_writer, request)
    given = await read_object(request, {"remove", "reason"})
    raters: Raters = request.app.state.raters
    reason = text_of(given, "reason", _MAX_REASON)
    return _entry(number, await run_in_threadpool(raters.review, viewer, number, _yes(given, "remove"), reason))


def _writer(request: Request) -> Viewer:
    viewer = writer_of(request)
    if not viewer.may(Right.REGISTER):
        raise forbidden(request, viewer, "您没有登记权限。This needs the right to register.")
    return viewer


def _yes(given: dict[str, Any], key: str) -> bool:
    value = given.get(key)
    if not isinstance(value, bool):
        raise Problem(422, "bad-parameter", f"{key}：应为 true 或 false。Expected true or false.")
    return value


def _number(done: int | Refusal) -> JSONResponse:
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse({"number": done}, 201, headers=_PRIVATE)


def _entry(number: int, done: Entry | Refusal) -> JSONResponse:
    if isinstance(done, Refusal):
        raise problem_of(done)
    return JSONResponse(
        {"number": number, "agreed": done.agreed, "removed": done.removed_ms is not None}, headers=_PRIVATE
    )
