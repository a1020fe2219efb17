"""问责: how many confirmed bad ratings a person has within a year, and whether that is what the policy asks about.

A count for those who supervise. It accuses nobody: whether the person is to blame is for the competent department.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from central.core.calendar import ZONE
from central.core.sections import Accountability

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Counted:
    """``rolling``: in the year that ends now; ``calendar``: in this one. Where the regulation does not say which it
    means (WZ 第十六条, C-18), both are told."""

    rolling: int
    calendar: int


def count(confirmed_ms: Sequence[int], now_ms: int) -> Counted:
    """Of the moments at which ratings were confirmed, those within the year, read both ways."""
    now = datetime.fromtimestamp(now_ms / 1000, ZONE)
    moments = [datetime.fromtimestamp(each / 1000, ZONE) for each in confirmed_ms if each <= now_ms]
    return Counted(
        sum(each > now - YEAR for each in moments),
        sum(each.year == now.year for each in moments),
    )


def reached(said: Accountability, counted: Counted) -> bool | None:
    """Whether the policy's number is reached, by the reading that it or the deployment chose, by either where nobody
    did; None where it gives no number."""
    if said.bad_ratings is None:
        return None
    if said.window is None:
        return max(counted.rolling, counted.calendar) >= said.bad_ratings.value
    chosen = counted.rolling if said.window.value == "rolling" else counted.calendar
    return chosen >= said.bad_ratings.value
