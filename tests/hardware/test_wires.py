"""The router of the schematic: how wires leave pins, meet, cross and give up."""

from hardware.schematic.geometry import DOWN, LEFT, RIGHT, UP, Box, End
from hardware.schematic.wires import Wires


def pin(net, x, y, out):
    return End("X1", ("1",), net, (x, y), out)


def field(*pins):
    wires = Wires(40, 40)
    for one in pins:
        wires.taken[one.cell] = one.net
    return wires


def join(wires, a, b, longest=60):
    path = wires.route(a.net, a, {b.cell}, {b.cell: b.out}, longest)
    if path:
        wires.lay(a.net, path)
    return path


def test_pins_that_face_each_other_get_a_straight_wire():
    a, b = pin("A", 5, 5, RIGHT), pin("A", 12, 5, LEFT)
    wires = field(a, b)
    assert join(wires, a, b) == [(x, 5) for x in range(5, 13)]
    assert wires.segments({a.cell, b.cell}) == [("A", (5, 5), (12, 5))]


def test_a_wire_leaves_a_pin_the_way_it_points():
    a, b = pin("A", 5, 5, LEFT), pin("A", 12, 5, RIGHT)
    path = join(field(a, b), a, b)
    assert path[1] == (4, 5) and path[-2] == (13, 5)


def test_a_wire_goes_round_a_body():
    a, b = pin("A", 5, 5, RIGHT), pin("A", 12, 5, LEFT)
    wires = field(a, b)
    wires.block(Box(9.0, 4.0, 11.0, 9.0))
    assert not set(join(wires, a, b)) & wires.blocked


def test_wires_cross_at_a_right_angle_and_do_not_join():
    a, b, c, d = pin("A", 5, 10, RIGHT), pin("A", 15, 10, LEFT), pin("B", 10, 5, DOWN), pin("B", 10, 15, UP)
    wires = field(a, b, c, d)
    join(wires, a, b)
    assert join(wires, c, d) == [(10, y) for y in range(5, 16)]
    assert wires.junctions({a.cell, b.cell, c.cell, d.cell}) == []


def test_a_branch_gets_a_junction():
    a, b, c = pin("A", 5, 10, RIGHT), pin("A", 15, 10, LEFT), pin("A", 10, 15, UP)
    wires = field(a, b, c)
    join(wires, a, b)
    wires.lay("A", wires.route("A", c, wires.cells("A"), {}, 60))
    assert wires.junctions({a.cell, b.cell, c.cell}) == [(10, 10)]
    assert len(wires.segments({a.cell, b.cell, c.cell})) == 3


def test_a_wire_that_would_be_too_long_is_none():
    a, b = pin("A", 2, 5, RIGHT), pin("A", 30, 5, LEFT)
    assert join(field(a, b), a, b, longest=20) is None


def test_another_nets_pin_is_no_way_through():
    a, b, c = pin("A", 5, 5, RIGHT), pin("A", 12, 5, LEFT), pin("B", 8, 5, UP)
    assert (8, 5) not in join(field(a, b, c), a, b)
