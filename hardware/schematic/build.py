"""The room: draw the schematic, have KiCad check it, and export it."""

import json
from pathlib import Path

from hardware import tool
from hardware.circuit import BLOCKS
from hardware.part import HardwareError
from hardware.schematic import netlist
from hardware.schematic.project import STEM, project_files

_DOTS_PER_INCH = 110


def build(out: Path) -> str:
    """Project, ``erc.json``, netlist, ``schematic.pdf``, an SVG and a PNG of each sheet."""
    project_files(out)
    check_rules(out)
    check_netlist(out)
    pages = _draw(out)
    parts = sum(len(block.parts) for block in BLOCKS)
    nets = len(netlist.read((out / f"{STEM}.net").read_text(encoding="utf-8")))
    return f"{parts} parts on {pages} sheets, ERC without a violation, all {nets} nets as in the circuit"


def check_rules(folder: Path) -> None:
    """KiCad's electrical rules over the project in a folder; ``erc.json`` is left there. Raises HardwareError."""
    report = folder / "erc.json"
    sheets = folder / f"{STEM}.kicad_sch"
    tool.kicad("sch", "erc", "--severity-all", "--format", "json", "--output", report, sheets)
    found = [
        f"{violation['description']} ({sheet['path']}: {'; '.join(item['description'] for item in violation['items'])})"
        for sheet in json.loads(report.read_text(encoding="utf-8"))["sheets"]
        for violation in sheet["violations"]
    ]
    if found:
        raise HardwareError(f"ERC, {len(found)} violations: " + "; ".join(found[:5]))


def check_netlist(folder: Path) -> None:
    """KiCad's netlist of the project in a folder is the circuit's. Raises HardwareError that names the nets."""
    file = folder / f"{STEM}.net"
    tool.kicad("sch", "export", "netlist", "--output", file, folder / f"{STEM}.kicad_sch")
    text = file.read_text(encoding="utf-8").replace(f"{folder}/", "")  # where it was made is nobody's business
    file.write_text(text, encoding="utf-8")
    netlist.compare(netlist.wanted(), netlist.read(text))


def _draw(out: Path) -> int:
    sheets = out / f"{STEM}.kicad_sch"
    pdf = out / "schematic.pdf"
    tool.kicad("sch", "export", "pdf", "--output", pdf, sheets)
    tool.kicad("sch", "export", "svg", "--output", out / "svg", sheets)
    names = ["root", *(block.name for block in BLOCKS)]
    for page, name in enumerate(names, 1):
        tool.run(["pdftoppm", "-r", str(_DOTS_PER_INCH), "-png", "-singlefile", "-f", str(page), pdf, out / name])
    return len(names)
