"""Symbols and footprints of KiCad and of ours."""

import pytest

from hardware import library
from hardware.part import HardwareError
from hardware.sexp import find, find_all
from hardware.tool import ToolMissing

from .needs import KICAD_LIBRARIES


@KICAD_LIBRARIES
def test_a_derived_symbol_has_the_pins_of_its_base_and_its_own_fields():
    symbol = library.symbol("Regulator_Switching:AP63203WU")
    assert symbol[1] == "Regulator_Switching:AP63203WU"
    assert find(symbol, "extends") is None
    assert [body[1] for body in find_all(symbol, "symbol")] == ["AP63203WU_0_1", "AP63203WU_1_1"]
    assert {pin.name for pin in library.pins("Regulator_Switching:AP63203WU")} == {"IN", "EN", "GND", "SW", "BST", "FB"}
    assert "3.3V" in library.default_field("Regulator_Switching:AP63203WU", "Description")


def test_our_own_symbols_need_no_kicad(monkeypatch, tmp_path):
    monkeypatch.setenv("KICAD_SHARE", str(tmp_path / "nothing"))
    pins = {pin.number: (pin.name, pin.kind) for pin in library.pins("Haochaping:TPS2553DBV")}
    assert pins["5"] == ("ILIM", "passive") and pins["6"] == ("OUT", "power_out")
    assert {pin.name: pin.kind for pin in library.pins("Haochaping:MAX98357A")}["PAD"] == "passive"


@KICAD_LIBRARIES
def test_pads_say_where_they_are():
    pads = {pad.number: pad for pad in library.pads("Resistor_SMD:R_0603_1608Metric")}
    assert set(pads) == {"1", "2"}
    assert pads["1"].x == -pads["2"].x < 0 and pads["1"].kind == "smd"
    holes = [pad for pad in library.pads("MountingHole:MountingHole_3.2mm_M3") if pad.kind == "np_thru_hole"]
    assert [hole.drill for hole in holes] == [3.2]


def test_libraries_that_are_absent_are_a_missing_tool(monkeypatch, tmp_path):
    monkeypatch.setenv("KICAD_SHARE", str(tmp_path / "nothing"))
    with pytest.raises(ToolMissing, match="kicad-symbols"):
        library.symbol_file("Device")
    with pytest.raises(ToolMissing, match="kicad-footprints"):
        library.footprint_folder("Resistor_SMD")


@KICAD_LIBRARIES
@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda: library.symbol("Device:Rezistor"), "Device:Rezistor: no such symbol"),
        (lambda: library.symbol("Devise:R"), "Devise.kicad_sym: neither in"),
        (lambda: library.symbol("R"), "expected Library:Name"),
        (lambda: library.footprint("Resistor_SMD:R_0604"), "Resistor_SMD:R_0604: no such footprint"),
    ],
)
def test_what_no_library_has_is_named(ask, complaint):
    with pytest.raises(HardwareError, match=complaint):
        ask()
