"""How the gateway fares, for operators."""

from typing import Annotated

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.guard import everywhere, has
from gateway.web.models import Status
from gateway.web.problems import problems
from gateway.web.systems import System

router = APIRouter(tags=["运行"])


@router.get("/api/v1/status", summary="存储与上传状况", response_model=Status, responses=problems("forbidden_window"))
def get_status(request: Request, system: Annotated[System, has("operate")]) -> object:
    """待上传数量、中心不接收的事件、被拒绝的报文。不含等级。限定窗口的密钥不能查看全厅情况。"""
    everywhere(system)
    return web(request).service.status()
