"""Who sees what of one bad rating. The one place where that is decided; `central.sight` asks it of the database.

Two sieves, and both must let it through:

1. a grant that reaches the place (`roles`);
2. no part in the 办件: whoever is rated, or was ever thought to be, whoever served the case, and whoever serves at the
   same window learns nothing that depends on the rating, under whichever hat. To them it is as if there were none.

One opening: where the policy lets the rated person appeal (四平 9.2), that person is told that there is one and what it
takes to apply in writing, once the 办件 is finished (MOT 第五条: a rating must not affect how the matter is handled).
Never the level, a reason, a text, the citizen, the case or the time of day: the reviewer has those.
"""

from dataclasses import dataclass
from enum import StrEnum

from central.core.handling import DAY_MS
from central.core.roles import Place, Viewer

#: Who served at the window within this time before the bad rating came in, or since, is a colleague there.
MATES_MS = 30 * DAY_MS


class Sight(StrEnum):
    """``told``: that there is one, and how to apply in writing. ``file``: the whole case file without the identity,
    which has a door of its own."""

    NOTHING = "nothing"
    TOLD = "told"
    FILE = "file"


@dataclass(frozen=True)
class Seen:
    """What matters of one bad rating. Persons by account or "hall/工号". ``kept_out``: who is rated or had a part, or
    was ever thought to. ``mates``: who serves at the window. ``told``: the rated person was told."""

    place: Place
    rated: str | None
    kept_out: frozenset[str]
    mates: frozenset[str]
    finished: bool
    told: bool


def sight(viewer: Viewer, seen: Seen) -> Sight:
    """What this viewer sees of it."""
    rated = {seen.rated} if seen.rated else set()
    if viewer.is_one_of(rated | seen.kept_out | seen.mates):
        return Sight.TOLD if viewer.is_one_of(rated) and seen.finished and seen.told else Sight.NOTHING
    place = seen.place
    return Sight.FILE if viewer.sees(place.org, place.region, place.hall) else Sight.NOTHING
