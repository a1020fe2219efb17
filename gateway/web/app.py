"""The gateway's HTTP application: a list of routes, one noun per file in ``routes/``; errors are problem documents."""

import logging
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gateway.core.figures import Snapshot
from gateway.feed import Feed
from gateway.service import Service
from gateway.store.writer import StoreError
from gateway.web import openapi
from gateway.web.context import Web
from gateway.web.pace import Pace
from gateway.web.problems import Problem, response
from gateway.web.routes import commands, devices, events, feed, health, imports, metrics, status, windows
from gateway.web.systems import Systems

log = logging.getLogger(__name__)

#: In the order of the document.
ROUTERS = (
    events.router,
    imports.router,
    windows.router,
    feed.router,
    devices.router,
    commands.router,
    status.router,
    health.router,
    metrics.router,
)
_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported"}


def create_app(
    service: Service,
    systems: Systems,
    checks: Callable[[], dict[str, bool]],
    feed_: Feed,
    snapshot: Callable[[], Snapshot],
    pace: Pace | None = None,
) -> FastAPI:
    """The application.

    ``checks`` names what must be true for the gateway to be ready; ``snapshot`` gives its figures.
    """
    app = openapi.described(FastAPI(docs_url=None, redoc_url=None))
    app.state.web = Web(service, systems, checks, feed_, snapshot, pace or Pace())
    for router in ROUTERS:
        app.include_router(router)
    _handle_errors(app)
    return app


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    def on_problem(request: Request, error: Problem) -> JSONResponse:
        return response(error)

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> JSONResponse:
        code = _BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
        return response(Problem(code), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    def on_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        # where and what is wrong, not what was sent: it may be somebody's name
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return response(Problem("bad_request", found[:300]))

    @app.exception_handler(StoreError)
    @app.exception_handler(FutureTimeoutError)
    def on_store(request: Request, error: Exception) -> JSONResponse:
        log.error("not stored: %s", error)
        return response(Problem("not_stored"))

    @app.exception_handler(Exception)
    def on_error(request: Request, error: Exception) -> JSONResponse:
        log.error("error in %s", request.url.path, exc_info=error)
        return response(Problem("internal"))
