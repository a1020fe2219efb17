"""The display: a 2.8 inch SPI module with ILI9341 or ST7789 on a 14-pin socket; its touch pins stay open."""

from hardware.circuit.parts import capacitor, resistor
from hardware.part import Block, Part

PARTS = (
    Part(
        ref="J3", symbol="Connector_Generic:Conn_01x14", value="TFT 2.8in",
        footprint="Connector_PinSocket_2.54mm:PinSocket_1x14_P2.54mm_Vertical",
        nets={
            "1": "+3V3", "2": "GND", "3": "TFT_CS", "4": "TFT_RST", "5": "TFT_DC", "6": "TFT_MOSI_R", "7": "TFT_SCK_R",
            "8": "BACKLIGHT",
        },
        sheet=(203.2, 83.82, 0), stock="pin-socket-1x14",
        notes="VCC GND CS RESET DC MOSI SCK LED MISO, then five for touch. To be checked against the bought module.",
    ),
    resistor("R401", "33R", "TFT_SCK", "TFT_SCK_R", (157.48, 83.82, 90), notes="40 MHz: damped at the source."),
    resistor("R402", "33R", "TFT_MOSI", "TFT_MOSI_R", (134.62, 77.47, 90)),
    capacitor("C401", "10uF", "+3V3", (231.14, 78.74, 0), size="0805"),
    capacitor("C402", "100nF", "+3V3", (246.38, 78.74, 0)),
    Part(
        ref="Q2", symbol="Transistor_FET:AO3400A", value="AO3400A", footprint="Package_TO_SOT_SMD:SOT-23",
        nets={"G": "TFT_BL", "S": "GND", "D": "BL_GATE"}, sheet=(127, 119.38, 0), stock="ao3400a",
        notes="Turns the signal round, so that high is bright for the firmware.",
    ),
    Part(
        ref="Q3", symbol="Transistor_FET:AO3401A", value="AO3401A", footprint="Package_TO_SOT_SMD:SOT-23",
        nets={"G": "BL_GATE", "S": "+3V3", "D": "BACKLIGHT"}, sheet=(172.72, 106.68, 0), mirror=True, stock="ao3401a",
        notes="Switches up to 80 mA on the high side: right for modules that feed their LEDs from the LED pin, and for"
        " those with a transistor of their own.",
    ),
    resistor("R403", "1k", "+3V3", "BL_GATE", (152.4, 99.06, 0), notes="Off within 5 us of the 50 us period."),
    resistor("R404", "100k", "TFT_BL", "GND", (111.76, 127, 0), notes="Dark until the firmware runs."),
)  # fmt: skip

BLOCK = Block(
    "display",
    "Display",
    PARTS,
    words=(
        (
            40.64,
            38.1,
            "Module\n"
            "2.8 inch, 320 x 240, ILI9341 or ST7789, on a socket of 14 pins: VCC GND CS RESET DC MOSI SCK LED MISO,\n"
            "then five for touch. To be checked against the bought module before it is plugged in.\n"
            "It runs on 3.3 V; some modules want their jumper J1 closed then, which goes past their own regulator.\n"
            "Nothing is read back, so MISO stays open. 40 MHz: R401 and R402 damp at the source.",
        ),
        (
            40.64,
            147.32,
            "Backlight\n"
            "Up to 80 mA, four times what a GPIO gives. Q3 switches the high side: right for modules that feed\n"
            "their lamps from the LED pin, and for those that have a transistor there.\n"
            "Q2 turns the signal round, so that high is bright for the firmware.\n"
            "R403: off within 5 us of the 50 us period. R404: dark until the firmware runs.",
        ),
    ),
)
