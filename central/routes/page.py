"""The page for everybody, its style sheet, and the health check."""

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from central.answers import Health
from central.openapi import ANYBODY, told
from central.read import Reader, public
from central.web.words import words

router = APIRouter()
_templates = Environment(loader=PackageLoader("central", "web"), autoescape=True, undefined=StrictUndefined)
_STYLE = files("central.web").joinpath("page.css").read_text(encoding="utf-8")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@router.api_route("/", methods=["GET", "HEAD"])
def page(request: Request, lang: Literal["zh", "en"] = "zh") -> HTMLResponse:
    """What arrived, hall by hall."""
    reader: Reader = request.app.state.reader
    halls = [public(hall) for hall in reader.halls()]
    return HTMLResponse(
        _templates.get_template("page.html").render(lang=lang, w=words(lang), halls=halls), headers=_HEADERS
    )


@router.api_route("/page.css", methods=["GET", "HEAD"])
def style() -> Response:
    """The style sheet of the page."""
    return Response(_STYLE, media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", tags=["运行"], **told("运行检查", ANYBODY, gives=Health))
def health(request: Request) -> JSONResponse:
    """数据库可用即答复 200，否则 503。"""
    reader: Reader = request.app.state.reader
    reader.ping()
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})
