"""The page on which a handler has a citizen's contact opened, and readers of the file see who had.

It works as `central.routes.reveals` does, without JavaScript. The answer is never kept by a browser, and asking again
is another line in the audit.
"""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from central import auth
from central.core import moments, worklist
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.forms import form_of
from central.office import UnknownHandling
from central.reveals import Access, Reveals
from central.web import worklist_pages as pages
from protocol.identity import Callee

router = APIRouter()
_STATUS = {"reason": 422, "limit": 429, "party": 403, "conflict": 403}
_MOST = 2**63 - 1


@router.get("/worklist/{number}/contact")
def contact(request: Request, number: int) -> Response:
    """Whether there is one, who asked for it, and the form to ask."""
    viewer = auth.page_viewer(request)
    access = _access(request, viewer, number)
    return pages.missing(request, viewer) if access is None else _page(request, viewer, number, access)


@router.post("/worklist/{number}/contact")
async def ask(request: Request, number: int) -> Response:
    """The contact, for a reason."""
    form = await form_of(request)
    viewer = await run_in_threadpool(auth.page_viewer, request)
    await run_in_threadpool(auth.check_csrf, request, viewer, form.get("csrf", ""))
    return await run_in_threadpool(_ask, request, viewer, number, form.get("reason", ""))


def _ask(request: Request, viewer: Viewer, number: int, reason: str) -> Response:
    if _access(request, viewer, number) is None:
        return pages.missing(request, viewer)
    answer = _reveals(request).reveal(viewer, number, reason)
    access = _access(request, viewer, number)
    if access is None:
        return pages.missing(request, viewer)
    if isinstance(answer, Refusal):
        return _page(request, viewer, number, access, error=answer, reason=reason)
    return _page(request, viewer, number, access, callee=answer)


def _page(
    request: Request,
    viewer: Viewer,
    number: int,
    access: Access,
    callee: Callee | None = None,
    error: Refusal | None = None,
    reason: str = "",
) -> Response:
    asked = [
        {"at": moments.moment(one.at_ms, 0), "who": one.name, "reason": one.reason, "outcome": str(one.outcome)}
        for one in access.asked
    ]
    given = [
        {
            "recipient": one.recipient,
            "scope": sorted(one.scope),
            "until": moments.moment(one.until_ms, 0),
            "withdrawn": one.withdrawn_ms is not None,
        }
        for one in access.consents.values()
    ]
    return pages.page(
        request,
        viewer,
        "contact.html",
        _STATUS.get(error.code, 409) if error else 200,
        here="",
        file={"id": number, "case": worklist.case_words(access.case_no, access.service_no)},
        access=access,
        asked=asked,
        consents=given,
        callee=callee,
        error=error,
        reason=reason,
    )


def _access(request: Request, viewer: Viewer, number: int) -> Access | None:
    try:
        return _reveals(request).access(viewer, number) if number <= _MOST else None
    except UnknownHandling:
        return None


def _reveals(request: Request) -> Reveals:
    reveals: Reveals = request.app.state.reveals
    return reveals
