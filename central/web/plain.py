"""Plain pages from templates, with headers that let a browser run and keep nothing."""

from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

_templates = Environment(loader=PackageLoader("central", "web"), autoescape=True, undefined=StrictUndefined)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def plain(template: str, status: int, **values: Any) -> HTMLResponse:
    """A page of this template; a value that it asks for and nobody gave is an error."""
    return HTMLResponse(_templates.get_template(template).render(**values), status, _HEADERS)
