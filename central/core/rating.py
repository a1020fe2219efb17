"""What becomes of a rating (spec 9.2). Every one is kept for ever; its status says whether it counts, and if not, why.

One service takes one counted citizen rating. Which one is a fold over the events in the order they were accepted:

- the one that counts keeps counting for as long as its standing binding names that service, because a bad rating that
  counts may already be in the hands of somebody;
- when it goes (bound elsewhere, or quarantined), the earliest accepted of the others takes its place.

Neither the level nor the state of the service has a say: a cancelled service keeps its rating, or a clerk could cancel
bad ratings away.
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


class Origin(StrEnum):
    """Where a rating comes from. Silence is not praise: a default is never mixed with what a citizen said."""

    CITIZEN = "citizen"
    DEFAULT = "default"
    IMPORT = "import"
    PAPER = "paper"


class Binding(StrEnum):
    """The words of a binding decision (spec 9.2)."""

    BOUND = "bound"
    UNBOUND = "unbound"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True)
class Bound:
    """A citizen rating whose standing binding names the service. ``id`` rises in the order of acceptance."""

    id: int
    status: Status


def without_service(binding: Binding | None) -> Status:
    """The status of a rating whose standing decision names no service; None: no decision has come."""
    return Status.AMBIGUOUS if binding is Binding.AMBIGUOUS else Status.UNBOUND


def settle(service_known: bool, bound: Sequence[Bound]) -> dict[int, Status]:
    """The status of each citizen rating bound to one service."""
    if not service_known:
        return {rating.id: Status.WAITING_SERVICE for rating in bound}
    standing = [rating.id for rating in bound if rating.status is Status.COUNTED]
    counts = min(standing or (rating.id for rating in bound), default=None)
    return {rating.id: Status.COUNTED if rating.id == counts else Status.ALREADY_RATED for rating in bound}
