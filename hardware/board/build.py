"""The board of the build: written, filled, checked. ``haochaping.kicad_pcb`` opens in KiCad beside its schematic."""

import shutil
from pathlib import Path

from hardware import library, tool
from hardware.board import by_hand, drc, routes, rules, silk, writer
from hardware.board.assemble import Assembled, assemble
from hardware.board.checks import check
from hardware.board.footprint import Identity, Placed
from hardware.board.track import Copper
from hardware.circuit.blocks import BLOCKS
from hardware.schematic.project import STEM, net_names, paths, project_files
from hardware.schematic.writer import OPTION

FILL = Path(__file__).resolve().parent / "fill.py"
TITLE = writer.Title("好差评 window rating device", silk.REVISION, "haochaping")


def build(out: Path) -> str:
    """Into ``out``: the KiCad project with its board, and the report of the rule check. Raises HardwareError."""
    made = assemble()
    check(made)
    copper = made.routed(routes.FILE.read_text(encoding="utf-8"))
    board = project(made, copper, out)
    report = drc.check(board, out / "drc.json")
    drc.refuse(report, out / "drc.json")
    return (
        f"{len(made.layout.parts)} parts, {len(copper.tracks)} tracks, {len(copper.vias)} vias,"
        f" {made.size[0]:g} x {made.size[1]:g} mm; rule check: {report}"
    )


def project(made: Assembled, copper: Copper, out: Path) -> Path:
    """Schematic, settings, library tables and the filled board; its path."""
    project_files(out, settings=rules.settings(by_hand.PAIRS))
    unfilled, board = out / "unfilled.kicad_pcb", out / f"{STEM}.kicad_pcb"
    unfilled.write_text(text(made, copper), encoding="utf-8")
    shutil.copyfile(out / f"{STEM}.kicad_pro", out / "unfilled.kicad_pro")
    tool.kicad_python(FILL, unfilled, board)
    for file in out.glob("unfilled.*"):
        file.unlink()
    return board


def text(made: Assembled, copper: Copper) -> str:
    """The board file before its zones are filled."""
    names = {net: net for net in made.layout.nets} | net_names()
    paths_of, sheet_of = paths(), {part.ref: block.name for block in BLOCKS for part in block.parts}
    printed = silk.arrange(made.layout, made.dimensions, [via.at for via in copper.vias])
    placed = []
    for laid in made.layout.parts:
        part = laid.part
        fields = {name: library.default_field(part.symbol, name) for name in ("Datasheet", "Description")}
        fields |= {OPTION: part.option} if part.option else {}
        sheet = sheet_of[part.ref]
        attributes = () if part.stock else ("exclude_from_bom",)
        identity = Identity(paths_of[part.ref], f"/{sheet}/", f"{sheet}.kicad_sch")
        label = printed.labels.get(part.ref)
        placed.append(
            Placed(part.ref, part.value, part.footprint, laid.place, laid.nets, label, identity, fields, attributes)
        )
    d = made.dimensions.board
    sheet_of_board = writer.Sheet(
        made.size, d.corner_radius, d.thickness, d.page, TITLE, printed.words, printed.lines, made.no_copper
    )
    return writer.board(sheet_of_board, placed, copper, names)
