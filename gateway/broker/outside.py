"""Mosquitto as the hall's broker: a service of its own that we configure, watch and never start.

It offers what ``EmbeddedBroker`` offers (``Broker`` below), so the gateway runs on either. Mosquitto never reads the
register of devices: whoever is unknown, revoked or leaves its topics is cut off by the ``Warden``, and a revoked
certificate is put on the list that refuses it at its next handshake.
"""

import errno
import logging
import os
import signal
from collections.abc import Callable
from typing import Protocol

from gateway.broker import mosquitto
from gateway.broker.mosquitto import MosquittoSettings
from gateway.broker.warden import Warden
from gateway.registry import write_file

log = logging.getLogger(__name__)


class Broker(Protocol):
    """What the gateway asks of its broker."""

    port: int

    def start(self) -> None:
        """Raises OSError with what to do."""

    def stop(self) -> None: ...

    def cut_off(self, cn: str) -> int:
        """End what this certificate has open, for it may connect no more; gives how many connections were asked for."""

    def refresh(self) -> None:
        """The register has changed: who may connect from now on."""

    def counts(self) -> dict[str, int]:
        """What it has counted, by the names of ``BrokerStats``."""


class OutsideBroker:
    """A Mosquitto that runs with what ``hcp broker config`` wrote into ``settings.folder``.

    ``known(cn)`` says whether a device may be here at all; ``revocations()`` is the list of what may not, PEM.
    ``on_violation(cn, topic)`` hears of each client that was cut off for leaving its topics.
    """

    def __init__(
        self,
        settings: MosquittoSettings,
        known: Callable[[str], bool],
        revocations: Callable[[], bytes],
        on_violation: Callable[[str, str], None] = lambda cn, topic: None,
    ):
        self._settings = settings
        self._revocations = revocations
        self._warden = Warden(settings.hall, settings.log, settings.door, known, on_violation)
        self.port = settings.port

    def start(self) -> None:
        """Watch the running Mosquitto. Raises OSError if its configuration is missing or is not the one we mean."""
        self._check_files()
        self.refresh()
        self._warden.start()

    def stop(self) -> None:
        self._warden.stop()

    def cut_off(self, cn: str) -> int:
        self.refresh()
        return self._warden.cut_off(cn)

    def counts(self) -> dict[str, int]:
        return {"violations": self._warden.violations}

    def _check_files(self) -> None:
        settings = self._settings
        wanted = {
            settings.configuration: mosquitto.configuration(settings),
            settings.access: mosquitto.access_list(settings.hall),
        }
        for file, text in wanted.items():
            try:
                found = file.read_text(encoding="utf-8")
            except FileNotFoundError:
                raise OSError(errno.ENOENT, "Mosquitto is not configured; run `hcp broker config`", str(file)) from None
            if found != text:
                raise OSError(
                    errno.EINVAL,
                    "not what these settings mean; run `hcp broker config`, then restart Mosquitto",
                    str(file),
                )

    def refresh(self) -> None:
        """Let Mosquitto read the list of revocations, if it changed."""
        try:
            wanted = self._revocations()
            if mosquitto.serials(wanted) == mosquitto.serials(self._settings.revocations):
                return
            write_file(self._settings.revocations, wanted)
            os.kill(int(self._settings.pid.read_text()), signal.SIGHUP)
        except (OSError, ValueError) as error:
            log.error(
                "Mosquitto was not told whom to refuse: %s; the warden cuts them off at each connect. "
                "Does it run, as the gateway's own user?", error,
            )  # fmt: skip
