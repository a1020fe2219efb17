"""Publishing a correction at a running central, for ``hcp central correct``."""

import json
import os
import ssl
from pathlib import Path

import httpx

from hcp.exits import Exit

KEY = "HCP_CENTRAL_OPERATOR_KEY"


class CorrectingError(Exception):
    """It was not published; the text says whose fault it is, ``code`` how the command ends."""

    def __init__(self, words: str, code: Exit):
        super().__init__(words)
        self.code = code


def send(url: str, kind: str, file: Path, reason: str, hall: str | None, authority: Path | None) -> int:
    """The number that central gave the correction. Raises CorrectingError."""
    key = os.environ.get(KEY, "")
    if not key:
        raise CorrectingError(f"环境变量 {KEY} 未设置", Exit.CONFIG)
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorrectingError(f"{file} 不是 JSON：{error}", Exit.USAGE) from None
    body = {"kind": kind, "data": data, "reason": reason, **({"hall": hall} if hall else {})}
    try:
        verify = ssl.create_default_context(cafile=str(authority) if authority else None)
        with httpx.Client(verify=verify, trust_env=False, timeout=30) as client:
            headers = {"Authorization": f"Bearer {key}"}
            reply = client.post(url.rstrip("/") + "/api/v1/corrections", json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise CorrectingError(f"{url} 没有应答：{error}", Exit.NETWORK) from None
    try:
        found = reply.json()
    except ValueError:
        found = {}
    if reply.status_code != 201 or not isinstance(found.get("number"), int):
        raise CorrectingError(f"中心拒绝（HTTP {reply.status_code}）：{found.get('detail', '')}", Exit.FAILURE)
    return found["number"]
