"""What the auditor may read. Every answer is logged with what was asked."""

import base64
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from central.auth import require_auditor
from central.core.rating import Status
from central.problem import Problem
from central.read import Reader, summary

log = structlog.get_logger("central")
_PRIVATE = {"Cache-Control": "no-store"}
_MAX = 2**63 - 1

After = Annotated[int, Query(ge=0, le=_MAX)]
Limit = Annotated[int, Query(ge=1, le=1000)]
DeviceId = Annotated[str | None, Query(pattern="^[a-z0-9-]{1,20}$")]


def _audited(request: Request) -> None:
    require_auditor(request)
    log.info("auditor read", path=request.url.path, query=request.url.query[:200])


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_audited)])


@router.get("/records")
def records(request: Request, device: DeviceId = None, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """A page of records; ``next`` is the ``after`` of the next page, null at the end."""
    rows = _reader(request).records(device, after, limit)
    for row in rows:
        row["record"] = base64.b64encode(row["record"]).decode("ascii")
    return _page("records", rows, limit)


@router.get("/records.cborseq")
def record_sequence(request: Request) -> StreamingResponse:
    """Every record as it travelled: a CBOR sequence (RFC 8742) by device and seq."""
    bodies: Iterator[bytes] = _reader(request).bodies()
    return StreamingResponse(bodies, media_type="application/cbor-seq", headers=_PRIVATE)


@router.get("/devices/{device}.pem")
def public_key(request: Request, device: str) -> Response:
    """The key that verifies this device's records."""
    pem = _reader(request).public_key(device)
    if pem is None:
        raise Problem(404, "not-found", "没有这个评价器，请检查编号。No such device is enrolled; check its id.")
    return Response(pem, media_type="application/x-pem-file", headers=_PRIVATE)


@router.get("/ratings")
def ratings(request: Request, status: Status | None = None, after: After = 0, limit: Limit = 500) -> JSONResponse:
    """A page of ratings, counted or not, each with the reason in ``status``."""
    return _page("ratings", _reader(request).ratings(status, after, limit), limit)


@router.get("/summary")
def totals(request: Request) -> JSONResponse:
    """Counts of every hall, its devices' chains and its incidents."""
    return JSONResponse(summary(_reader(request).halls()), headers=_PRIVATE)


def _reader(request: Request) -> Reader:
    reader: Reader = request.app.state.reader
    return reader


def _page(name: str, rows: list[dict[str, Any]], limit: int) -> JSONResponse:
    following = rows[-1]["position"] if len(rows) == limit else None
    return JSONResponse({name: rows, "next": following}, headers=_PRIVATE)
