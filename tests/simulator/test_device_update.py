"""A device in the real VM takes a release over the real broker, runs it, and confirms it or goes back by itself."""

import hashlib
import shutil
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.slots import Slots
from gateway import release
from protocol import downlink
from protocol.downlink import ASSET, COMMAND, Command
from simulator import sets
from simulator.device import DeviceOff, SimDevice
from simulator.provisioning import provision
from simulator.vm import nor

KEY = ec.generate_private_key(ec.SECP256R1())
A = b"token--A"


@pytest.fixture(scope="module")
def firmware(tmp_path_factory):
    """The set that ships, trusting KEY, without most pictures and drivers: every file is a round trip."""
    folder = sets.build(tmp_path_factory.mktemp("firmware") / "set", KEY.public_key())
    for path in (*folder.glob("firmware/assets/*.bin"), *folder.glob("firmware/drivers/*")):
        if path.stem not in ("idle", "starting", "rate", "glyphs", "__init__"):
            path.unlink()
    return folder


@pytest.fixture(scope="module")
def born(_hall, firmware, tmp_path_factory):
    """The flash of a new device with version 4, not yet enrolled."""
    folder = tmp_path_factory.mktemp("born")
    sets.install(folder, firmware, 4)
    return (folder / "flash.bin").read_bytes()


@pytest.fixture
def device(hall, born, tmp_path, request):
    name = f"up-{hashlib.sha256(request.node.name.encode()).hexdigest()[:8]}"
    device = SimDevice(tmp_path / name, ("127.0.0.1", hall.port), environment=sets.environment(), program=sets.PROGRAM)
    (device.folder / "flash.bin").write_bytes(born)
    provision(device.folder, lambda csr: hall.enroll(name, csr), {"HCP_SIM_PARTITIONS": sets.PARTITIONS})
    with device:
        yield device


def made(folder, firmware, version, change=None, **how) -> release.Release:
    """A signed release of the set that ships, with another ``firmware/<change>.py`` in it."""
    shutil.copytree(firmware, folder)
    for name, text in (change or {}).items():
        sets.put(folder, name, text)
    manifest = release.describe(folder, how.get("board", "esp32s3"), version, how.get("needs", 0))
    (folder / release.MANIFEST).write_bytes(release.sign(manifest, how.get("key", KEY)))
    return release.load(folder)


def update(hall, device, found, number=1, stop_at=None):
    """Command it and answer what the device wants, until its last word or ``stop_at`` chunks."""
    hall.wait_events(device.id, "boot")  # it has subscribed
    hall.send(device.id, COMMAND, Command(number, "update", found.args))
    return serve(hall, device, found, number, stop_at)


def serve(hall, device, found, number=1, stop_at=None, seen=0):
    results = hall.of(device.id).results
    chunks = 0
    while True:
        hall.wait(lambda at=seen: len(results) > at, "answer to the update", 40)
        result = results[seen]
        seen += 1
        if result.id != number:
            continue
        if result.status != downlink.WANTS:
            return result
        if chunks == stop_at:
            return seen
        chunks += 1
        hall.send(device.id, ASSET, found.answer(result.text, 1024))


def told(hall, device, count):
    return [
        (event.body.detail["from"], event.body.detail["to"]) for event in hall.wait_events(device.id, "firmware", count)
    ]


def test_a_release_is_taken_reported_and_confirmed_and_no_rating_is_lost(hall, device, firmware, tmp_path):
    device.wait_screen("idle")
    hall.receipts = False  # what is pressed now has no receipt when the set changes
    device.press(1)
    device.wait_light(1)
    device.press(1)
    hall.wait_ratings(device.id, 1)
    found = made(tmp_path / "r5", firmware, 5)
    result = update(hall, device, found)
    assert (result.status, result.text) == (downlink.DONE, "5")
    assert told(hall, device, 1) == [(4, 5)]
    hall.receipts = True
    hall.receipt(device.id)
    assert device.wait_until(lambda: "firmware 5 confirmed" in (device.folder / "vm.log").read_text())
    device.press(2)
    device.wait_light(2)
    device.press(2)
    assert [rating.body.level for rating in hall.wait_ratings(device.id, 2)] == [1, 2]
    assert hall.errors == []
    # a version that is not higher is refused now, with a code
    again = update(hall, device, found, number=2)
    assert (again.status, again.text) == (downlink.FAILED, "downgrade")


