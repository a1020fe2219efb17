"""Taking a release: what is refused and why, and that an interrupted one goes on where it stopped."""

import asyncio
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmware import manifest, update
from firmware.slots import Slots
from firmware.update import Refused, Update, job_of
from gateway import release
from gateway.release import File, Manifest
from protocol import cbor, cose
from simulator.vm import nor

KEY = ec.generate_private_key(ec.SECP256R1())
POINT = release.public_point(KEY.public_key())
FILES = {"firmware/main.mpy": b"main" * 700, "firmware/deep/er/x.mpy": b"x", "empty.bin": b"", "logo.bin": bytes(4096)}


def made(version=5, needs=0, board="sim", files=None, key=KEY, sizes=None) -> release.Release:
    files = FILES if files is None else files
    rows = tuple(
        File(path, (sizes or {}).get(path, len(data)), hashlib.sha256(data).digest()) for path, data in files.items()
    )
    data = release.sign(Manifest(board, version, needs, rows), key)
    return release.Release(data, {hashlib.sha256(each).digest(): each for each in (data, *files.values())})


class Device:
    """Set a with version 4 runs; ``asked`` are the questions so far."""

    def __init__(self, folder, key=POINT, chunk=1000):
        self.folder = folder
        self.chunk = chunk
        self.key = key
        self.asked = []
        self.stop_at = None
        self.spoil = lambda data: data
        self.start()

    def start(self):
        self.slots = Slots(nor.Flash(str(self.folder / "flash"), (("slots", 2 * nor.BLOCK),)).partition("slots"))
        self.update = Update(self.slots, str(self.folder), "sim", self.key, self.ask, self.quiet)

    async def ask(self, digest, offset):
        if len(self.asked) == self.stop_at:
            raise nor.PowerCut()
        self.asked.append((digest, offset))
        return self.spoil(self.found.answer(f"{digest.hex()} {offset}", self.chunk).bytes)

    async def quiet(self):
        pass

    def take(self, found, args=None):
        self.found = found
        job = self.update.pending() or self.update.begin(1, *job_of(args or found.args))
        return asyncio.run(self.update.run(job))

    def files(self, slot):
        root = self.folder / slot
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and path.name != "manifest"
        }


@pytest.fixture
def device(tmp_path):
    (tmp_path / "b" / "stale").mkdir(parents=True)
    (tmp_path / "b" / "stale" / "x.mpy").write_bytes(b"of an older set")
    device = Device(tmp_path)
    device.slots.versions[:] = [4, 3]
    device.slots.told = 4
    device.slots.save()
    return device


def refused(device, found, code, args=None):
    before = (device.slots.active, device.slots.version, device.slots.trial)
    with pytest.raises(Refused) as caught:
        device.take(found, args)
    assert caught.value.args == (code,)
    device.start()
    assert (device.slots.active, device.slots.version, device.slots.trial) == before
    assert device.update.pending() is None, "a refused update does not go on after a restart"


def test_a_release_lands_whole_in_the_idle_set(device):
    assert device.take(made()) == 5
    assert device.files("b") == FILES
    device.start()
    assert (device.slots.active, device.slots.versions, device.slots.trial) == (1, [4, 5], 1)
    assert device.update.pending() is None


def test_nothing_is_taken_on_trial(device):
    device.take(made())
    with pytest.raises(Refused, match="on_trial"):
        device.update.begin(2, bytes(32), 9)
    assert device.files("a") == {} and device.files("b") == FILES


@pytest.mark.parametrize("stop_at", range(9))
def test_after_a_power_cut_it_goes_on_where_it_stopped(device, stop_at):
    device.stop_at = stop_at
    with pytest.raises(nor.PowerCut):
        device.take(made(version=6))
    device.start()
    assert device.slots.versions == [4, 0], "a set that is half there must not be run"
    device.stop_at = None
    found = device.found
    assert device.update.pending().hash == found.hash
    assert device.take(found) == 6
    assert device.files("b") == FILES
    assert len(device.asked) - len(set(device.asked)) <= 4, "more than the last 4 KB was fetched twice"


def test_the_same_command_again_goes_on_and_another_starts_anew(device):
    device.stop_at = 5
    found = made(version=6)
    with pytest.raises(nor.PowerCut):
        device.take(found)
    job = device.update.begin(9, *job_of(found.args))
    assert job.id == 9 and device.files("b"), "the answer has the newer id"
    device.update.begin(10, *job_of(made(version=7).args))
    assert device.files("b") == {}


