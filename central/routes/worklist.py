"""The pages of 处置员, 复核员 and 地区管理员: queue, case file, a form for each deed, an overview by institution.

They work without JavaScript. A form carries what its reader was looking at (``revision``) and the name of the attempt
(``request``): a second click is answered and not done again, and when somebody else acted meanwhile nothing is done and
nothing that was typed is lost.
"""

import hashlib
import re
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from central import auth
from central.accounts import Accounts
from central.core import coaching, deed_forms
from central.core.coaching import Hit
from central.core.deed_forms import Form
from central.core.handling import Action, State
from central.core.loop import TABLE, possible
from central.core.parties import Actor, Party
from central.core.roles import Viewer
from central.core.text_fold import TextTooLong
from central.core.worklist import View
from central.forms import pairs_of
from central.office import Answer, Office
from central.problem import Problem
from central.web import worklist_pages as pages
from central.web.worklist_pages import Filled, Values
from central.worklist import Opened, Wanted, Worklist

router = APIRouter()
#: Eight fields of full length, each character three bytes, each byte three characters of the form.
MAX_BYTES = 8 * 9 * deed_forms.MAX_CHARS
_AFTER = re.compile(r"([0-9]{1,18}|4611686018427387904)\.([0-9]{1,15})")
_REQUEST = re.compile(r"[A-Za-z0-9_-]{16,64}")
#: Of a handling. No database counts further.
Number = Annotated[int, Path(ge=1, le=2**62)]
#: What a hat has a row for in some state of some policy.
_ROWS = {
    party: frozenset(action for (_, action), step in TABLE.items() if step.by is party)
    | (frozenset({Action.APPEAL}) if party is Party.HANDLER else frozenset())
    for party in Party
}


@router.get("/worklist.css")
def style() -> Response:
    return pages.style()


@router.get("/worklist.js")
def script() -> Response:
    return pages.script()


@router.get("/worklist")
def queue(
    request: Request, view: str = "", state: str = "", org: str = "", search: str = "", after: str = ""
) -> Response:
    """The queue, by due time."""
    viewer = auth.page_viewer(request)
    desk = _desk(request)
    place = _AFTER.fullmatch(after)
    usual = View.MINE if pages.handles(viewer) else View.OPEN
    wanted = Wanted(
        View(view) if view in set(View) else usual,
        State(state) if state in set(State) else None,
        _asked(org),
        _asked(search),
        (int(place[1]), int(place[2])) if place else None,
    )
    rows, more = desk.rows(viewer, wanted)
    org_name = desk.org_name(wanted.org) if wanted.org else ""
    return pages.queue(request, viewer, wanted, rows, more, desk.counts(viewer), org_name)


@router.get("/worklist/overview")
def overview(request: Request) -> Response:
    """Open bad ratings by institution, for those who supervise."""
    viewer = auth.page_viewer(request)
    if not pages.supervises(viewer):
        return pages.missing(request, viewer)
    return pages.page(request, viewer, "overview.html", here="overview", units=_desk(request).units(viewer))


@router.get("/worklist/{number}")
def file(request: Request, number: Number, done: int = 0, again: int = 0) -> Response:
    """One case file."""
    viewer = auth.page_viewer(request)
    opened = _desk(request).open(viewer, number)
    if opened is None:
        return pages.missing(request, viewer)
    _desk(request).note_read(viewer, number)
    return pages.case(request, viewer, opened, done, bool(again))


@router.get("/worklist/{number}/{action}")
def blank(request: Request, number: Number, action: str, choice: str = "") -> Response:
    """The form of a deed."""
    viewer = auth.page_viewer(request)
    opened = _desk(request).open(viewer, number)
    if opened is None or action not in set(Action):
        return pages.missing(request, viewer)
    form = _form(opened, Action(action), choice) if action in opened.case.buttons else None
    if form is None:  # the page with that button has grown old
        return RedirectResponse(f"/worklist/{number}", 303, pages.HEADERS)
    if form.choose and "choice" in request.query_params:
        errors = deed_forms.errors(form, {"choice": [choice]})
        return pages.form(request, viewer, opened, form, Filled({"choice": [choice]}, errors), 422)
    _desk(request).note_read(viewer, number)
    said = deed_forms.prefilled(form, opened.rated_ms)
    back = opened.reply if form.action is Action.REPLY else None  # the reply that came back is what one goes on from
    known: Values = {name: [text] for name, text in {**said, **(back or {})}.items()}
    hits = _hits(opened, form, known) if back and form.coach else None
    return pages.form(request, viewer, opened, form, Filled(known, hits=hits, hinted=_hinted(opened, form)))


@router.post("/worklist/{number}/{action}")
async def submit(request: Request, number: Number, action: str) -> Response:
    """Do it, or show the form again with what was typed and why not. Who is no longer signed in gets the text back."""
    values = await _values(request)
    if await run_in_threadpool(auth.session_of, request) is None:
        return pages.expired(request, f"/worklist/{number}/{action}", values)
    viewer = await _sender(request, values)
    return await run_in_threadpool(_submit, request, viewer, number, action, values)


@router.post("/worklist/{number}/{action}/coach")
async def coach(request: Request, number: Number, action: str) -> Response:
    """What the coach says about the fields of a form, as JSON. It keeps nothing."""
    values = await _values(request)
    viewer = await _sender(request, values)
    return await run_in_threadpool(_coach, request, viewer, number, action, values)


