"""Short ways to write the parts that every block has: resistors, ceramics, test points.

Stock keys are made from size and value (``r-0603-10k``, ``c-0805-10u``), so one value is one line of the bill.
"""

from hardware.part import Part

Place = tuple[float, float, int]

#: Sizes: what a resistor or ceramic is soldered on.
_FOOTPRINT = "{kind}_SMD:{letter}_{size}_{metric}Metric"
_METRIC = {"0603": "1608", "0805": "2012", "1206": "3216"}


def resistor(
    ref: str, value: str, a: str, b: str, sheet: Place, size: str = "0603", option: str = "", notes: str = ""
) -> Part:
    """From net ``a`` (upper or left pin) to net ``b``; 1 %. ``value`` as printed: ``10k``, ``49.9R``, ``5.1k``."""
    return Part(
        ref=ref, symbol="Device:R", value=value, footprint=_footprint("Resistor", "R", size), nets={"1": a, "2": b},
        sheet=sheet, stock=f"r-{size}-{_plain(value)}", option=option, notes=notes,
    )  # fmt: skip


def capacitor(
    ref: str,
    value: str,
    a: str,
    sheet: Place,
    b: str = "GND",
    size: str = "0603",
    option: str = "",
    notes: str = "",
    stock: str = "",
) -> Part:
    """A ceramic from net ``a`` to ``b``. ``value`` as printed: ``100nF``, ``10uF``."""
    return Part(
        ref=ref, symbol="Device:C", value=value, footprint=_footprint("Capacitor", "C", size), nets={"1": a, "2": b},
        sheet=sheet, stock=stock or f"c-{size}-{_plain(value).removesuffix('f')}", option=option, notes=notes,
    )  # fmt: skip


def bead(ref: str, a: str, b: str, sheet: Place, option: str = "", notes: str = "") -> Part:
    """A ferrite bead, 600 ohm at 100 MHz, for 1 A or more."""
    return Part(
        ref=ref, symbol="Device:FerriteBead", value="600R@100MHz", footprint="Inductor_SMD:L_0603_1608Metric",
        nets={"1": a, "2": b}, sheet=sheet, stock="bead-0603-600r", option=option, notes=notes,
    )  # fmt: skip


def test_point(ref: str, net: str, sheet: Place) -> Part:
    """A bare pad of 1.5 mm on the back for a pogo pin of the test jig; nothing is bought."""
    return Part(
        ref=ref, symbol="Connector:TestPoint", value=net, footprint="TestPoint:TestPoint_Pad_D1.5mm", nets={"1": net},
        sheet=sheet,
    )  # fmt: skip


def _footprint(kind: str, letter: str, size: str) -> str:
    return _FOOTPRINT.format(kind=kind, letter=letter, size=size, metric=_METRIC[size])


def _plain(value: str) -> str:
    """``49.9R`` as ``49r9``, ``100nF`` as ``100nf``: a letter for the point, as on the part itself."""
    number, letter = value.rstrip("RkMpnuF"), value[len(value.rstrip("RkMpnuF")) :]
    if "." in number:
        return f"{number.replace('.', letter[0].lower())}{letter[1:].lower()}"
    return f"{number}{letter.lower()}"
