"""The gateway's log: one line for each thing that happened, as text for people or as JSON for programs, redacted."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import structlog

from gateway.core import redaction

#: Libraries that tell more than anybody reads.
_QUIET = ("httpx", "httpcore", "uvicorn.access", "asyncio")


@contextlib.contextmanager
def configured(level: str = "info", as_json: bool = False, stream: TextIO | None = None) -> Iterator[None]:
    """Send every logger of the process, ours and those of libraries, through one redacting handler.

    ``level``: debug, info, warning or error. Lines go to ``stream``, stderr unless given. At the end all is as before.
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
    before = root.handlers[:], {name: logging.getLogger(name).level for name in ("", *_QUIET)}
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:], levels = before
        for name, was in levels.items():
            logging.getLogger(name).setLevel(was)


def _redact(_logger: Any, _method: str, values: dict[str, Any]) -> dict[str, Any]:
    # what structlog itself put there begins with an underscore, and is taken out later
    own = {name: value for name, value in values.items() if name.startswith("_")}
    return {**redaction.event({name: value for name, value in values.items() if name not in own}), **own}
