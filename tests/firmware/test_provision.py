"""Enrolment over the serial line: the real VM makes the key, a hall certifies it, the device takes what is its own."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from firmware import entropy, provision
from firmware import identity_changes as identities
from firmware.crypto import es256, keygen
from firmware.journal import Journal
from firmware.provision import ProvisionError
from protocol import cbor, record
from simulator.vm import nor
from tests import micropython
from tests.builders import Authority

CSR = "from firmware import provision; provision.csr()"
INSTALL = "from firmware import provision; provision.install()"
SHOW = "from firmware import provision; provision.show()"
DER = serialization.Encoding.DER


class Desk:
    """A technician's desk: a device with blank flash, driven from here by the firmware's own functions."""

    def __init__(self, folder):
        self.flash = nor.Flash(str(folder / "flash"))
        self.identity = self.flash.partition("identity")
        self.journal = self.flash.partition("journal")
        self.authority = Authority("lucheng")

    def bundle(self, device="pjq-01", key=None, **changes) -> bytes:
        key = key or self.request().public_key()
        fields = {
            "version": 1,
            "device": device,
            "hall": "lucheng",
            "host": "mq.lucheng.example",
            "port": 8883,
            "certificate": self.authority.certify(device, key).public_bytes(DER),
            "ca": self.authority.certificate.public_bytes(DER),
            "downlink_key": bytes(range(32)),
        }
        return cbor.encode(dict(enumerate((fields | changes).values(), 1)))

    def request(self) -> x509.CertificateSigningRequest:
        return x509.load_der_x509_csr(provision.request(self.identity))

    def store(self, bundle, **options) -> bool:
        return provision.store(self.identity, self.journal, bundle, **options)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    # CPython has neither of the two: the chip's id and its fast clock
    monkeypatch.setattr(entropy, "chip_id", lambda: b"chip")
    monkeypatch.setattr(entropy, "jitter", lambda: b"jitter")
    return Desk(tmp_path)


def test_a_device_is_enrolled_over_its_serial_line(tmp_path):
    """The whole way under MicroPython; only the hall's side is ours."""
    flash = tmp_path / "flash"
    assert micropython.run(SHOW, flash=flash) == "not enrolled\n"
    line = micropython.run(CSR, flash=flash)
    request = x509.load_der_x509_csr(base64.b64decode(line, validate=False))
    assert line.count("\n") == 1 and request.is_signature_valid
    assert micropython.run(CSR, flash=flash) != "", "a second request"

    authority = Authority("lucheng")
    certificate = authority.certify("pjq-01", request.public_key())
    fields = (1, "pjq-01", "lucheng", "127.0.0.1", 8883, certificate.public_bytes(DER))
    fields += (authority.certificate.public_bytes(DER), bytes(range(32)))
    feed = base64.b64encode(cbor.encode(dict(enumerate(fields, 1)))).decode() + "\n"
    shown = f"pjq-01 {certificate.fingerprint(hashes.SHA256()).hex()}\n"
    assert micropython.run(INSTALL, feed=feed, flash=flash) == "stored\n" + shown
    assert micropython.run(INSTALL, feed=feed, flash=flash) == "unchanged\n" + shown
    assert micropython.run(SHOW, flash=flash) == shown

    who = identities.load(nor.Flash(str(flash)).partition("identity"))
    assert who[2:] == fields[1:]
    own = serialization.load_der_private_key(who.private_key_der(), None)
    assert own.public_key() == certificate.public_key() == request.public_key()


def test_the_key_is_mixed_from_the_chips_id_and_the_time_that_work_takes(desk, monkeypatch):
    """A board whose random source repeats itself still makes another key than its neighbour."""
    seen = []

    def make(*extra):
        seen.append(extra)
        return keygen.make_private_key(*extra)

    monkeypatch.setattr(provision, "make_private_key", make)
    desk.request()
    provision.request(desk.identity)
    assert seen == [(b"chip", b"jitter")], "once, with both"


def test_jitter_differs_from_call_to_call_in_the_vm():
    program = "from firmware import entropy; print(len({entropy.jitter() for _ in range(5)}))"
    assert micropython.run(program) == "5\n"


def test_the_key_is_made_once_and_differs_between_devices(tmp_path):
    keys = set()
    for device in ("a", "b"):
        for _ in range(2):
            der = base64.b64decode(micropython.run(CSR, flash=tmp_path / device))
            keys.add(x509.load_der_x509_csr(der).public_key().public_numbers())
    assert len(keys) == 2


def test_a_power_cut_while_the_key_is_made_leaves_a_device_that_can_start_again(tmp_path):
    for operation in range(1, 5):
        flash = tmp_path / str(operation)
        micropython.run(CSR, returns=-9, flash=flash, HCP_SIM_CUT=f"{operation}:torn:{operation}")
        request = x509.load_der_x509_csr(base64.b64decode(micropython.run(CSR, flash=flash)))
        assert request.is_signature_valid


