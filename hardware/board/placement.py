"""Where every part lies, block by block. Millimetres in the frame of ``dimensions.toml``, turns against the clock.

Read it beside the picture: y = 0 is the rear edge with USB and network, the keys are at y = 76. What the case has to
meet stands where ``dimensions.toml`` says; the other parts' places are here.
"""

from hardware.board.geometry import Place
from hardware.dimensions import Dimensions


def places(d: Dimensions) -> dict[str, Place]:
    """Every part's place, by reference."""
    return {
        **_measured(d),
        **POWER_IN,
        **BUCK,
        **MCU,
        **SERVICE,
        **DISPLAY,
        **CLOCK,
        **LIGHTS,
        **KEYS,
        **NETWORK,
        **SOUND,
        **TEST_POINTS,
    }


def _measured(d: Dimensions) -> dict[str, Place]:
    """What case and panel have to meet: holes, the two mouths at the rear, the display's header, cell, keys, lights."""
    found = {f"H{number}": Place(*hole) for number, hole in enumerate(d.board.holes, 1)}
    found["J1"] = Place(d.rear.usb_x, 3.2, 180)  # its mouth 0.45 mm over the edge, towards the opening of the rear wall
    found["J4"] = Place(d.rear.ethernet_x + 4.44, 17.0, 180)  # its origin is pin 1
    found["J3"] = Place(d.display.header_x, d.display.centre[1] - 6.5 * 2.54)  # pin 1 of 14 in a column
    found["BT1"] = Place(*d.coin_cell.centre, back=True)
    for number, x in enumerate(d.keys.x, 1):
        found[f"SW{number}"] = Place(x - 6.25, d.keys.y - 2.5)  # its origin is pin 1; the button amid the four
    for number, x in enumerate(d.lights.x, 1):
        found[f"D{number}"] = Place(x, d.lights.y, 180)  # data in at the left, out at the right
        found[f"C30{number}"] = Place(x + 5.6, d.lights.y + 0.8, 90)
    return found


#: USB-C to 5 V, left to right along the rear edge: jack, arrester, fuse, switch. Turned so that current runs one way.
POWER_IN = {
    "U4": Place(40.0, 12.0, 90),  # D+ and D- run straight through it on their way to the module
    "R101": Place(43.0, 12.0, 270),
    "R102": Place(37.0, 12.0, 270),
    "D6": Place(46.9, 12.2, 270),
    "F1": Place(50.6, 9.6),
    "C101": Place(53.4, 12.9, 270),
    "U2": Place(57.2, 11.0),
    "R103": Place(59.2, 14.4),
}

#: The buck after its data sheet: the input capacitors across IN and GND, nothing in their loop; the switching node no
#: longer than from pin 5 to the choke; the output leaves at the far end.
BUCK = {
    "U3": Place(65.0, 12.0),
    "C103": Place(65.0, 15.0),
    "C102": Place(65.0, 17.2),
    "C104": Place(66.4, 9.3),
    "L1": Place(71.2, 12.0),
    "C105": Place(76.0, 10.9),
    "C106": Place(76.0, 13.1),
}

#: The antenna at the left edge; what the supply pins want lies under them.
MCU = {
    "U1": Place(13.0, 33.0, 90),
    "C202": Place(8.3, 44.4, 270),
    "C201": Place(10.5, 44.8, 270),
    "R201": Place(8.3, 48.6, 90),
    "C203": Place(10.1, 48.6, 270),
    "R202": Place(26.6, 20.6, 90),
}

SERVICE = {
    "J2": Place(12.2, 4.4, 90),
    "SW6": Place(14.0, 11.6),
    "SW7": Place(21.0, 11.6),
    "R801": Place(11.6, 17.6, 90),
    "R802": Place(13.6, 17.6, 90),
    "FID1": Place(28.5, 4.0),
    "FID2": Place(33.0, 92.0),
    "FID3": Place(117.0, 92.0),
}

#: One column between module and header; the two series resistors at the module's own pins.
DISPLAY = {
    "C401": Place(30.4, 13.4, 180),
    "C402": Place(30.4, 15.6, 180),
    "Q3": Place(30.3, 18.6),
    "R403": Place(30.4, 21.3, 180),
    "Q2": Place(30.3, 24.0, 180),
    "R404": Place(30.4, 26.7, 180),
    "R401": Place(29.4, 33.6),
    "R402": Place(29.4, 35.2),
}

CLOCK = {
    "U9": Place(46.6, 38.0),
    "C601": Place(41.2, 37.4, 180),
    "C602": Place(52.0, 38.6),
    "R601": Place(46.0, 33.4),
    "R602": Place(46.0, 31.8),
    "U10": Place(46.6, 46.0),
    "C603": Place(52.0, 44.1),
}

#: Level shifter at the first light, bulk capacitor where 5 V comes down from the rear.
LIGHTS = {
    "R322": Place(9.6, 60.5, 270),
    "U5": Place(13.0, 60.5),
    "C321": Place(16.2, 60.0, 270),
    "R321": Place(12.6, 65.6, 270),
    "C322": Place(61.0, 65.8),
}

