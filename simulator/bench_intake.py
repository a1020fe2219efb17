"""How fast the gateway takes ratings for good: broker → mTLS → verified → bound → FULL commit → receipt."""

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway import enrolment
from gateway.broker import mosquitto, setup, trial
from gateway.settings import GatewaySettings
from simulator.bench import Row, percentile
from simulator.hall import free_ports
from simulator.process import Server

HALL = "bench"
DEVICES = 64
EACH = 625
STEADY_PER_S = 200
STEADY_EACH = 63
_LOAD_S = 300


def rows(root: Path, say: Callable[[str], None]) -> Iterator[Row]:
    """On both brokers, as far as Mosquitto is installed. Takes about two minutes."""
    kinds = ["embedded", *(["mosquitto"] if mosquitto.find() else [])]
    for kind in kinds:
        say(f"intake over the broker: {kind}")
        found = _load(root / kind / "fast", kind, EACH, None)
        rate = found["records"] / found["seconds"]
        note = (
            f"{found['records']} ratings from {DEVICES} devices, 8 without a receipt each (spec 6.4), over mutual TLS; "
            f"broker: {kind}; the devices, signed beforehand, run on the same 2 cores"
        )
        yield Row(f"durable intake, {kind} broker", round(rate), "1/s", 5000, rate >= 5000, note=note)
        each_us = 1e6 * found["processor_s"] / found["records"]
        yield Row(f"processor time of the gateway for a rating, {kind} broker", round(each_us), "µs", note=note)
        found = _load(root / kind / "steady", kind, STEADY_EACH, STEADY_PER_S)
        for percent, target in ((50, None), (99, 50.0)):
            waited = percentile(found["waited_ms"], percent)
            yield Row(
                f"record → receipt at {STEADY_PER_S}/s, {kind} broker, p{percent}", round(waited, 1), "ms",
                target, None if target is None else waited <= target, note=f"{found['records']} ratings",
            )  # fmt: skip


def _load(root: Path, kind: str, each: int, rate: float | None) -> dict:
    data = root / "data"
    data.mkdir(parents=True)
    port, http_port = free_ports(2)
    enrolment.create_authority(data, HALL, ("127.0.0.1",))
    words = [sys.executable, "-m", "simulator.bench_load", str(data), HALL, str(port), str(DEVICES), str(each)]
    # the register is complete before the gateway starts, as on any day but the first
    load = subprocess.Popen(  # noqa: S603 - our own module
        words + ([str(rate)] if rate else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert load.stdin and load.stdout
    stop_broker: Callable[[], None] = lambda: None  # noqa: E731
    gateway = Server(
        "gateway", ["gateway", "run", "--data", str(data), "--json"], root / "gateway.log",
        {
            "HCP_GATEWAY_BROKER": kind, "HCP_GATEWAY_BROKER_HOST": "127.0.0.1",
            "HCP_GATEWAY_BROKER_PORT": str(port), "HCP_GATEWAY_HTTP_PORT": str(http_port),
        },
    )  # fmt: skip
    try:
        if load.stdout.readline() != "signed\n":
            raise RuntimeError("the load did not come up; its error is above")
        if kind == "mosquitto":
            settings = GatewaySettings(
                data=data, hall=HALL, broker="mosquitto", broker_host="127.0.0.1", broker_port=port,
                broker_user=getpass.getuser(),
            )  # fmt: skip
            stop_broker = trial.start_mosquitto(setup.mosquitto_settings(settings, HALL), data)
        gateway.start()
        before = _processor_s(gateway.pid)
        out, _ = load.communicate("go\n", timeout=_LOAD_S)
        return {**json.loads(out), "processor_s": _processor_s(gateway.pid) - before}
    finally:
        load.kill()
        gateway.stop()
        stop_broker()


def _processor_s(pid: int | None) -> float:
    """What a process has had of the processors, user and system (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
