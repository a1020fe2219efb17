"""A gateway shows itself to central by a certificate or by a key: a real TLS server, real certificates."""

import socket
import ssl
import threading
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from pydantic import SecretStr

from central import tls
from central.app import create_app
from central.settings import Hall
from central.settings import Settings as CentralsSettings
from gateway import enrolment
from gateway.store import outbox
from gateway.upstream.central import Central, CentralSettings
from tests.builders import make_key
from tests.gateway.desk import HALL, Desk, poll

KEY = "hall-key-for-tests-only-01"
OTHER_KEY = "hall-key-for-tests-only-02"
EVENTS = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
def server(tmp_path: Path, desk: Desk):
    """Central over TLS for two halls, with the certificate of a third authority."""
    enrolment.create_authority(tmp_path / "other", "hall-2")
    enrolment.create_authority(tmp_path / "city", "city")
    halls = tuple(
        Hall(id=hall, name=hall, authority=(data / "pki" / "ca.pem").read_text(), key=SecretStr(key))
        for hall, data, key in ((HALL, desk.data, KEY), ("hall-2", tmp_path / "other", OTHER_KEY))
    )
    settings = CentralsSettings(data_dir=tmp_path / "central", auditor_key=SecretStr("a" * 30), halls=halls)
    pki = tmp_path / "city" / "pki"
    made = tls.context(pki / "server.pem", pki / "server.key", halls)
    config = uvicorn.Config(
        create_app(settings), http=tls.Protocol, log_config=None, ssl_context_factory=lambda *_: made
    )
    running = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.run, args=([listener],), daemon=True)
    thread.start()
    poll(lambda: running.started)
    yield f"https://127.0.0.1:{listener.getsockname()[1]}", str(pki / "ca.pem")
    running.should_exit = True
    thread.join(10)


def ask(server, own: tuple[Path, Path] | None = None, key: str | None = None) -> int:
    url, authority = server
    context = ssl.create_default_context(cafile=authority)
    if own:
        context.load_cert_chain(*own)
    headers = {**EVENTS, **({"Authorization": f"Bearer {key}"} if key else {})}
    with httpx.Client(verify=context, trust_env=False) as client:
        return client.post(url + "/api/v1/events", content=b"[]", headers=headers).status_code


def of_gateway(data: Path) -> tuple[Path, Path]:
    return data / "pki" / "gateway.pem", data / "pki" / "gateway.key"


def up(desk: Desk, server, **shown) -> Central:
    url, authority = server
    return Central(CentralSettings(HALL, url, authority=authority, timeout_s=5, **shown), desk.store, desk.clock)


@pytest.mark.parametrize("way", ["certificate", "key"])
def test_either_a_certificate_or_a_key_is_enough(desk, server, way):
    twin = desk.enrol("dev-1")
    desk.send("dev-1", twin.rating(2))
    certificate, key_file = of_gateway(desk.data)
    shown = {"certificate": certificate, "key_file": key_file} if way == "certificate" else {"key": SecretStr(KEY)}
    central = up(desk, server, **shown)
    central.start()
    poll(lambda: outbox.counts(desk.store.reader()) == {"pending": 0, "done": 2, "dead": 0}, lambda: central.last_error)
    central.stop()


def test_a_gateway_refuses_a_central_of_another_authority(desk, server):
    twin = desk.enrol("dev-1")
    desk.send("dev-1", twin.rating(2))
    central = up(desk, (server[0], str(desk.data / "pki" / "ca.pem")), key=SecretStr(KEY))
    central.start()
    poll(lambda: central.last_error)
    central.stop()
    assert "CERTIFICATE_VERIFY_FAILED" in central.last_error
    assert outbox.counts(desk.store.reader())["pending"] == 2


def test_who_shows_nothing_is_nobody(server):
    assert ask(server) == 401


def test_the_certificate_of_a_device_is_not_that_of_its_gateway(desk, server, tmp_path):
    key = make_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    given = enrolment.enroll(desk.data, request.public_bytes(serialization.Encoding.DER), "dev-7", "A1")
    own = tmp_path / "dev.pem", tmp_path / "dev.key"
    own[0].write_bytes(given.certificate.public_bytes(serialization.Encoding.PEM))
    own[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert ask(server, own) == 401
    assert ask(server, of_gateway(desk.data)) == 200


def test_the_certificate_of_an_authority_that_central_does_not_know_ends_the_handshake(server, tmp_path):
    enrolment.create_authority(tmp_path / "stranger", HALL)
    with pytest.raises(httpx.HTTPError):
        ask(server, of_gateway(tmp_path / "stranger"))


def test_certificate_and_key_of_two_halls_are_refused(desk, server):
    assert ask(server, of_gateway(desk.data), KEY) == 200
    assert ask(server, of_gateway(desk.data), OTHER_KEY) == 401
    assert ask(server, of_gateway(desk.data), "wrong") == 401


def test_an_authority_cannot_speak_for_the_hall_of_another(tmp_path, desk):
    """Both authorities are trusted at the TLS layer; the name in the certificate must be that of its own hall."""
    enrolment.create_authority(tmp_path / "a" / "x", "hall-2")
    halls = tuple(
        Hall(id=hall, name=hall, authority=(data / "pki" / "ca.pem").read_text(), key=SecretStr(KEY + hall))
        for hall, data in ((HALL, desk.data), ("hall-2", tmp_path / "a" / "x"))
    )
    swapped = (halls[0].model_copy(update={"id": "hall-2"}), halls[1].model_copy(update={"id": HALL}))
    shown = x509.load_pem_x509_certificate((desk.data / "pki" / "gateway.pem").read_bytes())
    der = shown.public_bytes(serialization.Encoding.DER)
    assert tls.hall_of_certificate(der, halls) is halls[0]
    assert tls.hall_of_certificate(der, swapped) is None
    assert tls.hall_of_certificate(b"rubbish", halls) is None