#: A chain for each key, from the top: 100 nF and 1 k towards the module, pull-up; below them the array that all five
#: lines pass before they come here.
KEYS = {"U6": Place(33.0, 66.2, 90)}
for _index, _x in enumerate((27.0, 30.0, 33.0, 36.0, 39.0), 1):
    KEYS[f"C31{_index}"] = Place(_x, 54.0, 90)
    KEYS[f"R31{_index}"] = Place(_x, 57.4, 90)
    KEYS[f"R30{_index}"] = Place(_x, 60.8, 90)

#: Magjack, arrester, coupling and chip in the order of the signal; both pairs run down side by side and do not cross.
NETWORK = {
    "U8": Place(132.6, 23.0, 270),
    "C516": Place(129.2, 27.4, 90),
    "C515": Place(127.6, 27.4, 90),
    "R515": Place(131.42, 27.9),
    "R514": Place(125.0, 28.0, 180),
    "C517": Place(121.2, 28.0, 180),
    "R511": Place(131.42, 25.9, 180),
    "R512": Place(135.7, 26.1),
    "R513": Place(135.7, 27.7),
    "C514": Place(135.7, 29.3),
    "U7": Place(130.85, 37.4, 270),
    "C506": Place(126.4, 30.6, 90),
    "R507": Place(128.0, 30.6, 90),
    "C507": Place(135.7, 31.4),
    "C508": Place(123.4, 34.2, 180),
    "C509": Place(123.4, 35.8, 180),
    "C501": Place(123.2, 37.7, 180),
    "C510": Place(123.4, 39.6, 180),
    "C502": Place(123.4, 41.2, 180),
    "C511": Place(123.4, 32.6, 180),
    "C505": Place(123.4, 30.4, 180),
    "FB1": Place(119.6, 30.4),
    "Y1": Place(130.85, 46.3),
    "R508": Place(130.85, 43.7),
    "C503": Place(127.2, 47.2, 180),
    "C504": Place(134.5, 45.4),
    "C513": Place(127.0, 43.9, 180),
    "C512": Place(123.4, 43.9, 180),
    "R503": Place(136.5, 43.9),
    "R504": Place(139.6, 41.4, 180),
    "R505": Place(139.6, 39.8, 180),
    "R506": Place(139.6, 43.0, 180),
    "R501": Place(21.6, 20.9, 90),
    "R502": Place(19.8, 20.9, 90),
    "R516": Place(141.2, 12.4, 90),
    "R517": Place(119.2, 7.0, 90),
    "R518": Place(118.8, 14.4, 90),
    "C518": Place(141.0, 17.6, 270),
}

#: The amplifier's outputs go straight to the right, through beads to the socket; its plug has 6 mm of board before it.
SOUND = {
    "U11": Place(127.0, 55.2),
    "R701": Place(123.0, 55.0, 180),
    "C702": Place(127.6, 58.9),
    "C701": Place(127.6, 60.9),
    "FB2": Place(131.4, 56.8),
    "FB3": Place(131.4, 54.8),
    "C703": Place(134.2, 58.2, 270),
    "C704": Place(134.2, 53.4, 90),
    "J5": Place(137.2, 56.8, 90),
    "BZ1": Place(112.4, 62.2),
    "D7": Place(116.2, 54.2),
    "Q1": Place(118.8, 50.6),
    "R702": Place(114.2, 49.8),
    "R703": Place(114.2, 51.4, 180),
}

#: On the back for the jig's pogo pins, near their nets on a raster of 2.5 mm.
TEST_POINTS = {
    "TP1": Place(45.0, 17.5, back=True),
    "TP2": Place(50.0, 17.5, back=True),
    "TP3": Place(75.0, 17.5, back=True),
    "TP4": Place(70.0, 17.5, back=True),
    "TP5": Place(40.0, 22.5, back=True),
    "TP6": Place(42.5, 22.5, back=True),
    "TP7": Place(12.5, 50.0, back=True),
    "TP8": Place(25.0, 15.0, back=True),
    "TP9": Place(10.0, 20.0, back=True),
    "TP10": Place(15.0, 20.0, back=True),
    "TP11": Place(20.0, 15.0, back=True),
    "TP12": Place(27.5, 57.5, back=True),
    "TP13": Place(30.0, 57.5, back=True),
    "TP14": Place(32.5, 57.5, back=True),
    "TP15": Place(35.0, 57.5, back=True),
    "TP16": Place(37.5, 57.5, back=True),
    "TP17": Place(15.0, 57.5, back=True),
    "TP18": Place(140.0, 65.0, back=True),
    "TP19": Place(117.5, 35.0, back=True),
    "TP20": Place(117.5, 40.0, back=True),
    "TP21": Place(142.5, 37.5, back=True),
    "TP22": Place(142.5, 42.5, back=True),
    "TP23": Place(42.5, 40.0, back=True),
    "TP24": Place(42.5, 42.5, back=True),
    "TP25": Place(52.5, 42.5, back=True),
    "TP26": Place(110.0, 50.0, back=True),
    "TP27": Place(142.5, 57.5, back=True),
    "TP28": Place(142.5, 52.5, back=True),
}
