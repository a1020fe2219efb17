"""The battery clock and, as the option ``secure-element``, a chip that keeps keys."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part

_PLACE = (0.0, 0.0, 0)

PARTS = (
    Part(
        ref="U9", symbol="Timer_RTC:DS3231MZ", value="DS3231M", footprint="Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
        nets={"VCC": "+3V3", "GND": "GND", "VBAT": "VBAT", "SDA": "I2C_SDA", "SCL": "I2C_SCL"},
        sheet=_PLACE, stock="ds3231mz",
        notes="No diode in VBAT: the chip is safe against charging a lithium cell.",
    ),
    capacitor("C601", "100nF", "+3V3", _PLACE),
    Part(
        ref="BT1", symbol="Device:Battery_Cell", value="CR2032", footprint="Battery:BatteryHolder_Keystone_1058_1x2032",
        nets={"1": "VBAT", "2": "GND"}, sheet=_PLACE, stock="keystone-1058",
        notes="On the back, behind the hatch of the base.",
    ),
    capacitor("C602", "100nF", "VBAT", _PLACE, notes="Holds the clock while the contacts bounce."),
    resistor("R601", "4.7k", "+3V3", "I2C_SDA", _PLACE, notes="400 kHz, less than 100 pF."),
    resistor("R602", "4.7k", "+3V3", "I2C_SCL", _PLACE),
    Part(
        ref="U10", symbol="Security:ATECC608B-SSHDA", value="ATECC608B",
        footprint="Package_SO:SOIC-8_3.9x4.9mm_P1.27mm",
        nets={"VCC": "+3V3", "GND": "GND", "SDA": "I2C_SDA", "SCL": "I2C_SCL"}, sheet=_PLACE,
        stock="atecc608b-sshda", option="secure-element",
    ),
    capacitor("C603", "100nF", "+3V3", _PLACE, option="secure-element"),
    test_point("TP23", "I2C_SDA", _PLACE),
    test_point("TP24", "I2C_SCL", _PLACE),
    test_point("TP25", "VBAT", _PLACE),
)  # fmt: skip

BLOCK = Block("clock", "Clock and secure element", PARTS, flags=("VBAT",))
