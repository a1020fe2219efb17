"""Business events from a table, for what a system could not send by itself: look first, then import."""

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from gateway.business import Source
from gateway.core import table
from gateway.service import Service
from gateway.web.body import read
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.models import Import
from gateway.web.problems import Problem, problems
from gateway.web.routes.events import source_of
from gateway.web.systems import System

MAX_FILE = 4 << 20
_CHUNK = 500
_TYPES = ("text/csv", "application/octet-stream", "application/vnd.ms-excel")
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "CSV 文件，UTF-8（可带 BOM）或 GB18030，首行为列名，至多 4 MiB、20000 行。",
        "content": {
            "text/csv": {
                "schema": {"type": "string", "format": "binary"},
                "example": "事件类型,时间,窗口,工号,办件编号,服务次数\n叫号,2026/11/23 9:01,A01,1001,LC-2026-1,1\n",
            }
        },
    }
}

router = APIRouter(tags=["业务事件"])


@router.post(
    "/api/v1/events/import",
    summary="导入业务事件表格",
    response_model=Import,
    openapi_extra=_FILE,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": "行号,列,代码,应为,实际\n"}}},
        **problems("bad_request", "too_large", "unsupported", "bad_table", "not_stored"),
    },
)
async def post_import(
    request: Request,
    system: Annotated[System, has("events")],
    dry_run: Annotated[bool, Query(description="true：逐行检查并答复，不写入任何内容。")] = False,
) -> object:
    """逐行导入；有误的行不导入，其余照常，同一文件可反复导入而不重复。

    请先以 dry_run=true 检查。请求头 `Accept: text/csv` 时，答复为错误清单表格（可用 Excel 打开）。
    申请人列到达即封存，错误清单中不出现其内容。
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in _TYPES:
        raise Problem("unsupported", "应为 text/csv")
    data = await read(request, MAX_FILE)
    found = await run_in_threadpool(_take, web(request).service, source_of(request, system), data, dry_run)
    if "text/csv" in request.headers.get("accept", ""):
        lines = [table.Bad(**bad) for bad in found["bad"]]
        return Response(table.write_bad(lines), media_type="text/csv; charset=utf-8")
    return found


def _take(service: Service, source: Source, data: bytes, dry_run: bool) -> dict:
    try:
        found = table.read(data)
    except table.TableError as error:
        raise Problem("bad_table", str(error)) from None
    bad = list(found.bad)
    counts = {"accepted": 0, "duplicate": 0}
    chunk = max(len(found.rows), 1) if dry_run else _CHUNK  # a trial compares all rows with each other
    for start in range(0, len(found.rows), chunk):
        rows = found.rows[start : start + chunk]
        results = service.take_events(source, [row.event for row in rows], dry_run)
        for row, result in zip(rows, results, strict=True):
            if result.status in counts:
                counts[result.status] += 1
            else:
                bad.append(found.blame(row, result.code, result.detail))
    return {
        "dry_run": dry_run,
        "encoding": found.encoding,
        "rows": found.count,
        **counts,
        "bad": [dataclasses.asdict(one) for one in sorted(bad, key=lambda one: one.line)],
        "ignored_columns": found.ignored,
    }
