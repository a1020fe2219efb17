"""Business events in: one or many, each with an answer of its own."""

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from gateway.web.body import read_json
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.problems import Problem
from gateway.web.systems import System

MAX_EVENTS = 1000

router = APIRouter()


@router.post("/api/v1/events")
async def post_events(request: Request, system: Annotated[System, has("events")]) -> dict:
    value = await read_json(request)
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_EVENTS:
        raise Problem("too_many")
    results = await run_in_threadpool(web(request).service.take_events, system.name, values)
    return {"results": [{"id": r.id, "status": r.status, "code": r.code, "detail": r.detail} for r in results]}
