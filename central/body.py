"""The body of a request: bounded before it is parsed, and read only after it is known who asks."""

import json
import math
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from central.core.events import explain
from central.problem import Problem

MEDIA_TYPE = "application/json"
Model = TypeVar("Model", bound=BaseModel)


async def read_model(request: Request, model: type[Model], most: int) -> Model:
    """What ``model`` makes of the JSON in the body, of at most ``most`` bytes. Raises Problem."""
    given = request.headers.get("content-type", MEDIA_TYPE).partition(";")[0].strip().lower()
    if given != MEDIA_TYPE:
        raise unsupported(MEDIA_TYPE)
    value = parse(await read(request, most))
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        detail = "文字中有半个代理对字符，无法保存。A text holds half of a surrogate pair."
        raise Problem(422, "bad-parameter", detail) from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Problem(422, "bad-parameter", f"请修改后重试。Correct and send again: {explain(error)}") from None


async def read(request: Request, most: int) -> bytes:
    """At most ``most`` bytes. Raises Problem 400 or 413."""
    # the announced length is checked before reading, the real one while reading: a chunked body announces none
    announced = request.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > most:
        raise _too_large(most)
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise _too_large(most)
    except ClientDisconnect:
        raise Problem(400, "refused", "请求体不完整，请重发。The body ended too early; send it again.") from None
    return bytes(body)


def parse(body: bytes) -> Any:
    """The JSON value. Numbers that no answer could say again (NaN, 1e999) are none. Raises Problem 400."""
    try:
        return json.loads(body.decode(), parse_constant=_number, parse_float=_number)
    except (ValueError, RecursionError):
        detail = "应为 UTF-8 编码的 JSON。Expected JSON in UTF-8, without NaN, not nested too deep."
        raise Problem(400, "bad-json", detail) from None


def unsupported(media_type: str) -> Problem:
    """A 415 to raise."""
    return Problem(415, "unsupported-media-type", f"请使用 Content-Type: {media_type}。Send it as {media_type}.")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _too_large(most: int) -> Problem:
    return Problem(413, "too-large", f"请求体不超过 {most} 字节。Send at most {most} bytes, in parts if need be.")
