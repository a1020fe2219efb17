"""What becomes of a rating (spec 9.2). Every one is kept for ever; its status says whether it counts, and if not, why.

One service takes one counted citizen rating. Which one is a fold over the events in the order they were accepted:

- the one that counts keeps counting for as long as its standing binding names that service, because a bad rating that
  counts may already be in the hands of somebody;
- when it goes (bound elsewhere, or quarantined), the earliest accepted of the others takes its place.

Neither the level nor the state of the service has a say: a cancelled service keeps its rating, or a clerk could cancel
bad ratings away. Nor has the channel: device, QR code, text message, paper and what another system brings are one
citizen's word by five ways (`VOICES`), and the first accepted counts. A form or an import that comes later never takes
the place of what the citizen said at the window; it is kept, shown, and counts as ``already_rated``.

A default rating stands beside them: it counts (as silence, in figures of its own) until a citizen's word counts for the
same service, and is ``superseded`` then. Both are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The five levels by name, best first; an integer level exists only inside a signed record."""

    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    FAIRLY_SATISFIED = "fairly_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"


class Status(StrEnum):
    """Why a rating counts or does not."""

    COUNTED = "counted"
    UNBOUND = "unbound"
    AMBIGUOUS = "ambiguous"
    WAITING_SERVICE = "waiting_service"
    ALREADY_RATED = "already_rated"
    SUPERSEDED = "superseded"


class Origin(StrEnum):
    """How we know of a rating. Silence is not praise: a default is never mixed with what a citizen said."""

    CITIZEN_DEVICE = "citizen_device"
    """A device signed it."""
    CITIZEN_QR = "citizen_qr"
    """With a one-use token from a QR code (`core.rating_token`)."""
    CITIZEN_SMS = "citizen_sms"
    """With a one-use token from a text message."""
    PAPER = "paper"
    """A form that two people looked at."""
    IMPORT = "import"
    """Another system brought it."""
    DEFAULT = "default"
    """Nobody said anything, and a rule says what that counts as (`core.default_rating`)."""
    SELFTEST = "selftest"
    """Nobody's rating; a test of the way."""


#: What a citizen said, whichever way it came. Of these one counts for a service.
VOICES = (Origin.CITIZEN_DEVICE, Origin.CITIZEN_QR, Origin.CITIZEN_SMS, Origin.PAPER, Origin.IMPORT)


class Channel(StrEnum):
    """Where the citizen rated 评价渠道. What number other systems give it: `core.code_tables`."""

    PC = "pc"
    MOBILE = "mobile"
    QR = "qr"
    HALL_TABLET = "hall_tablet"
    HALL_TERMINAL = "hall_terminal"
    PHONE = "phone"
    SMS = "sms"
    PAPER = "paper"
    NONE = "none"
    """Nobody rated: a default."""


class Binding(StrEnum):
    """The words of a binding decision (spec 9.2)."""

    BOUND = "bound"
    UNBOUND = "unbound"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Bound:
    """A rating whose standing binding names the service. ``id`` rises in the order of acceptance. ``spoken``: it is a
    citizen's word and no default.
    """

    id: int
    status: Status
    spoken: bool = True


def without_service(binding: Binding | None) -> Status:
    """The status of a rating whose standing decision names no service; None: no decision has come."""
    return Status.AMBIGUOUS if binding is Binding.AMBIGUOUS else Status.UNBOUND


def settle(service_known: bool, bound: Sequence[Bound]) -> dict[int, Status]:
    """The status of each rating bound to one service."""
    spoken = [rating for rating in bound if rating.spoken]
    if not service_known:
        return {rating.id: Status.WAITING_SERVICE for rating in spoken}
    standing = [rating.id for rating in spoken if rating.status is Status.COUNTED]
    counts = min(standing or (rating.id for rating in spoken), default=None)
    found = {rating.id: Status.COUNTED if rating.id == counts else Status.ALREADY_RATED for rating in spoken}
    silence = Status.COUNTED if counts is None else Status.SUPERSEDED
    return found | {rating.id: silence for rating in bound if not rating.spoken}
