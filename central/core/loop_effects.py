"""What an action in the loop asks the edge to do. One dataclass for each kind; performed in their order, in the
transaction that stores the new state."""

from dataclasses import dataclass
from enum import StrEnum

from central.core.handling import Start
from central.core.parties import Party


@dataclass(frozen=True)
class Owns:
    """Whose turn it is now; None: nobody's, it is over."""

    party: Party | None


@dataclass(frozen=True)
class StartTimer:
    """Compute the due time of this timer from ``start_ms``, or take ``until_ms`` where an end was agreed."""

    timer: str
    start: Start
    start_ms: int
    until_ms: int | None = None


@dataclass(frozen=True)
class StopTimer:
    timer: str


class About(StrEnum):
    """What a notice is about. Its text is the edge's; none says which star it was."""

    NEW = "new"
    RATED = "rated"
    APPEAL = "appeal"
    INVALID = "invalid"
    CONFIRMED = "confirmed"
    UPHELD = "upheld"
    REJECTED = "rejected"
    REPLY = "reply"
    RETURNED = "returned"
    RESULT = "result"
    EXTENDED = "extended"
    ASSIST = "assist"
    SUPERVISED = "supervised"
    OVERDUE = "overdue"
    ESCALATED = "escalated"
    REOPENED = "reopened"
    CLASSIFIED = "classified"


@dataclass(frozen=True)
class Notice:
    to: Party
    about: About


@dataclass(frozen=True)
class Audit:
    """A line for the audit, in Chinese, with the article."""

    words: str


@dataclass(frozen=True)
class Adopt:
    """Whether the rating counts in the statistics from now on. It is kept in any case, and halls, province and the
    department that registered it are told (SP 9.3)."""

    adopted: bool


@dataclass(frozen=True)
class Confirmed:
    """It is a 差评 that counts in assessment and accountability. ``how``: by whom or by what lapse."""

    how: str


@dataclass(frozen=True)
class Withdrawn:
    """It was confirmed and is no longer: 不予采纳 after all."""


@dataclass(frozen=True)
class Accountability:
    """追责建议: the reviewer suggests that the competent department look into it."""

    reason: str


Effect = Owns | StartTimer | StopTimer | Notice | Audit | Adopt | Confirmed | Withdrawn | Accountability
