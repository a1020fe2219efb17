"""hardware/pinout.toml: what it refuses, and that the firmware runs by it."""

import ast
from dataclasses import fields

import pytest

from hcp import pinout

TEXT = pinout.SOURCE.read_text(encoding="utf-8")
FIRMWARE = pinout.ROOT / "firmware"


def refused(text: str) -> str:
    with pytest.raises(pinout.PinoutError) as error:
        pinout.load(text)
    return str(error.value)


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, old
    return TEXT.replace(old, new)


def test_the_pins_of_the_firmware_are_those_of_the_hardware():
    written = pinout.TARGET.read_text(encoding="utf-8")
    assert written == pinout.render(pinout.read()), "run `python -m hcp.pinout`"
    pins = pinout.parse(TEXT)
    assert len({pin.gpio for pin in pins}) == len(pins) == 25


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("BTN6 = { gpio = 4, dir = 'in' }", "BTN6: GPIO4 is BTN1 already"),
        ("X = { gpio = 35, dir = 'in' }", "X: GPIO35 is reserved: octal PSRAM"),
        ("X = { gpio = 23, dir = 'in' }", "X: an ESP32-S3 has no free GPIO23"),
        ("X = { gpio = 46, dir = 'sideways' }", "X: dir is one of in, out, io, got 'sideways'"),
        ("X = { gpio = 46, dir = 'in', pul = 'up' }", "X: knows gpio, dir, pull and note, got pul"),
        ("X = { gpio = '7', dir = 'in' }", "X: gpio is a number, got '7'"),
        ("X = { gpio = 7, dir = 'in', pull = 'sideways' }", "X: pull is up, down or left out, got 'sideways'"),
        ("X = { gpio = 7, dir = 'in', note = 7 }", "X: note is a line of text, got 7"),
        (r"X = { gpio = 7, dir = 'in', note = 'a\nb' }", r"X: note is a line of text, got 'a\nb'"),
        ("X = 4", "X: expected { gpio = ..., dir = ... }, got 4"),
        ("X = [4]", "X: expected { gpio = ..., dir = ... }, got [4]"),
        ("led_data = { gpio = 7, dir = 'in' }", "led_data: a net has capital letters, digits and _"),
    ],
)
def test_a_pin_that_cannot_be_built_is_refused(line, complaint):
    assert complaint in refused(TEXT + line.replace("'", '"') + "\n")


