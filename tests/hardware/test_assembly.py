"""The assembly guide says which way round every part goes, and counts the screws as the bill does."""

import re
import tomllib

from hardware.circuit.blocks import BLOCKS
from hcp.pinout import ROOT

PAGE = (ROOT / "hardware" / "assembly.md").read_text(encoding="utf-8")
#: Symbols of parts without a right way round, and of what is not soldered.
ANY_WAY = re.compile(r"Device:(R|C|L|FerriteBead)|Haochaping:Polyfuse|Connector:TestPoint|Mechanical:\w+")


def table(head: str) -> list[list[str]]:
    lines = PAGE[PAGE.index(head) :].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[: lines.index("")]]


def test_every_part_that_has_a_right_way_round_is_in_the_table():
    turned = {part.ref for block in BLOCKS for part in block.parts if not ANY_WAY.fullmatch(part.symbol)}
    rows = table("| parts | on the part | on the board |")
    told = {ref for row in rows for ref in re.findall(r"\b[A-Z]+\d+\b", row[0])} | {"J2"}  # a plain header
    assert told == turned


def test_the_screws_are_those_of_the_mechanical_bill():
    bill = tomllib.loads((ROOT / "hardware" / "bom" / "mechanical.toml").read_text(encoding="utf-8"))
    bought = [line["quantity"] for name, line in bill.items() if name.startswith("screw-")]
    told = [int(row[2]) for row in table("| screw | where | number |")]
    assert told == bought
    assert sum(told) == bill["insert-m3"]["quantity"] == 20


def test_what_an_option_brings_is_what_its_variant_leaves_out():
    options = {part.ref: part.option for block in BLOCKS for part in block.parts if part.option}
    rows = {row[0].strip("`"): row[1] for row in table("| variant | left out | in `board.json` |")}
    for ref in ("U7", "U8", "J4", "Y1", "FB1"):
        assert options[ref] == "ethernet" and ref in rows["wifi"]
    for ref in ("U10", "C603"):
        assert options[ref] == "secure-element" and ref in rows["wifi"] and ref in rows["ethernet"]
