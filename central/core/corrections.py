"""Corrections that flow down to halls (spec 9.4): which kinds there are, and what each must hold."""

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, ValidationError

from central.core import events
from central.core.events import Data, DeviceId, Name, Seq, Text

MAX_REASON = 500
#: What one correction may weigh as JSON.
MAX_BYTES = 65_536


class Kind(StrEnum):
    """The kinds of this version; a gateway keeps others unread."""

    POLICY = "policy"
    INDICATORS = "indicators"
    NOT_ADOPTED = "not_adopted"
    ADOPTED = "adopted"


class Policy(Data):
    """A policy in force: what its labels are called, what is asked, when reasons are."""

    policy: Text
    version: Annotated[int, Field(ge=1, le=2**32 - 1)]
    labels: dict[Text, Name] | None = None
    prompts: dict[Text, Name] | None = None
    reason_rule: Any = None


class Indicators(Data):
    """A set of reasons with its version, the number that a rating carries (spec 3.3)."""

    version: Annotated[int, Field(ge=1, le=2**32 - 1)]
    content: dict[str, Any]


class Adoption(Data):
    """A rating that counts no more (不予采纳), or counts again."""

    device: DeviceId
    seq: Seq


# any line breaks, nothing else that cannot be seen, no half of a surrogate pair
_REASON = re.compile(r"[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]+")


def check_reason(reason: object) -> str:
    """The reason without space around it. Raises ValueError, saying what was expected."""
    text = reason.strip() if isinstance(reason, str) else ""
    if len(text) > MAX_REASON or not _REASON.fullmatch(text):
        raise ValueError(f"reason: expected 1 to {MAX_REASON} characters, none of them a control character")
    return text


_MODELS: Mapping[Kind, type[Data]] = {
    Kind.POLICY: Policy,
    Kind.INDICATORS: Indicators,
    Kind.NOT_ADOPTED: Adoption,
    Kind.ADOPTED: Adoption,
}


def check(kind: str, data: object) -> Kind:
    """Raises ValueError, saying what was expected. What a kind does not know is kept as it is."""
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("data: a text holds half of a surrogate pair") from None
    try:
        known = Kind(kind)
    except ValueError:
        raise ValueError(f"kind: expected one of {', '.join(Kind)}") from None
    try:
        _MODELS[known].model_validate(data)
    except ValidationError as error:
        raise ValueError(events.explain(error)) from None
    return known
