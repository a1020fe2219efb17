"""POST /api/v1/events: a hall's gateway brings a batch (spec 9)."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from central import event_schema
from central.answers import EventResults
from central.auth import hall_of
from central.body import parse, read, unsupported
from central.openapi import HALL, told
from central.problem import Problem
from central.store import Store

MAX_BYTES = 4 * 1024 * 1024
MAX_EVENTS = 500
MEDIA_TYPE = "application/cloudevents-batch+json"

router = APIRouter(tags=["大厅"])


@router.post(
    "/api/v1/events",
    **told(
        "上传事件",
        HALL,
        "413 too-many-events",
        "422 refused",
        gives=EventResults,
        body=event_schema.request_body(MEDIA_TYPE, MAX_EVENTS),
    ),
)
async def take_events(request: Request) -> JSONResponse:
    """每条事件各有答复，次序相同；答复时都已落盘。重发无害，一条有误不影响其他。"""
    hall = hall_of(request)
    _check_media_type(request)
    batch = _batch(parse(await read(request, MAX_BYTES)))
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
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _check_media_type(request: Request) -> None:
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").lower()
    if given.strip().lower() != MEDIA_TYPE or charset not in ("", "charset=utf-8"):
        raise unsupported(MEDIA_TYPE)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(415, "unsupported-media-type", "请勿压缩请求体。Send the body without Content-Encoding.")


def _batch(value: object) -> list[object]:
    if not isinstance(value, list):
        raise Problem(400, "bad-json", "应为 CloudEvents 数组。Expected an array of CloudEvents, even for one.")
    if len(value) > MAX_EVENTS:
        detail = f"每批不超过 {MAX_EVENTS} 条，请拆分后重发。"
        detail += f"Split the batch: at most {MAX_EVENTS} events, got {len(value)}."
        raise Problem(413, "too-many-events", detail)
    return value
