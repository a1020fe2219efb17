"""Back to the business system, as a stream: this service has a rating. Never which."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from gateway.core import feed as core
from gateway.web.context import web
from gateway.web.guard import has
from gateway.web.problems import Problem, problems
from gateway.web.systems import System

MAX_STREAMS = 64
MOST_AT_ONCE = 100
RETRY_MS = 5000

router = APIRouter(tags=["评价通知"])

_After = Annotated[int | None, Query(ge=0, le=2**53, description="从这一编号之后开始；不填则从现在开始。")]
_LastId = Annotated[str | None, Header(alias="Last-Event-ID", description="断线续接：最后收到的编号。")]


def _begin(request: Request, after: _After = None, last_event_id: _LastId = None) -> int:
    if web(request).feed.listening >= MAX_STREAMS:
        raise Problem("too_many_streams")
    text = (last_event_id or "").strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 17):
        raise Problem("bad_request", "Last-Event-ID 应为此前收到的编号 (an id from this feed)")
    if text:
        return int(text)
    return web(request).feed.newest() if after is None else after


@router.get(
    "/api/v1/feed",
    summary="评价通知（SSE）",
    response_class=EventSourceResponse,
    responses=problems("bad_request", "too_many_streams"),
)
async def get_feed(
    request: Request, system: Annotated[System, has("feed")], last_id: Annotated[int, Depends(_begin)]
) -> AsyncIterator[ServerSentEvent]:
    """一次服务有了评价时发出一条 `rated`。不含等级；发出的时刻按首次按键推算并取整分钟，与等级无关。

    断线后以 Last-Event-ID 续接。收到 `gap` 表示其间的通知已不再保留，请自行核对。
    """
    feed = web(request).feed
    loop, news = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(news.set)

    end = feed.listen(wake)
    try:
        yield ServerSentEvent(comment="hcp feed", retry=RETRY_MS)
        if not await run_in_threadpool(feed.complete_after, last_id):
            last_id = await run_in_threadpool(feed.oldest) - 1
            yield ServerSentEvent(event="gap", data={"type": "gap"}, id=str(last_id))
        while not feed.stopping:
            news.clear()
            notices, looked = await run_in_threadpool(feed.after, last_id, system.windows, MOST_AT_ONCE)
            for notice in notices:
                yield ServerSentEvent(event=notice.type, data=core.data(notice), id=str(notice.id))
            if looked == last_id:
                await news.wait()
            last_id = looked
    finally:
        end()
