"""The bill of materials: every part has a number, and each variant buys what it fits."""

import csv
import io
import json
from dataclasses import replace

import pytest

from hardware.bom import bom, build, stock
from hardware.circuit.blocks import BLOCKS
from hardware.part import HardwareError, Part

PARTS = tuple(part for block in BLOCKS for part in block.parts)
STOCK = stock.read()


def changed(which, **values):
    assert any(part.ref == which for part in PARTS)
    return tuple(replace(part, **values) if part.ref == which else part for part in PARTS)


def complaints(parts=PARTS, lines=STOCK):
    with pytest.raises(HardwareError) as error:
        bom.check(parts, lines)
    return str(error.value)


def test_this_circuit_can_be_bought():
    bom.check(PARTS, STOCK)


def test_a_part_without_a_number_is_named():
    assert complaints(changed("R101", stock="")) == (
        "R101 (5.1k) has no part number: give it a stock key of bom/parts.toml"
    )


def test_a_number_that_is_not_in_stock_is_named():
    assert "U3 (AP63203) is bought as 'ap63204', which bom/parts.toml does not have" in complaints(
        changed("U3", stock="ap63204")
    )


def test_a_line_that_nobody_uses_is_named():
    more = STOCK | {"r-0603-2m": replace(STOCK["r-0603-1m"], key="r-0603-2m")}
    assert complaints(lines=more) == "bom/parts.toml: nothing of the circuit is a 'r-0603-2m'"


def test_a_value_that_its_number_contradicts_is_named():
    words = complaints(changed("R101", value="51k"))
    assert "R101 is drawn as 51k, and RC0603FR-075K1L of 'r-0603-5k1' is something else" in words
    assert "0603WAF5101T5E" in words, "the alternate is wrong as well"


def test_a_size_that_its_number_contradicts_is_named():
    words = complaints(changed("R103", footprint="Resistor_SMD:R_0805_2012Metric"))
    assert "R103 lies on a 0805, and RC0603FR-0727KL of 'r-0603-27k' is a 0603" in words


def test_one_number_on_two_footprints_is_named():
    words = complaints(changed("SW7", footprint="Button_Switch_SMD:SW_SPST_TL3342"))
    assert "SW6 and SW7 are both 'b3u-1000p' and lie on Button_Switch_SMD:SW_SPST_B3U-1000P and" in words


def test_an_option_of_no_variant_is_named():
    assert "no variant has the option 'lora'" in complaints(changed("U10", option="lora"))


def test_a_name_given_twice_is_named():
    assert "two parts are called R102" in complaints(changed("R101", ref="R102"))


def test_holes_and_test_points_are_not_bought():
    assert not any(bom.is_bought(part) for part in PARTS if part.ref.startswith(("H", "FID", "TP")))
    assert all(bom.is_bought(part) for part in PARTS if part.stock)


@pytest.mark.parametrize("variant", bom.VARIANTS)
def test_every_part_is_fitted_or_left_out_once(variant):
    made = bom.lines(PARTS, STOCK, variant)
    refs = [ref for line in made for ref in line.refs + line.left_out]
    assert sorted(refs) == sorted(part.ref for part in PARTS if part.stock)
    options = {part.ref: part.option for part in PARTS}
    assert all(options[ref] in bom.VARIANTS[variant] | {""} for line in made for ref in line.refs)
    assert not any(options[ref] in bom.VARIANTS[variant] | {""} for line in made for ref in line.left_out)


def test_variants_differ_by_their_options():
    fitted = {v: {ref for line in bom.lines(PARTS, STOCK, v) for ref in line.refs} for v in bom.VARIANTS}
    assert "U7" in fitted["ethernet"] and "U7" not in fitted["wifi"]
    assert "U10" in fitted["wifi-secure-element"] and "U10" not in fitted["ethernet"]
    assert fitted["ethernet-secure-element"] == fitted["ethernet"] | fitted["wifi-secure-element"]


def test_refs_are_in_natural_order():
    assert sorted(["R10", "R2", "C1", "BT1", "R2A"], key=bom.natural) == ["BT1", "C1", "R2", "R2A", "R10"]
    (line,) = (line for line in bom.lines(PARTS, STOCK, "wifi") if line.stock.key == "b3f-4055")
    assert line.refs == ("SW1", "SW2", "SW3", "SW4", "SW5")
    assert line.value == line.stock.description, "five keys with names of their own are one line"


def test_the_csv_says_what_is_left_out():
    rows = list(csv.DictReader(io.StringIO(bom.as_csv(bom.lines(PARTS, STOCK, "wifi")))))
    assert tuple(rows[0]) == bom.COLUMNS
    by_refs = {row["Designator"]: row for row in rows}
    assert by_refs["SW1,SW2,SW3,SW4,SW5"]["Quantity"] == "5"
    assert (by_refs["U7"]["Quantity"], by_refs["U7"]["Fitted"]) == ("0", "DNP")
    assert (by_refs["C101"]["Fitted"], by_refs["C501"]["Fitted"]) == ("yes", "DNP"), "one number, two rows"
    assert all(row["Manufacturer Part Number"] and row["Alternate Part Number"] for row in rows)


def test_costs_add_up():
    part = Part("R1", "Device:R", "10k", "Resistor_SMD:R_0603_1608Metric", {}, (0, 0, 0), stock="r-0603-10k")
    made = bom.lines([part, replace(part, ref="R2")], STOCK, "wifi")
    assert bom.total(made) == pytest.approx(2 * STOCK["r-0603-10k"].cost_cny)


def test_what_is_built(tmp_path):
    sentence = build.build(tmp_path)
    assert sentence.startswith(f"{len(STOCK)} lines in 4 variants")
    document = json.loads((tmp_path / "bom.json").read_text(encoding="utf-8"))
    assert document["variants"]["ethernet"]["parts"] > document["variants"]["wifi"]["parts"]
    assert {line["mpn"] for line in document["variants"]["wifi"]["lines"]} == {one.first.mpn for one in STOCK.values()}
    page = (tmp_path / "bom.md").read_text(encoding="utf-8")
    assert all(one.first.mpn in page for one in STOCK.values())
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    build.build(tmp_path)
    assert first == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(first) == {"bom.json", "bom.md", *(f"bom-{variant}.csv" for variant in bom.VARIANTS)}
