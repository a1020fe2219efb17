"""Identities in central's database: sealed as they came, the newest of a service counts, what is odd is said once."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from central import database, identities, keyring, tables
from central.store import Store
from protocol.identity import About, Callee, Contact
from tests.central.conftest import Take

CALLEE = Callee(Contact("欧阳思齐", "13800002222"), Contact("司徒代办"))


@pytest.fixture
def keys(settings):
    return keyring.add(keyring.path_of(settings))


@pytest.fixture
def key(keys):
    return next(iter(keys.keys.values())).public_key()


@pytest.fixture
def take(keys, settings):
    opened = Store(settings)
    yield Take(opened, settings.halls[0])
    opened.close()


@pytest.fixture
def connection(take, settings):
    engine = database.open_reader(settings.url)
    yield lambda: engine.begin()
    engine.dispose()


def test_an_identity_is_kept_sealed_and_opens_with_centrals_key(take, gateway, keys, key, connection):
    assert take(gateway.identity("C1", CALLEE, key)) == ["accepted"]
    with connection() as rows:
        (row,) = rows.execute(tables.identities.select()).mappings()
        assert identities.has_contact(rows, gateway.hall, "C1", 1)
        assert identities.has_identity(rows, gateway.hall, "C1", 1)
        for other in (("C2", 1), ("C1", 2)):
            assert not identities.has_identity(rows, gateway.hall, *other)
            assert not identities.has_contact(rows, gateway.hall, *other)
    assert "欧阳思齐".encode() not in row["blob"] and b"138" not in row["blob"]
    assert keys.unseal(row["key"], About(gateway.hall, "C1", 1, 1), row["blob"]) == CALLEE


def test_a_repeat_is_a_duplicate_and_another_content_a_conflict_that_keeps_no_byte(take, gateway, key, connection):
    first = gateway.identity("C1", CALLEE, key)
    assert take(first) == ["accepted"]
    assert take(first, gateway.identity("C1", CALLEE, key)) == ["duplicate", "conflict"]
    with connection() as rows:
        assert rows.execute(tables.conflicts.select()).mappings().one()["event"] == b""
        assert rows.execute(tables.incidents.select()).mappings().one()["body"] is None


def test_the_newest_revision_counts_whenever_it_comes(take, gateway, key, connection):
    nobody = Callee(Contact("欧阳思齐"))
    take(gateway.identity("C1", nobody, key, revision=2), gateway.identity("C1", CALLEE, key, revision=1))
    with connection() as rows:
        assert not identities.has_contact(rows, gateway.hall, "C1", 1)
    take(gateway.identity("C1", CALLEE, key, revision=3))
    with connection() as rows:
        assert identities.has_contact(rows, gateway.hall, "C1", 1)


def test_an_opaque_identity_is_a_name_and_no_contact(take, gateway, connection):
    data = {"case_no": "C1", "service_no": 1, "revision": 1, "has_phone": False, "opaque": "eyJhbGciOiJSU0EtT0FFUCJ9.a"}
    assert take(gateway.event("identity", "identity/C1/1/1", data)) == ["accepted"]
    with connection() as rows:
        assert identities.has_identity(rows, gateway.hall, "C1", 1)
        assert not identities.has_contact(rows, gateway.hall, "C1", 1)
        row = rows.execute(tables.identities.select()).mappings().one()
    assert (row["key"], row["blob"]) == (None, data["opaque"].encode())


def test_a_key_that_central_does_not_hold_is_said_once(take, gateway, connection):
    strange = X25519PrivateKey.generate().public_key()
    assert take(gateway.identity("C1", CALLEE, strange), gateway.identity("C2", CALLEE, strange)) == ["accepted"] * 2
    with connection() as rows:
        (incident,) = rows.execute(tables.incidents.select()).mappings()
    assert (incident["code"], incident["body"]) == ("unknown_identity_key", None)