@pytest.mark.parametrize(
    "how,code",
    [
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "bad_signature"),
        ({"version": 4}, "downgrade"),
        ({"version": 3}, "downgrade"),
        ({"version": 6, "needs": 5}, "too_old"),
        ({"board": "esp32c6"}, "foreign"),
        ({"board": ""}, "foreign"),
        ({"files": {}}, "bad_manifest"),
        ({"files": {f"f{number}": b"" for number in range(manifest.MAX_FILES + 1)}}, "bad_manifest"),
        ({"sizes": {"logo.bin": 4095}}, "bad_hash"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(device, how, code):
    refused(device, made(**how), code)
    assert device.slots.versions == [4, 0]


@pytest.mark.parametrize(
    "path",
    ["../a/firmware/main.mpy", "/etc/passwd", "a//b", "a/./b", "a/../b", "", ".", "..", "a/", "x" * 65, "manifest"]
    + ["a\\b", "a b", "名"],
)  # fmt: skip
def test_a_path_that_leaves_the_set_is_refused(device, path):
    refused(device, made(files={path: b"evil"}), "bad_manifest")
    assert device.files("a") == {} and device.files("b") == {}


def test_a_build_without_a_key_takes_nothing(device):
    device.key = b""
    device.start()
    refused(device, made(), "no_key")


@pytest.mark.parametrize("spoilt", [lambda data: data[:-1] + bytes([data[-1] ^ 1]), lambda data: b"\0" * len(data)])
def test_wrong_bytes_are_noticed(device, spoilt):
    device.spoil = spoilt
    refused(device, made(), "bad_hash")


def test_more_bytes_than_asked_for_are_left_aside(device):
    device.spoil = lambda data: data + b"and more"
    device.chunk = 4096
    assert device.take(made()) == 5
    assert device.files("b") == FILES


def test_a_file_that_was_damaged_on_flash_is_noticed(device):
    device.stop_at = 7
    found = made()
    with pytest.raises(nor.PowerCut):
        device.take(found)
    path = device.folder / "b" / "firmware" / "main.mpy"
    path.write_bytes(b"M" + path.read_bytes()[1:])
    device.start()
    device.stop_at = None
    refused(device, found, "bad_hash")


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_truncated_manifest_is_refused(device, cut):
    short = made().manifest[:cut]
    found = release.Release(short, {hashlib.sha256(short).digest(): short})
    refused(device, found, "bad_manifest" if short else "bad_command")


def test_a_signed_payload_that_is_no_manifest_is_refused(device):
    good = [1, "sim", 5, 0, [["x", 1, bytes(32)]]]
    for payload in (
        b"",
        cbor.encode(7),
        cbor.encode(good[:4]),
        cbor.encode([2, *good[1:]]),
        cbor.encode([1, "sim", -5, 0, good[4]]),
        cbor.encode([1, "sim", True, 0, good[4]]),
        cbor.encode([1, "sim", 5, None, good[4]]),
        cbor.encode([1, "sim", 5, 0, [["x", 1, bytes(31)]]]),
        cbor.encode([1, "sim", 5, 0, [["x", -1, bytes(32)]]]),
        cbor.encode([1, "sim", 5, 0, [[1, 1, bytes(32)]]]),
        cbor.encode([1, "sim", 5, 0, [["x", 1]]]),
        cbor.encode([1, "sim", 5, 0, {}]),
        cbor.encode(good)[:-1],  # its last byte is then one of the signature
        cbor.encode(good) + b"\0",
        cbor.encode([*good[:4], [*good[4], ["y", 1, bytes(32)]]])[:-40],
    ):
        signed = release_envelope(payload)
        refused(device, release.Release(signed, {hashlib.sha256(signed).digest(): signed}), "bad_manifest")


def release_envelope(payload):
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    to_be_signed = cose.sign1_to_be_signed(cose.sign1_protected("release"), payload)
    r, s = decode_dss_signature(KEY.sign(to_be_signed, ec.ECDSA(hashes.SHA256())))
    return cose.sign1_pack("release", payload, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"manifest": "00" * 32},
        {"size": 9},
        {"manifest": "00" * 31, "size": 9},
        {"manifest": "zz" * 32, "size": 9},
        {"manifest": 5, "size": 9},
        {"manifest": "00" * 32, "size": 0},
        {"manifest": "00" * 32, "size": 8193},
        {"manifest": "00" * 32, "size": "9"},
        {"manifest": "00" * 32, "size": 9, "more": 1},
    ],
    ids=str,
)
def test_a_bad_command_is_refused(args):
    with pytest.raises(Refused, match="bad_command"):
        job_of(args)


def test_device_and_host_have_the_same_limits():
    assert (manifest.MAX_FILES, manifest.MAX_PATH, update.MAX_MANIFEST) == (
        release.MAX_FILES,
        release.MAX_PATH,
        release.MAX_MANIFEST,
    )


def test_the_largest_manifest_is_read(device):
    files = {f"firmware/some-name-{number:03}.mpy": b"%d" % number for number in range(manifest.MAX_FILES)}
    assert device.take(made(files=files)) == 5
    assert device.files("b") == files
