"""The hall's devices, for operators."""

from typing import Annotated

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.systems import System

router = APIRouter()


@router.get("/api/v1/devices")
def get_devices(request: Request, system: Annotated[System, has("operate")]) -> dict:
    return {"devices": web(request).service.devices()}
