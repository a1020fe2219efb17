"""How the gateway fares, for operators."""

from typing import Annotated

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.systems import System

router = APIRouter()


@router.get("/api/v1/status")
def get_status(request: Request, system: Annotated[System, has("operate")]) -> dict:
    return web(request).service.status()
