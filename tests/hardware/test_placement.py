"""The placement agrees with the measures of case and panel, and a mistake in it is named."""

from dataclasses import replace

import pytest

from hardware import dimensions
from hardware.board.assemble import assemble, pad_nets
from hardware.board.checks import complaints
from hardware.board.geometry import Place
from hardware.board.layout import Layout, lay
from hardware.board.placement import places
from hardware.bom import stock
from hardware.circuit.netlist import circuit
from hardware.part import HardwareError

from .needs import KICAD_LIBRARIES

pytestmark = KICAD_LIBRARIES

PLACES = places(dimensions.read())


def moved(ref: str, place: Place) -> Layout:
    """The board with one part elsewhere."""
    layout = assemble().layout
    return Layout(tuple(replace(laid, place=place) if laid.part.ref == ref else laid for laid in layout.parts))


def said(layout: Layout, measures: dimensions.Dimensions | None = None) -> str:
    return "; ".join(complaints(layout, measures or dimensions.read(), stock.read()))


def test_the_board_as_it_is_gives_no_complaint() -> None:
    assert said(assemble().layout) == ""


def test_every_part_has_one_place() -> None:
    assert set(PLACES) == set(circuit().parts)


def test_a_part_without_a_place_is_named_and_so_is_a_place_without_a_part() -> None:
    parts = circuit().parts.values()
    with pytest.raises(HardwareError, match=r"U1 \(ESP32-S3-WROOM-1-N16R8\) has no place"):
        lay(parts, {}, {ref: place for ref, place in PLACES.items() if ref != "U1"})
    with pytest.raises(HardwareError, match="U99 has a place, but the circuit has no such part"):
        lay(parts, {}, {**PLACES, "U99": Place(0, 0)})


@pytest.mark.parametrize(
    ("ref", "place", "words"),
    [
        ("H2", Place(144, 5), "H2 is at 144.00, 5.00 mm, but board.holes of dimensions.toml says 145.00, 5.00"),
        ("SW3", Place(69.75, 73.5), "SW3 is at 76.00, 76.00 mm, but keys of dimensions.toml says 75.00, 76.00"),
        ("D1", Place(19, 66.8, 180), "D1 is at 19.00, 66.80 mm, but lights"),
        ("J3", Place(34.5, 14.49), "J3 is at 34.50, 31.00 mm, but display.header_x"),
        ("J4", Place(135.44, 17, 180), "J4 is at 131.00, 0.00 mm, but rear.ethernet_x"),
        ("J1", Place(40, 6.2, 180), "J1: its mouth is 2.05 mm inside the rear edge"),
        ("BT1", Place(75, 50, back=True), "BT1 is at 75.00, 50.00 mm, but coin_cell.centre"),
        ("BT1", Place(75, 56), "BT1: belongs on the back"),
        ("U9", Place(46.6, 38, back=True), "U9: belongs on the front"),
        ("R516", Place(141.2, 8.4, 90), "R516 comes 0.58 mm under the boss at 145, 5 mm"),
        ("C202", Place(5, 44.4, 270), "C202 reaches into what the antenna of U1 keeps clear"),
        ("C202", Place(149.5, 44.4, 270), "C202.1 comes within 0.3 mm of the board's edge"),
        ("J4", Place(80, 40, 180), "J4 is 13.5 mm high, under the display there are 10"),
    ],
)
def test_a_part_in_the_wrong_place_is_named_with_its_millimetres(ref: str, place: Place, words: str) -> None:
    assert words in said(moved(ref, place))


def test_what_the_case_meets_follows_the_measures_of_the_tree() -> None:
    d = dimensions.read()
    other = replace(
        d,
        board=replace(d.board, holes=tuple((x + 1, y) for x, y in d.board.holes)),
        keys=replace(d.keys, x=tuple(x + 1 for x in d.keys.x), y=d.keys.y - 2),
        lights=replace(d.lights, x=tuple(x + 1 for x in d.lights.x)),
        display=replace(d.display, header_x=d.display.header_x + 1, centre=(75.0, 31.0)),
        coin_cell=dimensions.CoinCell((80.0, 50.0)),
        rear=dimensions.Rear(44.0, 120.0),
    )
    parts = circuit().parts
    layout = lay(parts.values(), {ref: pad_nets(part) for ref, part in parts.items()}, places(other))
    assert [sentence for sentence in said(layout, other).split("; ") if "dimensions.toml" in sentence] == []


def test_a_lower_face_is_named_with_the_part_that_meets_it() -> None:
    measures = dimensions.read()
    low = replace(measures, face=replace(measures.face, gap=9.0))
    assert "BZ1 is 9.5 mm high, below the face there are 9" in said(assemble().layout, low)
