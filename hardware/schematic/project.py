"""The KiCad project: root, sheets, settings and library tables in one folder, and what the board has to know of it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hardware import library, sexp
from hardware.circuit.blocks import BLOCKS
from hardware.circuit.netlist import pin_nets
from hardware.part import Block
from hardware.schematic import ids, rules
from hardware.schematic.marks import POWER
from hardware.schematic.ports import ports
from hardware.schematic.root import root_file
from hardware.schematic.sheet import Sheet
from hardware.schematic.writer import sheet_file

STEM = ids.PROJECT


def project_files(folder: Path, blocks: Iterable[Block] = BLOCKS, settings: dict[str, Any] | None = None) -> None:
    """Write the project without its board. ``settings`` are merged into the .kicad_pro, as the board's rules."""
    blocks = tuple(blocks)
    folder.mkdir(parents=True, exist_ok=True)
    joined = frozenset(ports(blocks))
    for page, block in enumerate(blocks, 2):
        _write(folder / f"{block.name}.kicad_sch", sheet_file(Sheet(block, joined), page))
    _write(folder / f"{STEM}.kicad_sch", root_file(blocks))
    (folder / f"{STEM}.kicad_pro").write_text(json.dumps(_settings(blocks, settings or {}), indent=2) + "\n", "utf-8")
    _tables(folder, blocks)


def net_names(blocks: Iterable[Block] = BLOCKS) -> dict[str, str]:
    """Our name of each net and KiCad's: supplies bare, between sheets ``/NET``, on one ``/sheet/NET``."""
    blocks = tuple(blocks)
    joined = ports(blocks)
    names = {}
    for block in blocks:
        for part in block.parts:
            for net in filter(None, pin_nets(part).values()):
                names[net] = net if net in POWER else f"/{net}" if net in joined else f"/{block.name}/{net}"
    return names


def open_name(symbol: str, ref: str, number: str) -> str:
    """The net that KiCad gives a pin that stays open: ``unconnected-(U1-IO3-Pad15)``."""
    name = next(pin.name for pin in library.pins(symbol) if pin.number == number)
    middle = f"-{name}" if name not in ("", "~") else ""
    return f"unconnected-({ref}{middle}-Pad{number})".replace("/", "{slash}")


def paths(blocks: Iterable[Block] = BLOCKS) -> dict[str, str]:
    """Each part's place in the hierarchy, as a footprint's ``path`` names it."""
    return {part.ref: ids.board_path(block.name, part.ref) for block in blocks for part in block.parts}


def _settings(blocks: tuple[Block, ...], extra: dict[str, Any]) -> dict[str, Any]:
    sheets = [[ids.ROOT, "Root"], *([ids.sheet(block.name), block.name] for block in blocks)]
    own: dict[str, Any] = {
        "board": {},
        "erc": {"erc_exclusions": [], "meta": {"version": 0}, "rule_severities": rules.severities()},
        "meta": {"filename": f"{STEM}.kicad_pro", "version": 3},
        "net_settings": {"classes": [], "meta": {"version": 4}},
        "schematic": {"legacy_lib_dir": "", "legacy_lib_list": []},
        "sheets": sheets,
        "text_variables": {},
    }
    return own | extra


def _tables(folder: Path, blocks: tuple[Block, ...]) -> None:
    symbols = {part.symbol.split(":")[0] for block in blocks for part in block.parts} | {"power"}
    footprints = {part.footprint.split(":")[0] for block in blocks for part in block.parts}
    (folder / "lib").mkdir(exist_ok=True)
    for kind, names, variable, suffix in (
        ("sym", symbols, "KICAD9_SYMBOL_DIR", ".kicad_sym"),
        ("fp", footprints, "KICAD9_FOOTPRINT_DIR", ".pretty"),
    ):
        rows = []
        for name in sorted(names):
            own = library.OWN / f"{name}{suffix}"
            if own.is_file():
                shutil.copyfile(own, folder / "lib" / own.name)
            elif own.is_dir():
                shutil.copytree(own, folder / "lib" / own.name, dirs_exist_ok=True)
            place = "${KIPRJMOD}/lib" if own.exists() else "${" + variable + "}"
            rows.append(f'  (lib (name "{name}")(type "KiCad")(uri "{place}/{name}{suffix}")(options "")(descr ""))\n')
        text = f"({kind}_lib_table\n  (version 7)\n{''.join(rows)})\n"
        (folder / f"{kind}-lib-table").write_text(text, encoding="utf-8")


def _write(file: Path, node: sexp.Node) -> None:
    file.write_text(sexp.write(node), encoding="utf-8")
