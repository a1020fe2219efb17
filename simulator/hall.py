"""A whole hall on this machine: gateway and central as real processes, a device in a real VM at each window.

Everything lives under one folder: ``gateway/``, ``central/``, ``devices/<id>/`` and ``logs/``.
"""

import contextlib
import random
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from central import keyring
from central.halls import add_hall
from gateway.enrolment import create_authority, enroll, write_file
from simulator import evidence, officials, provisioning
from simulator.business import BusinessSystem
from simulator.device import SimDevice
from simulator.officials import Official
from simulator.played import Happening
from simulator.process import Server

#: How long a hall may take to hand everything over once the story has ended.
SETTLE_S = 90
_SERVER_PORTS = range(20_000, 32_000)


class HallError(Exception):
    """The hall did not come up or did not come to rest; the text says what is missing."""


@dataclass(frozen=True)
class Plan:
    """``windows`` maps a window to its device's id; ``undo_ms`` is the time to change one's mind.

    ``reasons``: whether bad levels are asked for reasons, as in a real hall; a measurement has nobody who answers.
    ``policy``: the regulation that central follows; with one there are officials who work bad ratings.
    """

    hall: str
    windows: dict[str, str]
    undo_ms: int = 2000
    reasons: bool = True
    policy: str | None = None


class Hall:
    """Open it with ``open``, close it with ``close``; or use ``opened``.

    ``receipted`` holds each device's last receipt once the hall came to rest.
    """

    def __init__(self, root: Path, plan: Plan, say: Callable[[str], None]):
        self.plan = plan
        self.gateway_data = root / "gateway"
        self.central_data = root / "central"
        self.receipted: dict[str, int] = {}
        self._attacks: list[Happening] = []
        self._dark: list[Happening] = []
        self._cut_since_ms: dict[str, int] = {}
        self.devices: dict[str, SimDevice] = {}
        self._root = root
        self._say = say
        self._ends = ExitStack()
        ports = free_ports(3)
        self.broker_port, http_port, central_port = ports
        self.gateway_url = f"http://127.0.0.1:{http_port}"
        self.central_url = f"http://127.0.0.1:{central_port}"
        self.auditor_key = secrets.token_hex(24)
        self.business_key = secrets.token_hex(24)
        (root / "logs").mkdir(parents=True, exist_ok=True)
        create_authority(self.gateway_data, plan.hall)
        key_file = add_hall(
            self.central_data,
            plan.hall,
            "示范政务服务中心",
            self.gateway_data / "pki" / "ca.pem",
            secrets.token_hex(24),
        )
        self.central_key = key_file.read_text()
        self.officials: list[Official] = []
        identity_key = None
        if plan.policy:
            self.officials = officials.register(self.central_data, self.auditor_key, plan.hall, plan.windows)
            identity_key = keyring.add(keyring.default_path(self.central_data)).public
        self._write_systems()
        self.central = Server(
            "central",
            ["central", "run", "--data", str(self.central_data), "--port", str(central_port), "--json"],
            root / "logs" / "central.log",
            {
                "HCP_CENTRAL_AUDITOR_KEY": self.auditor_key,
                **({"HCP_CENTRAL_POLICY": plan.policy} if plan.policy else {}),
            },
        )
        self.gateway = Server(
            "gateway",
            ["gateway", "run", "--data", str(self.gateway_data), "--json"],
            root / "logs" / "gateway.log",
            {
                "HCP_GATEWAY_BROKER_PORT": str(self.broker_port),
                "HCP_GATEWAY_BROKER_HOST": "127.0.0.1",
                "HCP_GATEWAY_HTTP_PORT": str(http_port),
                "HCP_GATEWAY_CENTRAL_URL": self.central_url,
                "HCP_GATEWAY_CENTRAL_KEY": self.central_key,
                "HCP_GATEWAY_UNDO_MS": str(plan.undo_ms),
                **({"HCP_GATEWAY_CENTRAL_IDENTITY_KEY": identity_key} if identity_key else {}),
                **({} if plan.reasons else {"HCP_GATEWAY_INDICATORS": str(_nothing_asked(self.gateway_data))}),
            },
        )
        self.business = BusinessSystem(self.gateway_url, self.business_key)

    def open(self) -> "Hall":
        """Start everything. Raises HallError or ProcessError; what had started is stopped again."""
        try:
            self._ends.callback(self.business.close)
            self._ends.callback(self.central.stop)
            self.central.start()
            self._say(f"中心系统就绪：{self.central_url}")
            self._ends.callback(self.gateway.stop)
            for window, device in self.plan.windows.items():
                self.devices[window] = self._install(device, window)
            self.gateway.start()
            self.business.register(self.plan.windows)
            self._say(f"大厅网关就绪：业务接口 {self.gateway_url}，评价器接入 127.0.0.1:{self.broker_port}（双向 TLS）")
            for window, box in self.devices.items():
                self._ends.callback(box.stop)
                box.start()
                self._say(f"窗口 {window}：评价器 {box.id} 已通电")
        except BaseException:
            self._ends.close()
            raise
        return self

    def settle(self) -> None:
        """Wait until every record reached central and every receipt its device. Raises HallError."""
        self.gateway.start()
        self.central.start()
        deadline = time.monotonic() + SETTLE_S
        while why := self._unsettled():
            if time.monotonic() > deadline:
                raise HallError(f"after {SETTLE_S} s: {why}; logs are in {self._root / 'logs'}")
            time.sleep(0.1)
        for device in self.devices.values():
            self.receipted[device.id] = device.stats().receipted

    def _unsettled(self) -> str:
        """What is still under way, in words; empty once everything has arrived."""
        for device in self.devices.values():
            stats = device.stats()
            if stats.unsigned or stats.waiting:
                return f"{device.id} has {stats.waiting} records without a receipt, an open choice: {stats.unsigned}"
        waiting = evidence.pending(self.gateway_data)
        return f"{waiting} events wait for central" if waiting else ""

    def holds(self, body: bytes) -> bool:
        """Whether gateway or central took these bytes for a genuine record."""
        return evidence.is_held(self.gateway_data, self.central_data, body)

    def power_cycle(self, window: str) -> None:
        """Take a device's power and give it back at once."""
        start_ms = _wall_ms()
        self.devices[window].power_off()
        self.devices[window].power_on()
        self._dark.append(Happening("device_off", start_ms, _wall_ms(), window))

    def cut_network(self, window: str) -> None:
        """Pull a device's cable."""
        self._cut_since_ms[window] = _wall_ms()
        self.devices[window].cut_network()

    def restore_network(self, window: str) -> None:
        """Plug it in again."""
        self.devices[window].restore_network()
        self._dark.append(Happening("network_cut", self._cut_since_ms.pop(window), _wall_ms(), window))

    def attacked(self, where: str) -> None:
        """Note that an attacker tried something now; ``where`` is gateway or central."""
        now_ms = _wall_ms()
        self._attacks.append(Happening("attack", now_ms, now_ms, where))

    @property
    def happenings(self) -> list[Happening]:
        """Everything that was done to the machines so far, in the order of its beginning."""
        away = [Happening("gateway_down", *outage) for outage in self.gateway.outages_ms]
        away += [Happening("central_down", *outage) for outage in self.central.outages_ms]
        return sorted([*away, *self._dark, *self._attacks], key=lambda happening: happening.start_ms)

    def close(self) -> None:
        """Stop everything, last started first."""
        self._ends.close()

    def outsider(self) -> Path:
        """A folder with certificate and key of a device of this hall that stands at no window: an attacker has it."""
        folder = self._root / "outsider"
        if not (folder / "device.key").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "outsider")])
            request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
            csr = request.public_bytes(serialization.Encoding.DER)
            enroll(self.gateway_data, csr, "outsider", "STORE", "127.0.0.1", self.broker_port).write(folder)
            pem = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            write_file(folder / "device.key", pem, secret=True)
        return folder

    def _write_systems(self) -> None:
        text = f'[[system]]\nname = "queue"\nkey = "{self.business_key}"\nscopes = ["events", "windows", "read"]\n'
        write_file(self.gateway_data / "systems.toml", text.encode(), secret=True)

    def _install(self, device: str, window: str) -> SimDevice:
        """What a technician does: take the request out of the box, enroll it, put the bundle in."""
        folder = self._root / "devices" / device
        csr = provisioning.request(folder)
        enrolment = enroll(self.gateway_data, csr, device, window, "127.0.0.1", self.broker_port)
        provisioning.install(folder, enrolment.bundle)
        return SimDevice(folder, ("127.0.0.1", self.broker_port), device)


@contextmanager
def opened(root: Path, plan: Plan, say: Callable[[str], None]) -> Iterator[Hall]:
    """A hall for the length of a ``with`` block."""
    hall = Hall(root, plan, say).open()
    try:
        yield hall
    finally:
        hall.close()


def _nothing_asked(folder: Path) -> Path:
    """A set of indicators that asks for none."""
    path = folder / "indicators.toml"
    path.write_text('version = 1\nasked = []\n[levels.very_dissatisfied]\n115 = "服务态度差效率低"\n')
    return path


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def free_ports(count: int) -> list[int]:
    """Ports below those that the kernel gives to clients: a server that was away must find its own free again."""
    ports: list[int] = []
    for port in random.SystemRandom().sample(_SERVER_PORTS, len(_SERVER_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise HallError(f"fewer than {count} free ports between {_SERVER_PORTS.start} and {_SERVER_PORTS.stop}")
