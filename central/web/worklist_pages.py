"""Making the officials' pages: templates, headers, language, and what each of them is given."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from central.core import coaching, moments, worklist
from central.core.coaching import Hit
from central.core.deed_forms import Coach, Form
from central.core.grounds import FIELDS
from central.core.handling import Action, State
from central.core.parties import Party
from central.core.refusal import Refusal
from central.core.roles import Viewer
from central.core.worklist import Row, View
from central.web import worklist_words
from central.worklist import After, Opened, Wanted

LANGUAGE = "hcp-lang"
_templates = Environment(
    loader=PackageLoader("central", "web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_FOLDER = files("central.web").joinpath("worklist")
_STYLE = _FOLDER.joinpath("worklist.css").read_text(encoding="utf-8")
_SCRIPT = _FOLDER.joinpath("worklist.js").read_text(encoding="utf-8")
#: Part of the addresses of both, which may therefore be kept for ever.
_VERSION = hashlib.sha256((_STYLE + _SCRIPT).encode()).hexdigest()[:12]
_KEPT = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Values = dict[str, list[str]]


@dataclass(frozen=True)
class Filled:
    """A form as it came, or as it is shown first. ``hits`` None: the coach was not asked. ``stopped``: the coach found
    something failing; sent once more it is filed. ``hinted``: options that the coach would choose."""

    values: Values = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None
    hits: list[Hit] | None = None
    stopped: bool = False
    request: str = ""
    hinted: frozenset[str] = frozenset()


def style() -> Response:
    return Response(_STYLE, media_type="text/css", headers=_KEPT)


def script() -> Response:
    return Response(_SCRIPT, media_type="text/javascript", headers=_KEPT)


def supervises(viewer: Viewer) -> bool:
    return Party.SUPERVISOR in viewer.parties()


def handles(viewer: Viewer) -> bool:
    """Whether it is ever this viewer's turn."""
    return bool({Party.HANDLER, Party.REVIEWER} & viewer.parties())


def page(request: Request, viewer: Viewer, template: str, status: int = 200, **given: Any) -> HTMLResponse:
    """One page in the reader's language, which a ``lang`` in the address sets for the pages to come."""
    lang = _lang(request)
    now_ms = request.app.state.clock.now_ms()
    html = _templates.get_template(f"worklist/{template}").render(
        lang=lang,
        w=worklist_words.words(lang),
        left=partial(worklist_words.left, lang),
        viewer=viewer,
        supervisor=supervises(viewer),
        version=_VERSION,
        now=moments.moment(now_ms, 0),
        switch=request.method == "GET",
        **given,
    )
    answer = HTMLResponse(html, status, HEADERS)
    if "lang" in request.query_params:
        answer.set_cookie(LANGUAGE, lang, max_age=31_536_000, path="/worklist", httponly=True, samesite="strict")
    return answer


def missing(request: Request, viewer: Viewer) -> HTMLResponse:
    """There is no such page, or it is not for this viewer: the two cannot be told apart."""
    return page(request, viewer, "missing.html", 404, here="")


def expired(request: Request, path: str, values: Values) -> HTMLResponse:
    """The session ended while somebody was typing: what was typed, to be copied, and the way back."""
    lang, hidden = _lang(request), {"csrf", "request", "revision", "anyway", "check"}
    texts = [(name, text) for name, given in values.items() if name not in hidden for text in given if text.strip()]
    html = _templates.get_template("worklist/expired.html").render(
        lang=lang,
        w=worklist_words.words(lang),
        version=_VERSION,
        texts=[(FIELDS.get(name, name), text) for name, text in texts if name in FIELDS],
        back=f"/login?{urlencode({'next': path})}",
    )
    return HTMLResponse(html, 401, HEADERS)


