"""Who is asking: the bearer key of a business system, and the scope that a route needs."""

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gateway.web.context import web
from gateway.web.problems import Problem
from gateway.web.systems import System

_BEARER = HTTPBearer(scheme_name="系统密钥", description="systems.toml 中登记的密钥", auto_error=False)
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def has(scope: str) -> Any:
    """The dependency of a route's parameter: the system whose key came, if it has ``scope``. Raises Problem."""

    def holder(request: Request, credentials: _Credentials) -> System:
        system = web(request).systems.find(credentials.credentials) if credentials else None
        if system is None:
            raise Problem("unauthorized")
        if scope not in system.scopes:
            raise Problem("forbidden", f"需要 scope: {scope}")
        wait_ms = web(request).pace.wait_ms(system)
        if wait_ms:
            raise Problem("too_fast", f"该系统每秒至多 {system.rate} 次请求", wait_s=-(-wait_ms // 1000))
        return system

    return Depends(holder)


def everywhere(system: System) -> None:
    """Raises Problem if the system's key is limited to windows: what concerns the whole hall is not for it."""
    if system.windows is not None:
        raise Problem("forbidden_window", "此密钥限定窗口 (the key is limited to windows)")


def at_window(system: System, window: str) -> None:
    """Raises Problem if the system's key is limited to other windows."""
    if not system.allows(window):
        raise Problem("forbidden_window", f"此密钥限于窗口 {' '.join(sorted(system.windows or ()))}")
