"""The network: a W5500 and a magjack, all of it the option ``ethernet``. After WIZnet's reference design."""

from dataclasses import replace

from hardware.circuit.parts import bead, capacitor, resistor, test_point
from hardware.part import Block, Part

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
        sheet=(111.76, 93.98, 0), stock="w5500",
        notes="PMODE 111: everything, negotiated. Pin 23 has to be grounded; 18 (band gap) and 38 to 42 stay open.",
    ),
    resistor(
        "R501", "33R", "ETH_SCK", "ETH_SCK_R", (68.58, 58.42, 90),
        notes="Damped at the source: the bus crosses the board.",
    ),
    resistor("R502", "33R", "ETH_MOSI", "ETH_MOSI_R", (68.58, 76.2, 90)),
    resistor("R503", "33R", "ETH_MISO_R", "ETH_MISO", (68.58, 67.31, 270)),
    resistor("R504", "10k", "+3V3", "ETH_CS", (30.48, 35.56, 0)),
    resistor("R505", "10k", "+3V3", "ETH_RST", (43.18, 35.56, 0)),
    resistor("R506", "10k", "+3V3", "ETH_INT", (55.88, 35.56, 0)),
    resistor("R507", "12.4k", "ETH_EXRES", "GND", (160.02, 118.11, 0), notes="1 %: sets the bias of the PHY."),
    capacitor("C501", "4.7uF", "ETH_TOCAP", (147.32, 125.73, 0), size="0805", notes="Short track."),
    capacitor("C502", "10nF", "ETH_1V2", (134.62, 130.81, 0)),
    Part(
        ref="Y1", symbol="Device:Crystal_GND24", value="25MHz",
        footprint="Crystal:Crystal_SMD_3225-4Pin_3.2x2.5mm",
        nets={"1": "ETH_XI", "3": "ETH_XO", "G": "GND"}, sheet=(66.04, 97.79, 270), stock="crystal-3225-25m",
    ),
    resistor("R508", "1M", "ETH_XI", "ETH_XO", (76.2, 97.79, 0), notes="Without it the oscillator may not start."),
    capacitor("C503", "18pF", "ETH_XI", (53.34, 90.17, 270)),
    capacitor("C504", "18pF", "ETH_XO", (53.34, 105.41, 270)),
    bead("FB1", "+3V3", "ETH_3V3A", (139.7, 30.48, 90), notes="Keeps the PHY's supply out of the logic's."),
    capacitor("C505", "10uF", "ETH_3V3A", (154.94, 43.18, 0), size="0805"),
    *(capacitor(f"C{506 + n}", "100nF", "ETH_3V3A", (167.64 + 12.7 * n, 43.18, 0)) for n in range(6)),
    capacitor("C512", "10uF", "+3V3", (83.82, 43.18, 0), size="0805"),
    capacitor("C513", "100nF", "+3V3", (96.52, 43.18, 0)),
    resistor("R511", "49.9R", "ETH_TXP", "ETH_TCT", (152.4, 58.42, 180)),
    resistor("R512", "49.9R", "ETH_TXN", "ETH_TCT", (162.56, 58.42, 180)),
    resistor("R513", "10R", "ETH_3V3A", "ETH_TCT", (175.26, 54.61, 0)),
    capacitor("C514", "22nF", "ETH_TCT", (187.96, 66.04, 0)),
    capacitor(
        "C515", "6.8nF", "ETH_RXP", (165.1, 83.82, 90), b="ETH_RDP",
        notes="The receiver has a bias of its own.",
    ),
    capacitor("C516", "6.8nF", "ETH_RXN", (157.48, 76.2, 90), b="ETH_RDN"),
    resistor("R514", "49.9R", "ETH_RXP", "ETH_RCT", (137.16, 93.98, 0)),
    resistor("R515", "49.9R", "ETH_RXN", "ETH_RCT", (147.32, 93.98, 0)),
    capacitor("C517", "10nF", "ETH_RCT", (175.26, 107.95, 0)),
    Part(
        ref="U8", symbol="Power_Protection:TPD4E05U06DQA", value="TPD4E05U06",
        footprint="Package_SON:USON-10_2.5x1.0mm_P0.5mm",
        nets={
            "1": "ETH_TXN", "10": "ETH_TXN", "2": "ETH_TXP", "9": "ETH_TXP",
            "4": "ETH_RDN", "7": "ETH_RDN", "5": "ETH_RDP", "6": "ETH_RDP", "GND": "GND",
        },
        sheet=(203.2, 132.08, 0), stock="tpd4e05u06dqa",
        notes="0.5 pF and no diode to a supply, which the transmitter's swing above 3.3 V would open. The pairs run"
        " through it: opposite pads are joined, in the order of the W5500's pins, so nothing crosses.",
    ),
    Part(
        ref="J4", symbol="Connector:RJ45_Hanrun_HR911105A_Horizontal", value="HR911105A",
        footprint="Connector_RJ:RJ45_Hanrun_HR911105A_Horizontal",
        nets={
            "TD+": "ETH_TXP", "TD-": "ETH_TXN", "TCT": "ETH_TCT", "RD+": "ETH_RDP", "RD-": "ETH_RDN", "RCT": "ETH_RCT",
            "8": "ETH_SHIELD", "SH": "ETH_SHIELD", "12": "ETH_LED_ACT", "11": "ETH_ACT", "9": "ETH_LED_LINK",
            "10": "ETH_LINK",
        },
        sheet=(228.6, 81.28, 0), stock="hr911105a",
    ),
    resistor("R516", "1k", "+3V3", "ETH_LED_LINK", (271.78, 74.93, 0), notes="1 mA is enough for a lamp at the back."),
    resistor("R517", "1k", "+3V3", "ETH_LED_ACT", (259.08, 64.77, 0)),
    resistor(
        "R518", "1M", "ETH_SHIELD", "GND", (238.76, 104.14, 0), size="1206",
        notes="Drains the shield of an unearthed cable.",
    ),
    capacitor("C518", "1nF", "ETH_SHIELD", (251.46, 104.14, 0), size="1206", stock="c-1206-1n-2kv", notes="2 kV."),
)  # fmt: skip

