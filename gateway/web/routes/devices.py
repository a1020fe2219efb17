"""The hall's devices, for operators."""

from typing import Annotated

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.models import Devices
from gateway.web.problems import problems
from gateway.web.systems import System

router = APIRouter(tags=["运行"])


@router.get("/api/v1/devices", summary="评价器状况", response_model=Devices, responses=problems())
def get_devices(request: Request, system: Annotated[System, has("operate")]) -> object:
    """每台评价器的记录链、缺号与遥测，供技术人员查看。不含等级。"""
    return {"devices": [d for d in web(request).service.devices() if system.allows(d["window"])]}