@pytest.mark.parametrize("gpio", pinout.TAKEN)
def test_no_net_gets_what_boot_usb_memory_or_console_need_whether_the_map_says_so_or_not(gpio):
    assert f"X: GPIO{gpio} is reserved" in refused(f'{TEXT}X = {{ gpio = {gpio}, dir = "in" }}\n')
    line = next(line for line in TEXT.splitlines() if line.startswith(f"{gpio} = "))
    assert f"[reserved] lacks GPIO{gpio}, {pinout.TAKEN[gpio]}" in refused(changed(f"\n{line}\n", "\n"))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("usb_ma = 500", "usb_amps = 500", "[limits] usb_amps is unknown; [limits] usb_ma is missing"),
        ("usb_max_v = 5.25", "usb_max_v = 12", "[limits] usb_max_v: expected 5.0 to 5.5, got 12"),
        ("hz = 400000\n", "hz = 1000000\n", "[buses.i2c] hz: expected 10,000 to 400,000, got 1,000,000"),
        ("hz = 400000\n", "hz = 4e5\n", "[buses.i2c] hz: expected a whole number, got 400000.0"),
        ("ds3231 = 0x68", "ds3231 = 0x69", "[buses.i2c] ds3231: expected 104 to 104, got 105"),
        ("one_high_ns = 800", "one_high_ns = 400", "[buses.stars] one_high_ns: expected 650 to 950, got 400"),
        ("[buses.voice]", "[buses.speech]", "[buses.speech] is unknown"),
        ("key_low_max_v = 0.8 ", "key_low_max_v = 0.9 ", "[limits] key_low_max_v: expected 0.1 to 0.82, got 0.9"),
        ("gpio_low_max_v = 0.82", "gpio_low_max_v = 0.7", "key_low_max_v: a pressed key would not be low"),
        ("brightest = 64", "brightest = 255", "all stars would take more than a quarter of what a USB port gives"),
        ("BTN3 = {", "KEY3 = {", "BTN3: the device has five keys, and this one has no pin"),
        ('module = "', 'modul = "', "modul: unknown; module: expected the name of an ESP32-S3 module, got None"),
        ('module = "ESP32-S3', 'module = "ESP32-C3', "module: expected the name of an ESP32-S3 module, got 'ESP32-C3"),
        ("\n[reserved]\n", "\nreserved = 7\n[other]\n", "[reserved]: expected a table, got 7"),
        ("[buses.voice]             #", "[buses]\nvoice = 1\n[bits] #", "[buses.voice]: expected a table, got 1"),
        ('45 = "VDD_SPI strap"', "45 = 7", "[reserved] 45: expected why, got 7"),
        ("[limits]", "[limits", "pinout.toml: not TOML"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(old, new, complaint):
    assert complaint in refused(changed(old, new))


def test_all_that_is_wrong_is_said_at_once():
    text = changed("hz = 400000\n", "hz = 1\n").replace("usb_ma = 500", "usb_ma = 1")
    said = refused(text + "X = { gpio = 45 }\n")
    assert said.count(";") == 3 and all(name in said for name in ("[limits] usb_ma", "[buses.i2c] hz", "X: GPIO45"))


def test_what_is_wrong_is_said_in_the_order_of_the_file():
    names = ("omega", "alpha", "kappa", "beta", "zeta")
    said = refused("".join(f"{name} = 1\n" for name in names) + TEXT)
    assert said == "; ".join(f"{name}: unknown" for name in names)


def test_every_value_says_its_unit_and_has_a_range():
    units = ("_v", "_mv", "_ma", "_ohm", "_ns", "_us", "_pct", "hz", "baud", "bits")
    bare = {"host", "mode", "count", "brightest", "ds3231", "atecc608b"}
    kinds = [pinout.Limits, *(one.type for one in fields(pinout.Buses))]
    for kind in kinds:
        for one in fields(kind):
            assert one.name in bare or one.name.endswith(units), one.name
            assert one.metadata["least"] <= one.metadata["most"]


def test_all_stars_take_what_the_map_says():
    assert pinout.read().stars_ma == pytest.approx(75, abs=1)


# --- the firmware ---


def names_used() -> set[str]:
    """All names and attributes that the firmware's sources read."""
    used: set[str] = set()
    for path in FIRMWARE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if path != pinout.TARGET and isinstance(node, ast.Name | ast.Attribute):
                used.add(node.id if isinstance(node, ast.Name) else node.attr)
    return used


def test_the_firmware_names_every_pin_and_value_that_it_is_told():
    tree = ast.parse(pinout.TARGET.read_text(encoding="utf-8"))
    told = {node.targets[0].id for node in tree.body if isinstance(node, ast.Assign)}
    assert told - names_used() == set()


def test_no_driver_types_a_pin_or_a_value_of_a_bus_again():
    values = pinout.read()
    typed = {value for bus in ("tft", "i2c", "buzzer", "backlight", "voice")
             for value in [getattr(values.buses, bus).hz]}  # fmt: skip
    typed |= {values.buses.i2c.ds3231, values.buses.stars.one_low_ns, values.buses.stars.zero_low_ns}
    typed -= {values.buses.voice.hz}  # the buffer has as many bytes by chance
    for path in [*(FIRMWARE / "drivers").glob("*.py"), FIRMWARE / "boards" / "esp32s3.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and type(node.value) is int:
                assert node.value not in typed, f"{path.name}:{node.lineno} types {node.value}: take it from pins"


def test_the_firmware_leaves_spi_in_mode_0():
    text = (FIRMWARE / "boards" / "esp32s3.py").read_text(encoding="utf-8")
    assert "polarity" not in text and "phase" not in text
    assert pinout.read().buses.tft.mode == pinout.read().buses.eth.mode == 0