def queue(
    request: Request,
    viewer: Viewer,
    wanted: Wanted,
    rows: Sequence[Row],
    more: After | None,
    counts: Mapping[View, int],
    org_name: str,
) -> HTMLResponse:
    asked: dict[str, Any] = {
        "view": str(wanted.view),
        "state": str(wanted.state or ""),
        "org": wanted.org,
        "search": wanted.search,
    }
    first = "/worklist?" + urlencode({name: value for name, value in asked.items() if value})
    return page(
        request,
        viewer,
        "queue.html",
        here="queue",
        **asked,
        org_name=org_name,
        states=[str(each) for each in State],
        counts=[(str(each), counts.get(each)) for each in View if each is not View.MINE or handles(viewer)],
        rows=rows,
        first=wanted.after is None,
        first_url=first,
        next_url=f"{first}&after={more[0]}.{more[1]}" if more else "",
    )


def case(request: Request, viewer: Viewer, opened: Opened, done: int, again: bool) -> HTMLResponse:
    """``done``: the deed that led here, which is told."""
    w = worklist_words.words(_lang(request))
    line = next((line for line in opened.case.timeline if line.number == done and not line.system), None)
    notice = "" if line is None else w["again"] if again else w["done"].format(w["action"].get(line.action, line.title))
    return page(request, viewer, "case.html", here="", notice=notice, **_shown(opened, w))


def form(
    request: Request, viewer: Viewer, opened: Opened, asked: Form, filled: Filled, status: int = 200
) -> HTMLResponse:
    w = worklist_words.words(_lang(request))
    changed = filled.refusal is not None and filled.refusal.code == "changed"
    return page(
        request,
        viewer,
        "form.html",
        status,
        here="",
        **_shown(opened, w),
        title=w["action"][asked.action],
        form=asked,
        values=filled.values,
        errors=filled.errors,
        refusal=filled.refusal,
        newest=opened.case.timeline[-1] if changed else None,
        hits=filled.hits,
        summary=None if filled.hits is None else coach_words(request, filled.hits)["summary"],
        stopped=w["coach_stop"] if filled.stopped else "",
        hinted=filled.hinted,
        request_key=filled.request or secrets.token_urlsafe(18),
        revision=opened.held.revision,
        review=_review(opened, asked, w),
    )


def _review(opened: Opened, asked: Form, w: Mapping[str, Any]) -> dict[str, Any] | None:
    """Beside a review the reply, with what the coach says; beside a new reply why the last one came back."""
    reviews = asked.action in (Action.ACCEPT, Action.RETURN)
    action = Action.REPLY if reviews else Action.RETURN if asked.action is Action.REPLY else None
    line = next((line for line in reversed(opened.case.timeline) if line.action == action), None)
    if line is None:
        return None
    return {"title": w["action"][line.action], "texts": line.texts, "hits": reply_hits(opened) if reviews else []}


def reply_hits(opened: Opened) -> list[Hit]:
    """What the coach says about the reply that was given last; nothing where the policy has no reasons of failure."""
    if opened.reply is None or not opened.regime.policy.rectify.failings:
        return []
    return coaching.hits(Coach.REPLY, "", opened.handling, opened.reply, opened.rated_text)


def coach_words(request: Request, hits: Sequence[Hit]) -> dict[str, str]:
    """The words that stand around what the coach says."""
    w = worklist_words.words(_lang(request))
    fails = sum(hit.fails for hit in hits)
    summary = w["coach_found"].format(fails=fails, looks=len(hits) - fails) if hits else w["coach_clean"]
    return {"summary": summary, **{name: w[name] for name in ("fails", "look", "missing", "locate")}}


def _shown(opened: Opened, w: Mapping[str, Any]) -> dict[str, Any]:
    held = opened.held
    return {
        "case": opened.case,
        "file": {
            "id": held.id,
            "case": worklist.case_words(held.case_no, held.service_no),
            "facts": [(w[key], text) for key, text in opened.facts],
        },
    }


def _lang(request: Request) -> str:
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE, "")
    return "en" if asked == "en" else "zh"
