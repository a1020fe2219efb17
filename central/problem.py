"""Errors over HTTP as RFC 9457 documents: what happened, in Chinese and in English, and what to do."""

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from central.core.refusal import Refusal

log = structlog.get_logger("central")

TITLES = {
    "bad-json": "请求体不是有效的 JSON · The body is not valid JSON",
    "bad-parameter": "请求参数有误 · A parameter is wrong",
    "forbidden": "无权访问 · Forbidden",
    "internal": "系统内部错误 · Internal error",
    "method-not-allowed": "不支持该请求方法 · Method not allowed",
    "not-found": "没有找到 · Not found",
    "storage": "暂时无法保存 · Storage is not available",
    "too-large": "请求体过大 · The body is too large",
    "too-many-events": "单批事件过多 · Too many events in one batch",
    "unauthorized": "密钥缺失或不正确 · The key is missing or wrong",
    "unsupported-media-type": "不支持的内容类型 · Unsupported media type",
    "refused": "请求被拒绝 · The request was refused",
    "refused-by-rule": "规定不允许 · A rule does not allow it",
}


class Problem(Exception):
    """An answer that is not a success. ``slug`` is one of the known kinds; ``detail`` says what to do; ``more`` are
    members of the document besides (RFC 9457 §3.2)."""

    def __init__(
        self,
        status: int,
        slug: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ):
        super().__init__(slug)
        self.status = status
        self.slug = slug
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def document(self) -> dict[str, object]:
        """The body of the answer."""
        return {
            "type": f"urn:hcp:problem:{self.slug}",
            "title": TITLES[self.slug],
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }

    def response(self) -> JSONResponse:
        """The answer."""
        headers = {**self.headers, "Cache-Control": "no-store"}
        return JSONResponse(self.document(), self.status, headers, "application/problem+json")


def by_rule(status: int, refusal: Refusal) -> Problem:
    """A rule that does not allow it, by its code and where it stands."""
    slug = "forbidden" if status == 403 else "refused-by-rule"
    return Problem(status, slug, refusal.sentence, more={"code": refusal.code, "article": refusal.article})


def install(app: FastAPI) -> None:
    """Make every error of this app, ours or the framework's, such a document."""
    app.exception_handler(Problem)(_ours)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_parameters)
    app.exception_handler(DataError)(_unfit)
    app.exception_handler(DBAPIError)(_storage)
    app.exception_handler(TimeoutError)(_storage)
    app.exception_handler(Exception)(_unexpected)


def _ours(_request: Request, error: Problem) -> JSONResponse:
    return error.response()


def _http(request: Request, error: HTTPException) -> JSONResponse:
    headers = error.headers or {}
    if error.status_code == 404:
        detail = "请检查地址。Check the address: events go to /api/v1/events, the page is /."
        return Problem(404, "not-found", detail, headers).response()
    if error.status_code == 405:
        allowed = ", ".join(sorted(_methods(request)))
        detail = f"该地址只接受 {allowed}。Use one of the methods in Allow."
        return Problem(405, "method-not-allowed", detail, {**headers, "Allow": allowed}).response()
    return Problem(error.status_code, "refused", str(error.detail), headers).response()


def _methods(request: Request) -> set[str]:
    """Of all routes with this address; the framework names those of the first one only."""
    routes: list[Route] = request.app.state.routes
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def _parameters(_request: Request, error: RequestValidationError) -> JSONResponse:
    wrong = "; ".join(f"{problem['loc'][-1]}: {problem['msg']}" for problem in error.errors()[:5])
    return Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {wrong}").response()


def _unfit(_request: Request, error: Exception) -> JSONResponse:
    # a value that passed our checks and fits no column: "later" would hold up a hall for ever, so blame the content
    cause = getattr(error, "orig", None) or error
    log.error("a value cannot be stored", error=type(cause).__name__)
    detail = "其中有数据库无法保存的内容，本次未保存任何数据，请拆分后重发以找出。"
    detail += "It holds a value that cannot be stored; nothing was kept. Send it in parts to find which."
    return Problem(422, "refused", detail).response()


def _storage(_request: Request, error: Exception) -> JSONResponse:
    # the statement and its values stay out of the log: they may be personal
    cause = getattr(error, "orig", None) or error
    log.error("storage failed", error=type(cause).__name__, reason=str(cause)[:200])
    detail = "本次未保存任何数据，请稍后原样重发。Nothing of this request was kept; send it again later as it is."
    return Problem(503, "storage", detail, {"Retry-After": "5"}).response()


def _unexpected(_request: Request, error: Exception) -> JSONResponse:
    log.error("unexpected error", error=type(error).__name__)
    detail = "本次未保存任何数据，请查看中心日志后重发。Nothing was kept; look into central's log and send again."
    return Problem(500, "internal", detail).response()
