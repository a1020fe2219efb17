"""What the auditor may read. Every answer is logged with what was asked."""

import base64
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from central.answers import Ratings, Records, Summary
from central.auth import require_auditor
from central.core.rating import Status
from central.openapi import AUDITOR, told
from central.parameters import After, Limit
from central.problem import Problem
from central.read import Reader, summary

log = structlog.get_logger("central")
_PRIVATE = {"Cache-Control": "no-store"}
_ID = "^[a-z0-9-]{1,20}$"
_Device = Annotated[str | None, Query(pattern=_ID, description="只取这台评价器的。", examples=["a01"])]
_Known = Annotated[str, Path(description="评价器编号。", examples=["a01"], json_schema_extra={"pattern": _ID})]
_Status = Annotated[Status | None, Query(description="只取这样的。")]


def _audited(request: Request) -> None:
    require_auditor(request)
    log.info("auditor read", path=request.url.path, query=request.url.query[:200])


class _Sequence(StreamingResponse):
    media_type = "application/cbor-seq"


class _Pem(Response):
    media_type = "application/x-pem-file"


router = APIRouter(prefix="/api/v1", tags=["审计"], dependencies=[Depends(_audited)])


@router.get("/records", **told("签名记录", AUDITOR, "422 bad-parameter", gives=Records))
def records(request: Request, device: _Device = None, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """每一条签名记录，原样，按接收次序。"""
    rows = _reader(request).records(device, after, limit)
    for row in rows:
        row["record"] = base64.b64encode(row["record"]).decode("ascii")
    return _page("records", rows, limit)


@router.get("/records.cborseq", response_class=_Sequence, **told("全部签名记录", AUDITOR))
def record_sequence(request: Request) -> StreamingResponse:
    """CBOR 序列（RFC 8742），按评价器与序号，可以离线核对。"""
    bodies: Iterator[bytes] = _reader(request).bodies()
    return _Sequence(bodies, headers=_PRIVATE)


@router.get("/devices/{device}.pem", response_class=_Pem, **told("评价器的公钥", AUDITOR, "404 not-found"))
def public_key(request: Request, device: _Known) -> Response:
    """核对这台评价器的记录所用的公钥，最初登记的在前。"""
    pem = _reader(request).public_key(device)
    if pem is None:
        raise Problem(404, "not-found", "没有这个评价器，请检查编号。No such device is enrolled; check its id.")
    return _Pem(pem, headers=_PRIVATE)


@router.get("/ratings", **told("评价", AUDITOR, "422 bad-parameter", gives=Ratings))
def ratings(request: Request, status: _Status = None, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """每一条评价，计入与否都在，status 说明原因。"""
    return _page("ratings", _reader(request).ratings(status, after, limit), limit)


@router.get("/summary", **told("各大厅收到的数据", AUDITOR, gives=Summary))
def totals(request: Request) -> JSONResponse:
    """各大厅的数量、各评价器的记录链与异常。"""
    return JSONResponse(summary(_reader(request).halls(), request.app.state.store.rules), headers=_PRIVATE)


def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    return reader


def _page(name: str, rows: list[dict[str, Any]], limit: int) -> JSONResponse:
    following = rows[-1]["position"] if len(rows) == limit else None
    return JSONResponse({name: rows, "next": following}, headers=_PRIVATE)
