"""The files that a workshop is sent and that people look at, exported from the board by KiCad's own programs."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from hardware import tool
from hardware.part import HardwareError
from hardware.tool import ToolMissing

#: Where `make hardware` puts InteractiveHtmlBom, for KiCad's Python.
INTERACTIVE = Path(__file__).resolve().parents[2] / ".venv" / "kicad"
#: Besides copper.
_LAYERS = ("F.Mask", "B.Mask", "F.SilkS", "B.SilkS", "F.Paste", "B.Paste", "Edge.Cuts")
_SAVED = datetime.fromisoformat(tool.DAY).replace(tzinfo=UTC).timestamp()


def gerbers(board: Path, out: Path, copper: tuple[str, ...]) -> None:
    """A file for each layer, with a job file; ink does not lie on pads."""
    layers = ",".join((*copper, *_LAYERS))
    options = ("--subtract-soldermask", "--use-drill-file-origin")
    tool.kicad("pcb", "export", "gerbers", "-l", layers, *options, "-o", f"{out}/", board)


def drills(board: Path, out: Path) -> None:
    """Plated and other holes in files of their own. Slots are routed: G85 is read by few."""
    options = ("--drill-origin", "plot", "--excellon-oval-format", "route", "--excellon-separate-th")
    tool.kicad("pcb", "export", "drill", *options, "-o", f"{out}/", board)


def drill_maps(board: Path, out: Path) -> None:
    """For people: where the holes are."""
    options = ("--drill-origin", "plot", "--excellon-separate-th", "--generate-map", "--map-format", "svg")
    tool.kicad("pcb", "export", "drill", *options, "-o", f"{out}/", board)
    for drill in out.glob("*.drl"):
        drill.unlink()


def positions(board: Path, to: Path) -> None:
    """Every part that a machine may place, whatever the variant, from the same origin as gerbers and drills."""
    options = ("--format", "csv", "--units", "mm", "--use-drill-file-origin", "--smd-only", "--side", "front")
    tool.kicad("pcb", "export", "pos", *options, "-o", to, board)


def test_netlist(board: Path, to: Path) -> None:
    """IPC-D-356: what the bare board is tested against."""
    tool.kicad("pcb", "export", "ipcd356", "-o", to, board)


def assembly(board: Path, out: Path) -> None:
    """Outlines and references of each side as one looks at it, as large as a page allows: KiCad's own PDF is 1:1, and
    the names of small parts are half a millimetre there."""
    options = ("--mode-single", "--page-size-mode", "2", "--exclude-drawing-sheet", "--black-and-white")
    for side, layer, turn in (("top", "F.Fab", ()), ("bottom", "B.Fab", ("--mirror",))):
        with tempfile.TemporaryDirectory() as folder:
            drawing = Path(folder) / "side.svg"
            tool.kicad("pcb", "export", "svg", *options, *turn, "-l", f"{layer},Edge.Cuts", "-o", drawing, board)
            page = ("--page-width", "297mm", "--page-height", "210mm", "--left", "10mm", "--top", "10mm")
            size = ("--width", "277mm", "--height", "190mm", "--keep-aspect-ratio")
            to = out / f"assembly-{side}.pdf"
            day = {"SOURCE_DATE_EPOCH": str(int(_SAVED))}
            tool.run(["rsvg-convert", "--format", "pdf", *page, *size, "-o", to, drawing], env=day)


def copper_pictures(board: Path, out: Path, copper: tuple[str, ...]) -> None:
    """Each copper layer with the outline, seen from above."""
    for layer in copper:
        to = out / f"copper-{layer.removesuffix('.Cu')}.svg"
        options = ("--mode-single", "--page-size-mode", "2", "--exclude-drawing-sheet")
        tool.kicad("pcb", "export", "svg", *options, "-l", f"{layer},Edge.Cuts", "-o", to, board)


def solid(board: Path, to: Path) -> None:
    """The board as a body, without its parts: models of them are not on every machine."""
    tool.kicad("pcb", "export", "step", "--board-only", "--force", "-o", to, board)


def views(board: Path, out: Path) -> None:
    """As it comes from the workshop, bare. Straight from above and below: KiCad's perspective is not the same picture
    twice."""
    size = ("--width", "1400", "--height", "900", "--zoom", "1.3", "--background", "transparent")
    for side in ("top", "bottom"):
        tool.kicad("pcb", "render", "--side", side, *size, "-o", out / f"board-{side}.png", board)


def interactive(board: Path, to: Path, fields: Mapping[str, Mapping[str, str]]) -> None:
    """A page that shows where each part goes; needs no network. ``fields``: reference → what else is told of it, the
    same names for every part. Raises ToolMissing."""
    if not (INTERACTIVE / "InteractiveHtmlBom").is_dir():
        raise ToolMissing("InteractiveHtmlBom is not installed; try: make hardware")
    names = ",".join(("Value", "Footprint", *next(iter(fields.values()))))
    with tempfile.TemporaryDirectory() as folder:
        told, copy = Path(folder) / "fields.xml", Path(folder) / board.name
        told.write_text(_netlist(fields), encoding="utf-8")
        shutil.copyfile(board, copy)
        os.utime(copy, (_SAVED, _SAVED))  # the page tells when the board was saved
        tool.kicad_python(
            INTERACTIVE / "InteractiveHtmlBom" / "generate_interactive_bom.py",
            *("--no-browser", "--include-tracks", "--include-nets", "--dest-dir", to.parent, "--name-format", to.stem),
            *("--extra-data-file", told, "--show-fields", names, "--group-fields", names, copy),
            env={"INTERACTIVE_HTML_BOM_NO_DISPLAY": "1"},
        )
    if not to.exists():
        raise HardwareError(f"InteractiveHtmlBom wrote no {to.name}")


def _netlist(fields: Mapping[str, Mapping[str, str]]) -> str:
    """As much of KiCad's XML netlist as InteractiveHtmlBom reads."""
    root = ElementTree.Element("export")
    for ref, told in fields.items():
        part = ElementTree.SubElement(root, "comp", ref=ref)
        for name, value in told.items():
            ElementTree.SubElement(part, "field", name=name).text = value
    return ElementTree.tostring(root, encoding="unicode")
