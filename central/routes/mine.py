"""What a rated staff member is told, and the application in writing where the policy gives one (四平 9.2).

Only that there is a bad rating, of which day and at which window, and how to apply. Never the level, a reason, a text,
the citizen, the case or the time of day, and nothing before the 办件 is finished (`central.core.who_sees`).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from central import auth, directory, sight
from central.answers import ToldRows
from central.core import deadline_words, grounds
from central.core.calendar import ZONE
from central.core.grounds import FIELDS, Ground
from central.core.handling import Action, Deed, Start, State
from central.core.loop_rules import Basis
from central.core.parties import Party
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.forms import form_of
from central.office import File, Office
from central.openapi import READER, told
from central.problem import Problem
from central.store import Store
from central.web.plain import plain

router = APIRouter()
_PRIVATE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Told:
    """One of them, for the rated person. ``due``: by when to apply, in words; ``may``: whether that is still possible;
    ``result``: what came of it, None while there is nothing to say."""

    number: int
    day: str
    place: str
    article: str
    due: str
    may: bool
    result: str | None
    grounds: tuple[Ground, ...]
    fields: tuple[str, ...]


@router.get("/mine")
def told_page(request: Request, done: int = 0) -> HTMLResponse:
    """What this person was told, with a form for each that may still be disputed."""
    viewer = auth.page_viewer(request)
    return _page(request, viewer, 200, done=done)


@router.post("/mine/{number}")
async def apply(request: Request, number: int) -> Response:
    """Apply in writing for a review."""
    form = await form_of(request)
    return await run_in_threadpool(_apply, request, number, form)


@router.get("/api/v1/told", tags=["差评处置"], **told("告知本人的差评", READER, gives=ToldRows))
def listed(request: Request) -> JSONResponse:
    """规定允许被评价人申请复核的，办件办结后告知；详情与申请见 /api/v1/handlings/{number}。"""
    viewer = auth.viewer_of(request)
    rows = [{"number": one.number, "day": one.day, "may_apply": one.may} for one in _told(request, viewer)]
    return JSONResponse({"told": rows}, headers=_PRIVATE)


def _apply(request: Request, number: int, form: dict[str, str]) -> Response:
    viewer = auth.page_viewer(request)
    auth.check_csrf(request, viewer, form.get("csrf", ""))
    mine = next((one for one in _told(request, viewer) if one.number == number), None)
    if mine is None:
        raise Problem(404, "not-found", "没有这一件，或不在您的查看范围内。No such case within your reach.")
    office: Office = request.app.state.office
    people = office.file(number).held.handling.people
    fields = {name: form.get(name, "").strip() for name in mine.fields}
    deed = Deed(Action.APPEAL, viewer.actor(Party.STAFF, people), fields, ground=form.get("ground") or None)
    attempt = form.get("request", "")[:64]
    answer = office.act(number, deed, f"{viewer.id}:{attempt}"[:64] if attempt else None)
    if isinstance(answer, Refusal):
        typed = {number: {**fields, "ground": form.get("ground")}}
        return _page(request, viewer, 409, problem=str(answer), typed=typed)
    return RedirectResponse(f"/mine?done={number}", 303, _PRIVATE)


def _page(request: Request, viewer: Viewer, status: int, **more: Any) -> HTMLResponse:
    values = {"problem": None, "typed": {}, "done": 0, "attempt": secrets.token_hex(8), **more}
    titles = {"fields": FIELDS, "grounds": grounds.TITLES}
    return plain("mine.html", status, viewer=viewer, told=_told(request, viewer), titles=titles, **values)


def _told(request: Request, viewer: Viewer) -> list[Told]:
    """Read, and noted in the audit if there is anything."""
    store: Store = request.app.state.store
    office: Office = request.app.state.office
    now_ms = request.app.state.clock.now_ms()
    with store.read() as connection:
        held = sight.told(connection, viewer)
        orgs = {each.org: directory.org_name(connection, each.org) for each in held}
    found = [_one(office.file(each.id), now_ms, orgs[each.org]) for each in held]
    if found:
        about = "、".join(f"handling/{one.number}" for one in found)
        request.app.state.accounts.note_read(viewer.id, about, "查看告知")
    return found


def _one(file: File, now_ms: int, org: str) -> Told:
    held, handling, rules = file.held, file.held.handling, file.regime.rules
    appeal = rules.appeal
    assert appeal is not None  # nobody is told where nobody may apply
    limit = next((one for one in reversed(file.limits) if one.row.timer == appeal.timer), None)
    open_ = limit is not None and limit.stopped_ms is None and now_ms < limit.row.due_ms
    offered = tuple(ground for ground in appeal.grounds if not ground.kinds)
    return Told(
        held.id,
        deadline_words.day_words(datetime.fromtimestamp(handling.moments[Start.RATED] / 1000, ZONE).date()),
        f"{org} {held.window}号窗口" if held.window else org,
        rules.cite(Basis.APPEAL),
        deadline_words.explain(limit.deadline) if limit and limit.deadline else "",
        open_ and not handling.appealed and handling.state in appeal.states,
        _result(handling.state, handling.adopted) if handling.appealed else None,
        offered,
        tuple(dict.fromkeys(name for ground in offered for name in ground.fields)),
    )


def _result(state: State, adopted: bool) -> str:
    if state is State.APPEALED:
        return "复核中"
    return "经复核，不支持申请" if adopted else "经复核，评价不予采纳"
