"""Whom to call back, over HTTP: opened with a reason, for a handler; and what the citizen agreed to.

Whoever may not read the file of a bad rating is answered as if there were none: that it exists is too much already.
"""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from central.accounts import Accounts
from central.auth import viewer_of, writer_of
from central.core.consent import Consent, Part
from central.core.events import explain
from central.core.refusal import Refusal
from central.core.revealing import UNSEEN
from central.core.roles import Viewer
from central.core.times import rfc3339
from central.office import UnknownHandling
from central.problem import Problem
from central.reveals import Reveals
from protocol.identity import Callee, Contact

MAX_BYTES = 8192
_MOST = 2**63 - 1
router = APIRouter(prefix="/api/v1/handlings", tags=["identity"])
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
_STATUS = {"reason": 422, "consent_record": 422, "limit": 429, "party": 403, "conflict": 403}


class RevealBody(BaseModel):
    """``reason``: why the citizen is to be called, 4 to 200 characters."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(max_length=1000)]


class ConsentBody(BaseModel):
    """``evidence``: how the citizen said so. Times with a zone (RFC 3339)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipient: Annotated[str, Field(max_length=1000)]
    scope: Annotated[list[Annotated[Part, Field(strict=False)]], Field(max_length=len(Part))]
    evidence: Annotated[str, Field(max_length=2000)]
    given_at: Annotated[datetime, Field(strict=False)]
    until: Annotated[datetime, Field(strict=False)]

    def consent(self) -> Consent:
        return Consent(self.recipient.strip(), frozenset(self.scope), _ms(self.given_at), _ms(self.until))


@router.get("/{number}/identity")
def access(request: Request, number: int) -> JSONResponse:
    """Whether it may be opened, who asked for it and why, and what the citizen agreed to; never the identity."""
    viewer = viewer_of(request)
    try:
        found = _reveals(request).access(viewer, number) if number <= _MOST else None
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


@router.post("/{number}/reveal")
async def reveal(request: Request, number: int) -> JSONResponse:
    """Whom to call and where. That it was asked for is in the audit before anything opens."""
    viewer = await run_in_threadpool(writer_of, request)
    body = await _read(request, RevealBody)
    callee = await run_in_threadpool(_ask, request, viewer, number, _reveals(request).reveal, body.reason)
    return JSONResponse(as_json(callee), headers=PRIVATE)


@router.post("/{number}/consents", status_code=201)
async def record(request: Request, number: int) -> JSONResponse:
    """The citizen agreed that the identity be given to somebody."""
    viewer = await run_in_threadpool(writer_of, request)
    body = await _read(request, ConsentBody)
    ask = _reveals(request).record_consent
    made = await run_in_threadpool(_ask, request, viewer, number, ask, body.consent(), body.evidence)
    return JSONResponse({"consent": made}, 201, headers=PRIVATE)


@router.delete("/{number}/consents/{consent}", status_code=204)
async def withdraw(request: Request, number: int, consent: int) -> Response:
    """The citizen took it back. It stays written down that there was one."""
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
        if max(number, *(each for each in given if isinstance(each, int)), 0) > _MOST:
            raise UnknownHandling(number)
        answer = ask(viewer, number, *given)
    except UnknownHandling:
        accounts: Accounts = request.app.state.accounts
        accounts.refuse(viewer.id, f"{request.method} {request.url.path}", UNSEEN)
        raise _unknown() from None
    if not isinstance(answer, Refusal):
        return answer
    if answer.code == "unseen":
        raise _unknown()
    status = _STATUS.get(answer.code, 409)
    more = {"code": answer.code, "article": answer.article}
    raise Problem(status, "forbidden" if status == 403 else "refused-by-rule", answer.sentence, more=more)


def _unknown() -> Problem:
    return Problem(404, "not-found", f"{UNSEEN}。No such case, or not one of yours.")


async def _read(request: Request, model: type[Any]) -> Any:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Problem(413, "too-large", f"不超过 {MAX_BYTES} 字节。At most that many bytes.")
    try:
        return model.model_validate(json.loads(body.decode()))
    except ValidationError as error:
        raise Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {explain(error)}") from None
    except (ValueError, RecursionError):
        raise Problem(400, "bad-json", "应为 UTF-8 编码的 JSON 对象。Expected a JSON object in UTF-8.") from None


def _reveals(request: Request) -> Reveals:
    reveals: Reveals = request.app.state.reveals
    return reveals


def _ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise Problem(422, "bad-parameter", "时间应带时区，如 +08:00。A time has a zone such as +08:00.")
    return round(moment.timestamp() * 1000)
