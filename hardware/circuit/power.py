"""Power: USB-C in, what protects it, 5 V behind a limited soft start, 3.3 V from a buck."""

from hardware.circuit.parts import capacitor, resistor, test_point
from hardware.part import Block, Part

_PLACE = (0.0, 0.0, 0)

PARTS = (
    Part(
        ref="J1", symbol="Connector:USB_C_Receptacle_USB2.0_16P", value="USB-C",
        footprint="Connector_USB:USB_C_Receptacle_HRO_TYPE-C-31-M-12",
        nets={
            "VBUS": "VBUS", "GND": "GND", "SHIELD": "GND", "CC1": "CC1", "CC2": "CC2", "D+": "USB_DP", "D-": "USB_DM",
        },
        sheet=_PLACE, stock="usb-c-type-c-31-m-12",
        notes="The shell goes straight to GND: the case is plastic, a discharge ends in the ground plane.",
    ),
    resistor("R101", "5.1k", "CC1", "GND", _PLACE, notes="Rd of a USB-C sink; one for each way round of the plug."),
    resistor("R102", "5.1k", "CC2", "GND", _PLACE),
    Part(
        ref="U4", symbol="Power_Protection:USBLC6-2SC6", value="USBLC6-2SC6", footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"I/O1": "USB_DP", "I/O2": "USB_DM", "GND": "GND", "VBUS": "VBUS"},
        sheet=_PLACE, stock="usblc6-2sc6",
        notes="CC1 and CC2 have no array: behind them is nothing but 5.1k.",
    ),
    Part(
        ref="D6", symbol="Diode:SMF5V0A", value="SMF5.0A", footprint="Diode_SMD:D_SMF",
        nets={"1": "VBUS", "2": "GND"}, sheet=_PLACE, stock="smf5v0a",
        notes="Cathode (1) at VBUS: takes the ringing of a long cable at plug-in and the cable's discharges.",
    ),
    Part(
        ref="F1", symbol="Device:Polyfuse", value="1.1A hold", footprint="Fuse:Fuse_1206_3216Metric",
        nets={"1": "VBUS", "2": "VBUS_F"}, sheet=_PLACE, stock="polyfuse-1206-1a1",
        notes="For a short in the switch itself; the switch limits everything behind it.",
    ),
    capacitor("C101", "4.7uF", "VBUS_F", _PLACE, size="0805", notes="USB allows 1 to 10 uF at the plug."),
    Part(
        ref="U2", symbol="Haochaping:TPS2553DBV", value="TPS2553", footprint="Package_TO_SOT_SMD:SOT-23-6",
        nets={"IN": "VBUS_F", "EN": "VBUS_F", "ILIM": "ILIM", "GND": "GND", "OUT": "+5V"},
        sheet=_PLACE, stock="tps2553dbv",
        notes="Some 70 uF stand behind it, more than USB allows at plug-in: it brings them up in about 1 ms.",
    ),
    resistor("R103", "27k", "ILIM", "GND", _PLACE, notes="Limit 0.89 to 1.04 A: above every peak, below the fuse."),
    capacitor("C102", "10uF", "+5V", _PLACE, size="0805", notes="Input of the buck; at its pins."),
    capacitor("C103", "100nF", "+5V", _PLACE),
    Part(
        ref="U3", symbol="Regulator_Switching:AP63203WU", value="AP63203", footprint="Package_TO_SOT_SMD:TSOT-23-6",
        nets={"IN": "+5V", "EN": "+5V", "GND": "GND", "SW": "SW", "BST": "BST", "FB": "+3V3"},
        sheet=_PLACE, stock="ap63203wu", notes="3.3 V fixed, 2 A, 1.1 MHz, soft start of its own.",
    ),
    capacitor("C104", "100nF", "BST", _PLACE, b="SW"),
    Part(
        ref="L1", symbol="Device:L", value="4.7uH", footprint="Inductor_SMD:L_Changjiang_FNR5040S",
        nets={"1": "SW", "2": "+3V3"}, sheet=_PLACE, stock="l-5040-4u7",
        notes="The data sheet says 3.9 uH; the next common value gives less ripple, 0.22 A at 5 V.",
    ),
    capacitor("C105", "22uF", "+3V3", _PLACE, size="0805"),
    capacitor("C106", "22uF", "+3V3", _PLACE, size="0805"),
    test_point("TP1", "VBUS", _PLACE),
    test_point("TP2", "+5V", _PLACE),
    test_point("TP3", "+3V3", _PLACE),
    test_point("TP4", "GND", _PLACE),
    test_point("TP5", "USB_DP", _PLACE),
    test_point("TP6", "USB_DM", _PLACE),
)  # fmt: skip

BLOCK = Block("power", "Power: USB-C, protection, 5 V and 3.3 V", PARTS, flags=("VBUS", "VBUS_F", "+3V3", "GND"))
