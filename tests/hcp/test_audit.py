"""``hcp audit verify`` on a device that has rotated its key (spec 7.6)."""

import pytest
from cryptography.hazmat.primitives import serialization

from hcp.audit import verify
from tests.builders import Authority, DeviceTwin


def pem(key) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "devices").mkdir()
    return tmp_path


def write(folder, keys, bodies):
    (folder / "devices" / "w1.pem").write_bytes(b"".join(map(pem, keys)))
    (folder / "records.cborseq").write_bytes(b"".join(bodies))
    return [(finding.code, finding.detail) for finding in verify(folder).findings]


def test_a_rotated_device_verifies_in_any_order(folder):
    twin = DeviceTwin("w1")
    first = twin.key
    bodies = [twin.rating(1), twin.rotate(Authority()), twin.rating(2)]
    assert write(folder, [first, twin.key], bodies[::-1]) == []
    [(code, _)] = write(folder, [first], bodies)
    assert code == "bad_signature"


def test_a_key_that_the_device_never_named_proves_nothing(folder):
    twin = DeviceTwin("w1")
    first = twin.key
    bodies = [twin.rating(1), twin.event("boot")]
    twin.key = DeviceTwin("w1").key
    bodies.append(twin.rating(5))
    [(code, detail)] = write(folder, [first, twin.key], bodies)
    assert code == "bad_signature" and "in force" in detail


def test_the_old_key_after_the_event_is_named(folder):
    twin = DeviceTwin("w1")
    first = twin.key
    bodies = [twin.rating(1), twin.rotate(Authority())]
    second, twin.key = twin.key, first
    bodies.append(twin.rating(5))
    [(code, _)] = write(folder, [first, second], bodies)
    assert code == "bad_signature"
