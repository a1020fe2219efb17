"""The hall's windows: registered by a business system, read by screens."""

import re
from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from gateway.web.body import read_json, takes
from gateway.web.context import web
from gateway.web.guard import at_window, has
from gateway.web.models import WindowIn, WindowPut, Windows
from gateway.web.problems import Problem, problems
from gateway.web.systems import System

_WINDOW = r"[A-Za-z0-9][A-Za-z0-9-]{0,19}"
_Window = Annotated[
    str,
    Path(
        description="窗口编号：1 至 20 位字母、数字或 -。",
        examples=["A01"],
        json_schema_extra={"pattern": f"^{_WINDOW}$"},
    ),
]

router = APIRouter(tags=["窗口"])


@router.put(
    "/api/v1/windows/{window}",
    summary="登记窗口",
    response_model=WindowPut,
    openapi_extra=takes(WindowIn, {"name": "社保综合窗口", "open": True}),
    responses=problems("bad_json", "bad_window", "too_large", "unsupported", "not_stored"),
)
async def put_window(window: _Window, request: Request, system: Annotated[System, has("windows")]) -> object:
    """登记一个窗口，或更改其名称与启用状态；可重复提交。评价器安装时，其窗口自动登记。"""
    value = await read_json(request)
    at_window(system, window)
    try:
        found = WindowIn.model_validate(value)
    except ValidationError:
        raise Problem("bad_window") from None
    if not re.fullmatch(_WINDOW, window) or not (found.name is None or found.name.isprintable()):
        raise Problem("bad_window")
    changed = await run_in_threadpool(web(request).service.put_window, window, found.name, found.open)
    return {"window": window, "changed": changed}


@router.get("/api/v1/windows", summary="窗口及正在办理的服务", response_model=Windows, responses=problems())
def get_windows(request: Request, system: Annotated[System, has("read")]) -> object:
    """供叫号屏与值班人员查看。不含评价，也看不出是否已评价。"""
    return {"windows": [w for w in web(request).service.windows() if system.allows(w["window"])]}
