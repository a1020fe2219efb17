"""A key by command: made, certified, turned to; whatever the power does, one key is usable and the chain holds."""

import asyncio
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from firmware import entropy
from firmware import identity_changes as identities
from firmware.clock import Clock
from firmware.crypto import keygen
from firmware.journal import Journal, JournalFull
from firmware.records import Recorder
from firmware.rekey import Rekey
from firmware.rotation import Rotation
from protocol.downlink import DONE, FAILED, REQUESTS, WANTS, Asset, Command, Result
from simulator.vm import nor
from tests.builders import Authority
from tests.firmware.test_rotation import DEVICE, IDS, KEYS, NEW, OLD, TABLE, enrolled, judge

AUTHORITY = Authority("lucheng")
DER = serialization.Encoding.DER


class Board:
    def __init__(self):
        self.lines = []

    async def wait(self, event, ms):
        # one turn: nobody waits for anything that takes time here
        await asyncio.sleep(0)
        event.clear()

    def log(self, text):
        self.lines.append(text)


class Gateway:
    """What remembers the command while the device dies: a request becomes a certificate, a question its bytes."""

    def __init__(self):
        self.args = {}
        self.asset = b""
        self.answers = []
        self.spoil = lambda data: data

    def hear(self, result, take):
        if result.status == REQUESTS:
            request = x509.load_der_x509_csr(result.text)
            assert request.is_signature_valid
            if not self.args:
                self.certify(request.public_key())
        elif result.status == WANTS:
            digest, offset = result.text.split()
            part = self.asset[int(offset) :][:200]
            take(Asset(bytes.fromhex(digest), len(self.asset), int(offset), self.spoil(part)))
        else:
            self.answers.append(result)

    def certify(self, key, device=DEVICE):
        self.asset = AUTHORITY.certify(device, key).public_bytes(DER)
        self.args = {"certificate": hashlib.sha256(self.asset).hexdigest(), "size": len(self.asset)}


class Link:
    def __init__(self, gateway):
        self.gateway = gateway
        self.take = None

    def result(self, result: Result) -> None:
        self.gateway.hear(result, self.take)


@pytest.fixture(autouse=True)
def known_keys(monkeypatch):
    monkeypatch.setattr(keygen, "make_private_key", lambda *_: NEW)
    monkeypatch.setattr(entropy, "chip_id", lambda: b"chip")
    monkeypatch.setattr(entropy, "jitter", lambda: b"jitter")


@pytest.fixture
def make(tmp_path):
    """Makes the flash of an enrolled device with one key."""
    made = []

    def make() -> str:
        path = str(tmp_path / str(len(made)))
        made.append(path)
        flash = nor.Flash(path, TABLE)
        identities.save_keys(flash.partition("identity"), OLD, KEYS[OLD])
        identities.save(flash.partition("identity"), enrolled(OLD, b"\x30" * 450))
        flash.close()
        return path

    return make


def live(path: str, gateway: Gateway, cut: tuple | None = None) -> bool:
    """One life as ``firmware.app`` leads it: turn, an event, the commands until it restarts. False: the power went."""
    flash = nor.Flash(path, TABLE)
    try:
        if cut:
            flash.cut_in(*cut)
        asyncio.run(_life(flash, gateway))
        return True
    except nor.PowerCut:
        return False
    finally:
        flash.close()


async def _life(flash, gateway) -> None:
    partition = flash.partition("identity")
    assert identities.load(partition) is not None, "a device without a usable key"
    journal = Journal(flash.partition("journal"), DEVICE)
    journal.mount()
    turning = Rotation(partition) if identities.is_turning(partition) else None
    who = turning.resume(journal) if turning else identities.load(partition)
    boot = journal.start_boot()
    if turning:
        who = await turning.turn(journal, Recorder(journal, Clock(), DEVICE, who.private_key, boot), 5)
    await Recorder(journal, Clock(), DEVICE, who.private_key, boot).event("boot", {"cause": "power"}, 10)
    restarts = []
    link = Link(gateway)
    own = Rekey(Board(), link, lambda: True, lambda: restarts.append(1), partition)
    link.take = own.take
    while not restarts and not gateway.answers:
        await own.run(Command(7, "rotate_key", dict(gateway.args)))


def identity(path):
    flash = nor.Flash(path, TABLE)
    try:
        return identities.load(flash.partition("identity"))
    finally:
        flash.close()


