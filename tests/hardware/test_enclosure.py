"""The case itself: whole, printable, and made for the board; one that is made wrong is refused by name."""

import re
from dataclasses import replace
from math import dist

import pytest

pytest.importorskip("build123d")

import numpy as np  # noqa: E402
from build123d import Pos  # noqa: E402

from hardware.enclosure import assembly, build, fit, guest, measures, mesh, privacy, stepfile, wall  # noqa: E402
from hardware.enclosure.assembly import Piece  # noqa: E402
from hardware.enclosure.solids import box  # noqa: E402
from hardware.panel import front  # noqa: E402
from hardware.part import HardwareError  # noqa: E402

DESIGN = measures.read()


@pytest.fixture(scope="module")
def pieces() -> tuple[Piece, ...]:
    return assembly.pieces(DESIGN)


@pytest.fixture(scope="module")
def visitor() -> guest.Guest:
    return guest.stand_in(DESIGN)


def named(pieces: tuple[Piece, ...], name: str) -> Piece:
    return next(piece for piece in pieces if piece.name == name)


def test_every_piece_is_one_closed_body_with_walls_of_two_millimetres(pieces):
    walls = build.closed(pieces, {piece.name: mesh.of(piece.solid) for piece in pieces}, 2.0)
    assert set(walls) == {piece.name for piece in pieces}
    assert {"shell", "base", "hatch", "hood", "key-1", "key-5", "clamp-usb", "clamp-ethernet"} < set(walls)


def test_a_thin_wall_is_refused_with_its_place(pieces):
    hood = named(pieces, "hood")
    thin = replace(hood, solid=(hood.solid - box((20, 60), (8, 11.8), (40, 60))).solid())
    with pytest.raises(HardwareError, match=r"hood: its wall is 1\.\d\d mm thin at x [2-5]\d.*, y -1.*least 2 mm"):
        build.closed((thin,), {"hood": mesh.of(thin.solid)}, 2.0)


def test_each_piece_lies_on_the_bed(pieces):
    for piece in pieces:
        lying = piece.printed().bounding_box()
        assert lying.min.Z == pytest.approx(0, abs=1e-6)
        assert lying.size.X < 220 and lying.size.Y < 220 and lying.size.Z < 220, "common printers"
    face_down = named(pieces, "shell").printed()
    flat = [face for face in face_down.faces() if abs(face.center().Z) < 1e-3 and face.normal_at().Z < -0.99]
    assert flat, "the rim of the face lies on the bed"


def test_the_openings_of_the_shell_are_those_of_the_overlay(pieces):
    d = DESIGN.shared
    shell = named(pieces, "shell").solid
    cut = [wire.vertices() for wire in fit.openings(shell, d.face.gap + 0.2) if len(wire.vertices()) == 10]
    found = sorted(sorted((corner.X, -corner.Y) for corner in corners) for corners in cut)
    drawn = [front.opening(d, number).steps for number in range(1, 6)]
    wanted = [sorted(point for _, points in steps for point in points) for steps in drawn]
    for one, other in zip(found, sorted(wanted), strict=True):
        assert max(dist(a, b) for a, b in zip(one, other, strict=True)) < 0.1


def test_only_what_the_page_says_needs_support(pieces):
    d, hatch = DESIGN.shared, DESIGN.own.hatch
    recess = (d.panel.x[1] - d.panel.x[0]) * (d.panel.y[1] - d.panel.y[0])
    ledge = (hatch.opening[0] + 22) * (hatch.opening[1] + 2 * hatch.ledge) - hatch.opening[0] * hatch.opening[1]
    most = {"shell": recess, "base": ledge + 360, "hood": 150, "key-1": 450, "key-2": 450, "key-5": 450}
    for piece in pieces:
        assert mesh.of(piece.printed()).overhang() <= most.get(piece.name, 450), piece.name


def test_the_printed_hood_hides_what_the_geometry_says(pieces):
    """Rays from keys to staff's eyes meet the mesh of the hood, or of the shell for eyes below the face's slope."""
    skin = np.concatenate([mesh.of(named(pieces, name).solid).corners for name in ("hood", "shell")])
    first, one, two = skin[:, 0], skin[:, 1] - skin[:, 0], skin[:, 2] - skin[:, 0]
    keys = list(privacy.key_points(DESIGN))[1::8]  # tops of the caps
    for eye, told in list(privacy.staff_eyes(DESIGN))[::131]:
        start = np.array([point for _, point in keys])
        away = np.array(eye) - start
        far = np.linalg.norm(away, axis=1)
        met = wall.meet(start, away / far[:, None], first, one, two).min(axis=1)
        assert (met < far).all(), f"the staff's eye at {told} sees a key"


