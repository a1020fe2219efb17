"""The real board in the VM, with models of its parts on the wires: what one sees and hears, what may be missing."""

import ast
import struct

from simulator import speak_prompts
from tests.firmware import chip_vm

APP = """
from esp32 import Partition
from firmware.app import App
from firmware.boards.esp32s3 import Esp32S3
from firmware.identity import Identity
from firmware.journal import Journal
from firmware.crypto import es256

key = bytes(range(1, 33))
fields = {"private_key": key, "public_key": es256.public_key(key), "device": "w-01", "hall": "h-1",
          "host": "gateway.test", "port": 8883, "certificate": b"", "ca": b"", "downlink_key": bytes(32)}
board = Esp32S3({})
board.why = board.crashes.start(board.cause())
board.feed()
journal = Journal(Partition.find(Partition.TYPE_DATA, label="journal")[0], "w-01")
app = App(board, Identity(**fields), journal)

def picture():
    return hash(bytes(part for x in range(0, 320, 8) for y in range(0, 240, 8) for part in panel.pixel(x, y)))

def lit():
    return [max(colour) for colour in lights.colours]

async def press(level, ms=60):
    machine.drive(pins.BTN[level - 1], 0)
    await asyncio.sleep_ms(ms)
    machine.drive(pins.BTN[level - 1], 1)

def play(story):
    async def all():
        time.step_ms = 50
        task = asyncio.create_task(app.run())
        await asyncio.sleep_ms(2000)
        time.step_ms = 1
        await story()
    asyncio.run(all())
"""


def test_a_press_on_the_real_board_becomes_light_sound_picture_and_record(tmp_path):
    out = chip_vm.run(
        APP
        + """
async def story():
    before = picture()
    print("idle", lit(), journal.next_seq)
    began = time.ticks_ms()
    machine.tones.clear()
    await press(4)
    await asyncio.sleep_ms(40)
    print("pressed", lit(), machine.tones)
    time.step_ms = 50
    await asyncio.sleep_ms(500)
    print("drawn", picture() != before)
    await asyncio.sleep_ms(5000)
    print("later", lit())
    await asyncio.sleep_ms(20000)
    print("after", lit(), picture() == before, journal.read(journal.next_seq - 1)[:1], machine.watchdogs[0].fed > 3)
    print("counts", board.counts)
play(story)
""",
        flash=tmp_path / "flash.bin",
    )
    told = {line.split(" ")[0]: line for line in out if line.split(" ")[0] in
            ("idle", "pressed", "drawn", "later", "after", "counts")}  # fmt: skip
    assert told["idle"].startswith("idle [0, 0, 0, 0, 0] ")
    assert told["pressed"] == f"pressed [0, 0, 0, 64, 0] {[(48, 2700, 32768), (48, 2700, 0)]}"
    assert told["drawn"] == "drawn True"
    assert 0 < ast.literal_eval(told["later"][6:])[3] < 64  # the countdown: the star grows dim
    assert told["after"] == "after [0, 0, 0, 0, 0] True b'\\xd2' True"
    assert "'ratings': 1" in told["counts"] and "'no_" not in told["counts"]


def test_light_and_sound_are_the_same_for_every_star():
    out = chip_vm.run("""
from firmware.boards.esp32s3 import Esp32S3
board = Esp32S3({})
async def one(level):
    lights.history.clear()
    machine.tones.clear()
    began = time.now_us
    times = []
    hear = lights.hear
    lights.hear = lambda pulses: (times.append(time.now_us - began), hear(pulses))
    board.click()
    board.light(level, 8000)
    await asyncio.sleep_ms(9000)
    lights.hear = hear
    shifted = [tuple(colours[level - 1:level]) + tuple(c for i, c in enumerate(colours) if i != level - 1)
               for colours in lights.history]
    print(times, machine.tones, shifted)
async def story():
    for level in (1, 2, 3, 4, 5):
        await one(level)
asyncio.run(story())
""")
    assert len(out) == 5 and len(set(out)) == 1
    assert "(64, 64, 64)" in out[0] and "(8, 8, 8)" in out[0]


def test_a_press_while_the_chip_stands_still_is_not_lost(tmp_path):
    out = chip_vm.run(
        APP
        + """
async def story():
    machine.stall(True)
    time.sleep_ms(1000)
    machine.drive(pins.BTN[1], 0)
    time.sleep_ms(100)
    machine.drive(pins.BTN[1], 1)
    time.sleep_ms(1900)
    machine.stall(False)
    await asyncio.sleep_ms(200)
    print("lit", lit())
play(story)
""",
        flash=tmp_path / "flash.bin",
    )
    assert "lit [0, 64, 0, 0, 0]" in out


