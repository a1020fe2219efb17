"""What the circuit says about its power, and that the budget counts the parts that it has."""

from dataclasses import replace

import pytest

from hardware.circuit.blocks import BLOCKS
from hardware.part import HardwareError
from hardware.power import budget, facts

PARTS = tuple(part for block in BLOCKS for part in block.parts)
BUDGET = budget.read()


def changed(which, **values):
    assert any(part.ref == which for part in PARTS)
    return tuple(replace(part, **values) if part.ref == which else part for part in PARTS)


def without(*refs):
    return tuple(part for part in PARTS if part.ref not in refs)


def test_what_this_circuit_says():
    found = facts.of(PARTS, BUDGET)
    assert found.gain_db == 3
    assert 3e-6 < found.inductance_h < 10e-6
    assert found.microfarad["VBUS_F"] <= BUDGET.supply.free_uf
    assert found.microfarad["+5V"] > 47


def test_the_load_switch_limits_as_its_data_sheet_says_of_r103():
    """TPS2553: 25230 / kΩ^1.016 mA at least and 22980 / kΩ^0.94 mA at most, with a resistor that is 1 % off."""
    (r103,) = (part for part in PARTS if part.ref == "R103")
    kilohm = float(r103.value.removesuffix("k"))
    least, most = 25230 / (kilohm * 1.01) ** 1.016, 22980 / (kilohm * 0.99) ** 0.94
    assert least - 10 < BUDGET.switch.limit_ma <= least
    assert f"Limit {BUDGET.switch.limit_ma / 1000:.2f} to {most / 1000:.2f} A" in r103.notes
    sheet = " ".join(words for block in BLOCKS if block.name == "power" for _, _, words in block.words)
    assert f"limits to {BUDGET.switch.limit_ma / 1000:.2f} .. {most / 1000:.2f} A" in sheet


@pytest.mark.parametrize(
    ("parts", "gain"),
    [
        (changed("R701", value="0R"), 6),
        (changed("R701", nets={"1": "AMP_GAIN", "2": "GND"}), 15),
        (changed("R701", value="0R", nets={"1": "AMP_GAIN", "2": "GND"}), 12),
    ],
)
def test_the_gain_is_read_from_its_strap(parts, gain):
    assert facts.of(parts, BUDGET).gain_db == gain


def test_a_strap_that_means_nothing_is_named():
    with pytest.raises(HardwareError, match="U11 pin GAIN_SLOT: AMP_GAIN means no gain"):
        facts.of(changed("R701", value="47k"), BUDGET)
    with pytest.raises(HardwareError, match="U11 pin GAIN_SLOT: the net AMP_GAIN is no strap"):
        facts.of(without("R701"), BUDGET)


def test_a_part_without_figures_is_named():
    more = (*PARTS, replace(next(part for part in PARTS if part.ref == "U10"), ref="U12", value="LoRa"))
    with pytest.raises(HardwareError) as error:
        facts.of(more, BUDGET)
    assert str(error.value) == "U12 (LoRa) has no figures in power/budget.toml; count it, or say why not"


def test_figures_without_a_part_are_named():
    with pytest.raises(HardwareError, match="power/budget.toml counts U7, and the circuit has no such part"):
        facts.of(without("U7"), BUDGET)


def test_a_state_that_uses_what_its_variant_leaves_out_is_named():
    states = BUDGET.states | {"join": replace(BUDGET.states["join"], uses=BUDGET.states["idle-ethernet"].uses)}
    with pytest.raises(HardwareError, match=r"\[states.join\] uses ethernet, which 'wifi' leaves out"):
        facts.of(PARTS, replace(BUDGET, states=states))
    states = BUDGET.states | {"join": replace(BUDGET.states["join"], variant="zigbee")}
    with pytest.raises(HardwareError, match="is of no variant of bom.py: 'zigbee'"):
        facts.of(PARTS, replace(BUDGET, states=states))
