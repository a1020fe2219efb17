"""What central sends down (spec 9.4): numbered corrections, read from its answer. Values in, values out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from gateway.core.intake import MAX_SEQ
from protocol import topics
from protocol.errors import ProtocolError

POLICY = "policy"
INDICATORS = "indicators"
NOT_ADOPTED = "not_adopted"
#: An objection was upheld: it counts again.
ADOPTED = "adopted"
MAX_TEXT = 65_536
_MAX_KIND = 64


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. ``text`` is its data as JSON; ``problem`` says why it cannot be acted on, if it cannot."""

    number: int
    kind: str
    text: str
    problem: str | None = None

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def rating(self) -> tuple[str, int] | None:
        """The rating that counts no more, or counts again, if it is about one."""
        if self.kind not in (NOT_ADOPTED, ADOPTED) or self.problem:
            return None
        return self.data["device"], self.data["seq"]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what central has: by rising number, each above what was asked for."""

    corrections: tuple[Correction, ...]
    newest: int


def read(body: object, after: int) -> Page:
    """Read an answer. Raises ValueError if it is not what spec 9.4 promises: then nothing of it counts.

    A correction of a kind that is known but with data that is not what it should be is kept, with its ``problem``: it
    must not stand in the way of the ones behind it.
    """
    found = body.get("corrections") if isinstance(body, Mapping) else None
    newest = body.get("newest") if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not _is_count(newest):
        raise ValueError("expected corrections and newest")
    kept = []
    for value in found:
        correction = _read(value)
        if correction.number <= after:
            raise ValueError(f"number {correction.number} is not above {after}")
        after = correction.number
        kept.append(correction)
    return Page(tuple(kept), newest)


def _read(value: object) -> Correction:
    number = value.get("number") if isinstance(value, Mapping) else None
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not _is_count(number) or not isinstance(kind, str):
        raise ValueError("a correction has a number and a kind")
    text = json.dumps(value.get("data"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if len(text) > MAX_TEXT or not 0 < len(kind) <= _MAX_KIND:
        raise ValueError(f"correction {number} is too large")
    problem = _problem(kind, value.get("data"))
    return Correction(number, kind, text, problem)


def _problem(kind: str, data: object) -> str | None:
    if kind not in (POLICY, INDICATORS, NOT_ADOPTED, ADOPTED):
        return "a kind that this version does not know"
    if not isinstance(data, Mapping):
        return "data: expected an object"
    if kind in (NOT_ADOPTED, ADOPTED):
        device, seq = data.get("device"), data.get("seq")
        try:
            topics.check_id(str(device))
        except ProtocolError:
            return "device: expected an id"
        return None if _is_count(seq) and 0 < seq <= MAX_SEQ else "seq: expected 1 or more"
    version = data.get("version")
    if not _is_count(version) or not 0 < version <= 0xFFFFFFFF:
        return "version: expected 1 to 4294967295"
    if kind == INDICATORS and not isinstance(data.get("content"), Mapping):
        return "content: expected an object"
    if kind == POLICY and not isinstance(data.get("policy"), str):
        return "policy: expected its name"
    return None


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEQ
