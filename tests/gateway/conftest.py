from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gateway.run import Gateway
from gateway.settings import GatewaySettings
from protocol import identity
from tests.gateway.api import make_api
from tests.gateway.desk import HALL, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.close()


@pytest.fixture
def api(desk: Desk):
    """The business API of the desk, where one device stands at window A1."""
    desk.enrol("w1")
    return make_api(desk)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Gateway]:
    """A whole gateway with ports of its own. ``http`` speaks as a system that may do everything."""
    data = tmp_path / "data"
    data.mkdir()
    scopes = '["events", "windows", "read", "feed", "operate", "metrics"]'
    (data / "systems.toml").write_text(f'[[system]]\nname = "queue"\nkey = "{"k" * 32}"\nscopes = {scopes}\n')
    ports = {"broker_host": "127.0.0.1", "broker_port": 0, "http_port": 0}
    told = identity.key_text(X25519PrivateKey.generate().public_key())
    gateway = Gateway(GatewaySettings(data=data, hall=HALL, store_ballast_bytes=0, central_identity_key=told, **ports))
    gateway.start()
    gateway.http = httpx.Client(  # type: ignore[attr-defined]
        base_url=gateway.facts()["http"], headers={"Authorization": f"Bearer {'k' * 32}"}, trust_env=False, timeout=10
    )
    yield gateway
    gateway.http.close()  # type: ignore[attr-defined]
    gateway.stop()
