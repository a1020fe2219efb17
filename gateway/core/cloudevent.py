"""The CloudEvents that go to central (spec 9.1). Each is a plain dict, its id names the fact for ever."""

import base64
from typing import Any

from gateway.core import evidence, times
from gateway.core.binding import Binding
from gateway.core.cases import Case, Service

DEVICE = "cn.hcp.device.enrolled.v1"
CASE = "cn.hcp.case.v1"
SERVICE = "cn.hcp.service.v1"
RECORD = "cn.hcp.record.v1"
BINDING = "cn.hcp.binding.v1"
INCIDENT = "cn.hcp.incident.v1"
IDENTITY = "cn.hcp.identity.v1"

#: What goes first inside one batch. The numbers are in the database, too (``outgoing.kind``): they never change.
RANK = {DEVICE: 0, CASE: 1, SERVICE: 2, RECORD: 3, BINDING: 4, INCIDENT: 5, IDENTITY: 6}
OTHER = 9
MAX_INCIDENT_BODY = 512


def _event(hall: str, kind: str, event_id: str, now_ms: int, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/hall/{hall}",
        "type": kind,
        "time": times.text(now_ms),
        "datacontenttype": "application/json",
        "data": data,
    }


def device(hall: str, device_id: str, window: str | None, certificate_pem: str, fingerprint: str, now_ms: int) -> dict:
    """``fingerprint``: SHA-256 of the certificate, hexadecimal."""
    data = {"device": device_id, "hall": hall, "window": window, "certificate": certificate_pem}
    return _event(hall, DEVICE, f"device/{device_id}/{fingerprint[:16]}", now_ms, data)


def case(hall: str, known: Case, revision: int, now_ms: int) -> dict:
    data = {
        "case_no": known.case_no,
        "revision": revision,
        "item_code": known.item_code,
        "item_name": known.item_name,
        "status": known.status,
        **_moments(accepted_at=known.accepted_ms, finished_at=known.finished_ms),
    }
    return _event(hall, CASE, f"case/{known.case_no}/{revision}", now_ms, data)


def service(hall: str, known: Service, revision: int, now_ms: int) -> dict:
    data = {
        "case_no": known.case_no,
        "service_no": known.service_no,
        "revision": revision,
        "window": known.window,
        "staff": known.staff,
        "status": known.status,
        **_moments(
            called_at=known.called_ms,
            served_at=known.served_ms,
            finished_at=known.finished_ms,
            closed_at=known.closed_ms,
        ),
    }
    if known.applicant_kind is not None:
        data["applicant_kind"] = str(known.applicant_kind)
    return _event(hall, SERVICE, f"service/{known.case_no}/{known.service_no}/{revision}", now_ms, data)


def record(
    hall: str, device_id: str, seq: int, full_hash: bytes, body: bytes, binding_data: dict | None, now_ms: int
) -> dict:
    """``now_ms`` is when the gateway received it."""
    data = {
        "record": base64.b64encode(body).decode(),
        "received_at": times.text(now_ms),
        "binding": binding_data,
    }
    return _event(hall, RECORD, record_id(device_id, seq, full_hash), now_ms, data)


def record_id(device_id: str, seq: int, full_hash: bytes) -> str:
    return f"record/{device_id}/{seq}/{full_hash.hex()[:16]}"


def binding_data(device_id: str, seq: int, number: int, decision: Binding, now_ms: int) -> dict:
    """Spec 9.2."""
    optional = {
        "case_no": decision.case_no,
        "service_no": decision.service_no,
        "staff": decision.staff,
        "window": decision.window,
        "error_ms": decision.error_ms,
        # absent, not null, in decisions made before it was kept: they say again what they said then
        "evidence": evidence.data(decision.evidence) if decision.evidence else None,
    }
    return {
        "device": device_id,
        "seq": seq,
        "number": number,
        "status": str(decision.status),
        "rule": str(decision.rule),
        "candidates": [{"case_no": case_no, "service_no": number} for case_no, number in decision.candidates],
        "decided_at": times.text(now_ms),
        **{name: value for name, value in optional.items() if value is not None},
    }


def binding(hall: str, data: dict, now_ms: int) -> dict:
    return _event(hall, BINDING, f"binding/{data['device']}/{data['seq']}/{data['number']}", now_ms, data)


def identity(
    hall: str, case_no: str, service_no: int, revision: int, sealed: tuple[str, bytes, bool] | bytes, now_ms: int
) -> dict:
    """``sealed``: the id of central's key, the seal and whether a phone is in it; or what the caller sealed itself."""
    data: dict[str, Any] = {"case_no": case_no, "service_no": service_no, "revision": revision}
    if isinstance(sealed, bytes):
        data |= {"has_phone": False, "opaque": sealed.decode("ascii")}
    else:
        key, blob, has_phone = sealed
        data |= {"has_phone": has_phone, "key": key, "sealed": base64.b64encode(blob).decode()}
    return _event(hall, IDENTITY, f"identity/{case_no}/{service_no}/{revision}", now_ms, data)


def incident(
    hall: str, number: int, code: str, detail: str, device_id: str | None, seq: int | None, body: bytes, now_ms: int
) -> dict:
    data: dict[str, Any] = {"code": code, "at": times.text(now_ms), "detail": detail}
    if device_id is not None:
        data["device"] = device_id
    if seq is not None:
        data["seq"] = seq
    if body:
        data["body"] = base64.b64encode(body[:MAX_INCIDENT_BODY]).decode()
    return _event(hall, INCIDENT, f"incident/{number}", now_ms, data)


def _moments(**moments: int | None) -> dict[str, str]:
    return {name: times.text(ms) for name, ms in moments.items() if ms is not None}
