"""Bad ratings in the loop over HTTP: lists, one file, and what is done to it. The pages do the same with forms.

Whoever may not read a file is answered as if there were none: that it exists is too much already.
"""

import hashlib
import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from central import audit, directory, handlings, sight
from central.auth import forbidden, viewer_of, writer_of
from central.core import deadline_words, loop
from central.core.audit_chain import Kind
from central.core.calendar import ZONE
from central.core.events import explain
from central.core.handling import ACTION_TITLES, STATE_TITLES, Action, Deed, Outcome, State
from central.core.parties import Party
from central.core.refusal import Refusal
from central.core.roles import Place, Viewer
from central.core.times import midnight_ms, rfc3339
from central.core.who_sees import Sight
from central.handlings import Held, Limit
from central.office import File, Office, UnknownHandling
from central.problem import Problem
from central.store import Store

MAX_BYTES = 64 * 1024
MAX_TEXT = 4000
router = APIRouter(prefix="/api/v1/handlings", tags=["handlings"])
_PRIVATE = {"Cache-Control": "no-store"}
_KEY = re.compile(r"[\x21-\x7e]{1,64}")
_AFTER = re.compile(r"(\d{1,19})-(\d{1,18})")
#: Whose business the level is. A supervisor sees that something is late, not which star it was.
_SEE_LEVEL = frozenset({Party.HANDLER, Party.REVIEWER})
#: The rules of these were broken by what had happened before, not by what was sent.
_CONFLICTS = frozenset({"changed", "request_reused", "order", "again", "too_late"})


class DeedBody(BaseModel):
    """What somebody wants to do. ``party``: under which hat, where a person has several; ``revision``: what they were
    looking at. The other fields are those of the forms (docs/loop.md)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Annotated[Action, Field(strict=False)]
    party: Annotated[Party | None, Field(strict=False)] = None
    revision: Annotated[int | None, Field(ge=0, le=2**31)] = None
    fields: Annotated[dict[str, Annotated[str, Field(max_length=MAX_TEXT)]], Field(max_length=40)] = {}
    ground: Annotated[str | None, Field(max_length=40)] = None
    kind: Annotated[str | None, Field(max_length=40)] = None
    outcome: Annotated[Outcome | None, Field(strict=False)] = None
    clauses: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = []
    handling_class: Annotated[str | None, Field(max_length=40)] = None
    until: Annotated[datetime | None, Field(strict=False)] = None

    def until_ms(self) -> int | None:
        """Without a zone it is Beijing time, as officials write it. Raises ValueError for a year no computer has."""
        if self.until is None:
            return None
        aware = self.until if self.until.tzinfo else self.until.replace(tzinfo=ZONE)
        return round(aware.timestamp() * 1000)


@router.get("")
def listed(
    request: Request,
    state: State | None = None,
    due: Literal["all", "today", "overdue"] = "all",
    search: Annotated[str, Query(max_length=64)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JSONResponse:
    """Those that the viewer may open, by due time. ``next`` is the ``after`` of the next page, null at the end."""
    viewer = viewer_of(request)
    place = _AFTER.fullmatch(after) if after else None
    if after and (place is None or max(int(place[1]), int(place[2])) >= 2**63):
        raise Problem(422, "bad-parameter", "after：应为上一页的 next。after: expected the next of the page before.")
    now_ms = request.app.state.clock.now_ms()
    before_ms = {"all": None, "overdue": now_ms + 1, "today": midnight_ms(now_ms) + 1}[due]
    with _store(request).read() as connection:
        rows = handlings.queue(
            connection,
            states=None if state is None else [state],
            due_before_ms=before_ms,
            search=search,
            visible=sight.seen(viewer),
            after=(int(place[1]), int(place[2])) if place else (-1, -1),
            limit=limit,
        )
    following = handlings.place_of(rows[-1]) if len(rows) == limit else None
    following_words = f"{following[0]}-{following[1]}" if following else None
    return JSONResponse({"handlings": [_row(row) for row in rows], "next": following_words}, headers=_PRIVATE)


@router.get("/{number}")
def one(request: Request, number: int) -> JSONResponse:
    """The file, or to the rated person what it takes to apply for a review. That it was read stands in the audit."""
    viewer = viewer_of(request)
    file, seen, place = _seen(request, viewer, number)
    with _store(request).write() as connection:
        words = "查看案卷" if seen is Sight.FILE else "查看告知"
        audit.append(connection, request.app.state.clock.now_ms(), viewer.id, Kind.READ, f"handling/{number}", words)
    answer = _file(viewer, file, place) if seen is Sight.FILE else _told(file)
    return JSONResponse(answer, headers=_PRIVATE)


@router.post("/{number}/deeds", status_code=201)
async def do(
    request: Request, number: int, key: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> JSONResponse:
    """Do something to it: 201. The same Idempotency-Key again does nothing and gives the first answer: 200."""
    viewer = await run_in_threadpool(writer_of, request)
    body = await _body(request)
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(422, "bad-parameter", "Idempotency-Key：应为 1 至 64 个可见字符。Expected visible characters.")
    return await run_in_threadpool(_do, request, viewer, number, body, key)


def _do(request: Request, viewer: Viewer, number: int, body: DeedBody, key: str | None) -> JSONResponse:
    file, seen, place = _seen(request, viewer, number)
    party = Party.STAFF if seen is Sight.TOLD else _party(request, viewer, file, place, body)
    try:
        deed = Deed(
            body.action,
            viewer.actor(party, file.held.handling.people),
            body.fields,
            ground=body.ground,
            kind=body.kind,
            outcome=body.outcome,
            clauses=tuple(body.clauses),
            handling_class=body.handling_class,
            until_ms=body.until_ms(),
        )
    except (ValueError, OverflowError):
        raise Problem(422, "bad-parameter", "until：应为日期时间。until: expected a date and time.") from None
    # a key is a person's own: nobody gets another's answer by it
    attempt = hashlib.sha256(f"{viewer.id}\n{key}".encode()).hexdigest() if key else None
    answer = _office(request).act(number, deed, attempt, body.revision)
    if isinstance(answer, Refusal):
        if answer.code in ("party", "conflict"):
            raise forbidden(request, viewer, str(answer))
        more = {"code": answer.code, "article": answer.article}
        raise Problem(409 if answer.code in _CONFLICTS else 422, "refused-by-rule", answer.sentence, more=more)
    done = {"handling": number, "number": answer.number, "state": answer.state, "revision": answer.revision}
    return JSONResponse({**done, "repeated": answer.repeated}, 200 if answer.repeated else 201, headers=_PRIVATE)


def _party(request: Request, viewer: Viewer, file: File, place: Place, body: DeedBody) -> Party:
    """The hat under which this is done: the one that was named, or the only one of this viewer's that may do it."""
    hats = viewer.hats(place.org, place.region, place.hall) - {Party.STAFF}
    if not hats or (body.party is not None and body.party not in hats):
        raise forbidden(request, viewer, "您没有以该身份办理此件的权限。You do not hold this role for this case.")
    if body.party is not None:
        return body.party
    able = [hat for hat in hats if body.action in loop.possible(file.regime.rules, file.held.handling, hat)]
    choice = sorted(able or hats)
    if len(choice) > 1:
        raise Problem(422, "bad-parameter", f"party：请选明身份（{'、'.join(choice)}）。Name the role you act in.")
    return choice[0]


