"""Carries commands to devices: queues them durably, sends them when a device is there, follows what it answers.

operator ──ask──▶ database ──due──▶ thread ──▶ device
device ──result──▶ intake ──▶ database; what it fetches meanwhile (spec 5.5) only counts here, and is noted seldom
"""

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway import release
from gateway.assets import Assets
from gateway.core import commands
from gateway.core.commands import Command, CommandError
from gateway.core.wants import Want
from gateway.enrolment import EnrolmentError
from gateway.release import ReleaseError
from gateway.store import commands as store
from gateway.store.writer import Store, StoreError
from protocol import downlink
from protocol.downlink import Result

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_PAUSE_S = 30.0
"""After the database took nothing."""
_NOTE_MS = 5000
"""How often the progress of an update goes to the disk."""
MAX_CERTIFICATES = 3
"""Different keys that a device may ask certificates for under one command."""


class Commander:
    """A thread. ``send(device, command)`` gives False if it could not; ``is_online(device)``; ``boot(device)`` is the
    counter of its last known start; ``certify(device, request)`` gives a certificate, DER, or raises EnrolmentError.
    """

    def __init__(
        self,
        store_: Store,
        assets: Assets,
        now_ms: Callable[[], int],
        send: Callable[[str, downlink.Command], bool],
        is_online: Callable[[str], bool],
        boot: Callable[[str], int | None],
        certify: Callable[[str, bytes], bytes],
    ):
        self._store = store_
        self._assets = assets
        self._now_ms = now_ms
        self._send = send
        self._is_online = is_online
        self._boot = boot
        self._certify = certify
        self._condition = threading.Condition()
        self._stopping = False
        self._woken = True  # what an earlier life left open is looked at first
        self._ready: set[str] = set()
        self._requests: dict[str, tuple[int, bytes]] = {}  # device -> command, PKCS#10: a device has one at a time
        self._wanted: dict[str, tuple[int, Want, int]] = {}  # device -> command, the last it asked for, when
        self._noted_ms: dict[int, int] = {}
        self._parts: dict[str, list[tuple[bytes, int]]] = {}  # manifest -> its parts
        self._certificates: dict[int, set[bytes]] = {}
        self._thread = threading.Thread(target=self._run, name="hcp-commands", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def healthy(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(10)

    # --- the operator's side, in any thread ---

    def ask(self, device: str, value: object, by: str) -> dict:
        """Queue what an operator asks of an enrolled device. Raises CommandError, StoreError."""
        name, args = commands.read(value)
        if name == "update":
            args["size"] = self._release(str(args["manifest"]))
        elif name == "reboot" and (boot := self._boot(device)) is not None:
            args["boot"] = boot
        now_ms = self._now_ms()
        command = self._store.run(lambda c: store.add(c, device, name, args, by, now_ms))
        log.info("%s asked %s of %s (%d)", by, name, device, command.id)
        self._wake()
        return self.view(command)

    def find(self, number: int) -> dict | None:
        command = store.get(self._store.reader(), number)
        return self.view(command) if command else None

    def of(self, device: str) -> list[dict]:
        return [self.view(command) for command in store.of(self._store.reader(), device)]

    def view(self, command: Command) -> dict:
        """A command for operators. It says nothing of ratings."""
        command = self._with_progress(command)
        return {
            "id": command.id,
            "device": command.device,
            "name": command.name,
            "state": command.state,
            "text": command.text,
            "sentence": commands.sentence(command),
            "asked_by": command.by,
            "created_ms": command.created_ms,
            "deadline_ms": command.deadline_ms,
            "sends": command.sends,
            "heard_ms": command.heard_ms,
            "ended_ms": command.ended_ms,
            "progress": {"done": command.done, "total": command.total} if command.total else None,
        }

    def _release(self, manifest: str) -> int:
        """The size of a manifest of which everything is published."""
        data = self._assets.whole(bytes.fromhex(manifest))
        try:
            found = release.read(data) if data else None
        except ReleaseError:
            found = None
        if found is None or not data:
            raise CommandError("unknown_release", f"{manifest[:16]}…: publish it with `hcp firmware publish`")
        missing = [file.path for file in found.files if file.size and not self._assets.has(file.sha256)]
        if missing:
            raise CommandError("unknown_release", f"{missing[0]} is missing; publish the release again")
        return len(data)

    # --- the device's side, in the intake's thread ---

    def online(self, device: str) -> None:
        """It has just subscribed."""
        with self._condition:
            self._ready.add(device)
        self._wake()

    def wants(self, device: str, number: int, want: Want) -> None:
        """It fetches something for a command."""
        with self._condition:
            self._wanted[device] = number, want, self._now_ms()

    def requests(self, device: str, number: int, request: bytes) -> None:
        """It asks for the certificate of its next key (spec 7.6)."""
        with self._condition:
            self._requests[device] = number, request
        self._wake()

    def answered(self, connection: sqlite3.Connection, device: str, result: Result) -> None:
        """A last answer; in a transaction of the writer."""
        command = store.get(connection, result.id)
        if command is None or command.device != device:
            return
        what, text = "failed", result.text
        if result.status == downlink.DONE:
            what = "done"
        elif result.status == downlink.UNKNOWN_COMMAND:
            text = "固件不认识这条命令，请先升级固件"
        elif command.name == "update" and text in ("on_trial", "downgrade"):
            # its first answer was lost, and by the next one it runs what it was to run
            version = self._version(str(command.args["manifest"]))
            if version is not None and store.firmware_since(connection, device, command.created_ms) == version:
                what, text = "done", str(version)
        store.put(connection, commands.follow(self._with_progress(command), what, self._now_ms(), text))

    def _version(self, manifest: str) -> int | None:
        data = self._assets.whole(bytes.fromhex(manifest))
        try:
            return release.read(data).version if data else None
        except ReleaseError:
            return None

    def _with_progress(self, command: Command) -> Command:
        with self._condition:
            wanted = self._wanted.get(command.device)
        if wanted is None or wanted[0] != command.id or command.name != "update":
            return command
        done, total = commands.progress(self._parts_of(str(command.args["manifest"])), wanted[1].hash, wanted[1].offset)
        return replace(command, done=max(done, command.done), total=total)

    def _parts_of(self, manifest: str) -> list[tuple[bytes, int]]:
        if manifest not in self._parts:
            data = self._assets.whole(bytes.fromhex(manifest))
            try:
                files = release.read(data).files if data else ()
            except ReleaseError:
                files = ()
            own = [(bytes.fromhex(manifest), len(data))] if data else []
            self._parts = {manifest: own + [(file.sha256, file.size) for file in files]}
        return self._parts[manifest]

    # --- the thread ---

    def _wake(self) -> None:
        with self._condition:
            self._woken = True
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._woken and not self._stopping:
                    self._condition.wait(_LOOK_S)
                if self._stopping:
                    return
                self._woken = False
                ready, self._ready = self._ready, set()
                asked, self._requests = self._requests, {}
            try:
                for device, (number, request) in asked.items():
                    self._give_certificate(device, number, request)
                for command in store.open_of(self._store.reader()):
                    self._look(command, command.device in ready)
            except (StoreError, TimeoutError, sqlite3.Error) as error:
                # what cannot be noted as sent must not be sent every second
                log.error("commands wait: %s", error)
                with self._condition:
                    if not self._stopping:
                        self._condition.wait(_PAUSE_S)
            except Exception:  # the top of this thread; a second later it looks again
                log.exception("commands")

    def _look(self, command: Command, ready: bool) -> None:
        now_ms = self._now_ms()
        command = self._heard(command, now_ms)
        if commands.is_late(command, now_ms):
            self._change(command.id, "late")
            log.warning("%s", commands.sentence(commands.follow(command, "late", now_ms)))
            return
        due = commands.due_ms(command) <= now_ms or (ready and commands.KINDS[command.name].on_ready)
        if due and self._is_online(command.device):
            body = downlink.Command(command.id, command.name, dict(command.args))
            if self._send(command.device, body):
                self._change(command.id, "sent")

    def _heard(self, command: Command, now_ms: int) -> Command:
        """Take what it fetches for a word, and note it now and then."""
        with self._condition:
            wanted = self._wanted.get(command.device)
        if wanted is None or wanted[0] != command.id or wanted[2] <= (command.heard_ms or 0):
            return command
        found = commands.follow(self._with_progress(command), "heard", wanted[2])
        if abs(now_ms - self._noted_ms.get(command.id, 0)) >= _NOTE_MS:
            self._noted_ms = {command.id: now_ms, **dict(list(self._noted_ms.items())[:255])}
            self._change(command.id, "heard", done=found.done, total=found.total)
        return found

    def _change(self, number: int, what: str, text: str = "", **fields: Any) -> None:
        now_ms = self._now_ms()

        def job(connection: sqlite3.Connection) -> None:
            command = store.get(connection, number)  # as it is now: an answer may have come meanwhile
            if command is not None and command.open:
                store.put(connection, replace(commands.follow(command, what, now_ms, text), **fields))

        self._store.run(job)

    def _give_certificate(self, device: str, number: int, request: bytes) -> None:
        command = store.get(self._store.reader(), number)
        if command is None or not command.open or command.device != device or command.name != "rotate_key":
            log.warning("%s asks for a certificate that nobody commanded", device)
            return
        seen = self._certificates.setdefault(number, set())
        try:
            if len(seen | {request}) > MAX_CERTIFICATES:
                raise EnrolmentError(f"it asked for more than {MAX_CERTIFICATES} different keys; look at the device")
            seen.add(request)
            certificate = self._certify(device, request)
        except (EnrolmentError, CommandError) as error:
            log.error("no certificate for the next key of %s: %s", device, error)
            self._change(number, "failed", f"网关未签发证书：{error}")
            return
        digest = self._assets.keep(certificate)
        args = {"certificate": digest.hex(), "size": len(certificate)}
        self._change(number, "heard", args=args, sent_ms=None)
        self._wake()
