"""The breadboard guide: every net arrives, wrong words are named, and the pictures are drawn from the pin map."""

import html
import re
import shutil
from pathlib import Path

import pytest

from hardware.part import HardwareError
from hardware.wiring import build, drawing, guide, harness
from hcp import pinout

PINS = pinout.read()
TEXT = harness.SOURCE.read_text(encoding="utf-8")
FOUND = harness.load(TEXT, PINS)


def refused(old: str, new: str) -> str:
    assert old in TEXT, old
    with pytest.raises(HardwareError) as error:
        harness.load(TEXT.replace(old, new), PINS)
    return str(error.value)


def test_every_net_of_the_pin_map_leads_from_its_gpio_to_a_module():
    assert FOUND.gpios() == {pin.net: pin.gpio for pin in PINS.pins}


def test_the_page_of_all_wires_is_the_one_in_the_tree():
    assert guide.TARGET.read_text(encoding="utf-8") == guide.connections(FOUND), "run `python -m hardware.wiring.guide`"


def test_the_controller_has_each_gpio_once_and_none_that_is_reserved_is_wired():
    labels = [label for header in FOUND.controller.headers.values() for label in header if label.startswith("GPIO")]
    assert len(labels) == len(set(labels)) == 36
    assert [len(header) for header in FOUND.controller.headers.values()] == [22, 22]
    assert not set(FOUND.gpios().values()) & set(PINS.reserved)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('SDA = "I2C_SDA"', 'SDA = "I2C_DATA"', "in clock, I2C_DATA (M2 SDA) leads nowhere"),
        (', SDA = "I2C_SDA"', "", "no module is joined to I2C_SDA of pinout.toml"),
        ('ref = "M2"', 'ref = "M1"', "M1 is there more than once"),
        ('ref = "M2"', 'reff = "M2"', "a module of clock: reff is unknown"),
        ('title = "Battery clock"\n', "", "clock lacks title"),
        ('"GPIO48"', '"GPIO99"', "the ESP32-S3-DevKitC-1 has no pin GPIO48"),
        ("[[group]]", "[[group", "modules.toml: not TOML"),
    ],
)
def test_what_leads_nowhere_is_named(old, new, complaint):
    assert complaint in refused(old, new)


def test_power_has_its_colours_in_every_picture_and_no_wire_is_drawn_twice():
    for group in FOUND.groups:
        words = drawing.words(group, FOUND.controller)
        cables = words["cables"].values()
        assert sum(len(cable["wirelabels"]) for cable in cables) == len(group.wires)
        for cable in cables:
            for net, colour in zip(cable["wirelabels"], cable["colors"], strict=True):
                assert (net in drawing.POWER_COLOURS) == (colour in drawing.POWER_COLOURS.values())
                assert drawing.POWER_COLOURS.get(net, colour) == colour


def test_what_to_buy_counts_the_pieces():
    rows = [line.split("\t") for line in guide.parts(FOUND).splitlines()[1:]]
    assert all(len(row) == 3 and int(row[0]) > 0 for row in rows)
    assert ["5", "tactile key 12 x 12 mm with a cap", "SW1-SW5"] in rows


def test_the_guide_shows_every_picture():
    page = (Path(harness.SOURCE).parent / "README.md").read_text(encoding="utf-8")
    images = re.findall(r"\.\./images/wiring-([a-z]+)\.svg", page)
    assert images == [group.name for group in FOUND.groups]


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_the_pictures_are_drawn_alike_twice(tmp_path):
    pytest.importorskip("wireviz")
    said = build.build(tmp_path / "one")
    assert said.startswith(f"{len(FOUND.groups)} pictures, ")
    build.build(tmp_path / "two")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {f"{group.name}{ending}" for group in FOUND.groups for ending in build.ENDINGS} < set(files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert "GPIO16" in (tmp_path / "one" / "stars.svg").read_text(encoding="utf-8")


def test_the_pictures_in_the_tree_are_those_of_the_pin_map():
    for group in FOUND.groups:
        text = html.unescape((harness.SOURCE.parent.parent / "images" / f"wiring-{group.name}.svg").read_text("utf-8"))
        for wire in group.wires:
            if wire.place:
                assert f">{wire.source}:{wire.place}:{wire.source_pin}<" in text, f"draw {group.name} anew: {wire}"
