"""Which broker a gateway has, from its settings, and whom that broker lets in, from the register."""

import logging
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway import enrolment
from gateway.broker.acl import Role
from gateway.broker.mosquitto import MosquittoSettings
from gateway.broker.outside import Broker, OutsideBroker
from gateway.broker.server import EmbeddedBroker
from gateway.broker.settings import BrokerSettings
from gateway.mqtt import CLIENT_ID, subscriptions
from gateway.registry import Registry, RegistryError
from gateway.settings import GatewaySettings, SettingsError
from protocol.errors import ProtocolError

log = logging.getLogger(__name__)


def mosquitto_settings(settings: GatewaySettings, hall: str) -> MosquittoSettings:
    """What Mosquitto has to be for this gateway. Raises SettingsError."""
    pki = settings.data / "pki"
    if not settings.broker_port:
        raise SettingsError("broker_port: Mosquitto needs a port of its own, got 0")
    try:
        return MosquittoSettings(
            hall,
            (settings.broker_folder or settings.data / "mosquitto").resolve(),
            (pki / "server.pem").resolve(),
            (pki / "server.key").resolve(),
            (pki / "ca.pem").resolve(),
            settings.broker_host,
            settings.broker_port,
            settings.broker_user,
        )
    except (ValueError, ProtocolError) as error:
        raise SettingsError(f"Mosquitto: {error}") from error


def make(settings: GatewaySettings, hall: str, registry: Registry) -> Broker:
    """The broker of these settings, not started. Raises SettingsError."""
    if settings.broker == "mosquitto":
        return OutsideBroker(
            mosquitto_settings(settings, hall),
            lambda name: _admitted(registry, name),
            lambda: enrolment.revocations(settings.data),
        )
    pki = settings.data / "pki"
    broker = EmbeddedBroker(
        BrokerSettings(
            hall,
            pki / "server.pem",
            pki / "server.key",
            pki / "ca.pem",
            settings.broker_host,
            settings.broker_port,
        ),
        _authorize(registry, pki),
    )
    # it forgets everything at each start: no device may be faster than the gateway's own connection
    broker.expect(enrolment.GATEWAY_NAME, CLIENT_ID, subscriptions(hall))
    return broker


def _admitted(registry: Registry, name: str) -> bool:
    try:
        device = registry.device(name)
    except RegistryError as error:
        log.error("%s", error)
        return False
    return device is not None and not device.revoked


def _authorize(registry: Registry, pki: Path) -> Callable[[str, bytes], Role | None]:
    own = x509.load_pem_x509_certificate((pki / "gateway.pem").read_bytes()).fingerprint(hashes.SHA256())

    def authorize(name: str, fingerprint: bytes) -> Role | None:
        if name == enrolment.GATEWAY_NAME:
            return Role.GATEWAY if fingerprint == own else None
        try:
            device = registry.device(name)
        except RegistryError as error:
            log.error("%s", error)
            return None
        return Role.DEVICE if device is not None and device.admits(fingerprint) else None

    return authorize
