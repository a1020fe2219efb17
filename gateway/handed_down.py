"""Putting in force what central hands down of its policy (spec 9.4): the indicators and the names of the levels.

What the hall's own settings say goes before it.
"""

import logging
from collections.abc import Iterable

from gateway.core import corrections, indicators
from gateway.core.corrections import Correction
from gateway.core.indicators import IndicatorError
from gateway.service import Service
from gateway.settings import GatewaySettings
from gateway.store import corrections as stored
from gateway.store import indicators as sets
from gateway.store.writer import Store, StoreError

log = logging.getLogger(__name__)


class HandedDown:
    """``take`` is told of new corrections once they are on the disk."""

    def __init__(self, settings: GatewaySettings, service: Service, store: Store):
        self._settings = settings
        self._service = service
        self._store = store

    def start(self) -> None:
        """Go on where a process ended that had kept a correction and not followed it yet."""
        reader = self._store.reader()
        newest = stored.newest(reader, corrections.INDICATORS)
        if newest is not None and sets.of_version(reader, newest["version"]) is None:
            self._offer(newest["content"])

    def take(self, new: Iterable[Correction]) -> None:
        """Follow the newest of each kind."""
        newest = {one.kind: one for one in new if not one.problem}
        if corrections.INDICATORS in newest:
            self._offer(newest[corrections.INDICATORS].data["content"])
        if corrections.POLICY in newest and self._settings.labels is None:
            self._service.put_labels(stored.label_set(self._store.reader()) or 1)

    def _offer(self, content: object) -> None:
        if self._settings.indicators is not None:
            return
        try:
            self._service.put_indicators(indicators.read(content))
        except (IndicatorError, StoreError) as error:
            log.error("the indicators that central handed down are not offered: %s", error)
