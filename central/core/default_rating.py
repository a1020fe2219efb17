"""Default ratings 默认评价: what silence counts as, where a regulation says so (C-1), and from when the time runs.

- Only a finished case (办结) starts the time, by its newest revision; a cancelled one does not.
- Only a service that was itself finished is ever rated by default: one that was cancelled, handed on, or of which
  nobody said that it ended, is not. Where the regulation says 全部办结 (MOT 第九条), nothing runs before all of them
  are over, and all times start at the last end; elsewhere each starts at its own end, or the case's if that is later.
- A service that a citizen rated, by whichever channel, has none.

A default is a rating of its own, of origin ``default``, once for a service for ever. It is in no figure of what
citizens said (C-2), and superseded, not removed, when a citizen speaks later (C-3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

#: A service that has come to an end, one way or another.
OVER = frozenset({"finished", "cancelled", "transferred"})


@dataclass(frozen=True)
class CaseFacts:
    """The newest revision of a case. ``finished_ms``: when it was finished, as the business system says."""

    status: str
    finished_ms: int | None


@dataclass(frozen=True)
class ServiceFacts:
    """The newest revision of a service, and whether a citizen's rating counts for it."""

    number: int
    status: str
    finished_ms: int | None
    rated: bool


def awaited(whole: bool, case: CaseFacts, services: Sequence[ServiceFacts]) -> dict[int, int]:
    """Which services of the case wait to be rated by default, and since when (ms)."""
    if case.status != "finished" or case.finished_ms is None:
        return {}
    if whole and any(service.status not in OVER for service in services):
        return {}
    ends = {service.number: max(case.finished_ms, service.finished_ms or 0) for service in services}
    last = max(ends.values(), default=case.finished_ms)
    return {
        service.number: last if whole else ends[service.number]
        for service in services
        if service.status == "finished" and not service.rated
    }
