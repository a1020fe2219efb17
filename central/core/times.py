"""Points of time for programs."""

from datetime import UTC, datetime, timedelta

from central.core.calendar import ZONE


def rfc3339(at_ms: int | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; what lies beyond year 9999 is given as the number it is."""
    if at_ms is None:
        return None
    try:
        at = datetime.fromtimestamp(at_ms // 1000, UTC).replace(microsecond=at_ms % 1000 * 1000)
    except (OverflowError, ValueError, OSError):
        return str(at_ms)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def midnight_ms(now_ms: int) -> int:
    """The end of the day in Beijing."""
    day = datetime.fromtimestamp(now_ms / 1000, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((day + timedelta(days=1)).timestamp() * 1000)
