"""Signing in and out, on a page and for programs. Which account or password was wrong is never said."""

import math
import re

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from central import auth
from central.accounts import SESSION_MS, Accounts, Refused
from central.answers import Ended, Me, Token
from central.auth import SignInFirst
from central.body import read_model
from central.core.roles import ROLE_TITLES, SCOPE_TITLES, Right, Role
from central.forms import form_of
from central.openapi import ANYBODY, READER, WRITER, takes, told
from central.problem import Problem
from central.web.plain import plain

MAX_BYTES = 4096

router = APIRouter()
_PRIVATE = {"Cache-Control": "no-store"}
#: A page of ours to go to: never another host, whose address could begin with two slashes or a backslash.
_OURS = re.compile(r"/(?![/\\])[A-Za-z0-9/_?=&%.,+-]*")
WRONG = "账号或密码不正确"


class SignIn(BaseModel):
    """账号与密码。"""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: str
    password: str


def install(app: FastAPI) -> None:
    """Lead to the sign-in whoever asks for a page without being signed in."""

    @app.exception_handler(SignInFirst)
    def _sign_in(_request: Request, error: SignInFirst) -> RedirectResponse:
        return RedirectResponse(error.to, 303, _PRIVATE)


@router.get("/login")
def login_page(request: Request, next: str = "/") -> HTMLResponse:
    """The form."""
    return plain("login.html", 200, next=_ours(next), account="", problem=None)


@router.post("/login")
async def login(request: Request) -> Response:
    """A new session in a cookie; the one that came with the request ends."""
    form = await form_of(request)
    account, to = form.get("account", "").strip(), _ours(form.get("next", "/"))
    token = await run_in_threadpool(_sign_in, request, account, form.get("password", ""))
    if isinstance(token, Refused):
        seconds = math.ceil(token.wait_ms / 1000)
        problem = f"{WRONG}，请在 {seconds} 秒后再试。" if seconds else f"{WRONG}。"
        page = plain("login.html", 429 if seconds else 401, next=to, account=account[:40], problem=problem)
        page.headers.update(_retry(token))
        return page
    if to == "/":
        to = await run_in_threadpool(_home, request, token)
    answer = RedirectResponse(to, 303, _PRIVATE)
    _set_cookie(request, answer, token)
    return answer


@router.post("/logout")
async def logout(request: Request) -> Response:
    """End the session."""
    form = await form_of(request)
    session = await run_in_threadpool(auth.session_of, request)
    if session is not None:
        await run_in_threadpool(auth.check_csrf, request, session.viewer, form.get("csrf", ""))
        await run_in_threadpool(_accounts(request).sign_out, auth.token_of(request))
    answer = RedirectResponse("/login", 303, _PRIVATE)
    name = auth.cookie_name(request)
    answer.delete_cookie(name, path="/", secure=name == auth.SECURE_COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/password")
def password_page(request: Request) -> HTMLResponse:
    """The form for one's own password."""
    session = auth.session_of(request)
    if session is None:
        raise SignInFirst("/login?next=/password")
    return _password(session.viewer.csrf, session.must_change, None, 200)


@router.post("/password")
async def change_password(request: Request) -> Response:
    """Change one's own password, then sign in anew."""
    form = await form_of(request)
    session = await run_in_threadpool(auth.session_of, request)
    if session is None:
        raise SignInFirst("/login?next=/password")
    viewer = session.viewer
    await run_in_threadpool(auth.check_csrf, request, viewer, form.get("csrf", ""))
    if form.get("new", "") != form.get("again", ""):
        return _password(viewer.csrf, session.must_change, "两次输入的新密码不一致", 422)
    change = _accounts(request).change_password
    problem = await run_in_threadpool(change, viewer.id, form.get("old", ""), form.get("new", ""))
    if problem:
        return _password(viewer.csrf, session.must_change, problem, 422)
    return RedirectResponse("/login", 303, _PRIVATE)


@router.post(
    "/api/v1/sessions",
    status_code=201,
    tags=["登录"],
    **told(
        "登录",
        ANYBODY,
        "401 unauthorized",
        "429 refused",
        gives=Token,
        body=takes(SignIn, program={"account": "zhangsan", "password": "……"}),
    ),
)
async def open_session(request: Request) -> JSONResponse:
    """供程序使用：所得 token 即此后的密钥。账号与密码哪个有误不作区分；多次有误须按 Retry-After 等候。"""
    given = await read_model(request, SignIn, MAX_BYTES)
    token = await run_in_threadpool(_sign_in, request, given.account, given.password)
    if isinstance(token, Refused):
        detail = f"{WRONG}。The account or the password is wrong."
        if token.wait_ms:
            raise Problem(429, "refused", detail, _retry(token))
        raise auth.unauthorized(detail)
    return JSONResponse({"token": token, "expires_in": SESSION_MS // 1000}, 201, headers=_PRIVATE)


@router.delete("/api/v1/sessions", tags=["登录"], **told("退出登录", WRITER, gives=Ended))
def close_session(request: Request) -> JSONResponse:
    """所用的 token 或 Cookie 随即失效。"""
    auth.writer_of(request)
    _accounts(request).sign_out(auth.token_of(request))
    return JSONResponse({"ended": True}, headers=_PRIVATE)


@router.get("/api/v1/me", tags=["登录"], **told("登录的人", READER, gives=Me))
def me(request: Request) -> JSONResponse:
    """登录的人、现行的角色及其范围。"""
    viewer = auth.viewer_of(request)
    grants = [
        {"role": grant.role, "title": ROLE_TITLES[grant.role], "scope": grant.scope, "of": grant.id or None,
         "scope_title": SCOPE_TITLES[grant.scope]}
        for grant in viewer.grants
    ]  # fmt: skip
    facts = {"id": viewer.id, "name": viewer.name, "org": viewer.org, "grants": grants, "csrf": viewer.csrf}
    return JSONResponse(facts, headers=_PRIVATE)


def _sign_in(request: Request, account: str, password: str) -> str | Refused:
    address = request.client.host if request.client else "-"
    token = _accounts(request).sign_in(account, password, address)
    old = auth.token_of(request)
    if isinstance(token, str) and old:
        _accounts(request).sign_out(old)
    return token


def _set_cookie(request: Request, answer: Response, token: str) -> None:
    name = auth.cookie_name(request)
    secure = name == auth.SECURE_COOKIE
    answer.set_cookie(name, token, path="/", secure=secure, httponly=True, samesite="strict")


def _ours(to: str) -> str:
    return to if len(to) <= 300 and _OURS.fullmatch(to) else "/"


def _retry(refused: Refused) -> dict[str, str]:
    return {"Retry-After": str(math.ceil(refused.wait_ms / 1000))} if refused.wait_ms else {}


def _home(request: Request, token: str) -> str:
    """Where somebody's work is, who did not say where to go."""
    session = _accounts(request).session(token)
    if session is None or session.must_change:
        return "/"
    if session.viewer.may(Right.FILES):
        return "/worklist"
    return "/mine" if Role.STAFF in session.viewer.roles() else "/"


def _password(csrf: str, must_change: bool, problem: str | None, status: int) -> HTMLResponse:
    return plain("password.html", status, csrf=csrf, must_change=must_change, problem=problem)


def _accounts(request: Request) -> Accounts:
    accounts: Accounts = request.app.state.accounts
    return accounts
