"""Service: reset and boot keys, the console, holes, fiducials. Inside the case."""

from hardware.circuit.parts import resistor, test_point
from hardware.part import Block, Part


def _key(ref: str, value: str, net: str, y: float) -> Part:
    return Part(
        ref=ref, symbol="Switch:SW_Push", value=value, footprint="Button_Switch_SMD:SW_SPST_B3U-1000P",
        nets={"1": net, "2": "GND"}, sheet=(60.96, y, 0), stock="b3u-1000p",
    )  # fmt: skip


def _hole(number: int) -> Part:
    place = (40.64 + 20.32 * number, 116.84, 0)
    return Part(f"H{number}", "Mechanical:MountingHole", "M3", "MountingHole:MountingHole_3.2mm_M3", {}, place)


def _fiducial(number: int) -> Part:
    place = (40.64 + 20.32 * number, 139.7, 0)
    return Part(f"FID{number}", "Mechanical:Fiducial", "Fiducial", "Fiducial:Fiducial_1mm_Mask2mm", {}, place)


PARTS = (
    _key("SW6", "RESET", "EN", 50.8),
    _key("SW7", "BOOT", "BOOT", 68.58),
    Part(
        ref="J2", symbol="Connector_Generic:Conn_01x04", value="UART",
        footprint="Connector_PinHeader_2.54mm:PinHeader_1x04_P2.54mm_Vertical",
        nets={"1": "+3V3", "2": "TX", "3": "RX", "4": "GND"}, sheet=(137.16, 50.8, 0), stock="pin-header-1x04",
        notes="Pin 1 is for measuring: an adapter must not feed it.",
    ),
    resistor(
        "R801", "470R", "UART_TX", "TX", (114.3, 50.8, 90),
        notes="An adapter must not feed an unpowered board through RX.",
    ),
    resistor("R802", "470R", "UART_RX", "RX", (114.3, 60.96, 90)),
    test_point("TP7", "EN", (213.36, 45.72, 270)),
    test_point("TP8", "BOOT", (213.36, 53.34, 270)),
    test_point("TP9", "UART_TX", (213.36, 60.96, 270)),
    test_point("TP10", "UART_RX", (213.36, 68.58, 270)),
    test_point("TP11", "GND", (213.36, 78.74, 0)),
    *(_hole(number) for number in range(1, 5)),
    *(_fiducial(number) for number in range(1, 4)),
)  # fmt: skip

BLOCK = Block(
    "service",
    "Service: keys, console, mechanics",
    PARTS,
    words=(
        (40.64, 33.02, "Keys inside the case\nBOOT held while RESET is pressed: load by USB."),
        (
            101.6,
            33.02,
            "Console\n"
            "115200 baud, 3.3 V. R801 and R802: an adapter does not feed\n"
            "a board without supply. Pin 1 is for measuring only.",
        ),
        (200.66, 33.02, "Test points\nOn the back, for the jig."),
        (
            40.64,
            101.6,
            "Mechanics\nFour M3 screws into the bosses of the face, from behind; three fiducials for assembly.",
        ),
    ),
)
