"""Pads where KiCad puts them: turned, on the back, of every shape that our footprints have."""

import pytest

from hardware import library
from hardware.board import copper
from hardware.board.geometry import Place, box, turned
from hardware.sexp import parse

from .needs import KICAD_LIBRARIES


def test_a_quarter_turn_goes_against_the_clock_on_a_page_whose_y_runs_down() -> None:
    assert turned((1, 0), 90) == (0, -1)
    assert turned((1, 2), 180) == (-1, -2)
    assert turned((1, 0), 45) == pytest.approx((0.7071, -0.7071), abs=1e-4)


def test_a_part_on_the_back_is_turned_over_about_its_x_axis_and_then_turned() -> None:
    assert Place(10, 10, 0, back=True).point((1, 2)) == (11, 8)
    assert Place(10, 10, 90, back=True).point((1, 2)) == (8, 9)


def test_a_pad_of_each_shape_covers_its_copper() -> None:
    for shape, more in (("rect", ""), ("roundrect", "(roundrect_rratio 0.25)"), ("oval", ""), ("circle", "")):
        text = f'(footprint "x" (pad "1" smd {shape} (at 1 0 90) (size 2 1) (layers "F.Cu") {more}))'
        (pad,) = copper.pads("U1", parse(text), Place(5, 5), {"1": "GND"})
        left, top, right, bottom = box(pad.polygons[0])
        assert (pad.name, pad.net, pad.front, pad.back) == ("U1.1", "GND", True, False)
        assert (left, right) == pytest.approx((5.5, 6.5), abs=0.05)
        assert bottom - top == pytest.approx(2, abs=0.1)


def test_paste_is_no_copper_and_a_peg_is_a_hole() -> None:
    text = (
        '(footprint "x" (pad "" smd rect (at 0 0) (size 1 1) (layers "F.Paste"))'
        ' (pad "" np_thru_hole circle (at 0 0) (size 1 1) (drill 1) (layers "*.Cu")))'
    )
    (hole,) = copper.pads("U1", parse(text), Place(0, 0), {})
    assert (hole.drill, hole.front, hole.back, hole.through) == (1, False, False, False)


@KICAD_LIBRARIES
def test_the_module_keeps_its_antenna_clear_to_the_left_of_it() -> None:
    (area,) = copper.keepouts(library.footprint("Haochaping:ESP32-S3-WROOM-1"), Place(13, 33, 90))
    left, top, right, bottom = box(area)
    assert (round(top, 2), round(bottom, 2)) == (9.0, 57.0)
    assert left < 0 < right < 7


@KICAD_LIBRARIES
@pytest.mark.parametrize(
    ("own", "original", "lines"),
    [
        ("ESP32-S3-WROOM-1", "RF_Module:ESP32-S3-WROOM-1", 12),
        ("SW_SPST_Omron_B3F-40xx", "Button_Switch_THT:SW_SPST_Omron_B3F-40xx", 2),
        ("USB_C_Receptacle_HRO_TYPE-C-31-M-12", "Connector_USB:USB_C_Receptacle_HRO_TYPE-C-31-M-12", 3),
    ],
)
def test_our_own_footprints_are_kicads_but_for_what_the_readme_says(own: str, original: str, lines: int) -> None:
    ours, theirs = library.footprint(f"Haochaping:{own}"), library.footprint(original)
    changed = [item for item in theirs if item not in ours]
    assert len(changed) == lines
    assert [(pad.number, pad.x, pad.y, pad.width) for pad in library.pads(f"Haochaping:{own}")] == [
        (pad.number, pad.x, pad.y, pad.width) for pad in library.pads(original)
    ]


@KICAD_LIBRARIES
@pytest.mark.parametrize("pitch_mm", [6.5, 7.6])
def test_a_buzzer_of_either_pitch_goes_into_the_slots(pitch_mm: float) -> None:
    left, right = library.pads("Haochaping:Buzzer_12x9.5_RM6.5-7.6")
    middle = (left.x + right.x) / 2
    assert middle == pytest.approx(3.8)
    for pad in (left, right):
        assert abs(abs(pad.x - middle) - pitch_mm / 2) <= (1.6 - 1.0) / 2
