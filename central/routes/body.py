"""What the routes for single ratings share: a JSON object of bounded size, and a refusal as a problem."""

import json
from typing import Any

from fastapi import Request

from central.core.refusal import Refusal
from central.problem import Problem

#: A rating with its words is a few hundred bytes.
MAX_BYTES = 16_384

#: What is not simply a wrong body (422).
STATUSES = {
    "token_invalid": 401,
    "token_expired": 410,
    "token_used": 409,
    "token_purpose": 403,
    "token_other_service": 403,
    "no_right": 403,
    "involved": 403,
    "same_person": 403,
    "no_supplement": 403,
    "no_centre": 403,
    "no_register": 403,
    "unknown_service": 404,
    "no_rating": 404,
    "no_entry": 404,
}
_ELSE = {"bad_word", "bad_form", "bad_feedback", "bad_batch", "no_channel", "basis_missing", "expiry_missing"}


async def read_object(request: Request, keys: set[str], most: int = MAX_BYTES) -> dict[str, Any]:
    """The object in the body, with no other keys than these. Raises Problem."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise Problem(413, "too-large", f"不超过 {most} 字节。At most that many bytes.")
    try:
        given = json.loads(body.decode())
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise Problem(422, "bad-parameter", "应为 JSON 对象。Expected a JSON object.")
    if other := sorted(set(given) - keys):
        named = "、".join(other)[:200]
        raise Problem(422, "bad-parameter", f"不得有以下项目：{named}。Not among the keys: {', '.join(sorted(keys))}.")
    return given


def text_of(given: dict[str, Any], key: str, most: int) -> str:
    """A text of the object, empty if it is not there. Raises Problem."""
    value = given.get(key, "")
    if not isinstance(value, str) or len(value) > most:
        raise Problem(422, "bad-parameter", f"{key}：应为不超过 {most} 字的文字。Expected a text.")
    return value


def problem_of(refusal: Refusal) -> Problem:
    """The refusal as an answer: its sentence and where its rule stands."""
    status = STATUSES.get(refusal.code, 422 if refusal.code in _ELSE else 409)
    slug = {401: "unauthorized", 403: "forbidden", 404: "not-found", 422: "bad-parameter"}.get(status, "refused")
    return Problem(status, slug, str(refusal))
