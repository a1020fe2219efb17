"""SQL of the indicators: what every version said, and which one is in force."""

import json
import sqlite3

from gateway.core import indicators
from gateway.core.indicators import IndicatorError, IndicatorSet
from gateway.store import meta

_IN_FORCE = "indicators"


def put_in_force(connection: sqlite3.Connection, new: IndicatorSet, now_ms: int) -> bool:
    """From now on scenes carry this set; False if they did already.

    Raises IndicatorError ``version`` if this version said something else before: ratings name it.
    """
    known = of_version(connection, new.version)
    if known is not None and known != new:
        raise IndicatorError("version", f"{new.version} is known here with other words; give these a new version")
    if known is None:
        connection.execute("INSERT INTO indicator_sets VALUES (?, ?, ?)", (new.version, new.text(), now_ms))
    changed = meta.get(connection, _IN_FORCE) != new.version
    if changed:
        meta.put(connection, _IN_FORCE, new.version)
    return changed


def of_version(connection: sqlite3.Connection, version: int) -> IndicatorSet | None:
    """What a version said; None if it was never in force here."""
    row = connection.execute("SELECT body FROM indicator_sets WHERE version = ?", (version,)).fetchone()
    return indicators.read(json.loads(row[0])) if row else None


def in_force(connection: sqlite3.Connection) -> IndicatorSet | None:
    """The set that was put in force last; None: none ever was."""
    version = meta.get(connection, _IN_FORCE)
    return None if version is None else of_version(connection, version)
