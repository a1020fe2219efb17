"""A device turns to its next key (spec 7.6), seen from the hall."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway import enrolment
from protocol import signature
from tests.builders import DeviceTwin, make_key
from tests.gateway.desk import Desk, enrol, poll


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.close()


def turn(desk: Desk, twin: DeviceTwin) -> bytes:
    """Enroll a next key for the twin and let it say so."""
    key = make_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    enrolment.enroll(desk.data, request.public_bytes(serialization.Encoding.DER), twin.device, "A1", next_key=True)
    body = twin.event("key_rotated", {"key": signature.key_id(key.public_key())})
    twin.key = key
    return body


def with_key(twin: DeviceTwin, key) -> DeviceTwin:
    """The same device at this point of its chain, in the hands of somebody with another key."""
    other = DeviceTwin(twin.device)
    other.key, other.seq, other.prev = key, twin.seq, twin.prev
    return other


def stored(desk: Desk) -> list[int]:
    return [seq for (seq,) in desk.rows("SELECT seq FROM records WHERE state = 'linked' ORDER BY seq")]


def refused(desk: Desk) -> list[str]:
    return [code for (code,) in desk.rows("SELECT code FROM quarantine ORDER BY id")]


def test_records_of_both_keys_in_one_batch_keep_the_chain(desk):
    """The next record is judged before the event is committed: only the database knows which key is in force."""
    twin = enrol(desk.data, "w1")
    first = twin.rating(1)
    turned = turn(desk, twin)
    bodies = [first, turned, twin.rating(2), twin.rating(3)]
    for sent in [desk.offer("w1", body) for body in bodies]:
        assert sent.acked.wait(10)
    assert stored(desk) == [1, 2, 3, 4] and refused(desk) == []
    assert desk.receipt(twin, 4)
    key = signature.key_id(twin.key.public_key())
    poll(lambda: desk.registry.device("w1").key == key)
    certificates = desk.rows("SELECT event_id FROM outbox WHERE event_id LIKE 'device/w1/%'")
    assert len(certificates) == 2, "central hears of both keys"


def test_a_second_certificate_without_the_event_proves_nothing(desk):
    twin = enrol(desk.data, "w1")
    own = twin.key
    turn(desk, twin)  # the certificate is there, the event never comes
    thief = DeviceTwin("w1")
    thief.key = twin.key
    desk.send("w1", thief.rating(5))
    desk.send("w1", thief.event("key_rotated", {"key": signature.key_id(thief.key.public_key())}))
    assert stored(desk) == [] and refused(desk) == ["bad_signature"] * 2
    desk.send("w1", with_key(DeviceTwin("w1"), own).rating(1))
    assert stored(desk) == [1]


def test_the_old_key_counts_no_more_and_what_it_left_behind_is_removed(desk):
    twin = enrol(desk.data, "w1")
    old = twin.key
    turned = turn(desk, twin)
    thief = with_key(twin, old)
    desk.send("w1", thief.rating(5))  # early
    desk.send("w1", turned)
    assert refused(desk) == ["broken"]
    desk.send("w1", thief.rating(5))
    assert refused(desk) == ["broken", "bad_signature"]
    desk.send("w1", twin.rating(1))
    assert stored(desk) == [1, 2]


@pytest.mark.parametrize("lost", ["register", "database"])
def test_either_the_register_or_the_database_is_enough(desk, lost):
    """A note in the register that a crash prevented is made up for; a lost database does not silence the device."""
    twin = enrol(desk.data, "w1")
    desk.send("w1", turn(desk, twin))
    key = signature.key_id(twin.key.public_key())
    poll(lambda: desk.registry.device("w1").key == key)
    desk.close()
    if lost == "register":
        file = desk.data / "devices" / "w1" / "device.toml"
        file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith("key")))
        assert desk.registry.device("w1").key != key
    else:
        for file in desk.data.glob("gateway.db*"):
            file.unlink()
    desk._open()
    poll(lambda: desk.registry.device("w1").key == key)
    desk.send("w1", twin.rating(1))
    assert refused(desk) == []
    assert desk.registry.device("w1").key == key
