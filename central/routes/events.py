"""POST /api/v1/events: a hall's gateway brings a batch (spec 9)."""

import json
from typing import NoReturn

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from central.auth import hall_of
from central.problem import Problem
from central.store import Store

MAX_BYTES = 4 * 1024 * 1024
MAX_EVENTS = 500
MEDIA_TYPE = "application/cloudevents-batch+json"

router = APIRouter()


@router.post("/api/v1/events")
async def take_events(request: Request) -> JSONResponse:
    """One result for each event, in order, after all of them are on the disk."""
    hall = hall_of(request)
    _check_media_type(request)
    batch = _parse(await _read(request))
    store: Store = request.app.state.store
    verdicts = await run_in_threadpool(store.take, hall, batch, request.app.state.clock.now_ms())
    results = [
        {"id": verdict.id, "status": verdict.status, "code": verdict.code, "detail": verdict.detail}
        for verdict in verdicts
    ]
    answer: dict[str, object] = {"results": results}
    newest = await run_in_threadpool(store.newest_correction, hall.id)
    if newest:
        answer["corrections"] = newest
    return JSONResponse(answer)


def _check_media_type(request: Request) -> None:
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").lower()
    if given.strip().lower() != MEDIA_TYPE or charset not in ("", "charset=utf-8"):
        raise Problem(
            415, "unsupported-media-type", f"请使用 Content-Type: {MEDIA_TYPE}。Send the batch as {MEDIA_TYPE}."
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported-media-type", "请勿压缩请求体。Send the body without Content-Encoding.")


async def _read(request: Request) -> bytes:
    # the announced length is checked before reading, the real one while reading: a chunked body announces none
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > MAX_BYTES:
        _too_large()
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                _too_large()
    except ClientDisconnect:
        raise Problem(400, "refused", "请求体不完整，请重发。The body ended too early; send it again.") from None
    return bytes(body)


def _too_large() -> NoReturn:
    raise Problem(
        413, "too-large", f"每批不超过 {MAX_BYTES} 字节，请拆分后重发。Split the batch: at most {MAX_BYTES} bytes."
    )


def _parse(body: bytes) -> list[object]:
    try:
        batch = json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _not_json("应为 UTF-8 编码的 JSON。Expected JSON in UTF-8, without NaN, not nested too deep.") from None
    if not isinstance(batch, list):
        raise _not_json("应为 CloudEvents 数组。Expected an array of CloudEvents, even for one.")
    if len(batch) > MAX_EVENTS:
        detail = (
            f"每批不超过 {MAX_EVENTS} 条，请拆分后重发。Split the batch: at most {MAX_EVENTS} events, got {len(batch)}."
        )
        raise Problem(413, "too-many-events", detail)
    return batch


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _not_json(detail: str) -> Problem:
    return Problem(400, "bad-json", detail)