def test_a_command_makes_a_key_gets_it_certified_and_turns_to_it(make):
    path, gateway = make(), Gateway()
    assert live(path, gateway)
    assert gateway.answers == [], "not before the turn"
    assert identity(path).private_key == OLD
    assert live(path, gateway)
    assert gateway.answers == [Result(7, DONE, IDS[NEW])]
    assert identity(path) == enrolled(NEW, gateway.asset)
    # the answer was lost: the same command again does nothing twice
    gateway.answers.clear()
    assert live(path, gateway)
    assert gateway.answers == [Result(7, DONE, IDS[NEW])]
    assert judge(path) == [IDS[OLD], IDS[OLD], IDS[NEW], IDS[NEW]]


@pytest.mark.parametrize("flavour", nor.FLAVOURS)
def test_a_power_cut_at_every_operation_ends_in_the_next_key_and_breaks_no_chain(make, flavour):
    path, gateway = make(), Gateway()
    counts = []
    while not gateway.answers:
        flash = nor.Flash(path, TABLE)
        asyncio.run(_life(flash, gateway))
        counts.append(flash.operations)
        flash.close()
    assert len(counts) == 2 and min(counts) >= 8
    for life, operations in enumerate(counts):
        for operation in range(1, operations + 1):
            path, gateway = make(), Gateway()
            for _ in range(life):
                assert live(path, gateway)
            live(path, gateway, (operation, flavour, operation))
            judge(path)
            for _ in range(4):
                if gateway.answers:
                    break
                live(path, gateway)
                judge(path)
            assert gateway.answers == [Result(7, DONE, IDS[NEW])], (life, operation)
            signers = judge(path)
            assert signers == sorted(signers, key=[IDS[OLD], IDS[NEW]].index)
            assert identity(path).private_key == NEW


def answered(path, gateway) -> Result:
    assert live(path, gateway)
    (found,) = gateway.answers
    assert identity(path).private_key == OLD
    return found


def test_what_is_no_command_for_it_is_refused(make):
    good = {"certificate": "0" * 64, "size": 500}
    for change in (
        {"size": 0},
        {"size": 2049},
        {"certificate": "0" * 62},
        {"certificate": "x" * 64},
        {"more": 1},
        {"certificate": 5},
    ):
        gateway = Gateway()
        gateway.args = good | change
        assert answered(make(), gateway) == Result(7, FAILED, "bad_command"), change


def point(private):
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), KEYS[private])


@pytest.mark.parametrize(("key", "device"), [(OLD, DEVICE), (NEW, "pjq-02")])
def test_a_certificate_for_another_key_or_another_device_is_not_stored(make, key, device):
    path, gateway = make(), Gateway()
    real = gateway.certify
    gateway.certify = lambda _: real(point(key), device)
    assert answered(path, gateway).text == "bad_certificate"


def test_bytes_that_were_damaged_on_the_way_are_not_stored(make):
    gateway = Gateway()
    gateway.spoil = lambda data: bytes(len(data))
    assert answered(make(), gateway).text == "bad_hash"


def test_a_certificate_without_a_key_that_was_made_is_refused(make):
    gateway = Gateway()
    gateway.certify(point(NEW))
    assert answered(make(), gateway).text == "bad_certificate"


def test_without_room_for_the_event_it_says_so_and_turns_later(make, monkeypatch):
    path, gateway = make(), Gateway()
    assert live(path, gateway)
    full = Recorder.event

    async def no_room(self, name, detail, uptime_ms):
        if name == "key_rotated":
            raise JournalFull("full")
        await full(self, name, detail, uptime_ms)

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "event", no_room)
        assert answered(path, gateway).text == "no_room"
    gateway.answers.clear()
    assert live(path, gateway)
    assert gateway.answers == [Result(7, DONE, IDS[NEW])]
    assert judge(path)[-1] == IDS[NEW]


def test_what_was_not_asked_for_is_left_aside(make):
    flash = nor.Flash(make(), TABLE)
    own = Rekey(Board(), Link(Gateway()), lambda: True, lambda: None, flash.partition("identity"))
    own._want = (b"h" * 32, 0)
    for asset in (Asset(b"x" * 32, 5, 0, b"12345"), Asset(b"h" * 32, 5, 1, b"2345"), Asset(b"h" * 32, 5, 0, b"")):
        own.take(asset)
        assert own._chunk is None
    own.take(Asset(b"h" * 32, 5, 0, b"12345"))
    assert own._chunk == b"12345"
