"""Business events in: one or many, each with an answer of its own."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from gateway.business import Source
from gateway.web import event_schema
from gateway.web.body import read_json
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.models import Results
from gateway.web.problems import Problem, problems
from gateway.web.systems import System

MAX_EVENTS = 1000

router = APIRouter(tags=["业务事件"])


@router.post(
    "/api/v1/events",
    summary="提交业务事件",
    response_model=Results,
    openapi_extra=event_schema.request_body(MAX_EVENTS),
    responses=problems("bad_json", "too_large", "too_many", "unsupported", "not_stored"),
)
async def post_events(request: Request, system: Annotated[System, has("events")]) -> object:
    """提交一条事件，或至多 1000 条的数组。

    - 每条事件各有答复；一条有误不影响其他。
    - 以 id 去重：没有收到答复就用同一 id 原样重发，不会重复。id 由各业务系统自定，不同系统互不影响。
    - 可以迟到、乱序：网关按 at 重排，必要时对已有评价重新作出关联决定，原决定保留。
    - 密钥限定窗口时，只接受这些窗口的事件。
    - 申请人信息（applicant）到达即封存，不写入日志，不显示；只有 HTTPS 或本机连接可以提交明文。
    - 大厅配置了中心公钥时，姓名与电话另以该公钥加封上传，供差评回访，只有中心能打开；证件号码不出大厅。
    """
    value = await read_json(request)
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_EVENTS:
        raise Problem("too_many")
    results = await run_in_threadpool(web(request).service.take_events, source_of(request, system), values)
    return {"results": [{"id": r.id, "status": r.status, "code": r.code, "detail": r.detail} for r in results]}


def source_of(request: Request, system: System) -> Source:
    """Whose events these are. An identity may come in clear over TLS, or if it never left this machine."""
    host = request.client.host if request.client else ""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    return Source(system.name, system.windows, in_clear=local or request.url.scheme == "https")
