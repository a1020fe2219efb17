"""Whoever writes a pin down writes the one of pinout.toml; a swapped one is named with reader, net and both GPIOs."""

from dataclasses import replace

import pytest

from hardware import agreement, library
from hardware.circuit.blocks import BLOCKS
from hardware.part import HardwareError
from hardware.schematic import netlist
from hardware.schematic.build import check_netlist
from hardware.schematic.project import net_names, project_files
from hcp import pinout

from .needs import KICAD, KICAD_LIBRARIES

PINS = pinout.read()


def text(reader: str) -> str:
    return (pinout.ROOT / reader).read_text(encoding="utf-8")


def swapped(net: str, other: str) -> pinout.Pinout:
    """The map with the GPIOs of two nets exchanged."""
    gpio = {pin.net: pin.gpio for pin in PINS.pins}
    there = {net: gpio[other], other: gpio[net]}
    return replace(PINS, pins=tuple(replace(pin, gpio=there.get(pin.net, pin.gpio)) for pin in PINS.pins))


def test_all_readers_have_the_pins_of_the_map():
    assert agreement.check(PINS) == 4
    for reader, read in agreement.READERS.items():
        assert {pin.net: pin.gpio for pin in PINS.pins}.items() <= read().items(), reader


@pytest.mark.parametrize("reader", agreement.READERS)
def test_a_pin_swapped_in_the_map_is_named_for_every_reader(reader):
    with pytest.raises(HardwareError) as error:
        agreement.check(swapped("TFT_CS", "TFT_DC"))
    said = str(error.value)
    assert f"{reader} has TFT_CS at GPIO10, pinout.toml at GPIO9" in said
    assert f"{reader} has TFT_DC at GPIO9, pinout.toml at GPIO10" in said
    assert said.count(" has ") == 2 * len(agreement.READERS)


@pytest.mark.parametrize(
    ("reader", "old", "new", "read"),
    [
        ("firmware/boards/pins.py", "I2C_SDA = 8", "I2C_SDA = 18", agreement.firmware),
        ("firmware/boards/pins.py", "BTN = (4, 5,", "BTN = (5, 4,", agreement.firmware),
        ("hardware/wiring/connections.md", "| `ETH_INT` | U1 | J3-10 · GPIO38 |", "", agreement.wiring),
        ("hardware/bring-up.md", "| `BUZZER` | 48 |", "| `BUZZER` | 47 |", agreement.bring_up),
    ],
)
def test_a_pin_swapped_in_a_reader_is_named(reader, old, new, read):
    before = text(reader)
    assert before.count(old) == 1
    wrong = agreement.complaints(PINS, reader, read(before.replace(old, new)))
    net = old.strip("|` ").split("`")[0].split(" ")[0]
    assert wrong and all(line.startswith(f"{reader} has {net}") for line in wrong)


def test_a_pin_swapped_in_the_circuit_is_named():
    def crossed(part):
        exchange = {"IO10": "TFT_DC", "IO9": "TFT_CS"}
        return replace(part, nets=part.nets | exchange) if part.ref == "U1" else part

    blocks = [replace(block, parts=tuple(map(crossed, block.parts))) for block in BLOCKS]
    wrong = agreement.complaints(PINS, "the circuit", agreement.circuit(blocks))
    assert wrong == [
        "the circuit has TFT_CS at GPIO9, pinout.toml at GPIO10",
        "the circuit has TFT_DC at GPIO10, pinout.toml at GPIO9",
    ]


@KICAD
@KICAD_LIBRARIES
def test_the_netlist_that_kicad_exports_has_the_pins_of_the_map(tmp_path):
    project_files(tmp_path)
    check_netlist(tmp_path)
    ours = {theirs: net for net, theirs in net_names().items()}
    module = library.pins("RF_Module:ESP32-S3-WROOM-1")
    gpio = {pin.number: pin.name[2:] for pin in module if pin.name.startswith("IO")}
    found = {
        ours[name]: int(gpio[number])
        for name, nodes in netlist.read(next(tmp_path.glob("*.net")).read_text(encoding="utf-8")).items()
        for ref, number in nodes
        if ref == "U1" and number in gpio and name in ours
    }
    assert agreement.complaints(PINS, "the netlist", found) == []


def test_the_pull_ups_of_the_circuit_are_those_of_the_limits():
    parts = {part.ref: part for block in BLOCKS for part in block.parts}
    ohm = {"4.7k": 4700, "3.3k": 3300}
    assert {ohm[parts[f"R30{n}"].value] for n in range(1, 6)} == {PINS.limits.key_pull_up_ohm}
    assert {ohm[parts[ref].value] for ref in ("R601", "R602")} == {PINS.limits.i2c_pull_up_ohm}
    assert parts["J5"].value == f"SPEAKER {PINS.limits.speaker_ohm}R"
