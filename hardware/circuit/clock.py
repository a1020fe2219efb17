"""The battery clock and, as the option ``secure-element``, a chip that keeps keys."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part

PARTS = (
    Part(
        ref="U9", symbol="Timer_RTC:DS3231MZ", value="DS3231M", footprint="Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
        nets={"VCC": "+3V3", "GND": "GND", "VBAT": "VBAT", "SDA": "I2C_SDA", "SCL": "I2C_SCL"},
        sheet=(96.52, 68.58, 0), stock="ds3231mz",
        notes="No diode in VBAT: the chip is safe against charging a lithium cell.",
    ),
    capacitor("C601", "100nF", "+3V3", (154.94, 60.96, 0)),
    Part(
        ref="BT1", symbol="Device:Battery_Cell", value="CR2032", footprint="Battery:BatteryHolder_Keystone_1058_1x2032",
        nets={"1": "VBAT", "2": "GND"}, sheet=(137.16, 60.96, 0), stock="keystone-1058",
        notes="On the back, behind the hatch of the base.",
    ),
    capacitor("C602", "100nF", "VBAT", (124.46, 60.96, 0), notes="Holds the clock while the contacts bounce."),
    resistor("R601", "4.7k", "+3V3", "I2C_SDA", (48.26, 50.8, 0), notes="400 kHz, less than 100 pF."),
    resistor("R602", "4.7k", "+3V3", "I2C_SCL", (60.96, 50.8, 0)),
    Part(
        ref="U10", symbol="Security:ATECC608B-SSHDA", value="ATECC608B",
        footprint="Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
        nets={"VCC": "+3V3", "GND": "GND", "SDA": "I2C_SDA", "SCL": "I2C_SCL"}, sheet=(200.66, 68.58, 0),
        stock="atecc608b-sshda", option="secure-element",
    ),
    capacitor("C603", "100nF", "+3V3", (233.68, 68.58, 0), option="secure-element"),
    test_point("TP23", "I2C_SDA", (58.42, 119.38, 270)),
    test_point("TP24", "I2C_SCL", (91.44, 119.38, 270)),
    test_point("TP25", "VBAT", (121.92, 119.38, 270)),
)  # fmt: skip

BLOCK = Block(
    "clock",
    "Clock and secure element",
    PARTS,
    flags=("VBAT",),
    words=(
        (
            35.56,
            27.94,
            "Clock\n"
            "5 ppm from -45 to 85 degrees; the firmware reckons with 8. Ageing: to be checked in the data sheet.\n"
            "The cell is changed through the hatch of the base; C602 holds the clock while its contacts bounce.\n"
            "No diode: the chip is safe against charging a lithium cell.",
        ),
        (
            182.88,
            43.18,
            "Option secure-element\nATECC608B, address 0x60: keeps the device's key.",
        ),
        (35.56, 106.68, "Test points\nOn the back, for the jig."),
    ),
    apart=("U10",),
)
