"""The circuit: what has to be true of it, and what its checks say when it is not."""

from dataclasses import replace

import pytest

from hardware.circuit import BLOCKS, circuit
from hardware.circuit.check import check
from hardware.part import HardwareError
from hcp import pinout

from .needs import KICAD_LIBRARIES

pytestmark = KICAD_LIBRARIES

PINS = pinout.SOURCE.read_text(encoding="utf-8")


def with_part(which, **changes):
    """The blocks with one part changed; ``nets`` are changed one by one, None leaves a pin open."""

    def change(part):
        nets = {**part.nets, **changes.get("nets", {})}
        return replace(part, **{**changes, "nets": {pin: net for pin, net in nets.items() if net}})

    return [
        replace(block, parts=tuple(change(part) if part.ref == which else part for part in block.parts))
        for block in BLOCKS
    ]


def test_the_circuit_of_this_tree_holds():
    whole = check()
    assert set(whole.nets["KEY1"]) == {("R301", "2"), ("R311", "1"), ("SW1", "1"), ("U6", "1")}
    assert whole.net_of("U1", "4") == "BTN1"
    assert whole.net_of("J1", "A8") is None


def test_all_pins_of_a_name_are_joined():
    whole = circuit()
    assert {("J1", pin) for pin in ("A4", "A9", "B4", "B9")} <= set(whole.nets["VBUS"])


def test_the_network_can_be_left_out():
    fitted = [part for block in BLOCKS for part in block.parts if part.option == ""]
    assert not any(part.ref in ("U7", "J4", "Y1") for part in fitted)


def test_options_are_few():
    assert {part.option for block in BLOCKS for part in block.parts} == {"", "ethernet", "secure-element"}


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        (with_part("R302", nets={"2": "KEY9"}), "net KEY9 has one pin only, R302 pin 2"),
        (with_part("R302", nets={"3": "KEY2"}), r"R302 \(Device:R\) has no pin 3; it has ~=1, ~=2"),
        (with_part("R302", ref="R301"), "R301 is used twice"),
        (with_part("U1", nets={"IO45": "AMP_SD"}), "net AMP_SD belongs to U1 pin IO1 .* it is at IO1, IO45"),
        (
            with_part("U1", nets={"IO45": "AMP_GAIN"}),
            r"U1 pin IO45 is reserved \(VDD_SPI strap\), it is joined to AMP_",
        ),
        (with_part("C601", value="100nF", nets={"1": "VBAT"}), r"\+3V3 feeds U9 in clock but has 0 capacitors"),
        (with_part("R301", stock=""), r"R301 \(3.3k\) has no stock key"),
        (with_part("U9", footprint="Package_TO_SOT_SMD:SOT-23-6"), "U9: .* do not fit: pins without a pad"),
    ],
)
def test_a_mistake_is_named(blocks, complaint):
    with pytest.raises(HardwareError, match=complaint):
        check(blocks)


def test_a_pin_swapped_in_the_pin_map_is_named():
    swapped = PINS.replace("BTN1 = { gpio = 4", "BTN1 = { gpio = 5").replace("BTN2 = { gpio = 5", "BTN2 = { gpio = 4")
    assert swapped != PINS
    with pytest.raises(HardwareError, match=r"net BTN1 belongs to U1 pin IO5 \(pinout.toml\), it is at IO4"):
        check(pins=swapped)
