"""What the hall's devices show, read from the files that the settings name."""

import tomllib
from pathlib import Path
from typing import Any

from gateway.core import indicators, scene
from gateway.core.indicators import NATIONAL, IndicatorError, IndicatorSet
from gateway.core.scene import Look, LookError
from gateway.settings import GatewaySettings, SettingsError
from gateway.store import corrections
from gateway.store import indicators as kept
from gateway.store.writer import Store

MAX_BYTES = 1 << 20
"""Of a file; more is not read."""


def load(settings: GatewaySettings, store: Store) -> Look:
    """Indicators are those of the file, else those that were in force last, else the national set.

    Raises SettingsError.
    """
    given = indicators_from(settings.indicators) if settings.indicators else kept.in_force(store.reader())
    stars = {}
    if settings.staff_stars:
        try:
            stars = dict(scene.check_stars(_table(settings.staff_stars).get("stars", {})))
        except LookError as error:
            raise SettingsError(f"{settings.staff_stars}: stars: {error}") from None
    labels = settings.labels or corrections.label_set(store.reader()) or 1
    return Look(given or NATIONAL, labels, settings.case_page, stars)


def indicators_from(path: Path) -> IndicatorSet:
    """The set in a TOML file. Raises SettingsError: it names file and field."""
    try:
        return indicators.read(_table(path))
    except IndicatorError as error:
        raise SettingsError(f"{path}: {error}") from None


def _table(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(f"{path}: more than {MAX_BYTES} bytes")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; check the setting that names it") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise SettingsError(f"{path}: {error}") from None
