"""The process in which gateways are born and die: it has imported everything, and forks one for each line it reads.

A line is JSON: ``{"settings": {…}, "outside": {…} | null}``. It answers ``{"pid": …}`` at once, the gateway itself its
ready line, and at its end ``{"ended": status}``. Nothing is open and no thread runs when it forks.
"""

import contextlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path

# all that a gateway imports late, so that a birth costs no import
import sqlite_utils.migrations  # noqa: F401
import uvicorn.lifespan.off  # noqa: F401
import uvicorn.loops.auto  # noqa: F401
import uvicorn.protocols.http.auto  # noqa: F401
import uvicorn.protocols.websockets.auto  # noqa: F401

from gateway.clock import Clock
from gateway.mqtt import Door, DoorSettings
from gateway.registry import Registry
from gateway.run import run
from gateway.service import Service, ServiceSettings
from gateway.settings import GatewaySettings, load
from gateway.store.writer import Store
from simulator.crash import shim


def main() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            status = 1
            try:
                _gateway(order)
                status = 0
            except Exception:  # the top of the child
                logging.exception("the gateway ended")
            finally:
                os._exit(status)
        _say({"pid": child})
        _, status = os.waitpid(child, 0)
        _say({"ended": os.waitstatus_to_exitcode(status)})


def _gateway(order: dict) -> None:
    _note_receipts()
    settings = load(**{**order["settings"], "data": Path(order["settings"]["data"])})
    if order.get("outside"):
        _beside_broker(settings, order["outside"]["port"])
    else:
        run(settings, as_json=True)


def _note_receipts() -> None:
    """Write each receipt into the shim's log before it leaves: from then on it is a promise."""
    publish = Door.publish

    def noted(self: Door, topic: str, payload: bytes) -> bool:
        if topic.endswith("/receipt"):
            shim.mark(topic.encode() + b"\n" + payload)
        return publish(self, topic, payload)

    Door.publish = noted  # type: ignore[method-assign]


def _beside_broker(settings: GatewaySettings, port: int) -> None:
    """The gateway's store, service and door at a broker that is a process of its own."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    pki = settings.data / "pki"
    hall = str(settings.hall)
    with contextlib.ExitStack() as undo:
        store = Store(settings.data / "gateway.db")
        undo.callback(store.close)
        doors: list[Door] = []
        service = Service(
            ServiceSettings(hall, queue_frames=settings.queue_frames),
            store,
            Registry(settings.data),
            Clock(),
            lambda topic, payload: bool(doors) and doors[0].publish(topic, payload),
        )
        service.start()
        undo.callback(service.stop)
        own = DoorSettings(hall, "127.0.0.1", port, pki / "gateway.pem", pki / "gateway.key", pki / "ca.pem")
        doors.append(Door(own, service.offer, service.on_up))
        doors[0].start()
        undo.callback(doors[0].stop)
        _say({"ready": True, "pid": os.getpid()})
        ended.wait()


def _say(what: dict) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
