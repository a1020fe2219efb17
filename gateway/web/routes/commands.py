"""Commands to devices, for operators: asked here, carried by ``gateway.commander``. No answer tells of a rating."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from gateway.core.commands import CommandError
from gateway.web.body import read_json
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.problems import Problem
from gateway.web.systems import System

router = APIRouter()
Operator = Annotated[System, has("operate")]


@router.post("/api/v1/devices/{device}/commands", status_code=201)
async def post_command(device: str, request: Request, system: Operator) -> dict[str, Any]:
    value = await read_json(request)
    try:
        return await run_in_threadpool(web(request).service.command, device, value, system.name)
    except CommandError as error:
        raise Problem(error.code, error.detail) from error


@router.get("/api/v1/devices/{device}/commands")
def get_commands(device: str, request: Request, system: Operator) -> dict[str, Any]:
    return {"commands": web(request).service.commander.of(device)}


@router.get("/api/v1/commands/{number}")
def get_command(number: int, request: Request, system: Operator) -> dict[str, Any]:
    found = web(request).service.commander.find(number) if 0 < number < 1 << 63 else None
    if found is None:
        raise Problem("not_found")
    return found
