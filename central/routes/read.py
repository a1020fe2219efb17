"""What the auditor may read. What was asked, and by whom, is in the audit before the answer goes out."""

import base64
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from central import audit
from central.accounts import Accounts
from central.answers import AuditPage, Ratings, Records, Summary
from central.auth import auditor_of
from central.core.audit_chain import Entry
from central.core.rating import Status
from central.core.roles import Right
from central.openapi import AUDITOR, told
from central.parameters import After, Limit
from central.problem import Problem
from central.read import Reader, summary
from central.store import Store

log = structlog.get_logger("central")
_PRIVATE = {"Cache-Control": "no-store"}
_ID = "^[a-z0-9-]{1,20}$"
_Device = Annotated[str | None, Query(pattern=_ID, description="只取这台评价器的。", examples=["a01"])]
_Known = Annotated[str, Path(description="评价器编号。", examples=["a01"], json_schema_extra={"pattern": _ID})]
_Status = Annotated[Status | None, Query(description="只取这样的。")]


def _audited(request: Request) -> None:
    right = Right.AUDIT if request.url.path == "/api/v1/audit" else Right.RATINGS
    actor = auditor_of(request, right)
    query = request.url.query[:200]
    accounts: Accounts = request.app.state.accounts
    accounts.note_read(actor, request.url.path, query)
    log.info("auditor read", path=request.url.path, query=query)


class _Sequence(StreamingResponse):
    media_type = "application/cbor-seq"


class _Pem(Response):
    media_type = "application/x-pem-file"


router = APIRouter(prefix="/api/v1", tags=["审计"], dependencies=[Depends(_audited)])


@router.get("/records", **told("签名记录", AUDITOR, gives=Records))
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


@router.get("/ratings", **told("评价", AUDITOR, gives=Ratings))
def ratings(request: Request, status: _Status = None, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """每一条评价，计入与否都在，status 说明原因。"""
    return _page("ratings", _reader(request).ratings(status, after, limit), limit)


@router.get("/audit", **told("审计链", AUDITOR, "422 bad-parameter", gives=AuditPage))
def entries(request: Request, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """每一次写入、查阅和被拒绝的尝试，逐条链接；本次查阅也在其中。

    head 为此刻的末端，请另行保存：日后凭它可知末尾有无删去。
    """
    store: Store = request.app.state.store
    with store.read() as connection:
        head = audit.head(connection)
        rows = [{"position": entry.number, **_entry(entry)} for entry in audit.entries(connection, after, limit)]
    following = rows[-1]["position"] if len(rows) == limit else None
    end = {"number": head.number, "hash": head.hash.hex()}
    return JSONResponse({"audit": rows, "next": following, "head": end}, headers=_PRIVATE)


@router.get("/summary", **told("各大厅收到的数据", AUDITOR, gives=Summary))
def totals(request: Request) -> JSONResponse:
    """各大厅的数量、各评价器的记录链与异常。"""
    return JSONResponse(summary(_reader(request).halls(), request.app.state.store.rules), headers=_PRIVATE)


def _entry(entry: Entry) -> dict[str, Any]:
    """As `core.audit_chain` hashes it, with the hashes in hex."""
    return {**vars(entry), "prev": entry.prev.hex(), "hash": entry.hash.hex()}


def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    return reader


def _page(name: str, rows: list[dict[str, Any]], limit: int) -> JSONResponse:
    following = rows[-1]["position"] if len(rows) == limit else None
    return JSONResponse({name: rows, "next": following}, headers=_PRIVATE)
