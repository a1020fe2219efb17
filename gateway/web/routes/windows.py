"""The hall's windows: registered by a business system, read by screens."""

import re
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from gateway.web.body import read_json
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.problems import Problem
from gateway.web.systems import System

_WINDOW = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,19}")

router = APIRouter()


@router.put("/api/v1/windows/{window}")
async def put_window(window: str, request: Request, system: Annotated[System, has("windows")]) -> dict:
    value = await read_json(request)
    if not _WINDOW.fullmatch(window) or not isinstance(value, dict) or not set(value) <= {"name", "open"}:
        raise Problem("bad_window")
    name, is_open = value.get("name"), value.get("open", True)
    good_name = name is None or (isinstance(name, str) and 1 <= len(name) <= 64 and name.isprintable())
    if not good_name or not isinstance(is_open, bool):
        raise Problem("bad_window")
    changed = await run_in_threadpool(web(request).service.put_window, window, name, is_open)
    return {"window": window, "changed": changed}


@router.get("/api/v1/windows")
def get_windows(request: Request, system: Annotated[System, has("read")]) -> dict:
    return {"windows": web(request).service.windows()}
