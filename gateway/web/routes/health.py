"""Alive and ready, for whoever watches the process. No key, and nothing that would need one."""

from fastapi import APIRouter, Request

from gateway.web.context import web
from gateway.web.problems import Problem

router = APIRouter()


@router.get("/healthz")
def healthz() -> dict:
    return {"alive": True}


@router.get("/readyz")
def readyz(request: Request) -> dict:
    found = web(request).checks()
    if not all(found.values()):
        raise Problem("not_ready", checks=found)
    return {"ready": True, "checks": found}
