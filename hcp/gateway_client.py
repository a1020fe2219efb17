"""The running gateway as ``hcp`` on its own machine, or beside it, speaks to it: over its HTTP interface.

HTTP rather than the database or a socket of its own: the gateway alone writes its database, the interface has keys and
bounds already, and a console elsewhere uses the same door. The key comes from HCP_GATEWAY_OPERATOR_KEY, or, for whoever
may read the gateway's folder, from its ``systems.toml``; never from the command line, where others could list it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from gateway.web import HTTP_FILE, systems
from hcp.exits import Exit

KEY_VARIABLE = "HCP_GATEWAY_OPERATOR_KEY"
DEFAULT_URL = "http://127.0.0.1:8080"


class GatewayRefused(Exception):
    """The gateway could not be asked, or said no; ``code`` is the exit code, the text says what to do."""

    def __init__(self, code: Exit, detail: str):
        super().__init__(detail)
        self.code = code


class GatewayClient:
    """``data`` is the gateway's folder if it is here; ``url`` overrides the address noted there."""

    def __init__(
        self,
        data: Path,
        url: str | None = None,
        environment: Mapping[str, str] = os.environ,
        scope: str = "operate",
        timeout_s: float = 15,
    ):
        key = environment.get(KEY_VARIABLE) or _key(data, scope)
        self.url = url or _noted(data) or DEFAULT_URL
        self._http = httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=timeout_s)

    def __enter__(self) -> "GatewayClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, value: object) -> Any:
        return self._ask("POST", path, json=value)

    def upload(self, path: str, data: bytes, content_type: str) -> Any:
        return self._ask("POST", path, content=data, headers={"Content-Type": content_type})

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        """The answer's JSON. Raises GatewayRefused."""
        try:
            answer = self._http.request(method, path, **how)
            body = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise GatewayRefused(Exit.NETWORK, f"网关 {self.url} 没有应答（{error}）；请确认它在运行") from error
        except ValueError as error:
            raise GatewayRefused(Exit.NETWORK, f"{self.url} 的应答不是网关的；请核对地址") from error
        if answer.is_success:
            return body
        said = [str(body[part]) for part in ("title", "detail", "action") if body.get(part)]
        code = {401: Exit.CONFIG, 403: Exit.CONFIG, 422: Exit.USAGE}.get(answer.status_code, Exit.FAILURE)
        raise GatewayRefused(code, "；".join(said) or f"HTTP {answer.status_code}")


def _key(data: Path, scope: str) -> str:
    try:
        key = systems.operator_key(data / "systems.toml", scope)
    except systems.SystemsError as error:
        raise GatewayRefused(Exit.CONFIG, str(error)) from error
    if key is None:
        why = f"{data}/systems.toml 中没有 scope 含 {scope} 的系统"
        raise GatewayRefused(Exit.CONFIG, f"{why}；请添加一个，或设置环境变量 {KEY_VARIABLE}")
    return key


def _noted(data: Path) -> str | None:
    try:
        return (data / HTTP_FILE).read_text().strip() or None
    except OSError:
        return None
