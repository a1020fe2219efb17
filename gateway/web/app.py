"""The business API, version 1: events of queue and one-window systems in, windows and devices out."""

import json
import logging
import re
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from gateway.service import Service
from gateway.store.writer import StoreError
from gateway.web.problems import PROBLEMS, Problem, response
from gateway.web.systems import System, Systems

log = logging.getLogger(__name__)

MAX_BODY = 1 << 20
MAX_EVENTS = 1000
_WINDOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")
_BY_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported"}


def create_app(service: Service, systems: Systems, checks: Callable[[], dict[str, bool]]) -> FastAPI:
    """The application. ``checks`` names what must be true for the gateway to be ready."""
    app = FastAPI(title="好差评网关业务接口 hcp gateway", version="1", docs_url=None, redoc_url=None)

    def system(request: Request) -> System:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        found = systems.find(key.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise Problem("unauthorized")
        return found

    Caller = Annotated[System, Depends(system)]

    def require(caller: System, scope: str) -> None:
        if scope not in caller.scopes:
            raise Problem("forbidden", f"需要 scope: {scope}")

    @app.post("/api/v1/events")
    async def post_events(request: Request, caller: Caller) -> dict:
        require(caller, "events")
        value = await _json(request)
        values = value if isinstance(value, list) else [value]
        if len(values) > MAX_EVENTS:
            raise Problem("too_many")
        results = await run_in_threadpool(service.take_events, caller.name, values)
        return {"results": [{"id": r.id, "status": r.status, "code": r.code, "detail": r.detail} for r in results]}

    @app.put("/api/v1/windows/{window}")
    async def put_window(window: str, request: Request, caller: Caller) -> dict:
        require(caller, "windows")
        value = await _json(request)
        if not _WINDOW.fullmatch(window) or not isinstance(value, dict) or not set(value) <= {"name", "open"}:
            raise Problem("bad_window")
        name, is_open = value.get("name"), value.get("open", True)
        good_name = name is None or (isinstance(name, str) and 1 <= len(name) <= 64 and name.isprintable())
        if not good_name or not isinstance(is_open, bool):
            raise Problem("bad_window")
        changed = await run_in_threadpool(service.put_window, window, name, is_open)
        return {"window": window, "changed": changed}

    @app.get("/api/v1/windows")
    def get_windows(caller: Caller) -> dict:
        require(caller, "read")
        return {"windows": service.windows()}

    @app.get("/api/v1/devices")
    def get_devices(caller: Caller) -> dict:
        require(caller, "operate")
        return {"devices": service.devices()}

    @app.get("/api/v1/status")
    def get_status(caller: Caller) -> dict:
        require(caller, "operate")
        return service.status()

    @app.get("/healthz")
    def healthz() -> dict:
        return {"alive": True}

    @app.get("/readyz")
    def readyz() -> dict:
        found = checks()
        if not all(found.values()):
            raise Problem("not_ready", checks=found)
        return {"ready": True, "checks": found}

    _handle_errors(app)
    return app


async def _json(request: Request) -> object:
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem("unsupported")
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or len(length) > 12 or int(length) > MAX_BODY:
        raise Problem("too_large")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Problem("too_large")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem("bad_json", str(error)[:200]) from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


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
        return response(Problem("bad_request", str(error)[:300]))

    @app.exception_handler(StoreError)
    @app.exception_handler(FutureTimeoutError)
    def on_store(request: Request, error: Exception) -> JSONResponse:
        log.error("not stored: %s", error)
        return response(Problem("not_stored"))

    @app.exception_handler(Exception)
    def on_error(request: Request, error: Exception) -> JSONResponse:
        log.error("error in %s", request.url.path, exc_info=error)
        return response(Problem("internal"))


__all__ = ["MAX_BODY", "MAX_EVENTS", "PROBLEMS", "create_app"]
