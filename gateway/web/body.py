"""The body of a request, bounded before it is parsed, and read only after the key was found good."""

import json
from typing import Any

from fastapi import Request
from pydantic import BaseModel

from gateway.web.problems import Problem

MAX_BODY = 1 << 20


async def read_json(request: Request) -> object:
    """The JSON value in the body. Raises Problem."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem("unsupported")
    body = await read(request, MAX_BODY)
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Problem("bad_json", str(error)[:200]) from error


async def read(request: Request, most: int) -> bytes:
    """At most ``most`` bytes, whatever the header promises. Raises Problem ``too_large``."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or len(length) > 12 or int(length) > most:
        raise Problem("too_large")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise Problem("too_large")
    return bytes(body)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def takes(model: type[BaseModel], example: object) -> dict[str, Any]:
    """The OpenAPI part of a route that reads its JSON body itself, so that the key is judged before the body."""
    schema = {**model.model_json_schema(), "title": model.__name__}
    return {"requestBody": {"content": {"application/json": {"schema": schema, "example": example}}}}
