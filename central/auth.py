"""Who is asking. Keys are compared in constant time, and each of them every time."""

import hashlib
import hmac

from fastapi import Request

from central import tls
from central.problem import Problem
from central.settings import Hall, Settings


def hall_of(request: Request) -> Hall:
    """The hall whose bearer key came with the request, or whose gateway's certificate with the connection (spec 9.5).

    Who shows both must be the same hall by both. Raises Problem 401.
    """
    settings: Settings = request.app.state.settings
    given = _bearer(request)
    found = None
    for hall in settings.halls:
        if _same(given, hall.key.get_secret_value()):
            found = hall
    shown = tls.hall_of_certificate(getattr(request.state, tls.STATE, None), settings.halls)
    if shown is not None and (not given or found is shown):
        return shown
    if found is None or shown is not None:
        raise _refusal(
            "请在 Authorization 中使用本大厅的密钥（halls.toml 的 key）。Send Authorization: Bearer <hall key>."
        )
    return found


def require_auditor(request: Request) -> None:
    """Let only the auditor's key pass. Raises Problem 401."""
    settings: Settings = request.app.state.settings
    if not _same(_bearer(request), settings.auditor_key.get_secret_value()):
        raise _refusal("请在 Authorization 中使用审计密钥。Send Authorization: Bearer <auditor key>.")


def require_operator(request: Request) -> None:
    """Let only the operator's key pass; without one nobody does. Raises Problem 401."""
    settings: Settings = request.app.state.settings
    expected = settings.operator_key.get_secret_value() if settings.operator_key else ""
    if not _same(_bearer(request), expected) or not expected:
        raise _refusal("请在 Authorization 中使用运维密钥（HCP_CENTRAL_OPERATOR_KEY）。Send the operator's key.")


def _bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, expected: str) -> bool:
    # digests have one length, so not even that of the key shows
    return hmac.compare_digest(hashlib.sha256(given.encode()).digest(), hashlib.sha256(expected.encode()).digest())


def _refusal(detail: str) -> Problem:
    return Problem(401, "unauthorized", detail, {"WWW-Authenticate": 'Bearer realm="hcp"'})