def _seen(request: Request, viewer: Viewer, number: int) -> tuple[File, Sight, Place]:
    try:
        file = _office(request).file(number) if number < 2**63 else None
    except UnknownHandling:
        file = None
    if file is not None:
        with _store(request).read() as connection:
            seen = sight.sight(connection, viewer, file.held)
            place = directory.place(connection, file.held.hall, file.held.org)
        if seen is not Sight.NOTHING:
            return file, seen, place
    raise Problem(404, "not-found", "没有这一件，或不在您的查看范围内。No such case within your reach.")


async def _body(request: Request) -> DeedBody:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise Problem(413, "too-large", f"不超过 {MAX_BYTES} 字节。At most that many bytes.")
    try:
        return DeedBody.model_validate(json.loads(body.decode()))
    except ValidationError as error:
        raise Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {explain(error)}") from None
    except (ValueError, RecursionError):
        raise Problem(400, "bad-json", "应为 UTF-8 编码的 JSON 对象。Expected an object in JSON, in UTF-8.") from None


def _row(held: Held) -> dict[str, Any]:
    handling = held.handling
    return {
        "number": held.id,
        "hall": held.hall,
        "window": held.window,
        "org": held.org,
        "case_no": held.case_no,
        "service_no": held.service_no,
        "state": handling.state,
        "state_title": STATE_TITLES[handling.state],
        "owner": loop.OWNERS.get(handling.state),
        "due_at": rfc3339(held.due_ms),
        "due_timer": held.due_timer,
        "overdue": sorted(handling.overdue),
        "opened_at": rfc3339(held.opened_ms),
        "changed_at": rfc3339(held.changed_ms),
        "closed_at": rfc3339(held.closed_ms),
        "adopted": handling.adopted,
        "confirmed": handling.confirmed,
        "revision": held.revision,
    }


def _file(viewer: Viewer, file: File, place: Place) -> dict[str, Any]:
    handling, rules, policy = file.held.handling, file.regime.rules, file.regime.policy
    hats = viewer.hats(place.org, place.region, place.hall) - {Party.STAFF}
    level = {"level": file.rating.level, "reasons": file.rating.reasons} if file.rating and hats & _SEE_LEVEL else {}
    return {
        **_row(file.held),
        **level,
        "policy": {"name": policy.policy, "title": policy.source.title, "version": file.regime.version},
        "class": handling.handling_class,
        "contact": handling.contact,
        "limits": [_limit(limit) for limit in file.limits],
        "timeline": [
            {
                "number": done.number,
                "at": rfc3339(done.at_ms),
                "action": done.action,
                "party": done.party,
                "actor": done.actor,
                "org": done.org,
                "before": done.before,
                "after": done.after,
                "words": done.words,
                "said": done.said,
            }
            for done in file.deeds
        ],
        "actions": {
            party: [
                {"action": action, "title": ACTION_TITLES[action]} for action in loop.possible(rules, handling, party)
            ]
            for party in sorted(hats)
        },
    }


def _limit(limit: Limit) -> dict[str, Any]:
    return {
        "timer": limit.row.timer,
        "start_at": rfc3339(limit.row.start_ms),
        "due_at": rfc3339(limit.row.due_ms),
        "explained": deadline_words.explain(limit.deadline) if limit.deadline else "经与评价人沟通确定的期限。",
        "provisional": limit.provisional,
        "fired_at": rfc3339(limit.row.fired_ms),
        "stopped_at": rfc3339(limit.stopped_ms),
    }


def _told(file: File) -> dict[str, Any]:
    """What a rated person needs to apply in writing, and nothing that says who rated what."""
    appeal = file.regime.rules.appeal
    timer = appeal.timer if appeal is not None else ""
    limits = [_limit(limit) for limit in file.limits if limit.row.timer == timer]
    grounds = [ground.name for ground in appeal.grounds] if appeal is not None else []
    return {"number": file.held.id, "appealed": file.held.handling.appealed, "limits": limits, "grounds": grounds}


def _office(request: Request) -> Office:
    office: Office = request.app.state.office
    return office


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store
