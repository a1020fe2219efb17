"""What devices say of themselves (spec 6.2, 6.3): it proves nothing. And what they answer and fetch (spec 5.4, 5.5)."""

import logging
import sqlite3
from concurrent.futures import Future

from gateway.assets import AssetServer
from gateway.commander import Commander
from gateway.core import wants
from gateway.core.presence import ONLINE
from gateway.painter import Painter
from gateway.presence import Presence
from gateway.roster import Roster
from gateway.scenes import Scenes
from gateway.store import devices, losses
from gateway.store.writer import Store
from protocol import downlink, topics
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)


class Reports:
    """``take`` is called by the intake alone."""

    TOPICS = ("/state", "/telemetry", "/log", "/result")
    """How the topics of reports end."""

    def __init__(
        self,
        hall: str,
        store: Store,
        roster: Roster,
        presence: Presence,
        scenes: Scenes,
        painter: Painter,
        asset_server: AssetServer,
        commander: Commander,
    ):
        self._hall = hall
        self._store = store
        self._roster = roster
        self._presence = presence
        self._scenes = scenes
        self._painter = painter
        self._asset_server = asset_server
        self._commander = commander

    def take(self, topic: str, payload: bytes, now_ms: int) -> Future | None:
        """What was queued for the store, None if there is nothing to keep. Raises ProtocolError, StoreError."""
        hall, device, leaf = topics.split(topic)
        if hall != self._hall or self._roster.facts(device) is None:
            raise ProtocolError("unknown_device", "this hall has not enrolled it")
        if leaf == "state":
            return self._state(device, payload, now_ms)
        if leaf == "telemetry":
            told = downlink.unpack_telemetry(payload)
            return self._store.submit(lambda c: self._telemetry(c, device, told, payload, now_ms))
        if leaf == "log":
            level, text = downlink.unpack_log(payload)
            return self._line(device, leaf, level, text, now_ms)
        return self._result(device, downlink.unpack_result(payload), now_ms)

    def _state(self, device: str, payload: bytes, now_ms: int) -> Future:
        if not payload:  # a retained state that was cleared
            return self._store.submit(lambda c: None)
        new = downlink.unpack_state(payload)
        kept = self._presence.take(device, new, now_ms)
        if new.word in ONLINE:
            self._painter.wake(devices_={device})
            # once that is committed: the commander reads who is there
            kept.add_done_callback(lambda _: self._commander.online(device))
        return kept

    def _telemetry(
        self, connection: sqlite3.Connection, device: str, told: downlink.Telemetry, body: bytes, now_ms: int
    ) -> None:
        devices.put_telemetry(connection, device, body, now_ms)
        if self._store.salvaging:  # what is not here yet is not lost
            return
        if losses.heard(connection, self._hall, device, told.seq - told.waiting + 1, now_ms):
            self._painter.wake(devices_={device})

    def _result(self, device: str, result: downlink.Result, now_ms: int) -> Future | None:
        if result.status == downlink.WANTS:
            self._want(device, result)
            return None
        if result.status == downlink.REQUESTS:
            self._commander.requests(device, result.id, result.text)
            return None
        level = logging.INFO if result.status == downlink.DONE else logging.WARNING
        text = f"command {result.id}: status {result.status} {result.text}"
        return self._line(device, "result", level, text, now_ms, result)

    def _line(
        self, device: str, leaf: str, level: int, text: str, now_ms: int, result: downlink.Result | None = None
    ) -> Future:
        # another's words in our log: no line of its own, no control sequence for a terminal
        text = "".join(letter if letter.isprintable() else "?" for letter in text)
        log.log(level, "%s says (%s): %s", device, leaf, text)

        def job(connection: sqlite3.Connection) -> None:
            devices.put_line(connection, device, leaf, level, text, now_ms)
            if result is not None:
                self._commander.answered(connection, device, result)

        return self._store.submit(job)

    def _want(self, device: str, result: downlink.Result) -> None:
        """A device fetches something (spec 5.5). Nothing of that is stored: it asks again for what it lacks."""
        want = wants.read(result.text)
        if want is None:
            raise ProtocolError("bad_field", "expected <hash> <offset>")
        if not self._asset_server.ask(device, want):
            shown = self._scenes.sent(device)
            if shown and want.hash in (shown.prompt, shown.strips):  # it had to give way to others: draw it again
                self._painter.wake(devices_={device})
                return
            log.warning("%s wants %s, which nobody published", device, want.hash.hex()[:16])
        self._commander.wants(device, result.id, want)
