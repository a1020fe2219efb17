"""Figures for Prometheus. A key of its own scope: whoever reads figures need not be able to command a device."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway import metrics
from gateway.web.context import web
from gateway.web.guard import everywhere, has
from gateway.web.systems import System

router = APIRouter(tags=["运行"])


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request, system: Annotated[System, has("metrics")]) -> Response:
    everywhere(system)
    body = await run_in_threadpool(lambda: metrics.render(web(request).snapshot()))
    return Response(body, headers={"Content-Type": metrics.CONTENT_TYPE})
