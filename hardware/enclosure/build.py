"""Makes the case and refuses one that cannot be printed, does not fit or does not hide the keys.

*.stl         one per shape, lying as it is printed
*.step        one per piece, and assembly.step with the bare board in it, in the frame of the solids
fit.json      walls, intersections, offsets, plugs, screwdrivers, lines of sight
*.png         the case closed, open and cut through a key
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from build123d import Pos, import_step

from hardware import tool
from hardware.bom import stock
from hardware.circuit.blocks import BLOCKS
from hardware.enclosure import assembly, fit, guest, measures, mesh, privacy, scene, stepfile, wall
from hardware.enclosure.assembly import Piece
from hardware.enclosure.fit import Fit
from hardware.enclosure.frame import Point
from hardware.enclosure.guest import Guest
from hardware.enclosure.measures import Design
from hardware.enclosure.mesh import Mesh
from hardware.enclosure.privacy import Verdict
from hardware.enclosure.wall import Wall
from hardware.part import HardwareError

BOARD = "haochaping.kicad_pcb"

#: The case's place against the board, x, -y and z in mm. Anything but 0 is a case that was made wrong.
SHIFT: Point = (0.0, 0.0, 0.0)


def build(out: Path) -> str:
    """Into ``out``; reads the board that lies beside it. Raises HardwareError."""
    design = measures.read()
    sight = privacy.require(design)
    pieces = assembly.pieces(design)
    meshes = {piece.name: mesh.of(piece.solid) for piece in pieces}
    lying = {piece.file: mesh.of(piece.printed()) for piece in pieces}
    walls = closed(pieces, meshes, design.own.shape.least_wall)
    visitor, board = the_board(out.parent / "board" / BOARD, design)
    found = fit.check(design, pieces, visitor, board, SHIFT)
    (out / "fit.json").write_text(_report(pieces, walls, lying, found, sight, visitor.source), encoding="utf-8")
    fit.require(found, visitor.source)
    _write(pieces, lying, board, out)
    scene.draw(design, pieces, meshes, visitor, out)
    return _sentence(pieces, walls, found, sight, visitor.source)


def closed(pieces: tuple[Piece, ...], meshes: Mapping[str, Mesh], least: float) -> dict[str, Wall]:
    """The thinnest wall of each piece. Raises HardwareError, with the place, for what is open, broken or too thin."""
    walls = {}
    for piece in pieces:
        skin = meshes[piece.name]
        if not piece.solid.is_valid or len(piece.solid.solids()) != 1:
            raise HardwareError(f"{piece.name} is not one valid body")
        if skin.open_edges() or skin.volume <= 0:
            raise HardwareError(f"{piece.name}: its mesh is not watertight ({skin.open_edges()} open edges)")
        thinnest = wall.thinnest(skin)
        if thinnest.thickness < least - 0.005:
            x, y, z = thinnest.at
            raise HardwareError(
                f"{piece.name}: its wall is {thinnest.thickness:.2f} mm thin at x {x:g}, y {-y:g}, z {z:g}; at least"
                f" {least:g} mm are wanted (least_wall in case.toml)"
            )
        walls[piece.name] = thinnest
    return walls


def heights() -> dict[str, float]:
    """Reference → height above the board, of all parts that are bought."""
    lines = stock.read()
    return {part.ref: lines[part.stock].height_mm for block in BLOCKS for part in block.parts if part.stock in lines}


def the_board(file: Path, design: Design) -> tuple[Guest, Any]:
    """The board of the build, and its solid. Raises HardwareError if it was not built: a case fits nothing then."""
    if not file.exists():
        raise HardwareError(
            f"the case has no board to fit: {file.parent.name}/{file.name} is missing; build it first, with"
            " python -m hardware.build --only enclosure"
        )
    with tempfile.TemporaryDirectory() as folder:
        step = Path(folder) / "board.step"
        tool.kicad("pcb", "export", "step", "--board-only", "--force", "-o", step, file)
        body = max(import_step(step).solids(), key=lambda solid: solid.volume)
    page = design.shared.board.page
    # KiCad's origin is the corner of its page, and 0 the underside of the board
    top = body.bounding_box().max.Z
    return guest.read(file, design, heights()), Pos(-page[0], page[1], -top - fit.TOUCH) * body


def _write(pieces: tuple[Piece, ...], lying: Mapping[str, Mesh], board: Any, out: Path) -> None:
    done: set[str] = set()
    for piece in pieces:
        if piece.file in done:
            continue
        done.add(piece.file)
        mesh.write_stl(lying[piece.file], out / f"{piece.file}.stl", f"haochaping {piece.file}")
        stepfile.write({piece.file: piece.solid}, out / f"{piece.file}.step", f"haochaping {piece.file}")
    everything = {piece.name: piece.solid for piece in pieces} | {"board": board}
    stepfile.write(everything, out / "assembly.step", "haochaping assembly")


def _report(
    pieces: tuple[Piece, ...],
    walls: Mapping[str, Wall],
    lying: Mapping[str, Mesh],
    found: Fit,
    sight: Verdict,
    source: str,
) -> str:
    report = {
        "board": source,
        "pieces": [
            {
                "name": piece.name,
                "file": f"{piece.file}.stl",
                "material": piece.material,
                "volume_cm3": round(piece.solid.volume / 1000, 2),
                "thinnest_wall_mm": walls[piece.name].thickness,
                "at": walls[piece.name].at,
                "overhang_cm2": round(lying[piece.file].overhang() / 100, 2),
            }
            for piece in pieces
        ],
        "pairs_intersected": found.checked,
        "interferences": [asdict(clash) for clash in found.clashes],
        "offsets": [asdict(offset) for offset in found.offsets],
        "reached": found.reached,
        "blocked": [asdict(clash) for clash in found.blocked],
        "sight": {
            "lines": sight.tried,
            "staff_see": len(sight.seen),
            "citizen_does_not_see": len(sight.hidden),
            "margin_mm": round(sight.margin, 2),
        },
    }
    return json.dumps(report, ensure_ascii=False, indent=1) + "\n"


def _sentence(pieces: tuple[Piece, ...], walls: Mapping[str, Wall], found: Fit, sight: Verdict, source: str) -> str:
    volume = sum(piece.solid.volume for piece in pieces) / 1000
    least = min(walls.items(), key=lambda item: item[1].thickness)
    off = max(offset.mm for offset in found.offsets if offset.allowed == fit.ALLOWED)
    return (
        f"{len(pieces)} pieces, {volume:.0f} cm3, watertight, thinnest wall {least[1].thickness:.2f} mm ({least[0]});"
        f" {len(found.clashes)} interferences with {source} in {found.checked} pairs, keys, screen and bosses within"
        f" {off:.2f} mm, {len(found.reached)} plugs and tools reach; none of {sight.tried} lines of sight betrays a key"
    )