def test_what_is_refused_in_the_vm_says_why_and_shows_no_secret(tmp_path):
    micropython.run(CSR, flash=tmp_path / "flash")
    secret = b"\x5a" * 32
    feed = base64.b64encode(cbor.encode({1: 1, 8: secret})).decode() + "\n"
    with micropython.start(INSTALL, flash=tmp_path / "flash") as vm:
        out, err = vm.communicate(feed, timeout=60)
    assert vm.returncode == 1 and "ProvisionError: not a bundle.cbor" in out
    for form in (repr(secret)[2:-1], secret.hex(), secret.decode(), base64.b64encode(secret).decode()[:20]):
        assert form not in out + err


def test_a_second_install_changes_nothing(desk):
    bundle = desk.bundle()
    assert desk.store(bundle)
    erases = desk.identity.erases
    assert not desk.store(bundle)
    assert desk.identity.erases == erases


def test_a_renewed_certificate_is_taken(desk):
    assert desk.store(desk.bundle()) and desk.store(desk.bundle(host="other.example"))
    assert identities.load(desk.identity).host == "other.example"


def test_the_next_key_waits_beside_the_one_in_force(desk):
    with pytest.raises(ProvisionError, match="not enrolled yet"):
        provision.request(desk.identity, True)
    desk.store(desk.bundle())
    before = identities.load(desk.identity)
    csr = provision.request(desk.identity, True)
    following = x509.load_der_x509_csr(csr)
    assert following.is_signature_valid
    private, public = identities.next_keys(desk.identity)
    again = x509.load_der_x509_csr(provision.request(desk.identity, True))
    assert again.public_key() == following.public_key() != desk.request().public_key()
    with pytest.raises(ProvisionError, match="next key is for pjq-01"):
        desk.store(desk.bundle("pjq-02", key=following.public_key()))
    assert not identities.is_turning(desk.identity)
    bundle = desk.bundle(key=following.public_key())
    assert desk.store(bundle) and not desk.store(bundle)
    assert identities.is_turning(desk.identity) and identities.load(desk.identity) == before
    # a renewal of the key in force leaves the next one alone
    assert desk.store(desk.bundle(host="other.example"))
    assert identities.next_keys(desk.identity) == (private, public) and identities.is_turning(desk.identity)
    shown = f"{identities.load(desk.identity)!r}"
    assert private.hex() not in shown


def test_without_a_key_nothing_is_installed(desk):
    key = es256.public_key(bytes(range(1, 33)))
    with pytest.raises(ProvisionError, match="no key yet; run csr first"):
        desk.store(desk.bundle(key=desk.authority.key.public_key()))
    assert key and desk.identity.erases == 0


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "version 1"),
        ({"device": "PJQ"}, "an id has 1 to 20"),
        ({"device": "pjq-02"}, "does not name pjq-02"),
        ({"hall": ""}, "an id has 1 to 20"),
        ({"host": ""}, "the host has"),
        ({"host": b"mq"}, "the host has"),
        ({"host": "h" * 254}, "the host has"),
        ({"port": 0}, "the port is"),
        ({"port": 65536}, "the port is"),
        ({"port": True}, "the port is"),
        ({"certificate": b"-----BEGIN"}, "certificate is not DER"),
        ({"ca": b""}, "authority is not DER"),
        ({"ca": None}, "authority is not DER"),
        ({"downlink_key": bytes(31)}, "32 bytes"),
        ({"more": 1}, "keys 1 to 8"),
        ({"ca": b"\x30" * 4000}, "up to 4096 bytes"),
    ],
)
def test_a_bundle_that_is_not_right_is_refused(desk, changes, why):
    certificate = desk.authority.certify("pjq-01", desk.request().public_key()).public_bytes(DER)
    before = desk.identity.erases
    with pytest.raises(ProvisionError, match=why):
        desk.store(desk.bundle(**{"certificate": certificate} | changes))
    assert desk.identity.erases == before and identities.load(desk.identity) is None


@pytest.mark.parametrize("rubbish", [b"", b"\xff", b"\x80", cbor.encode({"a": 1}), cbor.encode({1: 1})])
def test_rubbish_is_refused(desk, rubbish):
    desk.request()
    with pytest.raises(ProvisionError, match="bundle"):
        desk.store(rubbish)


def test_a_certificate_for_another_key_is_refused(desk):
    desk.request()
    with pytest.raises(ProvisionError, match="another device's key"):
        desk.store(desk.bundle(key=desk.authority.key.public_key()))


@pytest.mark.requirement("JX-3.1b")
def test_another_device_id_over_a_journal_with_records_is_refused_unless_asked(desk):
    desk.store(desk.bundle("pjq-01"))
    journal = Journal(desk.journal, "pjq-01")
    journal.mount()
    assert desk.store(desk.bundle("pjq-07")) and desk.store(desk.bundle("pjq-01"))  # an empty journal ties nobody
    journal.start_boot()
    journal.append(
        record.event_payload(record.Head(1, record.GENESIS, 1, 5, None, None), record.Event(1, {})), bytes(64)
    )
    with pytest.raises(
        ProvisionError, match="pjq-01 and its journal holds records up to 1, 1 of them without a receipt"
    ):
        desk.store(desk.bundle("pjq-02"))
    assert identities.load(desk.identity).device == "pjq-01"
    assert desk.store(desk.bundle("pjq-02"), other_device=True)
    assert Journal(desk.journal, "pjq-02").mount().next_seq == 1