def test_the_case_fits_its_board(pieces, visitor):
    found = fit.require(fit.check(DESIGN, pieces, visitor), visitor.source)
    assert found.checked > 50
    assert max(offset.mm for offset in found.offsets if offset.allowed == fit.ALLOWED) <= fit.ALLOWED
    of = {offset.of for offset in found.offsets}
    assert {"SW1", "SW5", "D3", "the display on J3", "hole H4"} <= of
    assert {"the USB plug", "the network plug", "the coin cell on its way out"} < set(found.reached)
    assert sum(name.startswith("the screwdriver") for name in found.reached) == 2 + 4 + 4 + 2 + 4 + 4


@pytest.mark.parametrize("shift", [(2.0, 0.0, 0.0), (0.0, -2.0, 0.0)])
def test_a_case_shifted_by_two_millimetres_is_refused_by_name(pieces, visitor, shift):
    with pytest.raises(HardwareError) as error:
        fit.require(fit.check(DESIGN, pieces, visitor, shift=shift), visitor.source)
    said = str(error.value)
    assert "the case does not fit the stand-in for the board" in said
    assert "the star opening 1 lies 2.00 mm off SW1 (allowed 0.5)" in said


def test_a_board_that_lacks_a_light_a_hole_or_a_key_is_refused(pieces, visitor):
    for name, ref, said in (
        ("lights", "D5", "4 lights"),
        ("holes", "H4", "3 mounting holes"),
        ("keys", "SW1", "4 keys"),
    ):
        rest = {one: at for one, at in getattr(visitor, name).items() if one != ref}
        with pytest.raises(HardwareError, match=f"the board has {said}, and the case is made for "):
            fit.offsets(DESIGN, named(pieces, "shell").solid, replace(visitor, **{name: rest}))


def test_a_case_is_not_built_without_its_board(tmp_path):
    with pytest.raises(HardwareError, match="the case has no board to fit: board/haochaping.kicad_pcb is missing"):
        build.the_board(tmp_path / "board" / build.BOARD, DESIGN)


def test_a_case_too_near_runs_into_parts(pieces, visitor):
    found = fit.check(DESIGN, pieces, visitor, shift=(0.0, 0.0, -2.0))
    said = "; ".join(map(str, found.clashes))
    assert re.search(r"shell runs \d\.\d\d mm into the board", said)
    assert re.search(r"key-3 runs 1\.\d\d mm into SW3's plunger", said)


def test_a_tall_part_under_the_clips_is_found(pieces, visitor):
    tall = guest.Thing("C999", (120.0, -33.0, 0.0), (125.0, -28.0, 9.5))
    found = fit.check(DESIGN, pieces, replace(visitor, things=(*visitor.things, tall)))
    assert any(clash.one == "clip-rear" and clash.other == "C999" for clash in found.clashes)


def test_a_key_with_a_mark_is_higher_by_it(pieces):
    tops = {name: named(pieces, name).solid.bounding_box().max.Z for name in ("key-1", "key-3", "key-5")}
    for name in ("key-1", "key-5"):
        assert tops[name] - tops["key-3"] == pytest.approx(DESIGN.own.key.mark_height, abs=0.02)


def test_a_cap_cannot_be_pulled_out(pieces):
    pulled = Pos(0, 0, 1.0) * named(pieces, "key-2").solid
    common = pulled.intersect(named(pieces, "shell").solid)
    assert sum(part.volume for part in common.solids()) > 20, "its flange meets the face"


def test_step_files_are_the_same_each_time(pieces, tmp_path):
    clip = named(pieces, "clip-rear").solid
    for name in ("one", "two"):
        stepfile.write({"clip": clip}, tmp_path / name, "haochaping clip")
    text = (tmp_path / "one").read_text(encoding="utf-8")
    assert text == (tmp_path / "two").read_text(encoding="utf-8")
    assert stepfile.DATE in text and str(tmp_path) not in text
