"""A handling as JSON, for the database: all of it, and back to the same value."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from central.core.handling import Deed, Handling

_HANDLING = TypeAdapter(Handling)


def dump(handling: Handling) -> dict[str, Any]:
    """Sets as sorted lists, so that equal handlings are equal texts."""
    plain: dict[str, Any] = _HANDLING.dump_python(replace(handling, moments=dict(handling.moments)), mode="json")
    for name in ("lapsed", "overdue"):
        plain[name].sort()
    for name in ("involved", "handled", "reviewed"):
        plain["people"][name].sort()
    plain["running"].sort(key=lambda each: each["timer"])
    return plain


def load(plain: Any) -> Handling:
    """Raises pydantic.ValidationError if ``dump`` did not make it."""
    return _HANDLING.validate_python(plain)


def said(deed: Deed) -> dict[str, Any]:
    """The content of a deed without who and what: what it left empty is left out."""
    content = {
        "fields": {name: text for name, text in deed.fields.items() if text.strip()},
        "ground": deed.ground,
        "kind": deed.kind,
        "outcome": deed.outcome,
        "clauses": list(deed.clauses),
        "handling_class": deed.handling_class,
        "until_ms": deed.until_ms,
        "timer": deed.timer,
    }
    return {name: value for name, value in content.items() if value}


#: The parts of a deed that its digest covers.
SEALED = ("handling", "number", "at_ms", "action", "party", "actor", "org", "before", "after", "words", "said")


def digest(deed: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a deed as it is kept. The audit holds it: whoever changes the deed later is found out."""
    content = {name: deed[name] for name in SEALED}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