def test_it_blinks_to_be_found_and_then_shows_what_it_showed():
    out = chip_vm.run("""
from firmware.boards.esp32s3 import Esp32S3
board = Esp32S3({})
async def story():
    board.light(2, 0)
    board.identify(1000)
    lights.history.clear()
    await asyncio.sleep_ms(1100)
    print([tuple(max(colour) for colour in colours) for colours in lights.history])
asyncio.run(story())
""")
    on, off = (64,) * 5, (0,) * 5
    assert ast.literal_eval(out[0]) == [on, off, on, off, (0, 64, 0, 0, 0)]


def test_a_board_without_its_parts_still_takes_presses():
    out = chip_vm.run("""
from firmware.boards.esp32s3 import Esp32S3
del machine.i2c[0x68]
def broken(*_, **__): raise OSError("esp_eth_driver_install failed")
network.LAN = broken
machine.SPI.write = broken
board = Esp32S3({"mute": True})
board.click()
board.show("idle", ())
board.set_rtc(1772323198740, 30)
print(sorted(board.counts), board.rtc(), board.network_up(), board.rssi(), machine.tones)
async def story():
    task = asyncio.create_task(board.listen())
    await asyncio.sleep_ms(5)
    machine.drive(pins.BTN[0], 0)
    await asyncio.sleep_ms(5)
    print(board.woken.is_set(), board.edges.take()[1:3])
    board.light(1, 0)
    print(lights.colours[0])
asyncio.run(story())
""")
    assert out[-3:] == [
        "['no_clock', 'no_display', 'no_network'] None False None []",
        "True (0, True)",
        "(64, 64, 64)",
    ]


def test_the_battery_clock_is_asked_and_set_and_may_fall_silent():
    out = chip_vm.run("""
from firmware.boards.esp32s3 import Esp32S3
board = Esp32S3({})
print(board.rtc())
board.set_rtc(1772323198740, 30)
time.advance_ms(60000)
wall_ms, error_ms = board.rtc()
print(abs(wall_ms - 1772323258740) <= error_ms, error_ms < 600)
clock.fail = True
print(board.rtc(), board.set_rtc(1, 1), board.counts)
""")
    assert out == ["None", "True True", "None None {'clock_errors': 2}"]


def test_settings_choose_radio_display_and_silence(tmp_path):
    out = chip_vm.run(
        """
import os
from firmware.boards import esp32s3
from firmware.drivers import buzzer, ds3231, net, tft, voice
panel = parts.Panel(pins.TFT_CS, pins.TFT_DC, mirrored=True, bgr=True, inverted=False)
machine.spi[1] = [panel]
os.chdir(FOLDER)
with open("board.json", "w") as file:
    file.write('{"wifi": {"ssid": "hall", "password": "secret"}, "display": "ili9341", "quieter": 2}')
board = esp32s3.make_board()
print(panel.pixel(0, 0), board._voice.quieter)
print(board.network_up(), network.calls[-1][:2])
with open("board.json", "w") as file:
    file.write('{"wifi": {')
esp32s3.make_board()
os.remove("board.json")
print(esp32s3.make_board()._settings)
""".replace("FOLDER", repr(str(tmp_path)))
    )
    assert out == [
        "(0, 0, 0) 2", "False ('connect', 'hall')", "board.json: expected JSON; going on without it", "{}"
    ]  # fmt: skip


def test_the_voice_follows_the_screen_and_stops_for_a_press(tmp_path):
    data = struct.pack("<16000h", *[999] * 16000)
    wav = b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack(
        "<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16
    ) + b"data" + struct.pack("<I", len(data)) + data  # fmt: skip
    (tmp_path / "rate.wav").write_bytes(wav)
    out = chip_vm.run(
        """
from firmware.boards import esp32s3
esp32s3._VOICE = FOLDER + "/"
board = esp32s3.Esp32S3({})
amp = machine.Pin(pins.AMP_SD)
async def story():
    board.show("rate", ("a case",))
    await asyncio.sleep_ms(300)
    print(amp.level, len(machine.samples) > 1000)
    board.show("chosen", ())
    await asyncio.sleep_ms(10)
    print(amp.level, len(machine.samples) < 8000, machine.I2S.busy)
    board.show("thanks", ())     # there is no such file: nothing happens
    await asyncio.sleep_ms(10)
    print(amp.level)
    print(sorted(set(esp32s3.SPOKEN.values())))
asyncio.run(story())
""".replace("FOLDER", repr(str(tmp_path)))
    )
    assert out == ["1 True", "0 True []", "0", str(sorted(speak_prompts.PROMPTS))]
