"""The five stars: a key and a light each, one star first."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part

_PLACE = (0.0, 0.0, 0)


def _star(number: int) -> tuple[Part, ...]:
    key, net = f"KEY{number}", f"BTN{number}"
    after = f"LED_D{number}" if number < 5 else "LED_END"
    return (
        Part(
            ref=f"D{number}", symbol="LED:WS2812B", value="WS2812B",
            footprint="LED_SMD:LED_WS2812B_PLCC4_5.0x5.0mm_P3.2mm",
            nets={"VDD": "+5V", "VSS": "GND", "DIN": f"LED_D{number - 1}", "DOUT": after},
            sheet=_PLACE, stock="ws2812b",
        ),
        capacitor(f"C30{number}", "100nF", "+5V", _PLACE),
        Part(
            ref=f"SW{number}", symbol="Switch:SW_Push", value=f"STAR {number}",
            footprint="Button_Switch_THT:SW_SPST_Omron_B3F-40xx", nets={"1": key, "2": "GND"},
            sheet=_PLACE, stock="b3f-4055",
        ),
        resistor(f"R30{number}", "3.3k", "+3V3", key, _PLACE, notes="1 mA, the least that the switch is rated for."),
        resistor(f"R31{number}", "1k", key, net, _PLACE, notes="0.1 ms down, 0.4 ms up; what is left of a discharge."),
        capacitor(f"C31{number}", "100nF", net, _PLACE),
        test_point(f"TP{11 + number}", net, _PLACE),
    )  # fmt: skip


PARTS = (
    Part(
        ref="U5", symbol="74xGxx:74AHCT1G125", value="74AHCT1G125", footprint="Package_TO_SOT_SMD:SOT-23-5",
        nets={"1": "GND", "2": "LED_DATA", "3": "GND", "4": "LED_5V", "5": "+5V"},
        sheet=_PLACE, stock="74ahct1g125", notes="A WS2812B at 5 V wants 3.5 V for a one; the ESP32 gives 3.3 V.",
    ),
    capacitor("C321", "100nF", "+5V", _PLACE),
    resistor("R321", "330R", "LED_5V", "LED_D0", _PLACE, notes="Damps the line to the first light."),
    resistor("R322", "100k", "LED_DATA", "GND", _PLACE, notes="Quiet until the firmware runs."),
    Part(
        ref="C322", symbol="Device:C_Polarized", value="47uF 16V", footprint="Capacitor_SMD:CP_Elec_6.3x5.4",
        nets={"1": "+5V", "2": "GND"}, sheet=_PLACE, stock="c-elec-47u-16v", notes="All lights switch at once.",
    ),
    Part(
        ref="U6", symbol="Power_Protection:ESDA6V1-5SC6", value="ESDA6V1-5SC6",
        footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"IO1": "KEY1", "IO2": "KEY2", "IO3": "KEY3", "IO4": "KEY4", "IO5": "KEY5", "GND": "GND"},
        sheet=_PLACE, stock="esda6v1-5sc6", notes="For a charged finger that finds the gap round a key.",
    ),
    *(part for number in range(1, 6) for part in _star(number)),
    test_point("TP17", "LED_DATA", _PLACE),
    test_point("TP18", "LED_END", _PLACE),
)  # fmt: skip

BLOCK = Block("stars", "Stars: keys and lights", PARTS)
