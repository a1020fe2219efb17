"""The schematic: drawn without a touch, as KiCad understands it, and a drawn mistake is named."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.board import routes
from hardware.board.assemble import assemble
from hardware.board.build import text as board_text
from hardware.circuit import BLOCKS
from hardware.part import Block, HardwareError
from hardware.schematic import netlist, rules
from hardware.schematic.build import check_netlist, check_rules
from hardware.schematic.ports import ports, shape
from hardware.schematic.project import net_names, open_name, paths, project_files
from hardware.schematic.sheet import Sheet
from hardware.sexp import find_all, parse
from hardware.tool import find

from .needs import KICAD, KICAD_LIBRARIES

pytestmark = KICAD_LIBRARIES


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("schematic")
    project_files(folder)
    return folder


def block(name):
    return next(block for block in BLOCKS if block.name == name)


@pytest.mark.parametrize("name", [block.name for block in BLOCKS])
def test_nothing_touches_on_a_sheet(name):
    sheet = Sheet(block(name), frozenset(ports(BLOCKS)))
    pins = {end.cell for end in sheet.ends}
    ends = {cell for _, a, b in sheet.wires.segments(pins) for cell in (a, b)}
    for cell in ends:
        assert len(set(sheet.wires.at(cell).values())) == 1, f"two nets meet at {cell}"
        assert len(sheet.wires.at(cell)) + (cell in pins) < 4, f"four meet at {cell}, as if they crossed"


def test_a_part_that_has_no_room_is_named():
    power = block("power")
    parts = tuple(replace(part, sheet=(46.99, 40.64, 90)) if part.ref == "C104" else part for part in power.parts)
    with pytest.raises(HardwareError, match="power: C104 touches F1|F1 touches C104"):
        Sheet(replace(power, parts=parts), frozenset())


def test_a_part_off_the_sheet_is_named():
    clock = block("clock")
    parts = tuple(replace(part, sheet=(5.08, 40.64, 0)) if part.ref == "R601" else part for part in clock.parts)
    with pytest.raises(HardwareError, match="R601 on sheet clock is off the sheet"):
        Sheet(replace(clock, parts=parts), frozenset())


def test_a_sheet_without_parts_is_one():
    assert Sheet(Block("none", "", ()), frozenset()).labels == []


def test_signals_run_as_the_pin_map_says():
    assert shape("LED_DATA", "mcu") == "output" and shape("LED_DATA", "stars") == "input"
    assert shape("ETH_MISO", "mcu") == "input" and shape("ETH_MISO", "network") == "output"
    assert shape("I2C_SDA", "mcu") == shape("I2C_SDA", "clock") == "bidirectional"


def test_a_part_that_a_variant_leaves_out_says_its_option_on_sheet_and_board(project):
    made = assemble()
    files = [project / f"{block.name}.kicad_sch" for block in BLOCKS]
    sheets = [symbol for file in files for symbol in find_all(parse(file.read_text()), "symbol")]
    routed = made.routed(routes.FILE.read_text(encoding="utf-8"))
    board = find_all(parse(board_text(made, routed)), "footprint")
    for things in (sheets, board):
        fields = [{str(field[1]): str(field[2]) for field in find_all(thing, "property")} for thing in things]
        found = {field["Reference"]: field["Option"] for field in fields if "Option" in field}
        assert found == {part.ref: part.option for block in BLOCKS for part in block.parts if part.option}


def test_kicad_calls_nets_by_where_they_are():
    names = net_names()
    assert (names["GND"], names["BTN1"], names["KEY1"]) == ("GND", "/BTN1", "/stars/KEY1")
    assert open_name("Connector_Generic:Conn_01x14", "J3", "9") == "unconnected-(J3-Pin_9-Pad9)"


def test_every_part_has_a_path_of_its_own():
    assert len(set(paths().values())) == sum(len(block.parts) for block in BLOCKS)


def test_two_projects_are_the_same(project, tmp_path):
    project_files(tmp_path)
    files = sorted(path.relative_to(project) for path in project.rglob("*") if path.suffix.startswith(".kicad"))
    assert sum(path.suffix == ".kicad_sch" for path in files) == len(BLOCKS) + 1
    assert all((project / file).read_bytes() == (tmp_path / file).read_bytes() for file in files)


def test_no_rule_is_ignored_without_a_reason(project):
    weighs = json.loads((project / "haochaping.kicad_pro").read_text())["erc"]["rule_severities"]
    assert weighs.keys() == set(rules.RULES) >= rules.IGNORED.keys()
    assert {rule for rule, weight in weighs.items() if weight != "error"} == rules.IGNORED.keys()
    assert all(len(reason) > 20 for reason in rules.IGNORED.values())


@KICAD
def test_every_rule_that_kicad_knows_has_its_weight_said():
    """Its program holds their names in a row, four bytes a letter; the linker keeps one that ends another in that."""
    words = Path(find("kicad-cli")).with_name("_eeschema.kiface").read_bytes().split(bytes(4))
    texts = [word.replace(bytes(3), b"").decode("latin-1").strip("\0") for word in words]
    first = texts.index("duplicate_sheet_names")
    last = texts.index("unconnected_wire_endpoint", first)
    there = {text for text in texts[first : last + 1] if re.fullmatch("[a-z_]+", text)}
    assert there ^ set(rules.RULES) == {"pin_not_driven"}, "which ends power_pin_not_driven"


@KICAD
def test_a_rule_that_kicad_itself_ignores_is_asked(project, tmp_path):
    project_files(tmp_path)
    sheet = tmp_path / "power.kicad_sch"
    text, count = re.subn(r"Fuse_1206_\*", "Fuse_0805_*", sheet.read_text())
    assert count == 1
    sheet.write_text(text)
    with pytest.raises(HardwareError, match="doesn't match footprint filters"):
        check_rules(tmp_path)


@KICAD
def test_kicad_has_nothing_to_say(project):
    check_rules(project)
    check_netlist(project)
    assert json.loads((project / "erc.json").read_text())["kicad_version"].startswith("9.")


@KICAD
def test_a_renamed_net_is_named(project, tmp_path):
    project_files(tmp_path)
    sheet = tmp_path / "stars.kicad_sch"
    text, count = re.subn(r'\(label "LED_D2"', '(label "LED_D9"', sheet.read_text())
    assert count == 1
    sheet.write_text(text)
    with pytest.raises(HardwareError, match="net /stars/LED_D2 of the circuit is called /stars/LED_D9"):
        check_netlist(tmp_path)


@KICAD
def test_a_wire_that_is_missing_is_named(project, tmp_path):
    project_files(tmp_path)
    sheet = tmp_path / "mcu.kicad_sch"
    text, count = re.subn(r'\(hierarchical_label "AMP_SD"', '(hierarchical_label "AMP_OFF"', sheet.read_text())
    assert count == 1
    sheet.write_text(text)
    with pytest.raises(HardwareError, match="ERC, .* violations"):
        check_rules(tmp_path)


def test_other_pins_are_named():
    one, two, three = ("R1", "1"), ("R2", "1"), ("R3", "2")
    with pytest.raises(HardwareError, match=r"net /A of the schematic does not reach R2 pin 1 and reaches R3 pin 2"):
        netlist.compare({"/A": frozenset({one, two})}, {"/A": frozenset({one, three})})
    with pytest.raises(HardwareError, match=r"net /A is not in the schematic; it should join R1 pin 1, R2 pin 1;"):
        netlist.compare({"/A": frozenset({one, two})}, {"/B": frozenset({one})})