async def _values(request: Request) -> Values:
    """The fields of a form, with lines that end as a program expects."""
    values: Values = {}
    for name, text in await pairs_of(request, MAX_BYTES):
        values.setdefault(name, []).append(text.replace("\r\n", "\n"))
    return values


async def _sender(request: Request, values: Values) -> Viewer:
    """Who sent a form of ours."""
    viewer = await run_in_threadpool(auth.page_viewer, request)
    await run_in_threadpool(auth.check_csrf, request, viewer, _one(values, "csrf"))
    return viewer


def _submit(request: Request, viewer: Viewer, number: Number, action: str, values: Values) -> Response:
    opened = _desk(request).open(viewer, number)
    form = _owned(opened, action, _one(values, "choice"))
    if opened is None or form is None:
        return pages.missing(request, viewer)
    named = _one(values, "request")
    filled = Filled(
        values,
        deed_forms.errors(form, values) or _unexplained(opened, form, values),
        request=named if _REQUEST.fullmatch(named) else "",
        hinted=_hinted(opened, form),
    )
    if filled.errors:
        return pages.form(request, viewer, opened, form, filled, 422)
    filled = replace(filled, hits=_hits(opened, form, values) if form.coach else None)
    failing = any(hit.fails for hit in filled.hits or ())
    if _one(values, "check") or failing and not _one(values, "anyway"):
        return pages.form(request, viewer, opened, form, replace(filled, stopped=not _one(values, "check")))
    office: Office = request.app.state.office
    seen = _one(values, "revision")
    revision = int(seen[:15]) if seen.isascii() and seen.isdigit() else opened.held.revision
    deed = deed_forms.deed(form, _actor(opened, form.action), values)
    # a name is a person's own: nobody gets another's answer by it
    attempt = hashlib.sha256(f"{viewer.id}\n{filled.request}".encode()).hexdigest() if filled.request else None
    answer = office.act(number, deed, attempt, revision)
    if isinstance(answer, Answer):
        again = "&again=1" if answer.repeated else ""
        return RedirectResponse(f"/worklist/{number}?done={answer.number}{again}", 303, pages.HEADERS)
    if answer.code in ("party", "conflict"):
        accounts: Accounts = request.app.state.accounts
        accounts.refuse(viewer.id, f"{request.method} {request.url.path}", str(answer))
    newest = _desk(request).open(viewer, number)
    if newest is None:
        return pages.missing(request, viewer)
    kept = "" if answer.code == "request_reused" else filled.request
    return pages.form(request, viewer, newest, form, replace(filled, refusal=answer, request=kept), 409)


def _coach(request: Request, viewer: Viewer, number: Number, action: str, values: Values) -> Response:
    opened = _desk(request).open(viewer, number)
    form = _owned(opened, action, _one(values, "choice"))
    if opened is None or form is None or form.coach is None:
        raise Problem(404, "not-found", "没有这个表单。There is no such form.")
    hits = _hits(opened, form, values)
    said = pages.coach_words(request, hits)
    return JSONResponse({"hits": [vars(hit) for hit in hits], "words": said}, headers={"Cache-Control": "no-store"})


def _desk(request: Request) -> Worklist:
    desk: Worklist = request.app.state.worklist
    return desk


def _asked(text: str) -> str:
    """What somebody looks for. No name holds what cannot be printed, and a database may choke on it."""
    text = text.strip()[:64]
    return text if text.isprintable() else ""


def _one(values: Values, name: str) -> str:
    return values.get(name, [""])[0]


def _form(opened: Opened, action: Action, choice: str) -> Form | None:
    return deed_forms.form(action, opened.regime.rules, opened.regime.policy, opened.handling, choice)


def _owned(opened: Opened | None, action: str, choice: str) -> Form | None:
    """The form of a deed that is one of the viewer's hats' own. It need not be possible now: the loop says why not."""
    if opened is None or action not in set(Action):
        return None
    form = _form(opened, Action(action), choice)
    ours = any(action in _ROWS[actor.party] for actor in opened.actors)
    return form if ours and form is not None and not form.choose else None


def _actor(opened: Opened, action: Action) -> Actor:
    """The hat for a deed: one that has a row for it now, else one that ever has."""
    regime, handling = opened.regime, opened.handling
    now = [actor for actor in opened.actors if action in possible(regime.rules, handling, actor.party)]
    return next(iter(now + [actor for actor in opened.actors if action in _ROWS[actor.party]]))


def _hits(opened: Opened, form: Form, values: Values) -> list[Hit]:
    assert form.coach is not None  # asked by forms that have one
    fields = {name: _one(values, name) for name in form.titles()}
    try:
        return coaching.hits(form.coach, form.fixed.get("choice", ""), opened.handling, fields, opened.rated_text)
    except TextTooLong:
        return []  # the field itself says so


def _failing(opened: Opened) -> list[Hit]:
    """What the coach calls failing in the reply that lies with a reviewer."""
    return [hit for hit in pages.reply_hits(opened) if hit.fails]


def _hinted(opened: Opened, form: Form) -> frozenset[str]:
    """The reasons for a return that the coach would give: marked, not ticked, because the reviewer decides."""
    return frozenset(hit.code for hit in _failing(opened)) if form.action is Action.RETURN else frozenset()


def _unexplained(opened: Opened, form: Form, values: Values) -> dict[str, str]:
    """A reviewer who accepts what the coach calls failing says why."""
    if form.action is Action.ACCEPT and _failing(opened) and not _one(values, "reason").strip():
        return {"reason": "文本检查认为这份答复有不合格之处：仍要通过的，请写明理由"}
    return {}
