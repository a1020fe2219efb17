"""Whom to call back, over HTTP: opened with a reason, for a handler; and what the citizen agreed to.

Whoever may not read the file of a bad rating is answered as if there were none: that it exists is too much already.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from central import answers
from central.accounts import Accounts
from central.answers import Access, ConsentNumber
from central.auth import viewer_of, writer_of
from central.body import read_model
from central.core.consent import Consent, Part
from central.core.events import MAX_INT
from central.core.refusal import Refusal
from central.core.revealing import UNSEEN
from central.core.roles import Viewer
from central.core.times import rfc3339
from central.office import UnknownHandling
from central.openapi import READER, WRITER, takes, told
from central.parameters import Number, ZonedTime, ms
from central.problem import Problem, by_rule
from central.reveals import Reveals
from protocol.identity import Callee, Contact

MAX_BYTES = 8192
router = APIRouter(prefix="/api/v1/handlings", tags=["回访"])
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
CONSENT = {
    "recipient": "市统计局",
    "scope": ["phone"],
    "evidence": "回访时口头同意",
    "given_at": "2026-09-30T14:00:00+08:00",
    "until": "2026-12-31T00:00:00+08:00",
}
_ConsentId = Annotated[int, Path(ge=1, le=MAX_INT, description="登记时所得的编号。", examples=[1])]
_STATUS = {"reason": 422, "consent_record": 422, "limit": 429, "party": 403, "conflict": 403}


class RevealBody(BaseModel):
    """查看的理由，4 至 200 个字。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(max_length=1000)]


class ConsentBody(BaseModel):
    """当事人同意：提供给谁、哪些内容、如何表示同意、何时起止。时间须带时区。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipient: Annotated[str, Field(max_length=1000)]
    scope: Annotated[list[Annotated[Part, Field(strict=False)]], Field(max_length=len(Part))]
    evidence: Annotated[str, Field(max_length=2000)]
    given_at: ZonedTime
    until: ZonedTime

    def consent(self) -> Consent:
        return Consent(self.recipient.strip(), frozenset(self.scope), ms(self.given_at), ms(self.until))


@router.get("/{number}/identity", **told("联系方式的查看情况", READER, "404 not-found", gives=Access))
def access(request: Request, number: Number) -> JSONResponse:
    """能否查看，谁为何查看过，当事人同意过什么；不含联系方式本身。"""
    viewer = viewer_of(request)
    try:
        found = _reveals(request).access(viewer, number)
    except UnknownHandling:
        found = None
    if found is None:
        raise _unknown()
    refusal = found.refusal
    asked = [
        {"at": rfc3339(one.at_ms), "actor": one.account, "org": one.org, "reason": one.reason, "outcome": one.outcome}
        for one in found.asked
    ]
    given = [
        {
            "consent": name,
            "recipient": one.recipient,
            "scope": sorted(one.scope),
            "given_at": rfc3339(one.given_ms),
            "until": rfc3339(one.until_ms),
            "withdrawn_at": rfc3339(one.withdrawn_ms),
        }
        for name, one in found.consents.items()
    ]
    why = None if refusal is None else {"code": refusal.code, "detail": refusal.sentence, "article": refusal.article}
    return JSONResponse(
        {"may_reveal": refusal is None, "why_not": why, "asked": asked, "consents": given}, headers=PRIVATE
    )


@router.post(
    "/{number}/reveal",
    **told(
        "查看联系方式",
        WRITER,
        "409 refused-by-rule",
        "422 refused-by-rule",
        "429 refused-by-rule",
        "404 not-found",
        gives=answers.Callee,
        body=takes(RevealBody, call_back={"reason": "差评回访"}),
    ),
)
async def reveal(request: Request, number: Number) -> JSONResponse:
    """归属单位的处置员为回访查看评价人的姓名与电话。每次须写明理由，先记入审计再打开；每人每日有上限。"""
    viewer = await run_in_threadpool(writer_of, request)
    body = await read_model(request, RevealBody, MAX_BYTES)
    callee = await run_in_threadpool(_ask, request, viewer, number, _reveals(request).reveal, body.reason)
    return JSONResponse(as_json(callee), headers=PRIVATE)


@router.post(
    "/{number}/consents",
    status_code=201,
    **told(
        "登记当事人同意",
        WRITER,
        "409 refused-by-rule",
        "422 refused-by-rule",
        "404 not-found",
        gives=ConsentNumber,
        body=takes(ConsentBody, phone=CONSENT),
    ),
)
async def record(request: Request, number: Number) -> JSONResponse:
    """评价人同意把姓名或电话提供给第三方。没有登记的同意，不得提供。"""
    viewer = await run_in_threadpool(writer_of, request)
    body = await read_model(request, ConsentBody, MAX_BYTES)
    ask = _reveals(request).record_consent
    made = await run_in_threadpool(_ask, request, viewer, number, ask, body.consent(), body.evidence)
    return JSONResponse({"consent": made}, 201, headers=PRIVATE)


@router.delete(
    "/{number}/consents/{consent}",
    status_code=204,
    **told("登记撤回同意", WRITER, "409 refused-by-rule", "422 refused-by-rule", "404 not-found"),
)
async def withdraw(request: Request, number: Number, consent: _ConsentId) -> Response:
    """评价人撤回了同意。曾经同意的记录保留。"""
    viewer = await run_in_threadpool(writer_of, request)
    await run_in_threadpool(_ask, request, viewer, number, _reveals(request).withdraw_consent, consent)
    return Response(status_code=204, headers=PRIVATE)


def as_json(callee: Callee) -> dict[str, Any]:
    """What the call-back needs."""
    people = {"applicant": callee.applicant, "agent": callee.agent}
    return {who: _contact(one) for who, one in people.items() if one is not None}


def _contact(contact: Contact) -> dict[str, str | None]:
    return {"name": contact.name, "phone": contact.phone}


def _ask(request: Request, viewer: Viewer, number: int, ask: Any, *given: Any) -> Any:
    """What ``ask`` gives; a refusal becomes a Problem."""
    try:
        answer = ask(viewer, number, *given)
    except UnknownHandling:
        accounts: Accounts = request.app.state.accounts
        accounts.refuse(viewer.id, f"{request.method} {request.url.path}", UNSEEN)
        raise _unknown() from None
    if not isinstance(answer, Refusal):
        return answer
    if answer.code == "unseen":
        raise _unknown()
    raise by_rule(_STATUS.get(answer.code, 409), answer)


def _unknown() -> Problem:
    return Problem(404, "not-found", f"{UNSEEN}。No such case, or not one of yours.")


def _reveals(request: Request) -> Reveals:
    reveals: Reveals = request.app.state.reveals
    return reveals
