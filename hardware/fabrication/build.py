"""The fabrication set, exported, read back and packed.

gerbers/, gerbers.zip         what the board is made from: layers and drills; the zip is what a workshop takes
pick-and-place-VARIANT.csv    where a machine puts the parts of a variant; bom-VARIANT.csv is in the folder of the bom
board.d356                    what the bare board is tested against
assembly-top.pdf, -bottom.pdf, interactive-bom.html, copper-*.svg, drill maps
board.step, board-*.png       the board as a body, and its views
"""

from pathlib import Path

from hardware import dimensions
from hardware.bom import stock
from hardware.bom.bom import VARIANTS
from hardware.circuit import Circuit, circuit
from hardware.fabrication import export, facts, net_test, pack, placing, readback
from hardware.part import HardwareError
from hardware.schematic.project import net_names


def build(out: Path) -> str:
    board = board_file(out.parent / "board")
    measures = dimensions.read().board
    size = (measures.width, measures.height)
    whole = circuit()
    said = facts.read(board)
    found = gerbers(board, out, said, size)
    placed = pick_and_place(board, out, said, whole, size)
    export.test_netlist(board, out / "board.d356")
    pads = net_test.check((out / "board.d356").read_text(encoding="utf-8"), by_kicads_name(whole))
    papers(board, out, said, whole)
    return (
        f"{found.layers} layers and {found.holes} holes read back, {found.width:g} x {found.height:g} mm;"
        f" {pads} pads tested; {min(placed)} to {max(placed)} parts placed in {len(placed)} variants"
    )


def by_kicads_name(whole: Circuit) -> dict[str, tuple[tuple[str, str], ...]]:
    """The nets' pads; KiCad puts the sheet before the name of a net that does not leave it."""
    names = net_names()
    return {names.get(net, net): pads for net, pads in whole.nets.items()}


def board_file(folder: Path) -> Path:
    """The one board of a KiCad project."""
    boards = sorted(folder.glob("*.kicad_pcb"))
    if len(boards) != 1:
        raise HardwareError(f"{folder}: expected one .kicad_pcb, found {len(boards)}")
    return boards[0]


def gerbers(board: Path, out: Path, said: facts.Facts, size: tuple[float, float]) -> readback.Found:
    folder = out / "gerbers"
    folder.mkdir()
    export.gerbers(board, folder, said.copper)
    export.drills(board, folder)
    found = readback.gerbers(folder, said, *size)
    pack.archive(folder.iterdir(), out / "gerbers.zip")
    return found


def pick_and_place(board: Path, out: Path, said: facts.Facts, whole: Circuit, size: tuple[float, float]) -> list[int]:
    """A file for each variant; how many parts each places.

    Keys, sockets and the holder of the cell are soldered by hand: assemblers do not agree about the middle of the ones
    and the turn of what lies on the back.
    """
    everything = out / "placings.csv"
    export.positions(board, everything)
    placings = placing.read(everything.read_text(encoding="utf-8"))
    everything.unlink()
    numbers = []
    for variant, options in VARIANTS.items():
        parts = {part.ref for part in whole.parts.values() if part.stock and part.option in {"", *options}}
        wanted = parts & said.by_machine
        left_out = whole.parts.keys() - wanted  # options that it has not, and what is soldered by hand
        its = [one for one in placings if one.ref not in left_out]
        placing.check(its, wanted, said, *size)
        (out / f"pick-and-place-{variant}.csv").write_text(placing.written(its), encoding="utf-8")
        numbers.append(len(its))
    return numbers


def papers(board: Path, out: Path, said: facts.Facts, whole: Circuit) -> None:
    """For people."""
    numbers = stock.read()
    fields = {
        part.ref: {"Number": numbers[part.stock].first.mpn, "Only with": part.option}
        for part in whole.parts.values()
        if part.stock
    }
    export.assembly(board, out)
    export.interactive(board, out / "interactive-bom.html", fields)
    export.copper_pictures(board, out, said.copper)
    export.drill_maps(board, out)
    export.solid(board, out / "board.step")
    export.views(board, out)
