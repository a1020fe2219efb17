"""Who applied: name, number and phone of the 申请人. Read strictly, never shown, packed for sealing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.core.business import BusinessError
from protocol.identity import Callee, Contact

MAX_SEALED = 4096
#: A sealed identity has a length that says nothing about the name in it.
PAD = 256

_SHAPES = {
    "name": (re.compile(r"\S(?:.{0,62}\S)?"), "1 至 64 个可见字符"),
    "id_no": (re.compile(r"[0-9A-Za-z()-]{1,40}"), "1 至 40 位字母、数字、()-"),
    "phone": (re.compile(r"[0-9+() -]{5,24}"), "5 至 24 位数字、+()-"),
}
#: What the caller sealed is not ours to read: any text of this alphabet, which holds base64, base64url and JWE.
_OPAQUE = re.compile(rf"[A-Za-z0-9+/=_.-]{{16,{MAX_SEALED}}}")


@dataclass(frozen=True, slots=True)
class Person:
    """No field is printed by ``repr``: what reaches a log by mistake says nothing."""

    name: str | None = field(default=None, repr=False)
    id_no: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """The applicant, and the agent (代办人) if somebody came in the applicant's place."""

    applicant: Person = field(default=Person(), repr=False)
    agent: Person | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opaque:
    """An identity that the caller sealed for itself."""

    blob: bytes = field(repr=False)


def take_out(value: Mapping) -> tuple[dict, Identity | Opaque | None]:
    """An event without its identity, and the identity. Raises BusinessError ``bad_applicant``; it quotes nothing."""
    rest = dict(value)
    clear, sealed = rest.pop("applicant", None), rest.pop("applicant_sealed", None)
    if clear is None and sealed is None:
        return rest, None
    if clear is not None and sealed is not None:
        raise BusinessError("bad_applicant", "applicant 与 applicant_sealed 只能提供一个 (one of the two)")
    if rest.get("case_no") is None or rest.get("service_no") is None:
        raise BusinessError("bad_applicant", "申请人信息须与 case_no、service_no 一同提交 (needs its service)")
    if sealed is not None:
        if not isinstance(sealed, str) or not _OPAQUE.fullmatch(sealed):
            raise BusinessError("bad_applicant", f"applicant_sealed 应为 16 至 {MAX_SEALED} 位 base64 或 JWE 文本")
        return rest, Opaque(sealed.encode())
    return rest, _identity(clear)


def pack(identity: Identity) -> bytes:
    """The bytes to seal, filled up to a multiple of ``PAD``."""
    people = {"applicant": identity.applicant, "agent": identity.agent}
    value = {
        who: {name: text for name in _SHAPES if (text := getattr(person, name)) is not None}
        for who, person in people.items()
        if person is not None
    }
    packed = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return packed + b" " * (-len(packed) % PAD)


def unpack(packed: bytes) -> Identity:
    """What ``pack`` made."""
    value = json.loads(packed)
    agent = value.get("agent")
    return Identity(Person(**value["applicant"]), Person(**agent) if agent is not None else None)


def callee(identity: Identity) -> Callee:
    """What central is told (spec 9.6): whom to call, and where. The number of an identity card stays in the hall."""
    agent = identity.agent
    return Callee(
        Contact(identity.applicant.name, identity.applicant.phone),
        None if agent is None else Contact(agent.name, agent.phone),
    )


def bound_to(hall: str, case_no: str, service_no: int) -> bytes:
    """The associated data of a sealed identity: in the row of another service it does not open."""
    return json.dumps(["hcp-applicant-1", hall, case_no, service_no], ensure_ascii=False).encode()


def _identity(value: object) -> Identity:
    if not isinstance(value, Mapping):
        raise BusinessError("bad_applicant", "applicant 应为 JSON 对象 (an object)")
    mine = dict(value)
    agent = mine.pop("agent", None)
    return Identity(_person("applicant", mine), None if agent is None else _person("applicant.agent", agent))


def _person(where: str, value: object) -> Person:
    if not isinstance(value, Mapping) or not value or not set(value) <= set(_SHAPES):
        raise BusinessError("bad_applicant", f"{where} 应含 name、id_no、phone 中的一项或几项, 别无其他")
    for name, text in value.items():
        shape, words = _SHAPES[name]
        if not isinstance(text, str) or not text.isprintable() or not shape.fullmatch(text):
            raise BusinessError("bad_applicant", f"{where}.{name} 应为{words}")
    return Person(**value)
