"""Service: reset and boot keys, the console, holes, fiducials. Inside the case."""

from hardware.circuit.parts import resistor, test_point
from hardware.part import Block, Part

_PLACE = (0.0, 0.0, 0)


def _key(ref: str, value: str, net: str) -> Part:
    return Part(
        ref=ref, symbol="Switch:SW_Push", value=value, footprint="Button_Switch_SMD:SW_SPST_B3U-1000P",
        nets={"1": net, "2": "GND"}, sheet=_PLACE, stock="b3u-1000p",
    )  # fmt: skip


def _hole(number: int) -> Part:
    return Part(f"H{number}", "Mechanical:MountingHole", "M3", "MountingHole:MountingHole_3.2mm_M3", {}, _PLACE)


def _fiducial(number: int) -> Part:
    return Part(f"FID{number}", "Mechanical:Fiducial", "Fiducial", "Fiducial:Fiducial_1mm_Mask2mm", {}, _PLACE)


PARTS = (
    _key("SW6", "RESET", "EN"),
    _key("SW7", "BOOT", "BOOT"),
    Part(
        ref="J2", symbol="Connector_Generic:Conn_01x04", value="UART",
        footprint="Connector_PinHeader_2.54mm:PinHeader_1x04_P2.54mm_Vertical",
        nets={"1": "+3V3", "2": "TX", "3": "RX", "4": "GND"}, sheet=_PLACE, stock="pin-header-1x04",
        notes="Pin 1 is for measuring: an adapter must not feed it.",
    ),
    resistor("R801", "470R", "UART_TX", "TX", _PLACE, notes="An adapter must not feed an unpowered board through RX."),
    resistor("R802", "470R", "UART_RX", "RX", _PLACE),
    test_point("TP7", "EN", _PLACE),
    test_point("TP8", "BOOT", _PLACE),
    test_point("TP9", "UART_TX", _PLACE),
    test_point("TP10", "UART_RX", _PLACE),
    test_point("TP11", "GND", _PLACE),
    *(_hole(number) for number in range(1, 5)),
    *(_fiducial(number) for number in range(1, 4)),
)  # fmt: skip

BLOCK = Block("service", "Service: keys, console, mechanics", PARTS)
