"""The gateway's log: one line for each thing that happened, as text for people or as JSON for programs, redacted."""

import logging
import sys
from typing import Any, TextIO

import structlog

from gateway.core import redaction

#: Libraries that tell more than anybody reads.
_QUIET = ("httpx", "httpcore", "uvicorn.access", "asyncio")


def configure(level: str = "info", as_json: bool = False, stream: TextIO | None = None) -> logging.Handler:
    """Send every logger of the process, ours and those of libraries, through one redacting handler, and return it.

    ``level``: debug, info, warning or error. Lines go to ``stream``, stderr unless given.
    """
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact,
    ]
    stream = stream or sys.stderr
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def _redact(_logger: Any, _method: str, values: dict[str, Any]) -> dict[str, Any]:
    # what structlog itself put there begins with an underscore, and is taken out later
    own = {name: value for name, value in values.items() if name.startswith("_")}
    return {**redaction.event({name: value for name, value in values.items() if name not in own}), **own}
