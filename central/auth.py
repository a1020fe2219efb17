"""Who is asking. Keys are compared in constant time, and each of them every time."""

import hashlib
import hmac
from urllib.parse import quote

from fastapi import Request

from central import tls
from central.accounts import Accounts, Session
from central.core.refusal import Refusal
from central.core.roles import Right, Viewer
from central.problem import Problem, by_rule
from central.settings import Hall, Settings

#: The cookie of a session. Over TLS a browser takes it from this very host alone, or not at all.
COOKIE, SECURE_COOKIE = "hcp-session", "__Host-hcp-session"
CSRF_HEADER = "X-CSRF-Token"


class SignInFirst(Exception):
    """A page was asked for by somebody who is not signed in, or has to change the password first."""

    def __init__(self, to: str):
        super().__init__(to)
        self.to = to


def hall_of(request: Request) -> Hall:
    """The hall whose bearer key came with the request, or whose gateway's certificate with the connection (spec 9.5).

    Who shows both must be the same hall by both. Raises Problem 401.
    """
    settings: Settings = request.app.state.settings
    given = _bearer(request)
    found = None
    for hall in settings.halls:
        if _same(given, hall.key.get_secret_value()):
            found = hall
    shown = tls.hall_of_certificate(getattr(request.state, tls.STATE, None), settings.halls)
    if shown is not None and (not given or found is shown):
        return shown
    if found is None or shown is not None:
        raise unauthorized(
            "请在 Authorization 中使用本大厅的密钥（halls.toml 的 key）。Send Authorization: Bearer <hall key>."
        )
    return found


def auditor_of(request: Request, right: Right) -> str:
    """Who audits: the holder of the auditor's key, or an account with this right. Gives the name for the audit.

    Raises Problem 401 or 403.
    """
    settings: Settings = request.app.state.settings
    if _same(_bearer(request), settings.auditor_key.get_secret_value()):
        return "auditor-key"
    if session_of(request) is None:
        raise unauthorized("请使用审计密钥，或以审计角色登录。Send the auditor's key, or sign in as an auditor.")
    viewer = viewer_of(request)
    if not viewer.may(right):
        raise forbidden(request, viewer, "只有审计角色可以查看。Only an auditor may read this.")
    if viewer.staff:
        raise forbidden(request, viewer, "登记有工号的人员须回避，不得查看评价明细。Window staff may not read ratings.")
    return viewer.id


def require_operator(request: Request) -> None:
    """Let only the operator's key pass; without one nobody does. Raises Problem 401."""
    settings: Settings = request.app.state.settings
    expected = settings.operator_key.get_secret_value() if settings.operator_key else ""
    if not _same(_bearer(request), expected) or not expected:
        raise unauthorized("请在 Authorization 中使用运维密钥（HCP_CENTRAL_OPERATOR_KEY）。Send the operator's key.")


def viewer_of(request: Request) -> Viewer:
    """Who is signed in, by the session's cookie or, for programs, by its token as a bearer key.

    Raises Problem 401 if nobody is, 403 if the password has to be changed first.
    """
    session = session_of(request)
    if session is None:
        raise unauthorized("请先登录。Sign in first.")
    if session.must_change:
        raise Problem(403, "forbidden", "请先在 /password 修改初始密码。Change the first password at /password.")
    return session.viewer


def writer_of(request: Request, token: str = "") -> Viewer:
    """`viewer_of` for what changes something. ``token``: of the form; programs with a cookie send it in a header, and
    those with a bearer key need none, for no browser sends that by itself. Raises Problem 403 for a wrong one."""
    viewer = viewer_of(request)
    check_csrf(request, viewer, token)
    return viewer


def page_viewer(request: Request) -> Viewer:
    """`viewer_of` for pages: who is not signed in is led to where one can. Raises SignInFirst."""
    session = session_of(request)
    if session is None:
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        raise SignInFirst(f"/login?next={quote(here, safe='/')}" if request.method == "GET" else "/login")
    if session.must_change:
        raise SignInFirst("/password")
    return session.viewer


def session_of(request: Request) -> Session | None:
    """The session that came with the request."""
    accounts: Accounts = request.app.state.accounts
    return accounts.session(token_of(request))


def token_of(request: Request) -> str:
    """The session's token; empty if there is none. Over TLS a cookie set without it is not taken."""
    return _bearer(request) or request.cookies.get(cookie_name(request), "")


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def check_csrf(request: Request, viewer: Viewer, token: str = "") -> None:
    """Raises Problem 403 unless the form was ours, or no browser can have sent this by itself."""
    if _bearer(request):
        return
    if not _same(token or request.headers.get(CSRF_HEADER, ""), viewer.csrf):
        raise forbidden(
            request, viewer, "页面已过期，请刷新后重新提交。The form is not of this session; load it again."
        )


def forbidden(request: Request, viewer: Viewer, why: str | Refusal) -> Problem:
    """A 403 to raise. That it was tried stands in the audit."""
    accounts: Accounts = request.app.state.accounts
    accounts.refuse(viewer.id, f"{request.method} {request.url.path}", str(why))
    return by_rule(403, why) if isinstance(why, Refusal) else Problem(403, "forbidden", why)


def _bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, expected: str) -> bool:
    # digests have one length, so not even that of the key shows
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def unauthorized(detail: str) -> Problem:
    """A 401 to raise."""
    return Problem(401, "unauthorized", detail, {"WWW-Authenticate": 'Bearer realm="hcp"'})
