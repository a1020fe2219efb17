"""Where pins come to lie when a symbol is turned or mirrored, and what room a text takes."""

import pytest

from hardware.circuit.netlist import pin_nets
from hardware.part import Part
from hardware.schematic.geometry import DOWN, LEFT, RIGHT, UP, Box, body, ends, note_boxes, text_box

from .needs import KICAD_LIBRARIES


def resistor(turn, mirror=False):
    return Part("R1", "Device:R", "1k", "", {"1": "A", "2": "B"}, (25.4, 50.8, turn), mirror=mirror)


@KICAD_LIBRARIES
@pytest.mark.parametrize(
    ("turn", "mirror", "first", "out"),
    [
        (0, False, (20, 37), UP),
        (90, False, (17, 40), LEFT),
        (180, False, (20, 43), DOWN),
        (270, False, (23, 40), RIGHT),
        (0, True, (20, 43), DOWN),
    ],
)
def test_a_turn_is_against_the_clock(turn, mirror, first, out):
    part = resistor(turn, mirror)
    pin = next(end for end in ends(part, pin_nets(part)) if end.numbers == ("1",))
    assert (pin.cell, pin.out, pin.net) == (first, out, "A")


@KICAD_LIBRARIES
def test_a_body_turns_with_its_pins():
    upright, lying = body(resistor(0)), body(resistor(90))
    assert upright.bottom - upright.top == pytest.approx(lying.right - lying.left)


@KICAD_LIBRARIES
def test_pins_on_each_other_are_one_end():
    nets = {number: "GND" for number in ("1", "40", "41")}
    module = Part("U1", "RF_Module:ESP32-S3-WROOM-1", "", "", {"GND": "GND"}, (127.0, 101.6, 0))
    ground = next(end for end in ends(module, pin_nets(module)) if end.net == "GND")
    assert set(ground.numbers) == set(nets)


def test_boxes_that_share_an_edge_do_not_hit():
    assert not Box(0, 0, 2, 2).hits(Box(2, 0, 4, 2))
    assert Box(0, 0, 2, 2).hits(Box(1.9, 1.9, 4, 4))


def test_a_text_stands_where_it_is_justified():
    left, right = text_box("GND", 10, 10), text_box("GND", 10, 10, "right")
    assert left.left == right.right == 10
    assert text_box("GND", 10, 10, "centre").left == pytest.approx((left.left + right.left) / 2)


def test_a_note_is_a_heading_and_what_stands_below_it():
    heading, rest = note_boxes(10, 10, "Why\nbecause\nso")
    assert heading.bottom < rest.top < rest.bottom
    assert len(note_boxes(10, 10, "Why")) == 1
