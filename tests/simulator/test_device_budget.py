"""The heap gate (DESIGN §4): a device lives a full story at ``-X heapsize=224K``, which stands for 112 KB on a chip.

The set is the whole one that ships, pictures and drivers too, installed on the device's own flash and started by its
loader: enrolment, mutual TLS, ratings with reasons, an outage, its backlog, and an update to the next version.
"""

import shutil

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway import release
from protocol import downlink
from protocol.downlink import ASSET, COMMAND, SCENE, Command
from simulator import resident, sets
from simulator.device import SimDevice
from simulator.provisioning import provision

KEY = ec.generate_private_key(ec.SECP256R1())
BAD = {1: [108, 109, 110, 111, 112], 2: [207, 208]}
KEYS = {1: (1, 3, 5, 5), 2: (2, 5)}  # what is pressed on the pages of reasons; 5 turns them
BACKLOG = 20
LEFT_AT_REST = 32768  # bytes of the heap, live objects collected
LEFT_IN_UPDATE = 16384


@pytest.fixture
def device(hall, tmp_path):
    firmware = sets.build(tmp_path / "set", KEY.public_key())
    device = SimDevice(
        tmp_path / "full", ("127.0.0.1", hall.port), environment=sets.environment(), program=sets.PROGRAM
    )
    sets.install(device.folder, firmware, 4)
    provision(device.folder, lambda csr: hall.enroll("full", csr), {"HCP_SIM_PARTITIONS": sets.PARTITIONS})
    with device:
        yield device


def rate(hall, device, number, level):
    """Arm and press; a bad one gets reasons."""
    token = number.to_bytes(8, "big")
    until_ms = hall.now_ms() + 3_600_000
    body = downlink.IDLE._replace(token=token, until_ms=until_ms, undo_ms=300, reasons=BAD, lines=("不动产登记",))
    hall.send(device.id, SCENE, body, retain=True)
    device.wait_screen("rate")
    press(hall, device, number, level)


def press(hall, device, number, level):
    """Until the thanks have gone by."""
    device.press(level)
    device.wait_light(level)
    if level in BAD:
        device.wait_screen("reasons")
        advance(hall, device, 600)
        for key in KEYS[level]:
            device.press(key)
            advance(hall, device, 100)
    device.wait_stats(lambda stats: stats.counts.get("ratings", 0) >= number)
    advance(hall, device, 3100)


def advance(hall, device, ms):
    hall.clock_ms += ms
    device.advance(ms)


def test_a_full_story_with_an_update_fits(hall, device, tmp_path):
    assert "heapsize=224K" in sets.PROGRAM
    device.wait_screen("idle")
    hall.wait_events(device.id, "boot")
    for number, level in enumerate((5, 1, 3, 2), 1):
        rate(hall, device, number, level)
    ratings = hall.wait_ratings(device.id, 4)
    assert [rating.body.level for rating in ratings] == [5, 1, 3, 2]
    assert ratings[1].body.reasons == (108, 110) and ratings[3].body.reasons == (208,)

    device.cut_network()
    for number in range(5, 5 + BACKLOG):  # unarmed: nobody can be called without a network
        press(hall, device, number, number % 5 + 1)
    assert device.stats().waiting >= BACKLOG
    device.restore_network()
    assert len(hall.wait_ratings(device.id, 4 + BACKLOG)) == 4 + BACKLOG
    rest = device.wait_stats(lambda stats: not stats.waiting and not stats.unsigned)
    assert rest.heap_free >= LEFT_AT_REST, rest
    modules = device.modules()

    folder = tmp_path / "r5"
    shutil.copytree(tmp_path / "set", folder)
    sets.put(folder, "firmware/more.py", "VERSION = 5\n")
    manifest = release.describe(folder, "esp32s3", 5, 0)
    (folder / release.MANIFEST).write_bytes(release.sign(manifest, KEY))
    found = release.load(folder)
    assert len(manifest.files) > 100, "the whole set"
    least = update(hall, device, found)
    assert least >= LEFT_IN_UPDATE
    event = hall.wait_events(device.id, "firmware")[0]
    assert (event.body.detail["from"], event.body.detail["to"]) == (4, 5)
    rate(hall, device, 1, 5)  # counted anew since the restart
    hall.wait_ratings(device.id, 5 + BACKLOG)
    log = (device.folder / "vm.log").read_text()
    assert "MemoryError" not in log and device.starts == 2, log[-2000:]
    print(f"left at rest {rest.heap_free}, in the update at least {least}; {resident.MOST} B, {len(modules)} modules")


def update(hall, device, found):
    """Command it and answer what the device wants; gives the least heap that was left at some looks on the way."""
    hall.send(device.id, COMMAND, Command(1, "update", found.args))
    results = hall.of(device.id).results
    least = 1 << 30
    seen = chunks = 0
    while True:
        hall.wait(lambda at=seen: len(results) > at, "answer to the update", 40)
        result = results[seen]
        seen += 1
        if result.status != downlink.WANTS:
            assert (result.status, result.text) == (downlink.DONE, "5")
            return least
        hall.send(device.id, ASSET, found.answer(result.text))
        chunks += 1
        if chunks % 20 == 0:
            least = min(least, device.stats().heap_free)
