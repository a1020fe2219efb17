"""The identity partition keeps the key through every cut and any one worn copy, and tells nobody."""

import pytest
from cryptography.hazmat.primitives import serialization

from firmware import identity_changes as identities
from firmware.crypto import es256
from firmware.identity import Identity
from simulator.vm import nor
from tests import micropython

PRIVATE = bytes(range(1, 33))
PUBLIC = es256.public_key(PRIVATE)
TABLE = (("identity", 2 * nor.BLOCK),)
CUTS = [("before", 0), ("torn", 1), ("torn", 2), ("torn", 3), ("bits", 1), ("bits", 2), ("after", 0)]


def enrolled(device="pjq-01", size=600) -> Identity:
    return Identity(
        PRIVATE, PUBLIC, device, "lucheng", "mq.example", 8883, b"\x30" * size, b"\x31" * size, b"downlink" * 4
    )


@pytest.fixture
def flash(tmp_path):
    return nor.Flash(str(tmp_path / "flash"), TABLE)


def test_a_blank_partition_has_no_identity(flash):
    partition = flash.partition("identity")
    assert identities.load(partition) is None and identities.load_keys(partition) is None


def test_keys_come_first_and_enrolment_later(flash):
    partition = flash.partition("identity")
    identities.save_keys(partition, PRIVATE, PUBLIC)
    assert identities.load(partition) is None
    assert identities.load_keys(partition) == (PRIVATE, PUBLIC)
    identities.save(partition, enrolled())
    assert identities.load(partition) == enrolled()
    identities.save(partition, enrolled("pjq-02"))
    assert identities.load(partition) == enrolled("pjq-02")


def test_a_key_is_never_replaced(flash):
    partition = flash.partition("identity")
    identities.save_keys(partition, PRIVATE, PUBLIC)
    with pytest.raises(ValueError, match="has a key"):
        identities.save_keys(partition, PUBLIC[1:33], PUBLIC)
    with pytest.raises(ValueError, match="another key"):
        identities.save(partition, enrolled()._replace(private_key=bytes(32)))
    assert identities.load_keys(partition) == (PRIVATE, PUBLIC)


def test_what_does_not_fit_is_refused_and_nothing_changes(flash):
    partition = flash.partition("identity")
    identities.save_keys(partition, PRIVATE, PUBLIC)
    with pytest.raises(ValueError, match="up to 4080 bytes"):
        identities.save(partition, enrolled(size=2000))
    assert identities.load_keys(partition) == (PRIVATE, PUBLIC)


@pytest.mark.parametrize("block", [0, 1])
def test_one_worn_copy_costs_nothing(flash, block):
    partition = flash.partition("identity")
    identities.save_keys(partition, PRIVATE, PUBLIC)
    identities.save(partition, enrolled())
    for offset in (0, 5, 9, 13, 20, 700):
        partition.writeblocks(block, b"\x00", offset)
        assert identities.load(partition) == enrolled()
    partition.writeblocks(1 - block, b"\x00", 20)
    assert identities.load(partition) is None and identities.load_keys(partition) is None


def test_a_cut_at_every_operation_leaves_the_old_identity_or_the_new_one(tmp_path):
    states = [None, (PRIVATE, PUBLIC), enrolled("pjq-01"), enrolled("pjq-02"), enrolled("pjq-03")]
    tried = 0
    for step in range(1, len(states)):
        for operation in range(1, 5):  # erase, program, erase, program
            for flavour, seed in CUTS:
                path = tmp_path / f"{step}-{operation}-{flavour}-{seed}"
                flash = nor.Flash(str(path), TABLE)
                for state in states[1:step]:
                    put(flash.partition("identity"), state)
                flash.cut_in(operation, flavour, seed + operation)
                with pytest.raises(nor.PowerCut):
                    put(flash.partition("identity"), states[step])
                flash.close()
                flash = nor.Flash(str(path), TABLE)
                found = get(flash.partition("identity"))
                assert found in (states[step - 1], states[step])
                if operation > 2:
                    assert found == states[step]  # the first copy was complete
                # the next save is cut as well: it may not touch the only good copy first
                if found == states[step]:
                    flash.cut_in(1 + operation % 2, "torn", seed)
                    with pytest.raises(nor.PowerCut):
                        put(flash.partition("identity"), enrolled("pjq-99"))
                    flash.close()
                    flash = nor.Flash(str(path), TABLE)
                    assert get(flash.partition("identity")) == states[step]
                put(flash.partition("identity"), enrolled("pjq-99") if found else states[step])
                assert get(flash.partition("identity")) == (enrolled("pjq-99") if found else states[step])
                flash.close()
                tried += 1
    assert tried == 4 * 4 * len(CUTS)


def put(partition, state) -> None:
    if isinstance(state, Identity):
        identities.save(partition, state)
    else:
        identities.save_keys(partition, *state)


def get(partition):
    return identities.load(partition) or identities.load_keys(partition)


def test_no_secret_is_shown():
    who = enrolled()
    for text in (repr(who), str(who), f"{who}", f"{who!r}", repr([who]), repr({1: who})):
        assert "pjq-01" in text
        for secret in (PRIVATE, b"downlink"):
            assert secret.hex() not in text and repr(secret)[2:-1] not in text


def test_no_secret_is_shown_in_micropython():
    """There ``print`` and ``%s`` find their way to a text by another road."""
    out = micropython.run(
        "from firmware.identity import Identity\n"
        "who = Identity(b'SECRET', b'p', 'pjq-01', 'h', 'mq', 1, b'c', b'a', b'SECRET')\n"
        "print(who, repr(who), str(who), '%s %r' % (who, who), '{}'.format(who), f'{who}', [who], {1: who})"
    )
    assert out.count("pjq-01") == 9 and "SECRET" not in out


def test_the_key_for_tls_is_the_stored_one():
    key = serialization.load_der_private_key(enrolled().private_key_der(), None)
    assert key.private_numbers().private_value == int.from_bytes(PRIVATE, "big")