def test_an_interrupted_download_goes_on_by_itself(hall, device, firmware, tmp_path):
    found = made(tmp_path / "r5", firmware, 5)
    seen = update(hall, device, found, stop_at=20)
    device.power_off()
    device.start()
    # nobody repeats the command: the device asks, and for nothing that it has
    result = serve(hall, device, found, seen=seen)
    assert (result.status, result.text) == (downlink.DONE, "5")
    wants = [result.text for result in hall.of(device.id).results if result.status == downlink.WANTS]
    assert len(wants) - len(set(wants)) <= 10, "more than the last 4 KB was asked for again"
    assert told(hall, device, 1) == [(4, 5)]


@pytest.mark.requirement("WZ-9b")
def test_a_set_that_crashes_three_times_rolls_back_by_itself_and_loses_no_rating(hall, device, firmware, tmp_path):
    device.wait_screen("idle")
    hall.receipts = False
    device.press(1)
    device.wait_light(1)
    device.press(1)
    hall.wait_ratings(device.id, 1)
    crash = {"firmware/clock.py": "raise RuntimeError('a bad release')\n"}
    result = update(hall, device, made(tmp_path / "r5", firmware, 5, crash))
    assert result.status == downlink.DONE
    starts = device.starts
    # each bad start stands for a while with a code on its screen before it restarts
    deadline = time.monotonic() + 120
    while device.starts < starts + 4:
        assert time.monotonic() < deadline, (device.folder / "vm.log").read_text()[-2000:]
        if device.wait_until(lambda: device.screen().name == "E04" or device.starts >= starts + 4, 5):
            advance(device, 60_000)
    assert told(hall, device, 1) == [(5, 4)]
    hall.receipts = True
    hall.receipt(device.id)
    device.wait_screen("idle")
    device.press(2)
    device.wait_light(2)
    device.press(2)
    assert [rating.body.level for rating in hall.wait_ratings(device.id, 2)] == [1, 2]
    # the same version may be tried again, once it is good
    assert update(hall, device, made(tmp_path / "r5b", firmware, 5), number=2).text == "5"


def record(device) -> Slots:
    """What lies on the device's flash now."""
    table = nor.parse_partitions(sets.PARTITIONS)
    return Slots(nor.Flash(str(device.folder / "flash.bin"), table).partition("slots"))


def advance(device, ms):
    try:
        device.advance(ms)
    except DeviceOff:
        pass  # it restarted just now


def test_without_network_a_new_set_stays_on_trial_and_takes_ratings(hall, device, firmware, tmp_path):
    hall.wait_events(device.id, "boot")
    hall.receipts = False  # else it would be confirmed before the cable is pulled
    assert update(hall, device, made(tmp_path / "r5", firmware, 5)).status == downlink.DONE
    assert told(hall, device, 1) == [(4, 5)]
    device.cut_network()
    for level in (1, 5, 3):
        device.wait_stats(lambda stats: stats.uptime_ms > 0)
        device.press(level)
        device.wait_light(level)
        device.press(level)
        device.wait_stats(lambda stats: not stats.unsigned)
        device.advance(300_000)
        assert device.wait_until(lambda: record(device).alive)
        device.power_off()
        device.start()
        assert device.wait_until(lambda: device.screen().name in ("idle", "offline"))
    hall.receipts = True
    device.restore_network()
    ratings = hall.wait_ratings(device.id, 3)
    assert [rating.body.level for rating in ratings] == [1, 5, 3]
    hall.receipt(device.id)
    assert device.wait_until(lambda: "firmware 5 confirmed" in (device.folder / "vm.log").read_text())
    assert told(hall, device, 1) == [(4, 5)], "no rollback in between"


def test_releases_that_are_not_for_this_device_are_refused_with_a_code(hall, device, firmware, tmp_path):
    stranger = ec.generate_private_key(ec.SECP256R1())
    for number, (how, code) in enumerate(
        [({"key": stranger}, "bad_signature"), ({"board": "esp32c6"}, "foreign"), ({"needs": 5}, "too_old")], 1
    ):
        result = update(hall, device, made(tmp_path / code, firmware, 6, **how), number)
        assert (result.status, result.text) == (downlink.FAILED, code)
    assert hall.of(device.id).events("firmware") == []
