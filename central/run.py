"""Running central: one process, one port, until SIGTERM or SIGINT."""

import json
import signal
import sys
from socket import socket

import structlog
import uvicorn

from central import tls
from central.app import create_app
from central.settings import Settings


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, as_json: bool):
        super().__init__(config)
        self._as_json = as_json

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            url = f"{'https' if self.config.is_ssl else 'http'}://{shown}:{port}/"
            facts = {"ready": "central", "url": url, "port": port}
            print(json.dumps(facts) if self._as_json else f"central ready {url}", flush=True)


def run(settings: Settings, as_json: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests under way and return.

    Once the socket listens, one line goes to stdout: ``central ready http://host:port/``, or
    ``{"ready": "central", "url": …, "port": …}`` with ``as_json``. Port 0 takes a free one.
    Raises SettingsError if the database cannot be used, SystemExit if the port cannot be had.
    """
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    secured = {}
    if settings.tls_certificate is not None and settings.tls_key is not None:
        made = tls.context(settings.tls_certificate, settings.tls_key, settings.halls)
        secured = {"ssl_context_factory": lambda _config, _default: made}
    config = uvicorn.Config(
        create_app(settings),
        http=tls.Protocol,
        **secured,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )
    # uvicorn raises the signal once more when it is done; by then there is nothing left to stop
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        _Server(config, as_json).run()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
