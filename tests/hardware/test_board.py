"""The board file: the same text each time, its rules in one table, and KiCad's own check of it."""

import json
import math
from pathlib import Path

import pytest

from hardware import sexp, tool
from hardware.board import build, by_hand, drc, routes, rules, silk
from hardware.board.assemble import assemble
from hardware.board.track import Copper
from hardware.part import HardwareError
from hardware.schematic.project import STEM

from .needs import KICAD, KICAD_LIBRARIES


@pytest.fixture(scope="module")
def text() -> str:
    made = assemble()
    return build.text(made, made.routed(routes.FILE.read_text(encoding="utf-8")))


@KICAD_LIBRARIES
def test_the_file_is_the_same_each_time_and_no_id_is_used_twice(text: str) -> None:
    made = assemble()
    assert build.text(made, made.routed(routes.FILE.read_text(encoding="utf-8"))) == text
    ids = [line.strip() for line in text.splitlines() if line.strip().startswith("(uuid")]
    assert len(ids) == len(set(ids)) > 3000


@KICAD_LIBRARIES
def test_every_part_is_in_the_file_once_with_its_place_on_the_page(text: str) -> None:
    made, board = assemble(), sexp.parse(text)
    found = {}
    for footprint in sexp.find_all(board, "footprint"):
        names = {str(field[1]): str(field[2]) for field in sexp.find_all(footprint, "property")}
        at = [float(value) for value in sexp.need(footprint, "at")[1:3]]
        found[names["Reference"]] = (at[0] - made.dimensions.board.page[0], at[1] - made.dimensions.board.page[1])
    assert len(found) == len(sexp.find_all(board, "footprint"))
    assert found == {laid.part.ref: pytest.approx((laid.place.x, laid.place.y), abs=1e-5) for laid in made.layout.parts}


def test_no_rule_is_ignored_without_a_reason() -> None:
    settings = rules.settings(by_hand.PAIRS)["board"]["design_settings"]
    weighs = settings["rule_severities"]
    assert weighs.keys() == set(rules.RULES) >= rules.IGNORED.keys()
    assert {rule for rule, weight in weighs.items() if weight != "error"} == rules.IGNORED.keys()
    assert all(len(reason) > 20 for reason in rules.IGNORED.values())


@KICAD
def test_every_rule_that_kicad_knows_has_its_weight_said(tmp_path: Path) -> None:
    script = tmp_path / "new.py"
    script.write_text("import pcbnew, sys\npcbnew.SaveBoard(sys.argv[1], pcbnew.NewBoard(sys.argv[1]))\n", "utf-8")
    tool.kicad_python(script, tmp_path / "new.kicad_pcb")
    settings = json.loads((tmp_path / "new.kicad_pro").read_text(encoding="utf-8"))["board"]["design_settings"]
    assert settings["rule_severities"].keys() == set(rules.RULES)
    assert "ignore" in settings["rule_severities"].values(), "said by KiCad itself, so saying it all is needed"


@KICAD
def test_a_rule_that_kicad_itself_ignores_is_asked(text: str, tmp_path: Path) -> None:
    board = sexp.parse(text)
    chip = next(one for one in sexp.find_all(board, "footprint") if str(one[1]) == "Resistor_SMD:R_0603_1608Metric")
    chip[:] = [item for item in chip if "F.CrtYd" not in sexp.write([item])]
    made = assemble()
    build.project(made, made.routed(routes.FILE.read_text(encoding="utf-8")), tmp_path)
    (tmp_path / f"{STEM}.kicad_pcb").write_text(sexp.write(board), encoding="utf-8")
    report = drc.check(tmp_path / f"{STEM}.kicad_pcb", tmp_path / "drc.json")
    assert any(sentence.startswith("Footprint has no courtyard defined") for sentence in report.sentences)


