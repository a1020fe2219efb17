"""Draining a backlog to a real central in a process of its own, with and without new ratings coming meanwhile: how
fast, and how soon the new ones are there.

The backlog lies in a real gateway database before the clock starts; every record is signed, and central verifies it.
"""

import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from central.halls import add_hall
from gateway import enrolment
from gateway.clock import Clock
from gateway.core import cloudevent
from gateway.core.intake import Genuine
from gateway.store import outbox, records
from gateway.store.writer import Store
from gateway.upstream.central import Central, CentralSettings
from protocol import record
from simulator.bench import Row, percentile
from simulator.bench_load import signed
from simulator.hall import free_ports
from simulator.process import Server

HALL = "bench"
BACKLOG = 40_000
DEVICES = 20
LIVE_PER_S = 50
_PATIENCE_S = 300.0


def rows(root: Path, say: Callable[[str], None], backlog: int = BACKLOG) -> Iterator[Row]:
    """Takes about a minute."""
    say("draining a backlog to central")
    site = _Site(root, backlog, LIVE_PER_S * 60)
    try:
        note = f"{backlog} signed ratings of {DEVICES} devices, batches of 500, verified by central on the same 2 cores"
        took_s, waited_ms, used = site.drain()
        rate = backlog / took_s
        note += f"; {len(waited_ms)} new ones came meanwhile at {LIVE_PER_S}/s"
        yield Row("backlog drain to central", round(rate), "1/s", 4000, rate >= 4000, note=note)
        for name, seconds in used.items():
            yield Row(f"processor time of {name} for a rating on its way up", round(seconds * 1e6 / backlog), "µs")
        for percent, target in ((50, None), (99, 1000.0)):
            waited = percentile(waited_ms, percent)
            met = None if target is None else waited <= target
            yield Row(f"new rating → central while a backlog drains, p{percent}", round(waited), "ms", target, met)
    finally:
        site.close()


class _Site:
    def __init__(self, root: Path, backlog: int, live: int):
        data = root / "gateway"
        data.mkdir(parents=True)
        enrolment.create_authority(data, HALL)
        key = secrets.token_hex(24)
        add_hall(root / "central", HALL, "测量", data / "pki" / "ca.pem", key)
        (port,) = free_ports(1)
        self._server = Server(
            "central",
            ["central", "run", "--data", str(root / "central"), "--port", str(port), "--json"],
            root / "central.log",
            {"HCP_CENTRAL_AUDITOR_KEY": secrets.token_hex(24)},
        )
        self.store = Store(data / "gateway.db")
        each = backlog // DEVICES
        self._live = self._fill(data, each, live // DEVICES)
        self._server.start()
        self._central = Central(
            CentralSettings(HALL, f"http://127.0.0.1:{port}", SecretStr(key), per_second=100_000, burst=100_000),
            self.store,
            Clock(),
        )

    def _fill(self, data: Path, each: int, live: int) -> list[tuple[str, bytes]]:
        """Queue the backlog as a day would: every device is enrolled, then their ratings come in turn."""
        chains = []
        for number in range(DEVICES):
            device = f"w{number:02}"
            key = ec.generate_private_key(ec.SECP256R1())
            request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
            given = enrolment.enroll(data, request.public_bytes(serialization.Encoding.DER), device, f"A{number}")
            pem = given.certificate.public_bytes(serialization.Encoding.PEM).decode()
            fingerprint = given.certificate.fingerprint(hashes.SHA256()).hex()
            event = cloudevent.device(HALL, device, f"A{number}", pem, fingerprint, _now_ms())
            self.store.run(lambda c, e=event: outbox.put(c, e))  # type: ignore[misc]
            chains.append([(device, body) for body in signed(device, key, each + live)])
        turns = [pair for turn in zip(*chains, strict=True) for pair in turn]
        waiting = [self.store.submit(_taking(body)) for _, body in turns[: each * DEVICES]]
        for done in waiting:
            done.result()
        return turns[each * DEVICES :]

    def drain(self) -> tuple[float, list[float], dict[str, float]]:
        """How long it took, what each new rating waited (ms), and the processor seconds of both sides."""
        waited: list[float] = []
        over = threading.Event()
        trickle = threading.Thread(target=self._trickle, args=(over, waited), daemon=True)
        before = (time.process_time(), _used(self._server.pid))
        began = time.monotonic()
        self._central.start()
        trickle.start()
        last = outbox.newest(self.store.reader())
        while self.store.reader().execute("SELECT 1 FROM outgoing WHERE id <= ? LIMIT 1", (last,)).fetchone():
            if time.monotonic() - began > _PATIENCE_S:
                raise TimeoutError(f"not drained within {_PATIENCE_S:.0f} s: {self._central.last_error}")
            over.wait(0.02)
        took = time.monotonic() - began
        used = {"gateway": time.process_time() - before[0], "central": _used(self._server.pid) - before[1]}
        over.set()
        trickle.join()
        return took, waited, used

    def _trickle(self, over: threading.Event, waited: list[float]) -> None:
        reader = self.store.open_reader()
        sent: dict[tuple[str, int], float] = {}
        for device, body in self._live:
            if over.wait(1 / LIVE_PER_S):
                break
            seq = record.parse(body).head.seq
            self.store.run(_taking(body))
            sent[device, seq] = time.monotonic()
            self._central.wake()
            self._look(reader, sent, waited)
        until = time.monotonic() + 10
        while sent and time.monotonic() < until:
            self._look(reader, sent, waited)
            time.sleep(0.01)
        waited += [10_000.0] * len(sent)
        reader.close()

    def _look(self, reader, sent: dict[tuple[str, int], float], waited: list[float]) -> None:
        for place in list(sent):
            found = "SELECT 1 FROM delivered WHERE device = ? AND seq = ? AND number = 0"
            if reader.execute(found, place).fetchone():
                waited.append((time.monotonic() - sent.pop(place)) * 1000)

    def close(self) -> None:
        self._central.stop()
        self._server.stop()
        self.store.close()


def _taking(body: bytes):
    genuine = Genuine(record.parse(body), body, record.record_hash(body), None)
    return lambda c: records.take(c, genuine, HALL, _now_ms(), 0)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _used(pid: int | None) -> float:
    """The processor seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
