"""The process in which gateways are born and die: it has imported everything, and forks one for each line it reads.

A line is JSON, the gateway's settings. It answers ``{"pid": …}`` at once, the gateway itself its
ready line, and at its end ``{"ended": status}``. Nothing is open and no thread runs when it forks.
"""

import ctypes
import json
import logging
import os
import signal
import sys
from pathlib import Path

# all that a gateway imports late, so that a birth costs no import
import sqlite_utils.migrations  # noqa: F401
import uvicorn.lifespan.off  # noqa: F401
import uvicorn.loops.auto  # noqa: F401
import uvicorn.protocols.http.auto  # noqa: F401
import uvicorn.protocols.websockets.auto  # noqa: F401

from gateway.mqtt import Door
from gateway.run import run
from gateway.settings import load
from simulator.crash import shim

_PR_SET_PDEATHSIG = 1


def main() -> None:
    _die_with_parent()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    for line in sys.stdin:
        settings = json.loads(line)
        child = os.fork()
        if not child:
            _die_with_parent()
            status = 1
            try:
                _gateway(settings)
                status = 0
            except Exception:  # the top of the child
                logging.exception("the gateway ended")
            finally:
                os._exit(status)
        _say({"pid": child})
        _, status = os.waitpid(child, 0)
        _say({"ended": os.waitstatus_to_exitcode(status)})


def _die_with_parent() -> None:
    # whoever breaks off a run leaves no gateway behind
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _gateway(settings: dict) -> None:
    _note_receipts()
    run(load(**{**settings, "data": Path(settings["data"])}), as_json=True)


def _note_receipts() -> None:
    """Write each receipt into the shim's log before it leaves: from then on it is a promise."""
    publish = Door.publish

    def noted(self: Door, topic: str, payload: bytes) -> bool:
        if topic.endswith("/receipt"):
            shim.mark(topic.encode() + b"\n" + payload)
        return publish(self, topic, payload)

    Door.publish = noted  # type: ignore[method-assign]


def _say(what: dict) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
