"""Reading what a page's form sent: bounded before it is parsed, each field once."""

from urllib.parse import parse_qsl

from fastapi import Request

from central.body import read, unsupported
from central.problem import Problem

MAX_BYTES = 64 * 1024
MAX_FIELDS = 100
MEDIA_TYPE = "application/x-www-form-urlencoded"


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of one that came twice the last. Raises as `pairs_of`."""
    return dict(await pairs_of(request))


async def pairs_of(request: Request, most: int = MAX_BYTES) -> list[tuple[str, str]]:
    """The fields of a form as they came, in at most so many bytes. Raises Problem 403, 413, 415 or 422.

    A browser says from which site a form comes: what another site sends is refused, whoever is signed in.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "forbidden", "表单须从本系统的页面提交。Send the form from a page of this system.")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != MEDIA_TYPE:
        raise unsupported(MEDIA_TYPE)
    body = await read(request, most)
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError:
        raise Problem(422, "bad-parameter", "表单内容无法读取。The form cannot be read.") from None
