"""Bad ratings in the loop over HTTP: lists, one file, and what is done to it. The pages do the same with forms.

Whoever may not read a file is answered as if there were none: that it exists is too much already.
"""

import hashlib
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from central import audit, directory, handlings, sight
from central.answers import Done, HandlingRows, Told
from central.answers import File as WholeFile
from central.auth import forbidden, viewer_of, writer_of
from central.body import read_model
from central.core import deadline_words, loop
from central.core.audit_chain import Kind
from central.core.grounds import FIELDS
from central.core.handling import ACTION_TITLES, STATE_TITLES, Action, Deed, Outcome, State
from central.core.parties import Party
from central.core.refusal import Refusal
from central.core.roles import Place, Viewer
from central.core.times import midnight_ms, rfc3339
from central.core.who_sees import Sight
from central.handlings import Held, Limit
from central.office import File, Office, UnknownHandling
from central.openapi import READER, WRITER, takes, told
from central.parameters import Number, Time, ms
from central.problem import Problem, by_rule
from central.store import Store

MAX_BYTES = 64 * 1024
MAX_TEXT = 4000
router = APIRouter(prefix="/api/v1/handlings", tags=["差评处置"])
_PRIVATE = {"Cache-Control": "no-store"}
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,64}$",
        description="由办理人自定，同一件内不重复；他人的相同内容互不影响。",
        examples=["8f14e45f-ceea-467f-a9e6-2b1a2f5c7c11"],
    ),
]
_EXAMPLES = {
    "attempt": {"action": "attempt", "outcome": "no_answer"},
    "call_back": {"action": "call_back", "fields": {"cause": "等候时间过长"}, "revision": 2},
    "confirm": {"action": "confirm"},
    "reply": {"action": "reply", "fields": {"result": "已增设窗口并向评价人致歉", "next_measures": "高峰时段增派人员"}},
    "accept": {"action": "accept", "party": "reviewer"},
    "supervise": {"action": "supervise", "fields": {"reason": "即将逾期，请抓紧办理"}},
}
_AFTER = re.compile(r"(\d{1,19})-(\d{1,18})")
#: Whose business the level is. A supervisor sees that something is late, not which star it was.
_SEE_LEVEL = frozenset({Party.HANDLER, Party.REVIEWER})
#: The rules of these were broken by what had happened before, not by what was sent.
_CONFLICTS = frozenset({"changed", "request_reused", "order", "again", "too_late"})


class DeedBody(BaseModel):
    """一次办理。有几个身份的须以 party 选明；revision 为办理人所见的版本，已有他人办理的则不予受理。
    其余各项与页面上的表单相同（docs/loop.md）。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    action: Annotated[Action, Field(strict=False)]
    party: Annotated[Party | None, Field(strict=False)] = None
    revision: Annotated[int | None, Field(ge=0, le=2**31)] = None
    fields: Annotated[
        dict[str, Annotated[str, Field(max_length=MAX_TEXT)]],
        Field(
            max_length=40, description="填写的内容，以项目名称为键：" + "；".join(map(" ".join, FIELDS.items())) + "。"
        ),
    ] = {}
    ground: Annotated[str | None, Field(max_length=40)] = None
    kind: Annotated[str | None, Field(max_length=40)] = None
    outcome: Annotated[Outcome | None, Field(strict=False)] = None
    clauses: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)] = []
    handling_class: Annotated[str | None, Field(max_length=40)] = None
    until: Annotated[Time | None, Field(description="延期至何时；不带时区即北京时间。")] = None


@router.get("", **told("差评列表", READER, gives=HandlingRows))
def listed(
    request: Request,
    state: Annotated[State | None, Query(description="只取处于此状态的。")] = None,
    due: Annotated[Literal["all", "today", "overdue"], Query(description="只取今日到期或已逾期的。")] = "all",
    search: Annotated[str, Query(max_length=64, description="办件编号。", examples=["LC-2026-1"])] = "",
    after: Annotated[
        str,
        Query(max_length=40, description="上一页的 next。", json_schema_extra={"pattern": f"^({_AFTER.pattern})?$"}),
    ] = "",
    limit: Annotated[int, Query(ge=1, le=200, description="一页至多多少件。")] = 50,
) -> JSONResponse:
    """本人可以查看的差评，按到期时间，先到期的在前。"""
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


@router.get("/{number}", **told("案卷", READER, "404 not-found", gives=WholeFile | Told))
def one(request: Request, number: Number) -> JSONResponse:
    """一件的全部内容：时限怎样算出、办理经过、现在可以作的办理。被评价工作人员只得到申诉所需的内容。查看记入审计。"""
    viewer = viewer_of(request)
    file, seen, place = _seen(request, viewer, number)
    with _store(request).write() as connection:
        words = "查看案卷" if seen is Sight.FILE else "查看告知"
        audit.append(connection, request.app.state.clock.now_ms(), viewer.id, Kind.READ, f"handling/{number}", words)
    answer = _file(viewer, file, place) if seen is Sight.FILE else _told(file)
    return JSONResponse(answer, headers=_PRIVATE)


@router.post(
    "/{number}/deeds",
    status_code=201,
    **told(
        "办理",
        WRITER,
        "404 not-found",
        "409 refused-by-rule",
        "422 refused-by-rule",
        gives=Done,
        also={"200": {"model": Done}},
        body=takes(DeedBody, **_EXAMPLES),
    ),
)
async def do(request: Request, number: Number, key: _Key = None) -> JSONResponse:
    """办理一步。带 Idempotency-Key 重发不会办理两次：第一次答复 201，此后以 200 给出原来的答复。"""
    viewer = await run_in_threadpool(writer_of, request)
    body = await read_model(request, DeedBody, MAX_BYTES)
    return await run_in_threadpool(_do, request, viewer, number, body, key)


def _do(request: Request, viewer: Viewer, number: int, body: DeedBody, key: str | None) -> JSONResponse:
    file, seen, place = _seen(request, viewer, number)
    party = Party.STAFF if seen is Sight.TOLD else _party(request, viewer, file, place, body)
    deed = Deed(
        body.action,
        viewer.actor(party, file.held.handling.people),
        body.fields,
        ground=body.ground,
        kind=body.kind,
        outcome=body.outcome,
        clauses=tuple(body.clauses),
        handling_class=body.handling_class,
        until_ms=ms(body.until) if body.until else None,
    )
    # a key is a person's own: nobody gets another's answer by it
    attempt = hashlib.sha256(f"{viewer.id}\n{key}".encode()).hexdigest() if key else None
    answer = _office(request).act(number, deed, attempt, body.revision)
    if isinstance(answer, Refusal):
        if answer.code in ("party", "conflict"):
            raise forbidden(request, viewer, answer)
        raise by_rule(409 if answer.code in _CONFLICTS else 422, answer)
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
        file = _office(request).file(number)
    except UnknownHandling:
        file = None
    if file is not None:
        with _store(request).read() as connection:
            seen = sight.sight(connection, viewer, file.held)
            place = directory.place(connection, file.held.hall, file.held.org)
        if seen is not Sight.NOTHING:
            return file, seen, place
    raise Problem(404, "not-found", "没有这一件，或不在您的查看范围内。No such case within your reach.")


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
