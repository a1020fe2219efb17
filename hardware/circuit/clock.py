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
    capacitor("C601", "100nF", "+3V3", (160.02, 63.5, 0)),
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
    test_point("TP23", "I2C_SDA", (101.6, 116.84, 270)),
    test_point("TP24", "I2C_SCL", (101.6, 124.46, 270)),
    test_point("TP25", "VBAT", (101.6, 132.08, 270)),
)  # fmt: skip

BLOCK = Block("clock", "Clock and secure element", PARTS, flags=("VBAT",), apart=("U10",))
