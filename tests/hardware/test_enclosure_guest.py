"""The board as the case meets it, read from a board file."""

import pytest

from hardware.enclosure import guest, measures
from hardware.part import HardwareError

from .needs import KICAD_LIBRARIES

DESIGN = measures.read()


def footprint(ref: str, name: str, at: str, half: tuple[float, float], more: str = "", side: str = "F") -> str:
    x, y = half
    return f"""(footprint "Lib:{name}" (layer "{side}.Cu") (at {at}) (property "Reference" "{ref}")
      (fp_rect (start {-x} {-y}) (end {x} {y}) (layer "{side}.CrtYd")) {more})"""


#: A switch's origin is its first pin: its body lies beside it.
SWITCH = '(fp_rect (start 0.25 -3.5) (end 12.25 8.5) (layer "F.Fab"))'
PIN = '(pad "1" thru_hole circle (at 0 -16.5)) (pad "14" thru_hole circle (at 0 16.5))'
BOARD = "\n".join(
    [
        '(kicad_pcb (version 1) (generator "test")',
        footprint("J1", "USB", "100 62", (4.6, 3.5)),
        footprint("J3", "Socket", "94.5 90", (1.3, 17.8), PIN),
        footprint("J4", "RJ45", "190 70", (8.0, 10.0)),
        footprint("BT1", "Holder", "135 116", (14.2, 8.0), side="B"),
        footprint("SW1", "SW_SPST_Omron_B3F-40xx", "72.75 133.5", (7.0, 7.0), SWITCH),
        footprint("D1", "LED_WS2812B_PLCC4", "79 126 90", (3.0, 2.7)),
        footprint("R1", "R_0603", "100 110 90", (1.5, 0.7)),
        footprint("H1", "MountingHole_3.2mm_M3", "65 65", (3.4, 3.4)),
        ")",
    ]
)
HEIGHTS = {"J1": 3.3, "J3": 8.5, "J4": 13.5, "BT1": 4.0, "D1": 1.6, "R1": 0.5}


@pytest.fixture
def board(tmp_path):
    file = tmp_path / "haochaping.kicad_pcb"
    file.write_text(BOARD, encoding="utf-8")
    return file


def test_places_are_read_in_the_frame_of_the_solids(board):
    found = guest.read(board, DESIGN, HEIGHTS)
    things = {thing.name: thing for thing in found.things}
    assert found.holes == {"H1": (5.0, -5.0)}
    assert found.keys["SW1"] == pytest.approx((19.0, -76.0)), "the middle of its body, not its first pin"
    assert found.lights["D1"] == pytest.approx((19.0, -66.0))
    assert found.header == pytest.approx((34.5, -30.0))
    assert things["R1"].low == pytest.approx((39.3, -51.5, 0.0)), "turned by a quarter"
    assert things["R1"].high == pytest.approx((40.7, -48.5, 0.5))
    assert found.coin_cell.high[2] == -1.6 and found.coin_cell.low[2] == pytest.approx(-5.6), "on the back"
    assert things["J3's leads"].low[2] == pytest.approx(-1.6 - guest.LEAD)


def test_a_part_without_a_height_is_named(board):
    with pytest.raises(HardwareError, match="no height is known of J4, R1; see bom/parts.toml"):
        guest.read(board, DESIGN, {ref: height for ref, height in HEIGHTS.items() if ref not in ("J4", "R1")})


def test_a_board_without_the_cell_is_refused(board):
    board.write_text(BOARD.replace('"BT1"', '"BT2"'), encoding="utf-8")
    with pytest.raises(HardwareError, match="the case needs BT1 on the board"):
        guest.read(board, DESIGN, HEIGHTS | {"BT2": 4.0})


def test_the_stand_in_has_what_the_case_asks_for():
    found = guest.stand_in(DESIGN)
    assert len(found.keys) == len(found.lights) == 5 and len(found.holes) == 4
    assert found.coin_cell.high[2] < 0 < found.usb.high[2]


@KICAD_LIBRARIES
def test_the_board_of_this_tree_is_understood(tmp_path):
    pytest.importorskip("build123d", reason="the hardware extra is not installed; try: make hardware")
    from hardware.board import build as board
    from hardware.board.assemble import assemble
    from hardware.board.track import Copper
    from hardware.enclosure.build import heights

    file = tmp_path / "haochaping.kicad_pcb"
    file.write_text(board.text(assemble(), Copper((), ())), encoding="utf-8")
    found = guest.read(file, DESIGN, heights())
    d = DESIGN.shared
    assert [found.keys[ref] for ref in sorted(found.keys)] == [pytest.approx((x, -d.keys.y)) for x in d.keys.x]
    assert sorted(found.holes.values()) == sorted((x, -y) for x, y in d.board.holes)
    assert found.usb.middle[0] == pytest.approx(d.rear.usb_x) and found.usb.high[1] > -1, "at the rear edge"
    assert found.coin_cell.middle == pytest.approx((d.coin_cell.centre[0], -d.coin_cell.centre[1]), abs=1)
    module = next(thing for thing in found.things if thing.name == "the display's board")
    below = [thing for thing in found.things if _overlap(thing, module) and 0 <= thing.low[2] < module.low[2]]
    assert {"J3"} < {thing.name for thing in below}
    assert all(thing.high[2] <= module.low[2] for thing in below)


def _overlap(one: guest.Thing, other: guest.Thing) -> bool:
    return all(one.low[axis] < other.high[axis] and other.low[axis] < one.high[axis] for axis in (0, 1))
