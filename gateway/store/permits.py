"""SQL of what a key that is limited to some windows may tell."""

import sqlite3

from gateway.core.business import Event, Type
from gateway.store.business import Result

_CALLS = (Type.CALLED, Type.RECALLED, Type.RESUMED)


def refused(connection: sqlite3.Connection, event: Event, windows: frozenset[str] | None) -> Result | None:
    """The refusal of an event that is not this key's to tell, or None. ``windows`` None: the key has no limit.

    It may call whom it likes to its own windows, for that is what follows a transfer. Of a service it may tell more
    only if the service has been at one of them, or at none that is known.
    """
    if windows is None or event.case_no is None and event.window is None:  # a withdrawal: of its own events only
        return None
    allowed = " ".join(sorted(windows))
    if event.window is None:
        return _refusal(event, f"此密钥限于窗口 {allowed}, 须填写 window (window is needed)")
    if event.window not in windows:
        return _refusal(event, f"此密钥限于窗口 {allowed} (not a window of this key)")
    if event.case_no is None or event.type in _CALLS:
        return None
    rows = connection.execute(
        "SELECT DISTINCT window FROM business_events WHERE case_no = ? AND service_no = ? AND window IS NOT NULL",
        (event.case_no, event.service_no),
    ).fetchall()
    known = {row[0] for row in rows}
    if known and not known & windows:
        return _refusal(event, "该服务不在此密钥的窗口 (the service is at another window)")
    return None


def _refusal(event: Event, detail: str) -> Result:
    return Result(event.id, "rejected", "forbidden_window", detail)
