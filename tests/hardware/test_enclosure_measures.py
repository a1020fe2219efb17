"""case.toml, and the frames of face, solids and table."""

from math import dist

import pytest

from hardware.enclosure import frame, measures
from hardware.part import HardwareError

DESIGN = measures.read()
FRAME = frame.of(DESIGN.shared)


def test_a_wrong_entry_is_named():
    text = measures.SOURCE.read_text(encoding="utf-8")
    with pytest.raises(HardwareError) as error:
        measures.parse(text.replace("[hatch] ", "[hatsch] ").replace("rail = 2.4", "rail = 'thick'"))
    said = str(error.value)
    assert said.startswith("case.toml: ")
    assert "[hatsch] is unknown" in said and "[hatch] opening is missing" in said
    assert "[speaker] rail: expected a number in mm" in said


def test_bosses_and_posts_keep_two_millimetres_round_their_inserts():
    screw = DESIGN.own.screw
    assert screw.boss_radius - screw.insert_hole / 2 >= DESIGN.own.shape.least_wall
    assert screw.boss_radius <= DESIGN.shared.board.hole_keep_radius, "the board keeps that free"


def test_the_front_edge_is_as_high_as_it_should_be_and_the_slope_as_steep():
    d = DESIGN.shared
    top = d.face.gap + d.face.wall
    _, front_b, front_h = FRAME.table(0, -d.face.y[1], top)
    _, rear_b, rear_h = FRAME.table(0, -d.face.y[0], top)
    assert front_h == pytest.approx(d.case.front_height)
    assert (rear_h - front_h) / (rear_b - front_b) == pytest.approx(0.36397, abs=1e-4), "tan 20 degrees"


def test_frames_turn_into_each_other_without_stretching():
    a, b = (10.0, -30.0, 5.0), (60.0, 2.0, -40.0)
    assert FRAME.solid(*FRAME.table(*a)) == pytest.approx(a)
    assert dist(FRAME.table(*a), FRAME.table(*b)) == pytest.approx(dist(a, b))
    assert FRAME.table(*FRAME.rear_at(10.0, 7.0))[2] == pytest.approx(7.0)


def test_the_page_says_how_large_it_is_and_where_the_keys_are():
    d, hood = DESIGN.shared, DESIGN.own.hood
    face = d.face.gap + d.face.wall
    front = FRAME.table(0, -d.face.y[1], face)
    foot = FRAME.table(*FRAME.rear_at(-d.face.y[0], 0.0))
    key = FRAME.table(0, -d.keys.y, face + d.keys.cap_proud)
    hood_out = hood.gap + hood.wall
    top = FRAME.table(0, -d.face.y[0] + hood_out, face + d.case.hood_height)[2]
    above_table = DESIGN.own.base.foot_height - DESIGN.own.base.foot_recess
    wide, deep = d.face.x[1] - d.face.x[0] + 2 * hood_out, foot[1] - front[1]
    page = " ".join((measures.SOURCE.parent / "README.md").read_text(encoding="utf-8").split())
    assert f"{wide:.0f} mm wide with its hood, {deep:.0f} mm deep, {top + above_table:.0f} mm high" in page
    assert f"the keys lie {key[2] + above_table:.0f} mm above the table and {key[1] - front[1]:.0f} mm behind" in page
