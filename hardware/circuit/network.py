"""The network: a W5500 and a magjack, all of it the option ``ethernet``. After WIZnet's reference design."""

from dataclasses import replace

from hardware.circuit.parts import bead, capacitor, resistor, test_point
from hardware.part import Block, Part

_PLACE = (0.0, 0.0, 0)

_OPTION = (
    Part(
        ref="U7", symbol="Interface_Ethernet:W5500", value="W5500", footprint="Package_QFP:LQFP-48_7x7mm_P0.5mm",
        nets={
            "TXP": "ETH_TXP", "TXN": "ETH_TXN", "RXP": "ETH_RXP", "RXN": "ETH_RXN",
            "AVDD": "ETH_3V3A", "AGND": "GND", "VDD": "+3V3", "GND": "GND",
            "EXRES1": "ETH_EXRES", "TOCAP": "ETH_TOCAP", "1V2O": "ETH_1V2", "23": "GND",
            "LINKLED": "ETH_LINK", "ACTLED": "ETH_ACT", "XI/CLKIN": "ETH_XI", "XO": "ETH_XO",
            "~{SCS}": "ETH_CS", "SCLK": "ETH_SCK_R", "MISO": "ETH_MISO_R", "MOSI": "ETH_MOSI_R",
            "~{INT}": "ETH_INT", "~{RST}": "ETH_RST", "PMODE0": "+3V3", "PMODE1": "+3V3", "PMODE2": "+3V3",
        },
        sheet=_PLACE, stock="w5500",
        notes="PMODE 111: everything, negotiated. Pin 23 has to be grounded; 18 (band gap) and 38 to 42 stay open.",
    ),
    resistor("R501", "33R", "ETH_SCK", "ETH_SCK_R", _PLACE, notes="Damped at the source: the bus crosses the board."),
    resistor("R502", "33R", "ETH_MOSI", "ETH_MOSI_R", _PLACE),
    resistor("R503", "33R", "ETH_MISO_R", "ETH_MISO", _PLACE),
    resistor("R504", "10k", "+3V3", "ETH_CS", _PLACE),
    resistor("R505", "10k", "+3V3", "ETH_RST", _PLACE),
    resistor("R506", "10k", "+3V3", "ETH_INT", _PLACE),
    resistor("R507", "12.4k", "ETH_EXRES", "GND", _PLACE, notes="1 %: sets the bias of the PHY."),
    capacitor("C501", "4.7uF", "ETH_TOCAP", _PLACE, size="0805", notes="Short track."),
    capacitor("C502", "10nF", "ETH_1V2", _PLACE),
    Part(
        ref="Y1", symbol="Device:Crystal_GND24", value="25MHz 18pF",
        footprint="Crystal:Crystal_SMD_3225-4Pin_3.2x2.5mm",
        nets={"1": "ETH_XI", "3": "ETH_XO", "G": "GND"}, sheet=_PLACE, stock="crystal-3225-25m",
    ),
    resistor("R508", "1M", "ETH_XI", "ETH_XO", _PLACE, notes="Without it the oscillator may not start."),
    capacitor("C503", "18pF", "ETH_XI", _PLACE),
    capacitor("C504", "18pF", "ETH_XO", _PLACE),
    bead("FB1", "+3V3", "ETH_3V3A", _PLACE, notes="Keeps the PHY's supply out of the logic's."),
    capacitor("C505", "10uF", "ETH_3V3A", _PLACE, size="0805"),
    *(capacitor(f"C{506 + n}", "100nF", "ETH_3V3A", _PLACE) for n in range(6)),
    capacitor("C512", "10uF", "+3V3", _PLACE, size="0805"),
    capacitor("C513", "100nF", "+3V3", _PLACE),
    resistor("R511", "49.9R", "ETH_TXP", "ETH_TCT", _PLACE),
    resistor("R512", "49.9R", "ETH_TXN", "ETH_TCT", _PLACE),
    resistor("R513", "10R", "ETH_3V3A", "ETH_TCT", _PLACE),
    capacitor("C514", "22nF", "ETH_TCT", _PLACE),
    capacitor("C515", "6.8nF", "ETH_RXP", _PLACE, b="ETH_RDP", notes="The receiver has a bias of its own."),
    capacitor("C516", "6.8nF", "ETH_RXN", _PLACE, b="ETH_RDN"),
    resistor("R514", "49.9R", "ETH_RDP", "ETH_RCT", _PLACE),
    resistor("R515", "49.9R", "ETH_RDN", "ETH_RCT", _PLACE),
    capacitor("C517", "10nF", "ETH_RCT", _PLACE),
    Part(
        ref="U8", symbol="Power_Protection:TPD4E05U06DQA", value="TPD4E05U06",
        footprint="Package_SON:USON-10_2.5x1.0mm_P0.5mm",
        nets={
            "1": "ETH_TXP", "10": "ETH_TXP", "2": "ETH_TXN", "9": "ETH_TXN",
            "4": "ETH_RDP", "7": "ETH_RDP", "5": "ETH_RDN", "6": "ETH_RDN", "GND": "GND",
        },
        sheet=_PLACE, stock="tpd4e05u06dqa",
        notes="0.5 pF and no diode to a supply, which the transmitter's swing above 3.3 V would open. The pairs run"
        " through it: opposite pads are joined.",
    ),
    Part(
        ref="J4", symbol="Connector:RJ45_Hanrun_HR911105A_Horizontal", value="HR911105A",
        footprint="Connector_RJ:RJ45_Hanrun_HR911105A_Horizontal",
        nets={
            "TD+": "ETH_TXP", "TD-": "ETH_TXN", "TCT": "ETH_TCT", "RD+": "ETH_RDP", "RD-": "ETH_RDN", "RCT": "ETH_RCT",
            "8": "ETH_SHIELD", "SH": "ETH_SHIELD", "12": "ETH_LED_ACT", "11": "ETH_ACT", "9": "ETH_LED_LINK",
            "10": "ETH_LINK",
        },
        sheet=_PLACE, stock="hr911105a",
    ),
    resistor("R516", "1k", "+3V3", "ETH_LED_LINK", _PLACE, notes="1 mA is enough for a lamp at the back."),
    resistor("R517", "1k", "+3V3", "ETH_LED_ACT", _PLACE),
    resistor("R518", "1M", "ETH_SHIELD", "GND", _PLACE, size="1206", notes="Drains the shield of an unearthed cable."),
    capacitor("C518", "1nF", "ETH_SHIELD", _PLACE, size="1206", stock="c-1206-1n-2kv", notes="2 kV."),
)  # fmt: skip

PARTS = (
    *(replace(part, option="ethernet") for part in _OPTION),
    test_point("TP19", "ETH_3V3A", _PLACE),
    test_point("TP20", "ETH_1V2", _PLACE),
    test_point("TP21", "ETH_RST", _PLACE),
    test_point("TP22", "ETH_INT", _PLACE),
)

BLOCK = Block("network", "Network: W5500 and magjack (option ethernet)", PARTS, flags=("ETH_3V3A", "ETH_SHIELD"))
