"""The fabrication set: a small board goes through KiCad, is read back, and each fault is told by its name."""

import dataclasses
import shutil
import zipfile
from collections import Counter

import pytest

from hardware.fabrication import export, facts, net_test, pack, placing
from hardware.fabrication.facts import Hole
from hardware.fabrication.placing import Placing
from hardware.part import HardwareError

from .needs import KICAD

readback = pytest.importorskip(
    "hardware.fabrication.readback", reason="the hardware extra is not installed; try: make hardware"
)

WIDTH, HEIGHT = 30.0, 20.0


def footprint(ref: str, x: float, y: float, side: str, *pads: str) -> str:
    attribute = "through_hole" if any("thru_hole" in pad for pad in pads) else "smd"
    mirror = " (justify mirror)" if side == "B" else ""
    return (
        f'(footprint "Test:{ref}" (layer "{side}.Cu") (at {x} {y}) (property "Reference" "{ref}" (at 0 -2 0)'
        f' (layer "{side}.SilkS") (effects (font (size 1 1) (thickness 0.15)){mirror}))'
        f' (property "Value" "1k" (at 0 2 0) (layer "{side}.Fab") (effects (font (size 1 1) (thickness 0.15))))'
        f" (attr {attribute}) {' '.join(pads)})"
    )


def pad(number: str, x: float, net: str, side: str = "F") -> str:
    layers = f'"{side}.Cu" "{side}.Paste" "{side}.Mask"'
    return f'(pad "{number}" smd rect (at {x} 0) (size 1 1.2) (layers {layers}) (net {net}))'


def hole(number: str, x: float, drill: str, net: str) -> str:
    size = f"(at {x} 0) (size 1.6 2.4) (drill {drill})"
    return f'(pad "{number}" thru_hole oval {size} (layers "*.Cu" "*.Mask") (net {net}))'


