"""The device turns to its next key: whatever the power does, one key signs at each seq and the chain holds."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmware import identity_changes as identities
from firmware import rotation
from firmware.clock import Clock
from firmware.crypto import es256
from firmware.identity import Identity
from firmware.journal import Journal, JournalFull
from firmware.records import Recorder
from firmware.rotation import Rotation
from protocol import chain, record, signature
from simulator.vm import nor

OLD = bytes(range(1, 33))
NEW = bytes(range(2, 34))
KEYS = {private: es256.public_key(private) for private in (OLD, NEW)}
IDS = {private: rotation.key_id(public) for private, public in KEYS.items()}
DEVICE = "pjq-01"
TABLE = (("identity", 2 * nor.BLOCK), ("journal", 16 * nor.BLOCK))


def enrolled(private: bytes, certificate: bytes) -> Identity:
    return Identity(private, KEYS[private], DEVICE, "lucheng", "mq", 8883, certificate, b"\x31" * 500, b"k" * 32)


@pytest.fixture
def make(tmp_path):
    """Makes the flash of an enrolled device that holds the certificate of its next key."""
    made = []

    def make() -> str:
        path = str(tmp_path / str(len(made)))
        made.append(path)
        flash = nor.Flash(path, TABLE)
        partition = flash.partition("identity")
        identities.save_keys(partition, OLD, KEYS[OLD])
        identities.save(partition, enrolled(OLD, b"\x30" * 450))
        identities.save_next_keys(partition, NEW, KEYS[NEW])
        assert identities.save_next(partition, enrolled(NEW, b"\x32" * 450))
        assert identities.load(partition) == enrolled(OLD, b"\x30" * 450), "the old key signs until the event"
        flash.close()
        return path

    return make


def live(path: str, cut: tuple | None = None) -> bool:
    """One life as ``firmware.app`` starts it: an event before and one after. False if the power was cut."""
    flash = nor.Flash(path, TABLE)
    try:
        if cut:
            flash.cut_in(*cut)
        partition = flash.partition("identity")
        assert identities.load(partition) is not None, "a device without a usable key"
        journal = Journal(flash.partition("journal"), DEVICE)
        asyncio.run(_life(partition, journal))
        return True
    except nor.PowerCut:
        return False
    finally:
        flash.close()


async def _life(partition, journal) -> None:
    journal.mount()
    clock = Clock()
    turning = Rotation(partition) if identities.is_turning(partition) else None
    who = turning.resume(journal) if turning else identities.load(partition)
    boot = journal.start_boot()
    recorder = Recorder(journal, clock, DEVICE, who.private_key, boot)
    if turning:
        who = await turning.turn(journal, recorder, 5)
        recorder = Recorder(journal, clock, DEVICE, who.private_key, boot)
    await recorder.event("boot", {"cause": "power"}, 10)


def judge(path: str) -> list[str]:
    """The ids of the keys that signed, in order, by a verifier's rule. AssertionError if the chain is broken."""
    flash = nor.Flash(path, TABLE)
    journal = Journal(flash.partition("journal"), DEVICE)
    journal.mount()
    at, rotations, signers = chain.START, [], []
    for seq in range(1, journal.next_seq):
        data = journal.read(seq)
        found = record.parse(data)
        key = chain.key_at(IDS[OLD], rotations, seq)
        (public,) = [KEYS[private] for private in KEYS if IDS[private] == key]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        signature.verify(point, found.to_be_signed, found.signature)
        assert chain.judge(at, seq, found.head.prev, record.record_hash(data), None) == chain.LINKED
        at = chain.step(at, seq, record.record_hash(data))
        signers.append(key)
        if chain.next_key(found):
            rotations.append((seq, chain.next_key(found)))
    flash.close()
    assert len(rotations) <= 1
    return signers


def operations(make) -> int:
    path = make()
    flash = nor.Flash(path, TABLE)
    partition = flash.partition("identity")
    asyncio.run(_life(partition, Journal(flash.partition("journal"), DEVICE)))
    flash.close()
    return flash.operations


def test_the_last_record_of_the_old_key_names_the_next(make):
    path = make()
    assert live(path) and live(path)
    assert judge(path) == [IDS[OLD], IDS[NEW], IDS[NEW]]
    flash = nor.Flash(path, TABLE)
    assert identities.load(flash.partition("identity")) == enrolled(NEW, b"\x32" * 450)
    assert identities.next_keys(flash.partition("identity")) is None
    body = record.parse(mounted(flash).read(1)).body
    assert (body.code, body.detail) == (record.EVENT_CODES["key_rotated"], {"key": IDS[NEW]})


def mounted(flash) -> Journal:
    journal = Journal(flash.partition("journal"), DEVICE)
    journal.mount()
    return journal


@pytest.mark.parametrize("flavour", nor.FLAVOURS)
def test_a_power_cut_at_every_operation_keeps_one_key_and_the_chain(make, flavour):
    tried = 0
    for operation in range(1, operations(make) + 1):
        path = make()
        assert not live(path, (operation, flavour, operation))
        judge(path)
        # and the life that repairs is cut, too
        for second in (1 + operation % 4, 3 + operation % 7):
            live(path, (second, flavour, second))
            judge(path)
        assert live(path) and live(path)
        signers = judge(path)
        assert signers[-1] == IDS[NEW] and signers == sorted(signers, key=[IDS[OLD], IDS[NEW]].index)
        tried += 1
    assert tried >= 10


def test_without_room_for_the_event_the_old_key_goes_on(make, monkeypatch):
    """Another record takes the seq that was meant for the event; that must not look like the event."""
    path = make()
    full = Recorder.event

    async def no_room(self, name, detail, uptime_ms):
        if name == "key_rotated":
            raise JournalFull("full")
        await full(self, name, detail, uptime_ms)

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "event", no_room)
        assert live(path) and live(path)
    assert judge(path) == [IDS[OLD]] * 2
    assert live(path)
    assert judge(path) == [IDS[OLD]] * 3 + [IDS[NEW]]


def test_a_next_key_without_its_certificate_waits(tmp_path):
    flash = nor.Flash(str(tmp_path / "flash"), TABLE)
    partition = flash.partition("identity")
    identities.save_keys(partition, OLD, KEYS[OLD])
    with pytest.raises(ValueError, match="another next key|no key"):
        identities.save_next_keys(nor.Flash(str(tmp_path / "blank"), TABLE).partition("identity"), NEW, KEYS[NEW])
    identities.save(partition, enrolled(OLD, b"\x30" * 450))
    identities.save_next_keys(partition, NEW, KEYS[NEW])
    flash.close()
    assert live(str(tmp_path / "flash"))
    assert judge(str(tmp_path / "flash")) == [IDS[OLD]]


def test_the_id_of_a_key_is_the_same_on_both_sides():
    for public in KEYS.values():
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        assert rotation.key_id(public) == signature.key_id(point)
