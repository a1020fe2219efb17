"""Gathers the facts for ``hcp gateway doctor``: looks at files, asks gateway and central, writes nothing."""

import email.utils
import fcntl
import os
import sqlite3
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509

from gateway.core import presence
from gateway.core.diagnosis import Central, DeviceFacts, Facts
from gateway.core.ledger import check
from gateway.registry import Device, Registry, RegistryError
from gateway.settings import GatewaySettings
from gateway.store import applicants, devices, ledger, outbox
from gateway.store.connection import open_reader
from gateway.upstream.post import CentralSettings, context
from gateway.upstream.sync import central_settings
from gateway.web import HTTP_FILE

_TIMEOUT_S = 5.0
_SECRETS = ("systems.toml", "central.env", "gateway.db", "pki/*.key", "devices/*/downlink.key", "applicant*")


def gather(settings: GatewaySettings, now_ms: int) -> Facts:
    """All that can be known of the gateway in ``settings.data``. What cannot be had is left unknown."""
    data = settings.data
    running = _is_running(data)
    facts = Facts(
        now_ms=now_ms,
        running=running,
        checks=_checks(data) if running else None,
        open_files=_open_files(data),
        unnamed=_unnamed(data, settings.broker_host),
        free_bytes=_free_bytes(data),
        soft_bytes=settings.store_soft_bytes,
        central=_central(central_settings(settings, settings.hall or ""), now_ms),
    )
    enrolled, problem = _enrolled(data)
    found: dict[str, Any] = {"certificates": _certificates(data, enrolled), "database_error": problem}
    try:
        with closing(open_reader(data / "gateway.db")) as reader:
            found |= _database(reader, enrolled)
            if applicants.keys_in_use(reader):
                found |= {"callees": settings.central_identity_key is not None}
    except sqlite3.Error as error:
        found["database_error"] = f"数据库不能读取：{error}"
    return Facts(**{**{name: getattr(facts, name) for name in Facts.__dataclass_fields__}, **found})


def _database(reader: sqlite3.Connection, enrolled: list[Device]) -> dict:
    counts = outbox.counts(reader)
    return {
        "pending": counts["pending"],
        "dead_letters": counts["dead"],
        "oldest_pending_ms": outbox.oldest_ms(reader),
        "ledger_wrong": check(ledger.accounts(reader), *ledger.waiting(reader)).wrong,
        "devices": tuple(_device(reader, device) for device in enrolled if not device.revoked),
    }


def _device(reader: sqlite3.Connection, device: Device) -> DeviceFacts:
    state = devices.state(reader, device.id)
    told = devices.telemetry(reader, device.id)
    seen = [at for at in (devices.state_ms(reader, device.id), told[1] if told else None) if at is not None]
    online = state is not None and state.word in presence.ONLINE
    waiting, error_ms = (told[0].waiting, told[0].error_ms) if told else (None, None)
    return DeviceFacts(device.id, device.window, max(seen, default=None), online, waiting, error_ms)


def _is_running(data: Path) -> bool:
    try:
        with (data / "gateway.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _checks(data: Path) -> dict[str, bool] | None:
    try:
        url = (data / HTTP_FILE).read_text().strip()
        answer = httpx.get(url + "/readyz", timeout=_TIMEOUT_S, trust_env=False).json()
        return {str(name): bool(good) for name, good in answer["checks"].items()}
    except (OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, AttributeError):
        return None


def _open_files(data: Path) -> tuple[str, ...]:
    found = {file for pattern in _SECRETS for file in data.glob(pattern) if file.is_file()}
    return tuple(sorted(str(file.relative_to(data)) for file in found if file.stat().st_mode & 0o077))


def _enrolled(data: Path) -> tuple[list[Device], str]:
    try:
        return Registry(data).devices(), ""
    except RegistryError as error:
        return [], f"评价器登记册有损坏：{error}"


def _certificates(data: Path, enrolled: list[Device]) -> dict[str, int]:
    found = {}
    for name, words in (("ca", "大厅 CA"), ("server", "消息代理"), ("gateway", "网关")):
        file = data / "pki" / f"{name}.pem"
        if file.is_file():
            found[words] = _end_ms(x509.load_pem_x509_certificate(file.read_bytes()))
    return found | {f"评价器 {device.id}": _end_ms(device.certificate) for device in enrolled if not device.revoked}


def _end_ms(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp() * 1000)


def _unnamed(data: Path, host: str) -> str | None:
    file = data / "pki" / "server.pem"
    if host in ("0.0.0.0", "::") or not file.is_file():  # noqa: S104
        return None
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {str(name) for kind in (x509.DNSName, x509.IPAddress) for name in names.get_values_for_type(kind)}
    return None if host in known else host


def _free_bytes(data: Path) -> int | None:
    try:
        found = os.statvfs(data)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def _central(settings: CentralSettings | None, now_ms: int) -> Central | None:
    """An empty batch: it needs the key, and changes nothing."""
    if settings is None:
        return None
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    if settings.key is not None:
        headers["Authorization"] = f"Bearer {settings.key.get_secret_value()}"
    try:
        with httpx.Client(verify=context(settings), timeout=_TIMEOUT_S, trust_env=False) as client:
            answer = client.post(settings.url.rstrip("/") + "/api/v1/events", content=b"[]", headers=headers)
    except (OSError, ssl.SSLError, httpx.HTTPError, httpx.InvalidURL) as error:
        return Central(None, f"{type(error).__name__}: {error}"[:200])
    return Central(answer.status_code, "", _offset_ms(answer.headers.get("date"), now_ms))


def _offset_ms(date: str | None, now_ms: int) -> int | None:
    if date is None:
        return None
    try:
        offset_ms = int(email.utils.parsedate_to_datetime(date).timestamp() * 1000) - now_ms
    except ValueError:
        return None
    return 0 if -1000 <= offset_ms <= 1000 else offset_ms  # the header has whole seconds
