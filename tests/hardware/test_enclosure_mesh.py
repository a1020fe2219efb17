"""Meshes: the same bytes each time, closed or not, and how thick their walls are."""

import pytest

pytest.importorskip("build123d")

from build123d import Box, Cylinder, Pos, Sphere  # noqa: E402

from hardware.enclosure import mesh, wall  # noqa: E402


def test_a_box_is_closed_and_has_its_volume():
    skin = mesh.of(Box(10, 20, 30))
    assert (len(skin.corners), skin.open_edges()) == (12, 0)
    assert skin.volume == pytest.approx(6000)
    assert skin.areas.sum() == pytest.approx(2 * (200 + 300 + 600))


def test_a_missing_triangle_is_three_open_edges():
    assert mesh.Mesh(mesh.of(Box(10, 20, 30)).corners[1:]).open_edges() == 3


def test_two_runs_write_the_same_stl(tmp_path):
    for name in ("one", "two"):
        mesh.write_stl(mesh.of(Box(10, 20, 30) - Cylinder(3, 40)), tmp_path / name, "haochaping test")
    first = (tmp_path / "one").read_bytes()
    assert first == (tmp_path / "two").read_bytes()
    assert first.startswith(b"haochaping test") and (len(first) - 84) % 50 == 0


@pytest.mark.parametrize("thick", [1.5, 2.0, 2.6])
def test_the_wall_of_a_hollow_box_is_measured_with_its_place(thick):
    outer = Box(40, 30, 20)
    hollow = outer - Pos(0, 0, 3) * Box(40 - 2 * 4, 30 - 2 * thick, 20)
    found = wall.thinnest(mesh.of(hollow))
    assert found.thickness == pytest.approx(thick, abs=0.01)
    assert abs(found.at[1]) == pytest.approx(15, abs=0.01) or abs(found.at[1]) == pytest.approx(15 - thick, abs=0.01)


def test_the_wall_round_a_hole_is_found_between_curved_sides():
    tube = Cylinder(4.2, 20) - Cylinder(2.0, 30)
    assert wall.thinnest(mesh.of(tube)).thickness == pytest.approx(2.2, abs=0.06)


def test_a_bevel_and_a_ball_are_no_thin_walls():
    from build123d import chamfer

    assert wall.thinnest(mesh.of(chamfer(Box(20, 20, 10).edges(), 2.0)), beyond=8).thickness == 8
    assert wall.thinnest(mesh.of(Sphere(5)), beyond=8).thickness == 8
