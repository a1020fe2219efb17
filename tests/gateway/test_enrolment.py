"""Enrolment (spec 7): what a device nobody here wrote needs in order to join."""

import os
import ssl
import stat

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.enrolment import EnrolmentError, create_authority, enroll, revocations, revoke
from gateway.registry import Registry, RegistryError
from protocol import signature
from tests.builders import make_key, name


def request(key=None, common_name="anything", encoding=serialization.Encoding.DER) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name(common_name))
    return builder.sign(key or make_key(), hashes.SHA256()).public_bytes(encoding)


@pytest.fixture
def hall(tmp_path):
    create_authority(tmp_path, "hall-1")
    return tmp_path


def test_writes_every_file_of_the_specification(hall, tmp_path):
    key = make_key()
    enroll(hall, request(key), "w01", "A01", "10.0.0.2", 8883).write(tmp_path / "out")
    bundle = cbor2.loads((tmp_path / "out/bundle.cbor").read_bytes())
    assert (bundle[2], bundle[3], bundle[4], bundle[5]) == ("w01", "hall-1", "10.0.0.2", 8883)
    certificate = x509.load_der_x509_certificate((tmp_path / "out/device.der").read_bytes())
    authority = x509.load_pem_x509_certificate((tmp_path / "out/ca.pem").read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert certificate.public_key().public_numbers() == key.public_key().public_numbers()
    assert certificate.subject.rfc4514_string() == "CN=w01,OU=hall-1"
    assert bundle[8] == (tmp_path / "out/downlink.key").read_bytes() == Registry(hall).device("w01").downlink_key


def test_secrets_are_readable_by_their_owner_alone(hall, tmp_path):
    enroll(hall, request(), "w01", "A01").write(tmp_path / "out")
    secret = [tmp_path / "out/downlink.key", tmp_path / "out/bundle.cbor", hall / "devices/w01/downlink.key"]
    secret += [hall / "pki" / file for file in ("ca.key", "server.key", "gateway.key")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in secret] == [0o600] * len(secret)


def test_the_downlink_key_is_in_no_repr(hall):
    enrolment = enroll(hall, request(), "w01", "A01")
    shown = repr(enrolment) + repr(enrolment.facts()) + repr(Registry(hall).device("w01"))
    assert enrolment.downlink_key.hex() not in shown and repr(enrolment.downlink_key) not in shown


def test_a_second_enrolment_is_the_same(hall):
    csr = request(encoding=serialization.Encoding.PEM)
    first = enroll(hall, csr, "w01", "A01")
    second = enroll(hall, csr, "w01", "A01")
    assert first.created and not second.created
    assert first.bundle == second.bundle


@pytest.mark.parametrize(
    ("device", "window", "words"),
    [
        ("W01", "A01", "a-z"),
        ("-w", "A01", "a-z"),
        ("gateway", "A01", "own name"),
        ("w01", "A/1", "window"),
        ("", "A", "id"),
    ],
)
def test_refuses_bad_names(hall, device, window, words):
    with pytest.raises(EnrolmentError, match=words):
        enroll(hall, request(), device, window)


def test_refuses_another_key_or_window_for_an_enrolled_device(hall):
    key = make_key()
    enroll(hall, request(key), "w01", "A01")
    with pytest.raises(EnrolmentError, match="another key"):
        enroll(hall, request(), "w01", "A01")
    with pytest.raises(EnrolmentError, match="window A01"):
        enroll(hall, request(key), "w01", "A02")


def _tampered():
    csr = bytearray(request())
    csr[-1] ^= 1
    return bytes(csr)


@pytest.mark.parametrize(
    ("csr", "words"),
    [
        (b"", "PKCS#10"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nnonsense", "PKCS#10"),
        (os.urandom(300), "PKCS#10"),
        (b"x" * 9000, "at most"),
        (_tampered(), "own key"),
        (request(rsa.generate_private_key(65537, 2048)), "P-256"),
        (request(ec.generate_private_key(ec.SECP384R1())), "P-256"),
    ],
)
def test_refuses_bad_requests(hall, csr, words):
    with pytest.raises(EnrolmentError, match=words):
        enroll(hall, csr, "w01", "A01")
    assert Registry(hall).device("w01") is None


def test_says_what_to_do_without_an_authority(tmp_path):
    with pytest.raises(EnrolmentError, match="hcp gateway init"):
        enroll(tmp_path, request(), "w01", "A01")


def test_the_authority_is_made_once_and_for_one_hall(hall):
    before = (hall / "pki/ca.pem").read_bytes()
    create_authority(hall, "hall-1")
    assert (hall / "pki/ca.pem").read_bytes() == before
    with pytest.raises(EnrolmentError, match="hall hall-1"):
        create_authority(hall, "hall-2")


def test_the_brokers_certificate_satisfies_a_strict_client(hall):
    context = ssl.create_default_context(cafile=hall / "pki/ca.pem")
    context.load_cert_chain(hall / "pki/gateway.pem", hall / "pki/gateway.key")
    server = x509.load_pem_x509_certificate((hall / "pki/server.pem").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_register_sees_changes_made_while_it_is_open(hall):
    registry = Registry(hall)
    assert registry.device("w01") is None
    enroll(hall, request(), "w01", "A01")
    assert registry.device("w01").revoked is False
    revoke(hall, "w01", 1_700_000_000_000)
    assert registry.device("w01").revoked_ms == 1_700_000_000_000
    revoke(hall, "w01", 1_800_000_000_000)
    assert registry.device("w01").revoked_ms == 1_700_000_000_000
    assert [device.id for device in registry.devices()] == ["w01"]


def test_a_damaged_entry_is_not_an_unknown_device(hall):
    enroll(hall, request(), "w01", "A01")
    (hall / "devices/w01/downlink.key").write_bytes(b"short")
    with pytest.raises(RegistryError, match="expected 32"):
        Registry(hall).device("w01")


def test_revoking_an_unknown_device_says_so(hall):
    with pytest.raises(EnrolmentError, match="not enrolled"):
        revoke(hall, "w09", 1)


def fingerprint(given) -> bytes:
    return bytes.fromhex(given.fingerprint)


def revoked(hall) -> set[int]:
    return {entry.serial_number for entry in x509.load_pem_x509_crl(revocations(hall))}


def test_a_renewal_is_another_certificate_for_the_same_key(hall):
    """Both connect: the device goes on with the old one until it has the new one."""
    csr = request()
    first = enroll(hall, csr, "w01", "A01")
    second = enroll(hall, csr, "w01", "A01", renew=True)
    assert second.created and second.fingerprint != first.fingerprint and second.downlink_key == first.downlink_key
    known = Registry(hall).device("w01")
    assert known.fingerprint == fingerprint(second) and len(known.keys) == 1
    assert known.admits(fingerprint(first)) and known.admits(fingerprint(second))
    assert enroll(hall, csr, "w01", "A01").fingerprint == second.fingerprint
    assert revoked(hall) == set()


def test_the_next_key_connects_at_once_and_the_old_one_until_the_device_turned(hall):
    keys = [make_key() for _ in range(3)]
    ids = [signature.key_id(key.public_key()) for key in keys]
    given = [enroll(hall, request(keys[0]), "w01", "A01")]
    given += [enroll(hall, request(key), "w01", "A01", next_key=True) for key in keys[1:]]
    registry = Registry(hall)
    assert list(registry.device("w01").keys) == ids and registry.device("w01").key == ids[0]
    assert all(registry.device("w01").admits(fingerprint(each)) for each in given)
    registry.put_in_force("w01", ids[1])
    assert [registry.device("w01").admits(fingerprint(each)) for each in given] == [False, True, True]
    assert revoked(hall) == {given[0].certificate.serial_number}
    registry.put_in_force("w01", "0" * 24)  # not one of its keys
    assert registry.device("w01").key == ids[1]
    revoke(hall, "w01", 5)
    assert not any(registry.device("w01").admits(fingerprint(each)) for each in given)
    assert revoked(hall) == {each.certificate.serial_number for each in given}


def test_what_is_no_renewal_and_no_next_key_is_refused(hall):
    key, other = make_key(), make_key()
    with pytest.raises(EnrolmentError, match="not enrolled"):
        enroll(hall, request(key), "w01", "A01", renew=True)
    enroll(hall, request(key), "w01", "A01")
    with pytest.raises(EnrolmentError, match="another key"):
        enroll(hall, request(other), "w01", "A01", renew=True)
    enroll(hall, request(other), "w01", "A01", next_key=True)
    with pytest.raises(EnrolmentError, match="no key comes back"):
        enroll(hall, request(key), "w01", "A01", next_key=True)
    revoke(hall, "w01", 5)
    with pytest.raises(EnrolmentError, match="was revoked"):
        enroll(hall, request(other), "w01", "A01", renew=True)
    with pytest.raises(EnrolmentError, match="was revoked"):
        enroll(hall, request(), "w01", "A01", next_key=True)
