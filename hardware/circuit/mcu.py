"""The ESP32-S3 module. Which GPIO a net has stands in ``hardware/pinout.toml`` and nowhere else."""

from hardware.circuit.parts import capacitor, resistor
from hardware.part import Block, Part
from hcp import pinout

#: Nets of pins that the pin map does not give away: supply, USB, console, and the strap that chooses the boot mode.
_FIXED = {
    "GND": "GND", "3V3": "+3V3", "EN": "EN", "IO0": "BOOT",
    "USB_D-": "USB_DM", "USB_D+": "USB_DP", "TXD0": "UART_TX", "RXD0": "UART_RX",
}  # fmt: skip

PARTS = (
    Part(
        ref="U1", symbol="RF_Module:ESP32-S3-WROOM-1", value="ESP32-S3-WROOM-1-N16R8",
        footprint="Haochaping:ESP32-S3-WROOM-1",
        nets=_FIXED | {
            f"IO{pin.gpio}": pin.net for pin in pinout.parse(pinout.SOURCE.read_text(encoding="utf-8"))
        },
        sheet=(139.7, 93.98, 0), stock="esp32-s3-wroom-1-n16r8",
        notes="IO3, IO45 and IO46 are straps that stay open: their own pulls choose what we want.",
    ),
    capacitor("C201", "22uF", "+3V3", (165.1, 48.26, 0), size="0805", notes="The radio takes 0.5 A at once."),
    capacitor("C202", "100nF", "+3V3", (180.34, 48.26, 0)),
    resistor("R201", "10k", "+3V3", "EN", (106.68, 50.8, 0), notes="10 ms: EN rises after the supply."),
    capacitor("C203", "1uF", "EN", (93.98, 62.23, 0)),
    resistor("R202", "10k", "+3V3", "BOOT", (83.82, 68.58, 0), notes="High: starts from its flash."),
)  # fmt: skip

BLOCK = Block(
    "mcu",
    "ESP32-S3 module",
    PARTS,
    words=(
        (
            200.66,
            68.58,
            "Pins\n"
            "Which GPIO a net has stands in hardware/pinout.toml;\n"
            "firmware, schematic and wiring guide are made from it.\n"
            "IO35, IO36 and IO37 belong to the octal PSRAM.\n"
            "IO19 and IO20 are the module's own USB.",
        ),
        (
            200.66,
            93.98,
            "Straps\n"
            "IO0 high: starts from its flash. SW7 pulls it low.\n"
            "IO3, IO45 and IO46 stay open: their own pulls choose\n"
            "3.3 V for the flash and the usual start.",
        ),
        (40.64, 43.18, "Reset\nEN rises 10 ms after the supply."),
        (
            200.66,
            43.18,
            "Supply\n"
            "At pin 2. The radio takes 0.5 A at once.\n"
            "The antenna keeps 15 mm free of copper, parts\n"
            "and screws; it looks over the board's edge.",
        ),
    ),
)
