"""The HTTP door to central: one post, or one get, with its limits; foreign exceptions become :class:`LaterError`."""

import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from pydantic import SecretStr

from gateway.core.outbox import Meaning, meaning, retry_after_ms

MAX_ANSWER_BYTES = 4 << 20
MAX_BODY_BYTES = (4 << 20) - 4096
_CONTENT_TYPE = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class CentralSettings:
    """Where central is, for which ``hall`` this gateway speaks, and how it shows who it is.

    Either ``key``, the hall's bearer key, or ``certificate`` with ``key_file`` (PEM files), or both. ``authority`` is a
    PEM file by which central's own certificate is verified. ``per_second`` and ``burst`` bound the backlog, not what is
    new.
    """

    hall: str
    url: str
    key: SecretStr | None = field(default=None, repr=False)
    batch: int = 500
    timeout_s: float = 30.0
    authority: str | None = None
    certificate: Path | None = None
    key_file: Path | None = None
    per_second: int = 5000
    burst: int = 1000
    corrections_s: float = 60.0


class LaterError(Exception):
    """Central took nothing, and nothing is known about what was sent: try again."""

    def __init__(self, words: str, retry_after_ms: int | None = None):
        super().__init__(words)
        self.retry_after_ms = retry_after_ms


@dataclass(frozen=True)
class Reply:
    """What central said to something it read. ``blamed``: the content as a whole is at fault, says the status."""

    status: int
    body: bytes
    blamed: bool


class CentralDoor:
    """A client that keeps its connections open. Safe to use from several threads."""

    def __init__(self, settings: CentralSettings):
        """Raises OSError or ssl.SSLError if a certificate or a key cannot be read."""
        self._base = settings.url.rstrip("/")
        headers = {"Content-Type": _CONTENT_TYPE}
        if settings.key is not None:
            headers["Authorization"] = f"Bearer {settings.key.get_secret_value()}"
        self._client = httpx.Client(
            timeout=httpx.Timeout(settings.timeout_s, connect=5.0),
            verify=context(settings),
            follow_redirects=False,
            trust_env=False,
            headers=headers,
        )

    def post(self, path: str, body: bytes) -> Reply:
        """Raises LaterError if there is no answer, or one that passes by itself."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> Reply:
        """Raises LaterError, as ``post``."""
        return self._ask("GET", path, None)

    def close(self) -> None:
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> Reply:
        try:
            with self._client.stream(method, self._base + path, content=body) as response:
                status = response.status_code
                wish_ms = retry_after_ms(response.headers.get("retry-after"), time.time_ns() // 1_000_000)
                raw = _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise LaterError(f"no answer: {type(error).__name__}: {error}"[:200]) from error
        what = meaning(status)
        if what is Meaning.LATER:
            raise LaterError(f"HTTP {status}", wish_ms)
        return Reply(status, raw, what is Meaning.SPLIT)


def context(settings: CentralSettings) -> ssl.SSLContext:
    """How central is verified, and what is shown to it. Raises OSError, ssl.SSLError."""
    context = ssl.create_default_context(cafile=settings.authority)
    if settings.certificate is not None:
        context.load_cert_chain(settings.certificate, settings.key_file)
    return context


def _read(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise LaterError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)