PARTS = (
    *(replace(part, option="ethernet") for part in _OPTION),
    test_point("TP19", "ETH_3V3A", (50.8, 124.46, 270)),
    test_point("TP20", "ETH_1V2", (50.8, 132.08, 270)),
    test_point("TP21", "ETH_RST", (50.8, 139.7, 270)),
    test_point("TP22", "ETH_INT", (50.8, 147.32, 270)),
)

BLOCK = Block(
    "network",
    "Network: W5500 and magjack (option ethernet)",
    PARTS,
    flags=("ETH_3V3A", "ETH_SHIELD"),
    words=(
        (
            22.86,
            19.05,
            "Option ethernet\nLeft out as a whole where the radio is used; only the test points are always there.",
        ),
        (
            137.16,
            19.05,
            "Supply of the PHY\nBehind a bead; 100 nF beside its pins.",
        ),
        (
            22.86,
            158.75,
            "Straps and pins\n"
            "PMODE 111: everything, negotiated. Pin 23 has to be grounded; 38 to 42 and VBG stay open.\n"
            "R508: without it the oscillator may not start. TOCAP, 1V2O and EXRES1: short tracks.",
        ),
        (
            200.66,
            111.76,
            "ESD\n0.5 pF, and no diode to a supply: the transmitter\nswings above 3.3 V. Both pairs run through it.",
        ),
        (
            22.86,
            172.72,
            "Cable\n"
            "The receiver has a bias of its own, so the cable's side is coupled by C515 and C516.\n"
            "The shield hangs on 1 nF, 2 kV and 1M: no earth is needed.",
        ),
    ),
    apart=("R504", "R505", "R506", "U8"),
)
