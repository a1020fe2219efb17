"""Power: USB-C in, what protects it, 5 V behind a limited soft start, 3.3 V from a buck."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part

PARTS = (
    Part(
        ref="J1", symbol="Connector:USB_C_Receptacle_USB2.0_16P", value="USB-C",
        footprint="Haochaping:USB_C_Receptacle_HRO_TYPE-C-31-M-12",
        nets={
            "VBUS": "VBUS", "GND": "GND", "SHIELD": "GND", "CC1": "CC1", "CC2": "CC2", "D+": "USB_DP", "D-": "USB_DM",
        },
        sheet=(38.1, 109.22, 0), stock="usb-c-type-c-31-m-12",
        notes="The shell goes straight to GND: the case is plastic, a discharge ends in the ground plane.",
    ),
    resistor(
        "R101", "5.1k", "CC1", "GND", (83.82, 96.52, 90),
        notes="Rd of a USB-C sink; one for each way round of the plug.",
    ),
    resistor("R102", "5.1k", "CC2", "GND", (68.58, 101.6, 90)),
    Part(
        ref="U4", symbol="Power_Protection:USBLC6-2SC6", value="USBLC6-2SC6", footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"I/O1": "USB_DP", "I/O2": "USB_DM", "GND": "GND", "VBUS": "VBUS"},
        sheet=(88.9, 121.92, 0), stock="usblc6-2sc6",
        notes="CC1 and CC2 have no array: behind them is nothing but 5.1k.",
    ),
    Part(
        ref="D6", symbol="Diode:SMF5V0A", value="SMF5.0A", footprint="Diode_SMD:D_SMF",
        nets={"1": "VBUS", "2": "GND"}, sheet=(30.48, 48.26, 270), stock="smf5v0a",
        notes="Cathode (1) at VBUS: takes the ringing of a long cable at plug-in and the cable's discharges.",
    ),
    Part(
        ref="F1", symbol="Haochaping:Polyfuse", value="1.1A hold", footprint="Fuse:Fuse_1206_3216Metric",
        nets={"1": "VBUS", "2": "VBUS_F"}, sheet=(48.26, 40.64, 90), stock="polyfuse-1206-1a1",
        notes="For a short in the switch itself; the switch limits everything behind it.",
    ),
    capacitor("C101", "4.7uF", "VBUS_F", (63.5, 48.26, 0), size="0805", notes="USB allows 1 to 10 uF at the plug."),
    Part(
        ref="U2", symbol="Haochaping:TPS2553DBV", value="TPS2553", footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"IN": "VBUS_F", "EN": "VBUS_F", "ILIM": "ILIM", "GND": "GND", "OUT": "+5V"},
        sheet=(88.9, 43.18, 0), stock="tps2553dbv",
        notes="Some 70 uF stand behind it, more than USB allows at plug-in: it brings them up in about 1 ms.",
    ),
    resistor(
        "R103", "27k", "ILIM", "GND", (73.66, 54.61, 0),
        notes="Limit 0.87 to 1.05 A (the data sheet's formulas, 1 % of R103): above every peak, below the fuse.",
    ),
    capacitor("C102", "10uF", "+5V", (119.38, 48.26, 0), size="0805", notes="Input of the buck; at its pins."),
    capacitor("C103", "100nF", "+5V", (132.08, 48.26, 0)),
    Part(
        ref="U3", symbol="Regulator_Switching:AP63203WU", value="AP63203", footprint="Package_TO_SOT_SMD:TSOT-23-6",
        nets={"IN": "+5V", "EN": "+5V", "GND": "GND", "SW": "SW", "BST": "BST", "FB": "+3V3"},
        sheet=(157.48, 43.18, 0), stock="ap63203wu", notes="3.3 V fixed, 2 A, 1.1 MHz, soft start of its own.",
    ),
    capacitor("C104", "100nF", "BST", (180.34, 33.02, 90), b="SW"),
    Part(
        ref="L1", symbol="Device:L", value="4.7uH", footprint="Inductor_SMD:L_Changjiang_FNR5040S",
        nets={"1": "SW", "2": "+3V3"}, sheet=(198.12, 40.64, 90), stock="l-5040-4u7",
        notes="The data sheet says 3.9 uH; the next common value gives less ripple, 0.22 A at 5 V.",
    ),
    capacitor("C105", "22uF", "+3V3", (210.82, 48.26, 0), size="0805"),
    capacitor("C106", "22uF", "+3V3", (226.06, 48.26, 0), size="0805"),
    test_point("TP1", "VBUS", (165.1, 109.22, 180)),
    test_point("TP2", "+5V", (180.34, 109.22, 180)),
    test_point("TP3", "+3V3", (195.58, 109.22, 180)),
    test_point("TP4", "GND", (210.82, 109.22, 0)),
    test_point("TP5", "USB_DP", (246.38, 104.14, 270)),
    test_point("TP6", "USB_DM", (246.38, 111.76, 270)),
)  # fmt: skip

BLOCK = Block(
    "power",
    "Power: USB-C, protection, 5 V and 3.3 V",
    PARTS,
    flags=("VBUS", "VBUS_F", "+3V3", "GND"),
    words=(
        (
            22.86,
            22.86,
            "Fuse, soft start, +5V\n"
            "D6 takes the ringing of a long cable and its discharges; F1 is for a short in U2.\n"
            "U2 limits to 0.87 .. 1.05 A (27k) and raises +5V in about 1 ms: some 70 uF\n"
            "stand behind it, and USB allows 10 uF at the plug.",
        ),
        (
            160.02,
            62.23,
            "Buck, +3V3\n"
            "2 A for radio, display and W5500. The output is fixed: FB senses the rail.\n"
            "4.7 uH gives 0.22 A of ripple at 1.1 MHz.\n"
            "No lamp shows the power: nothing may shine beside the stars.",
        ),
        (
            22.86,
            147.32,
            "USB-C\n"
            "5.1k on each CC: a sink of 5 V, whichever way the plug is turned. Behind CC is nothing to protect.\n"
            "The shell goes straight to GND, as the case is plastic. D+ and D- pass U4 on their way to the module.",
        ),
        (160.02, 92.71, "Test points\nBare pads on the back for the pins of the jig."),
    ),
    apart=("U4.4", "U4.6"),
)
