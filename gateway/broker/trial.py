"""A broker for an hour of trial: a scratch hall, and the hall's kind of broker run for it alone on this machine."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway import enrolment
from gateway.broker import mosquitto, proofs, setup
from gateway.broker.outside import Broker
from gateway.registry import Registry
from gateway.settings import GatewaySettings, SettingsError

HALL = "check"
_START_S = 10.0


@contextlib.contextmanager
def running(settings: GatewaySettings, folder: Path) -> Iterator[proofs.Scratch]:
    """The broker that ``settings`` name, with a furnished hall in ``folder``. Raises SettingsError."""
    scratch = GatewaySettings(
        data=folder, broker=settings.broker, broker_user=settings.broker_user,
        broker_host="127.0.0.1", broker_port=free_port() if settings.broker == "mosquitto" else 0,
    )  # fmt: skip
    proofs.furnish(folder, HALL)
    broker = setup.make(scratch, HALL, Registry(folder))
    with contextlib.ExitStack() as undo:
        if scratch.broker == "mosquitto":
            undo.callback(start_mosquitto(setup.mosquitto_settings(scratch, HALL), folder))
        broker.start()
        undo.callback(broker.stop)
        yield proofs.Scratch(folder, HALL, broker.port, lambda name: _revoke(folder, broker, name))


def _revoke(folder: Path, broker: Broker, name: str) -> None:
    enrolment.revoke(folder, name, time.time_ns() // 1_000_000)
    broker.cut_off(name)


def start_mosquitto(settings: mosquitto.MosquittoSettings, data: Path) -> Callable[[], None]:
    """Write the files for the hall in ``data`` and run Mosquitto with them; gives what ends it.

    Raises SettingsError.
    """
    program = mosquitto.find()
    if program is None:
        raise SettingsError("Mosquitto is not installed; on Debian and Ubuntu: sudo apt-get install -y mosquitto")
    mosquitto.write(settings, enrolment.revocations(data))
    with (settings.folder / "out").open("ab") as out:
        process = subprocess.Popen([program, "-c", settings.configuration], stdout=out, stderr=out)  # noqa: S603

    def stop() -> None:
        process.terminate()
        process.wait(_START_S)

    until = time.monotonic() + _START_S
    while not _answers(settings.door):
        if process.poll() is not None or time.monotonic() > until:
            stop()
            said = (settings.folder / "out").read_text(errors="replace")[-500:]
            raise SettingsError(f"Mosquitto does not run with what `hcp broker config` writes: {said.strip()}")
        threading.Event().wait(0.02)  # it tells nobody: look again
    return stop


def _answers(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(door)) == 0


def free_port() -> int:
    """A port of the loopback address that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
