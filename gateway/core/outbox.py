"""The outbox: what an answer from central means for each event, and when to try again (spec 9.3)."""

import email.utils
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

FIRST_MS = 500
MOST_MS = 60_000
#: Central may ask for patience, but not for more than this.
MOST_RETRY_AFTER_MS = 3_600_000
MAX_WORDS = 500


def key_of(case_no: str | None, device: str | None = None, seq: int | None = None) -> int | None:
    """What keeps the events of one case in order: a number for its name; an unbound record has one of its own.

    Short, because it is held twice for each event that waits; two cases that share it wait for each other, no more.
    """
    about = case_no or (f"{device}/{seq}" if device is not None else None)
    return int.from_bytes(hashlib.sha256(about.encode()).digest()[:4], "big", signed=True) if about else None


class Fate(StrEnum):
    """What becomes of an event that was sent."""

    DONE = "done"
    DEAD = "dead"
    LATER = "later"


class Meaning(StrEnum):
    """What an HTTP status says about a whole batch."""

    RESULTS = "results"
    SPLIT = "split"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Answer:
    fate: Fate
    words: str
    status: str = ""


def meaning(status: int) -> Meaning:
    """200 carries results. A few statuses blame the content, so it is split to find which; all others pass by
    themselves.

    401, 403 and 404 blame the settings: nothing is wrong with the events, so none may end for it.
    """
    if status == 200:
        return Meaning.RESULTS
    if status in (400, 409, 411, 413, 415, 422, 431):
        return Meaning.SPLIT
    return Meaning.LATER


def answers(ids: Sequence[str], body: object) -> list[Answer] | None:
    """One answer for each id, in order; None if ``body`` is not what spec 9.3 promises (then nothing in it counts)."""
    results = body.get("results") if isinstance(body, dict) else None
    if not isinstance(results, list) or len(results) != len(ids):
        return None
    found = []
    for event_id, result in zip(ids, results, strict=True):
        if not isinstance(result, dict) or result.get("id") != event_id:
            return None
        words = f"{result.get('status')} {result.get('code') or ''}: {result.get('detail') or ''}"[:MAX_WORDS]
        status = str(result.get("status"))
        found.append(Answer(_FATES.get(status, Fate.LATER), words, status))
    return found


_FATES = {"accepted": Fate.DONE, "duplicate": Fate.DONE, "conflict": Fate.DEAD, "rejected": Fate.DEAD}


def backoff_ms(attempt: int, chance: float, retry_after_ms: int | None = None) -> int:
    """How long to wait after the ``attempt``-th failure (from 1): full jitter, ``chance`` in 0…1, over 0.5 s doubling
    to 60 s.

    A wish of the server is a least time.
    """
    most = min(MOST_MS, FIRST_MS << min(attempt - 1, 16))
    return max(int(most * chance), retry_after_ms or 0)


def retry_after_ms(value: str | None, now_ms: int) -> int | None:
    """The Retry-After header (RFC 9110 §10.2.3) as a wait in ms, at most an hour; None if absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(int(text) * 1000, MOST_RETRY_AFTER_MS)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = int(moment.timestamp() * 1000) - now_ms if moment.tzinfo else 0
    return min(max(wait, 0), MOST_RETRY_AFTER_MS)
