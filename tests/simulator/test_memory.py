"""The heap gate: a day of work on the heap that a device has, and the bytecode that has to fit into it."""

import os
import subprocess

from protocol import downlink
from simulator import bench_memory, build_firmware, resident
from simulator.device import HEAP, vm_command

HOURS = 24
BAND = 2048  # bytes between the two halves of the day: a ring fills, a pool grows once


def test_a_day_with_two_hundred_ratings_scenes_and_reconnects_leaves_the_heap_as_it_was(hall, device):
    assert HEAP == "224K"
    device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > 1)
    used = []
    token = 0
    for hour in range(HOURS):
        hall.clock_ms += 3_600_000
        device.advance(3_600_000)
        if hour % 4 == 3:
            device.cut_network()
            device.restore_network()
        if hour % 8 == 7:
            hall.restart_broker()
        for press in range(9):
            token += 1
            hall.scene(device.id, token.to_bytes(8, "big"), undo_ms=0)
            device.wait_screen("rate")
            done = device.stats().counts.get("ratings", 0)
            device.press((hour + press) % 5 + 1)
            device.wait_stats(lambda stats, done=done: stats.counts.get("ratings", 0) > done)
            hall.clock_ms += 3100  # the thanks go by
            device.advance(3100)
        hall.scene(device.id, None)
        device.advance(4000)
        hall.clock_ms += 4000
        used.append(device.wait_stats(lambda stats: stats.waiting == 0 and not stats.unsigned).heap_used)
    ratings = hall.wait_ratings(device.id, 9 * HOURS)
    assert len(ratings) == 9 * HOURS >= 200
    assert [rating.body.token for rating in ratings] == [n.to_bytes(8, "big") for n in range(1, token + 1)]
    assert max(used[12:]) - max(used[2:12]) <= BAND, used
    assert device.starts == 1 and "MemoryError" not in (device.folder / "vm.log").read_text()


def test_the_bytecode_of_a_device_at_work_is_within_the_budget(hall, device, tmp_path):
    """What `make firmware` and `hcp bench` count: here after a bad rating with reasons, an outage and a receipt."""
    image = build_firmware.build(tmp_path / "firmware")
    until_ms = hall.now_ms() + 3_600_000
    scene = downlink.IDLE._replace(token=b"token--A", until_ms=until_ms, undo_ms=200, reasons={1: [110, 112]})
    device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > 1)
    hall.send(device.id, downlink.SCENE, scene, retain=True)
    device.wait_screen("rate")
    device.cut_network()
    device.press(1)
    device.wait_screen("reasons")
    device.advance(600)
    device.press(1)
    device.advance(30_000)
    device.wait_screen("saved")
    device.restore_network()
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.body.reasons == (110,)
    device.wait_stats(lambda stats: stats.waiting == 0)
    held = image.resident(device.modules())  # no pictures here: nothing is let go of
    assert {"firmware/link.mpy", "firmware/crypto/es256.mpy", "firmware/drivers/ds3231.mpy", "slots.mpy"} <= set(held)
    assert 30_000 < sum(held.values()) <= resident.MOST == 61440
    rows = {row.name: row for row in bench_memory.sizes(image, device.modules())}
    assert rows["bytecode of a device at work"].value == sum(held.values())
    assert rows["bytecode loaded now and then only"].value == sum(image.sizes.values()) - sum(held.values())


def test_a_module_that_is_let_go_of_gives_its_heap_back(tmp_path):
    """So it may be counted out (`firmware.pictures` and others do this)."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "__init__.py").write_text("")
    (tmp_path / "part" / "big.py").write_text("TABLE = bytearray(20000)\ndef size():\n    return len(TABLE)\n")
    program = """
import gc, sys
import part
gc.collect()
before = gc.mem_alloc()
import part.big
gc.collect()
held = gc.mem_alloc() - before
sys.modules.pop("part.big")
delattr(part, "big")
gc.collect()
print(held, gc.mem_alloc() - before)
"""
    done = subprocess.run(
        vm_command("-c", program), env={**os.environ, "MICROPYPATH": f"{tmp_path}:.frozen"},
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    held, left = map(int, done.stdout.split())
    assert held > 20000 and left < 1000, done.stdout
