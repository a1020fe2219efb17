"""Commands to devices, for operators: asked here, carried by ``gateway.commander``. No answer tells of a rating."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.concurrency import run_in_threadpool

from gateway.core.commands import CommandError
from gateway.web.body import read_json, takes
from gateway.web.context import web
from gateway.web.guard import everywhere, has
from gateway.web.models import Command, CommandIn, Commands
from gateway.web.problems import Problem, problems
from gateway.web.systems import System

router = APIRouter(tags=["运行"])
Operator = Annotated[System, has("operate")]
Device = Annotated[str, Path(description="评价器编号。", examples=["w01"])]


@router.post(
    "/api/v1/devices/{device}/commands",
    status_code=201,
    summary="下发命令",
    response_model=Command,
    openapi_extra=takes(CommandIn, {"name": "identify"}),
    responses=problems(
        "bad_json", "bad_command", "unknown_device", "unknown_release", "forbidden_window", "not_stored"
    ),
)
async def post_command(device: Device, request: Request, system: Operator) -> dict[str, Any]:
    """记下一条命令，在评价器联网时送达，直到它最后答复或期限已过。限定窗口的密钥不能下发命令。"""
    everywhere(system)
    value = await read_json(request)
    try:
        return await run_in_threadpool(web(request).service.command, device, value, system.name)
    except CommandError as error:
        raise Problem(error.code, error.detail) from error


@router.get(
    "/api/v1/devices/{device}/commands",
    summary="评价器的命令",
    response_model=Commands,
    responses=problems("forbidden_window"),
)
def get_commands(device: Device, request: Request, system: Operator) -> dict[str, Any]:
    """一台评价器最近的命令及其结果，最新的在前。"""
    everywhere(system)
    return {"commands": web(request).service.commander.of(device)}


@router.get(
    "/api/v1/commands/{number}",
    summary="一条命令",
    response_model=Command,
    responses=problems("bad_request", "not_found", "forbidden_window"),
)
def get_command(
    number: Annotated[int, Path(description="命令编号。")], request: Request, system: Operator
) -> dict[str, Any]:
    """一条命令到了哪一步。"""
    everywhere(system)
    found = web(request).service.commander.find(number) if 0 < number < 1 << 63 else None
    if found is None:
        raise Problem("not_found")
    return found
