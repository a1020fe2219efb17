"""The five stars: a key and a light each, one star first."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part


def _star(number: int) -> tuple[Part, ...]:
    x = 53.34 + 38.1 * number
    key, net = f"KEY{number}", f"BTN{number}"
    after = f"LED_D{number}" if number < 5 else "LED_END"
    return (
        Part(
            ref=f"D{number}", symbol="LED:WS2812B", value="WS2812B",
            footprint="LED_SMD:LED_WS2812B_PLCC4_5.0x5.0mm_P3.2mm",
            nets={"VDD": "+5V", "VSS": "GND", "DIN": f"LED_D{number - 1}", "DOUT": after},
            sheet=(x, 50.8, 0), stock="ws2812b",
        ),
        capacitor(f"C30{number}", "100nF", "+5V", (x, 73.66, 0)),
        Part(
            ref=f"SW{number}", symbol="Switch:SW_Push", value=f"STAR {number}",
            footprint="Haochaping:SW_SPST_Omron_B3F-40xx", nets={"1": key, "2": "GND"},
            sheet=(x - 7.62, 116.84, 270), stock="b3f-4055",
        ),
        resistor(
            f"R30{number}", "3.3k", "+3V3", key, (x - 7.62, 101.6, 0),
            notes="1 mA, the least that the switch is rated for.",
        ),
        resistor(
            f"R31{number}", "1k", key, net, (x + 2.54, 109.22, 90),
            notes="0.1 ms down, 0.4 ms up; what is left of a discharge.",
        ),
        capacitor(f"C31{number}", "100nF", net, (x + 8.89, 116.84, 0)),
        test_point(f"TP{11 + number}", net, (97.79 + 22.86 * number, 149.86, 270)),
    )  # fmt: skip


PARTS = (
    Part(
        ref="U5", symbol="74xGxx:74AHCT1G125", value="74AHCT1G125", footprint="Package_TO_SOT_SMD:SOT-23-5",
        nets={"1": "GND", "2": "LED_DATA", "3": "GND", "4": "LED_5V", "5": "+5V"},
        sheet=(50.8, 50.8, 0), stock="74ahct1g125",
        notes="A WS2812B at 5 V wants 3.5 V for a one; the ESP32 gives 3.3 V.",
    ),
    capacitor("C321", "100nF", "+5V", (50.8, 73.66, 0)),
    resistor("R321", "330R", "LED_5V", "LED_D0", (73.66, 50.8, 90), notes="Damps the line to the first light."),
    resistor("R322", "100k", "LED_DATA", "GND", (30.48, 60.96, 0), notes="Quiet until the firmware runs."),
    Part(
        ref="C322", symbol="Device:C_Polarized", value="47uF 16V", footprint="Capacitor_SMD:CP_Elec_6.3x5.4",
        nets={"1": "+5V", "2": "GND"}, sheet=(66.04, 73.66, 0), stock="c-elec-47u-16v",
        notes="All lights switch at once.",
    ),
    Part(
        ref="U6", symbol="Power_Protection:ESDA6V1-5SC6", value="ESDA6V1-5SC6",
        footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"IO1": "KEY1", "IO2": "KEY2", "IO3": "KEY3", "IO4": "KEY4", "IO5": "KEY5", "GND": "GND"},
        sheet=(60.96, 149.86, 0), stock="esda6v1-5sc6", notes="For a charged finger that finds the gap round a key.",
    ),
    *(part for number in range(1, 6) for part in _star(number)),
    test_point("TP17", "LED_DATA", (242.57, 149.86, 270)),
    test_point("TP18", "LED_END", (270.51, 149.86, 270)),
)  # fmt: skip

BLOCK = Block(
    "stars",
    "Stars: keys and lights",
    PARTS,
    words=(
        (
            22.86,
            20.32,
            "Lights\n"
            "A WS2812B at 5 V takes 3.5 V and more for a one, so U5 lifts the data; R321 damps the line.\n"
            "R322 keeps them dark until the firmware runs, which never sets more than a quarter of their brightness.",
        ),
        (
            91.44,
            87.63,
            "Keys, one star to five\n"
            "3.3k: 1 mA, the least that the switch is rated for. 1k and 100 nF: 0.1 ms down and 0.4 ms up, of the 50 ms"
            " that a light may take.",
        ),
        (22.86, 165.1, "ESD\nA charged finger finds the gap round a key: U6 takes it before the 1k."),
        (110.49, 139.7, "Test points\nOn the back; the jig presses a key by pulling its net low."),
    ),
    apart=("U6",),
)