@pytest.mark.parametrize("pair", by_hand.PAIRS, ids=lambda pair: pair.nets[0])
def test_pairs_have_about_the_impedance_they_are_meant_to(pair: rules.Pair) -> None:
    """IPC-2141's formulas for a microstrip over GND; good to some ten percent, and so are cheap boards."""
    layers = {layer.name: layer for layer in rules.STACK}
    height, epsilon = layers["dielectric 1"].thickness, layers["dielectric 1"].epsilon or 0
    copper = layers["F.Cu"].thickness
    single = 87 / math.sqrt(epsilon + 1.41) * math.log(5.98 * height / (0.8 * pair.width + copper))
    both = 2 * single * (1 - 0.48 * math.exp(-0.96 * pair.gap / height))
    assert both == pytest.approx(pair.ohm, rel=0.1)


@KICAD_LIBRARIES
def test_pairs_stay_on_the_front_but_for_the_stubs_to_the_test_points_of_usb() -> None:
    made = assemble()
    routed, _, _ = routes.read(routes.FILE.read_text(encoding="utf-8"))
    for net in (net for pair in by_hand.PAIRS for net in pair.nets):
        assert {track.layer for track in made.by_hand.tracks if track.net == net} == {"F.Cu"}, net
        assert not [via for via in made.by_hand.vias if via.net == net], net
        stub, vias = _length(routed, net), [via for via in routed.vias if via.net == net]
        assert (len(vias), 0 < stub < 5) == (1, True) if net in by_hand.USB.nets else (len(vias), stub) == (0, 0), net


@KICAD_LIBRARIES
def test_the_two_of_a_pair_are_about_equally_long() -> None:
    copper = assemble().by_hand
    for plus, minus, apart in (
        (("USB_DP",), ("USB_DM",), 5),
        (("ETH_TXP",), ("ETH_TXN",), 5),
        (("ETH_RDP", "ETH_RXP"), ("ETH_RDN", "ETH_RXN"), 10),  # through a capacitor each
    ):
        lengths = [sum(_length(copper, net) for net in nets) for nets in (plus, minus)]
        assert abs(lengths[0] - lengths[1]) < apart, f"{plus}: {lengths}"


def _length(copper: Copper, net: str) -> float:
    return sum(math.dist(track.start, track.end) for track in copper.tracks if track.net == net)


@KICAD_LIBRARIES
def test_nearly_every_part_has_its_reference_on_the_silk_and_nearly_none_on_a_via() -> None:
    made = assemble()
    vias = [via.at for via in made.routed(routes.FILE.read_text(encoding="utf-8")).vias]
    printed = silk.arrange(made.layout, made.dimensions, vias)
    named = {laid.part.ref for laid in made.layout.parts if not laid.part.ref.startswith(("H", "FID", "TP"))}
    assert len(named - printed.labels.keys()) <= 4
    assert sum("TP" not in words.text and words.layer == "B.SilkS" for words in printed.words) >= 28
    texts = [(words.text, words.at, words.turn, words.height) for words in printed.words]
    texts += [(ref, (label.x, label.y), label.turn, label.height) for ref, label in printed.labels.items()]
    on_vias = [text[0] for text in texts if any(silk.touches(*text, via) for via in vias)]
    assert len(on_vias) <= 8, on_vias


def test_a_report_is_told_by_what_it_is_about() -> None:
    items = [{"description": "Pad 1 [GND] of R1 on F.Cu", "pos": {"x": 61.0, "y": 62.5}}]
    one = {"type": "clearance", "description": "Clearance violation", "items": items}
    report = drc.read({"violations": [one], "unconnected_items": [], "schematic_parity": []})
    assert report.counts == {"violations": 1, "unconnected_items": 0, "schematic_parity": 0}
    with pytest.raises(HardwareError, match=r"Clearance violation: Pad 1 \[GND\] of R1 on F.Cu at 61.00, 62.50"):
        drc.refuse(report, Path("drc.json"))


@KICAD
def test_kicad_finds_nothing_to_complain_of_and_two_boards_are_the_same(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    sentence = build.build(tmp_path / "one")
    assert sentence.endswith("rule check: 0 violations, 0 unconnected, 0 unlike the schematic")
    report = json.loads((tmp_path / "one" / "drc.json").read_text(encoding="utf-8"))
    assert not any(report[kind] for kind in drc.KINDS)
    made = assemble()
    again = build.project(made, made.routed(routes.FILE.read_text(encoding="utf-8")), tmp_path / "two")
    assert again.read_bytes() == (tmp_path / "one" / again.name).read_bytes()