OPEN = "unconnected-(R1-Pad3)"
BOARD = f"""(kicad_pcb (version 20241229) (generator "test") (general (thickness 1.6)) (paper "A4")
 (layers (0 "F.Cu" signal) (4 "In1.Cu" power) (6 "In2.Cu" power) (2 "B.Cu" signal) (13 "F.Paste" user)
  (15 "B.Paste" user) (5 "F.SilkS" user) (7 "B.SilkS" user) (1 "F.Mask" user) (3 "B.Mask" user) (25 "Edge.Cuts" user)
  (35 "F.Fab" user) (33 "B.Fab" user))
 (setup (aux_axis_origin 50 {50 + HEIGHT})) (net 0 "") (net 1 "GND") (net 2 "LED_DATA") (net 3 "{OPEN}")
 {footprint("R1", 60, 60, "F", pad("1", -1, '1 "GND"'), pad("2", 1, '2 "LED_DATA"'), pad("3", 3, f'3 "{OPEN}"'))}
 {footprint("R2", 70, 60, "B", pad("1", -1, '1 "GND"', "B"), pad("2", 1, '2 "LED_DATA"', "B"))}
 {footprint("J1", 60, 66, "F", hole("1", 0, "1", '1 "GND"'), hole("2", 3, "oval 0.6 1.4", '2 "LED_DATA"'))}
 (gr_rect (start 50 50) (end {50 + WIDTH} {50 + HEIGHT}) (stroke (width 0.1) (type solid)) (layer "Edge.Cuts"))
 (segment (start 61 60) (end 65 60) (width 0.2) (layer "F.Cu") (net 2))
 (segment (start 60 55) (end 70 55) (width 0.2) (layer "In1.Cu") (net 1))
 (segment (start 60 56) (end 70 56) (width 0.2) (layer "In2.Cu") (net 1))
 (segment (start 65 60) (end 69 60) (width 0.2) (layer "B.Cu") (net 2))
 (via (at 65 60) (size 0.6) (drill 0.3) (layers "F.Cu" "B.Cu") (net 2)))
"""
NETS = {"GND": [("R1", "1"), ("R2", "1"), ("J1", "1")], "LED_DATA": [("R1", "2"), ("R2", "2"), ("J1", "2")]}
HOLES = Counter({Hole(0.3, 0.0, True): 1, Hole(1.0, 0.0, True): 1, Hole(0.6, 0.8, True): 1})


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    file = tmp_path_factory.mktemp("board") / "small.kicad_pcb"
    file.write_text(BOARD, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def exported(board):
    said = facts.read(board)
    folder = board.parent / "gerbers"
    folder.mkdir()
    export.gerbers(board, folder, said.copper)
    export.drills(board, folder)
    export.positions(board, board.parent / "placings.csv")
    export.test_netlist(board, board.parent / "board.d356")
    return board.parent


@pytest.fixture
def gerbers(exported, tmp_path):
    """A copy of the gerbers, to be spoilt."""
    return shutil.copytree(exported / "gerbers", tmp_path / "gerbers")


def complaint(call, *arguments) -> str:
    with pytest.raises(HardwareError) as error:
        call(*arguments)
    return str(error.value)


def test_the_board_says_what_it_has(board):
    said = facts.read(board)
    assert said.copper == ("F.Cu", "In1.Cu", "In2.Cu", "B.Cu")
    assert said.holes == HOLES
    assert said.parts == {"R1": "top", "R2": "bottom", "J1": "top"}
    assert said.by_machine == {"R1"}, "what goes through the board or lies on its back is soldered by hand"
    assert said.nets["R2", "2"] == "LED_DATA"


@KICAD
def test_what_kicad_exports_is_read_back(board, exported):
    said = facts.read(board)
    found = readback.gerbers(exported / "gerbers", said, WIDTH, HEIGHT)
    assert (found.layers, found.holes) == (11, 3)
    assert (found.width, found.height) == (pytest.approx(30), pytest.approx(20))
    placings = placing.read((exported / "placings.csv").read_text())
    placing.check(placings, said.by_machine, said, WIDTH, HEIGHT)
    assert {(one.ref, one.x, one.y) for one in placings} == {("R1", 10, 10)}
    assert net_test.check((exported / "board.d356").read_text(), NETS) == 7


@KICAD
def test_a_size_that_is_not_the_boards_is_named(board, gerbers):
    said = facts.read(board)
    assert complaint(readback.gerbers, gerbers, said, 31.0, HEIGHT) == (
        "outline: 30.00 mm wide, dimensions.toml has 31 mm"
    )


@KICAD
def test_a_missing_layer_and_an_empty_one_are_named(board, gerbers):
    said = facts.read(board)
    (gerbers / "small-In2_Cu.g2").unlink()
    copper = gerbers / "small-B_Cu.gbl"
    copper.write_text("".join(line for line in copper.open() if "D03*" not in line and "D01*" not in line))
    told = complaint(readback.gerbers, gerbers, said, WIDTH, HEIGHT)
    assert "layer copper 3, inner: there is no file" in told
    assert "layer copper 4, bottom: nothing is on it (small-B_Cu.gbl)" in told


@KICAD
def test_holes_that_are_not_the_boards_are_named(board, gerbers):
    more = dataclasses.replace(facts.read(board), holes=HOLES + Counter({Hole(3.2, 0.0, False): 4}))
    assert complaint(readback.gerbers, gerbers, more, WIDTH, HEIGHT) == (
        "holes of 3.2 mm, not plated: the board has 4, the drill files 0"
    )
    drill = gerbers / "small-PTH.drl"
    drill.write_text(drill.read_text().replace("X15.0Y10.0", "X29.95Y10.0"))
    told = complaint(readback.gerbers, gerbers, facts.read(board), WIDTH, HEIGHT)
    assert told == "hole of 0.3 mm at 29.95, 10.00 (small-PTH.drl) leaves the board"


@KICAD
def test_a_renamed_net_is_named_with_its_pads(exported):
    text = (exported / "board.d356").read_text()
    nets = {"GND": NETS["GND"], "LED_OUT": NETS["LED_DATA"]}
    assert "R1 pad 2: on LED_DATA in the test netlist, the circuit has it on LED_OUT" in complaint(
        net_test.check, text, nets
    )
    nets = {"GND": NETS["GND"], "LED_DATA": NETS["LED_DATA"][1:]}
    assert complaint(net_test.check, text, nets) == (
        "board.d356: R1 pad 2: on LED_DATA in the test netlist, the circuit leaves it open"
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"R1": None}, "R1: the variant has it, the file does not"),
        ({"R9": Placing("R9", "", "", 1, 1, 0, "top")}, "R9: in the file, and not of the variant"),
        ({"again": Placing("R2", "", "", 20, 10, 0, "bottom")}, "R2: 2 times in the file"),
        ({"R2": Placing("R2", "", "", 20, 10, 0, "top")}, "R2: on the top in the file, the board has it on the bottom"),
        ({"R1": Placing("R1", "", "", 30.5, 10, 0, "top")}, "R1: at 30.50, 10.00, which is not on the board"),
    ],
)
def test_a_wrong_place_is_named(board, change, told):
    right = {"R1": Placing("R1", "", "", 10, 10, 0, "top"), "R2": Placing("R2", "", "", 20, 10, 0, "bottom")}
    found = [one for one in {**right, **change}.values() if one]
    assert told in complaint(placing.check, found, right, facts.read(board), WIDTH, HEIGHT)


def test_an_archive_depends_on_its_contents_alone(tmp_path):
    for name in ("b.gbr", "a.gbr"):
        (tmp_path / name).write_text(name)
    files = [tmp_path / "b.gbr", tmp_path / "a.gbr"]
    pack.archive(files, tmp_path / "one.zip")
    (tmp_path / "a.gbr").touch()
    pack.archive(reversed(files), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as zipped:
        assert zipped.namelist() == ["a.gbr", "b.gbr"] and zipped.read("b.gbr") == b"b.gbr"


def test_the_pick_and_place_file_has_the_words_of_assemblers():
    text = placing.written([Placing("R1", "1k", "R_0603", 10, 4.25, 90, "top")])
    assert text == ("Designator,Comment,Footprint,Mid X,Mid Y,Rotation,Layer\nR1,1k,R_0603,10.000mm,4.250mm,90,Top\n")
