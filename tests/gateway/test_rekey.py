"""A next key by command, seen from the gateway: who gets a certificate, when, and what the device is told of it."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import commander
from protocol import signature
from protocol.downlink import DONE, REQUESTS, WANTS, Result, State, pack_result, pack_state
from tests.builders import make_key, name
from tests.gateway.desk import poll

DER = serialization.Encoding.DER


def request(key) -> bytes:
    made = x509.CertificateSigningRequestBuilder().subject_name(name("box")).sign(key, hashes.SHA256())
    return made.public_bytes(DER)


def say(desk, device, number, status, text=""):
    desk.send(device, pack_result(Result(number, status, text)), "result")


@pytest.fixture
def asked(desk):
    twin = desk.enrol("w1")
    desk.send("w1", pack_state(State("ready", 1)), "state")
    command = desk.service.command("w1", {"name": "rotate_key"}, "op")
    assert desk.wait(twin, "command", lambda body: True).body == (command["id"], "rotate_key", {})
    return twin, command


def certificate_of(desk, twin, command):
    """What the device fetches after its request."""
    body = desk.wait(twin, "command", lambda body: "certificate" in body.args).body
    assert body.id == command["id"]
    digest, data = body.args["certificate"], b""
    while len(data) < body.args["size"]:
        at = len(data)
        say(desk, twin.device, command["id"], WANTS, f"{digest} {at}")
        data += desk.wait(twin, "asset", lambda body, at=at: body.hash.hex() == digest and body.offset == at).body.bytes
    assert hashlib.sha256(data).hexdigest() == digest
    return x509.load_der_x509_certificate(data)


def test_the_whole_way_and_records_of_the_next_key_are_accepted(desk, asked):
    twin, command = asked
    key = make_key()
    say(desk, "w1", command["id"], REQUESTS, request(key))
    certificate = certificate_of(desk, twin, command)
    assert signature.certificate_name(certificate) == "w1"
    assert certificate.public_key() == key.public_key()
    assert desk.service.commander.find(command["id"])["state"] == "sent"
    old = desk.registry.device("w1")
    assert old.key == signature.key_id(twin.key.public_key()), "a certificate alone makes no key count"
    body = twin.event("key_rotated", {"key": signature.key_id(key.public_key())})
    twin.key = key
    for sent in (body, twin.rating(5)):
        desk.send("w1", sent)
    desk.receipt(twin, 2)
    say(desk, "w1", command["id"], DONE, signature.key_id(key.public_key()))
    found = desk.service.commander.find(command["id"])
    assert found["state"] == "done" and signature.key_id(key.public_key()) in found["sentence"]
    poll(lambda: desk.registry.device("w1").key == signature.key_id(key.public_key()))


def test_the_same_request_again_is_the_same_certificate_and_over_a_restart_too(desk, asked):
    twin, command = asked
    key = make_key()
    say(desk, "w1", command["id"], REQUESTS, request(key))
    first = certificate_of(desk, twin, command)
    desk.restart()
    desk.send("w1", pack_state(State("ready", 2)), "state")
    say(desk, "w1", command["id"], REQUESTS, request(key))
    assert certificate_of(desk, twin, command) == first
    assert len(desk.registry.device("w1").certificates) == 2


@pytest.mark.parametrize("how", ["nobody asked", "another device", "another command", "answered"])
def test_without_an_open_command_of_its_own_no_device_gets_a_certificate(desk, asked, caplog, how):
    _, command = asked
    desk.enrol("w2", "A2")
    device, number = "w1", command["id"]
    if how == "nobody asked":
        number = 5
    elif how == "another device":
        device = "w2"
    elif how == "another command":
        number = desk.service.command("w1", {"name": "identify"}, "op")["id"]
    else:
        say(desk, "w1", number, DONE)
    say(desk, device, number, REQUESTS, request(make_key()))
    poll(lambda: "nobody commanded" in caplog.text)
    assert [len(found.certificates) for found in desk.registry.devices()] == [1, 1]


@pytest.mark.parametrize(
    "made",
    [
        lambda: b"\x30\x82",
        lambda: request(ec.generate_private_key(ec.SECP384R1())),
        lambda: request(make_key())[:-1] + b"\x00",
    ],
)
def test_a_request_that_proves_no_key_ends_the_command_with_a_reason(desk, asked, made):
    _, command = asked
    say(desk, "w1", command["id"], REQUESTS, made())
    poll(lambda: desk.service.commander.find(command["id"])["state"] == "failed")
    assert (
        "take it from the device again" in desk.service.commander.find(command["id"])["text"]
        or "P-256" in desk.service.commander.find(command["id"])["text"]
    )
    assert len(desk.registry.device("w1").certificates) == 1


def test_a_device_that_asks_for_key_after_key_is_stopped(desk, asked):
    _, command = asked
    for count in range(commander.MAX_CERTIFICATES + 2):
        say(desk, "w1", command["id"], REQUESTS, request(make_key()))
        poll(
            lambda count=count: (
                len(desk.registry.device("w1").certificates) == min(count + 2, commander.MAX_CERTIFICATES + 1)
            )
        )
    poll(lambda: desk.service.commander.find(command["id"])["state"] == "failed")


def test_the_next_key_of_a_revoked_device_is_not_certified(desk, asked):
    from gateway import enrolment

    _, command = asked
    enrolment.revoke(desk.data, "w1", desk.clock.now_ms())
    say(desk, "w1", command["id"], REQUESTS, request(make_key()))
    poll(lambda: desk.service.commander.find(command["id"])["state"] == "failed")
    assert len(desk.registry.device("w1").certificates) == 1
