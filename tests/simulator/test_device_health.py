"""Devices in trouble, in the real VM: what hangs is killed, what fails is told, and nothing loops."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.crash import LOOP
from firmware.journal_format import BLOCK
from simulator import bytecode
from simulator.device import DeviceOff, SimDevice

SHORT_WDT = {"HCP_SIM_WDT": "6500"}  # a look every 5 s feeds it
DAY_MS = 86_400_000


def causes(hall, device, count):
    return [event.body.detail["cause"] for event in hall.wait_events(device.id, "boot", count)]


def lines(hall, device):
    return [line.text for line in hall.of(device.id).logs]


def wait_line(hall, device, text):
    hall.wait(lambda: any(text in line for line in lines(hall, device)), f"line with {text!r} in {lines(hall, device)}")


def pass_time(hall, device, ms):
    hall.clock_ms += ms
    device.advance(ms)


def vm_log(device):
    return (device.folder / "vm.log").read_text(errors="replace")


def wait_drained(device):
    return device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > 1)


def wait_start(device, number):
    """Until this life shows its first screen."""
    assert device.wait_until(lambda: device.starts == number and device.screen().name != "off")


# --- the watchdog ---


@pytest.mark.parametrize("device", [SHORT_WDT], indirect=True)
def test_a_loop_that_hangs_is_killed_and_the_device_comes_back_with_everything(hall, device):
    wait_drained(device)
    device.press(4)
    device.wait_light(4)
    device.hang()
    assert causes(hall, device, 2) == ["power", "watchdog"]
    (rating,) = hall.wait_ratings(device.id, 1)
    assert rating.body.level == 4


@pytest.mark.parametrize("device", [SHORT_WDT], indirect=True)
def test_a_task_that_is_silent_while_the_loop_runs_ends_in_a_watchdog_restart_that_names_it(hall, device):
    wait_drained(device)
    device.mute("flow")
    for _ in range(9):  # the flow may be silent for 30 s of the device's time; somebody has to look meanwhile
        device.wait_until(lambda: device.starts > 1, 0.1)
        pass_time(hall, device, 5000)
    assert causes(hall, device, 2) == ["power", "watchdog"]
    wait_line(hall, device, "late: flow after ")


def test_a_device_without_network_works_for_days_and_nothing_restarts_it(hall, device):
    wait_drained(device)
    device.cut_network()
    for quarter in range(12):
        pass_time(hall, device, DAY_MS // 4)
        device.press(quarter % 5 + 1)
        device.wait_light(quarter % 5 + 1)
        device.press(quarter % 5 + 1)
        device.wait_stats(lambda stats, count=quarter + 1: stats.counts.get("ratings") == count)
    assert device.starts == 1
    device.restore_network()
    hall.wait_ratings(device.id, 12)
    assert causes(hall, device, 1) == ["power"]


# --- crashes ---


def test_a_crash_is_told_at_the_next_connect_where_it_was_and_once(hall, device):
    wait_drained(device)
    device.fail()
    assert causes(hall, device, 2) == ["power", "crash"]
    wait_line(hall, device, "RuntimeError in keys at ")
    device.reset()
    assert causes(hall, device, 3)[2] == "reset"
    wait_drained(device)
    assert sum("RuntimeError" in line for line in lines(hall, device)) == 1
    assert not any("injected" in line for line in lines(hall, device))  # the error's own words stay in the device


def test_crash_after_crash_ends_in_service_mode_and_ratings_are_taken(hall, device):
    wait_drained(device)
    for count in range(LOOP):
        device.fail()
        wait_start(device, count + 2)
        wait_drained(device)
    shown = device.wait_screen("idle")
    assert "E05" in shown.lines
    device.press(5)
    device.wait_light(5)
    device.press(5)
    hall.wait_ratings(device.id, 1)
    starts = device.starts
    device.fail()  # once more: now it waits, with its code, and is no loop
    assert device.wait_screen("E05")
    assert device.starts == starts
    for level in (1, 2, 3):  # neither keys nor the clock wake what is left of the application
        device.press(level)
        device.advance(1000)
    assert device.running and device.starts == starts
    device.advance(10_000)
    wait_start(device, starts + 1)
    wait_drained(device)
    device.power_off()
    device.power_on()
    assert "E05" not in device.wait_screen("idle").lines  # a power cycle clears it


# --- commands, telemetry ---


def test_reboot_by_command_is_answered_waits_for_the_citizen_and_is_no_crash(hall, device):
    wait_drained(device)
    device.press(3)
    device.wait_light(3)
    assert hall.command(device.id, 1, "reboot").status == 0
    device.advance(1000)
    assert device.stats().boot == 1  # somebody's undo window is open
    device.press(3)
    hall.wait_ratings(device.id, 1)
    device.advance(1000)
    assert causes(hall, device, 2) == ["power", "reset"]
    assert not any("late" in line or "Error" in line for line in lines(hall, device))
    # the same command again, for the start that it ended: it is done
    assert hall.command(device.id, 2, "reboot", boot=1).status == 0
    device.advance(5000)
    assert device.stats().boot == 2
    hall.command(device.id, 3, "reboot", boot=2)
    device.advance(1000)
    assert causes(hall, device, 3) == ["power", "reset", "reset"]


def test_log_level_by_command(hall, device):
    wait_drained(device)
    assert hall.command(device.id, 1, "log_level", level=40).status == 0
    hall.send_raw(device.id, "scene", b"\xa0")
    device.wait_stats(lambda stats: stats.counts.get("ignored") == 1)
    assert hall.command(device.id, 2, "log_level", level=10).status == 0
    hall.send_raw(device.id, "scene", b"\xa0")
    wait_line(hall, device, "ignored: ")
    assert sum("ignored: " in line for line in lines(hall, device)) == 1
    for number, level in ((3, 0), (4, 50), (5, "debug")):
        refused = hall.command(device.id, number, "log_level", level=level)
        assert refused.status == 2 and "10, 20, 30 or 40" in refused.text


def test_telemetry_says_how_the_device_is(hall, device):
    wait_drained(device)
    told = hall.of(device.id).telemetry
    pass_time(hall, device, 30_000)
    hall.wait(lambda: len(told) >= 2, "telemetry")
    last = told[-1]
    assert 10_000 < last.heap_free < 224 * 1024
    assert last.erases_avg == 0 and 0 <= last.erases_max <= 2
    assert last.rssi_dbm is None and last.heap_largest is None  # this port cannot tell
    assert 0 <= last.stall_ms < 5000
    assert last.boot == 1 and last.waiting == 0


# --- what cannot work shows a code ---


def stands(device, screen, code, starts=1):
    shown = device.wait_screen(screen)
    assert any(code in line for line in shown.lines), shown
    device.advance(3_600_000)
    device.advance(3_600_000)
    assert device.screen().name == screen and device.starts == starts
    assert code in vm_log(device)


def test_an_empty_flash_is_e01(tmp_path):
    with SimDevice(tmp_path / "blank") as device:
        stands(device, "not_enrolled", "E01")


def half_write(flash, block, start, end):
    with flash.open("r+b") as file:
        file.seek(block * BLOCK + start)
        file.write(b"\xff" * (end - start))


def test_an_identity_with_one_good_copy_works_and_with_none_is_e02(hall, device):
    wait_drained(device)
    device.power_off()
    half_write(device.folder / "flash.bin", 0, 100, BLOCK)
    device.power_on()
    device.wait_screen("idle")
    device.power_off()
    half_write(device.folder / "flash.bin", 1, 100, BLOCK)
    device.power_on()
    stands(device, "E02", "E02", starts=3)


@pytest.mark.parametrize("table", ["identity=8192", "identity=8192,journal=8192", "journal=524288", "identity=4096"])
def test_a_wrong_partition_table_is_e03(tmp_path, table):
    with SimDevice(tmp_path / "wrong", environment={"HCP_SIM_PARTITIONS": table}) as device:
        stands(device, "E03", "E03")


def damaged(tmp_path, module, content, **environment):
    """A device whose file of this module holds something else."""
    image = tmp_path / "image"
    shutil.copytree(bytecode.search_path().split(":")[1], image)
    (image / f"{module}.mpy").write_bytes(content)
    path = f"{image / bytecode.SHIMS}:{image}:.frozen"
    return SimDevice(tmp_path / "damaged", environment={"MICROPYPATH": path, **environment})


def good_file(module):
    return Path(bytecode.search_path().split(":")[1], f"{module}.mpy").read_bytes()


@pytest.mark.parametrize("content", [b"", bytes(4000), b"M\x05 of another version"], ids=["empty", "zeros", "older"])
@pytest.mark.parametrize("module", ["firmware/flow", "firmware/start", "protocol/cbor"])
def test_a_damaged_file_of_the_firmware_is_e04_and_restarts_slowly(tmp_path, module, content):
    with damaged(tmp_path, module, content) as device:
        device.wait_screen("E04")
        device.advance(9000)
        assert device.screen().name == "E04" and device.starts == 1
        with suppress(DeviceOff):  # the restart may come before the answer
            device.advance(1000)
        wait_start(device, 2)
        device.wait_screen("E04")
        assert "E04" in vm_log(device)
        (tmp_path / "image" / f"{module}.mpy").write_bytes(good_file(module))  # as an update or a technician would
        device.power_off()
        device.power_on()
        device.wait_screen("not_enrolled")


def test_a_file_cut_short_hangs_the_loader_once_and_then_is_e04(tmp_path):
    content = good_file("firmware/flow")
    with damaged(tmp_path, "firmware/flow", content[: len(content) // 2], HCP_SIM_WDT="3000") as device:
        wait_start(device, 2)
        device.wait_screen("E04")
        device.advance(9000)
        assert device.screen().name == "E04" and device.starts == 2
