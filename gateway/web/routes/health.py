"""Alive and ready, for whoever watches the process. No key, and nothing that would need one."""

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.models import Alive, Ready
from gateway.web.problems import Problem, answers

router = APIRouter(tags=["探测"])


@router.get("/healthz", summary="是否在运行", response_model=Alive)
def healthz() -> object:
    """进程可应答即为 true。"""
    return {"alive": True}


@router.get("/readyz", summary="是否就绪", response_model=Ready, responses=answers("not_ready"))
def readyz(request: Request) -> object:
    """数据库、评价器接入与收件线程都正常时为 200，否则 503，详情见 checks。"""
    found = web(request).checks()
    if not all(found.values()):
        raise Problem("not_ready", checks=found)
    return {"ready": True, "checks": found}
