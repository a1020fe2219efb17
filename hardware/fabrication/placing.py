"""Where a machine puts the parts of a variant: KiCad's file read, checked, and written as assemblers expect it."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hardware.fabrication.facts import Facts
from hardware.fabrication.refusal import refuse

#: What assemblers read. Which way a part lies at 0 degrees is the library's; an assembler's own may differ.
COLUMNS = ("Designator", "Comment", "Footprint", "Mid X", "Mid Y", "Rotation", "Layer")


@dataclass(frozen=True)
class Placing:
    """A line of the pick-and-place file. Millimetres from the board's lower left corner, degrees."""

    ref: str
    value: str
    package: str
    x: float
    y: float
    turn: float
    side: str


def read(text: str) -> tuple[Placing, ...]:
    """KiCad's pick-and-place file."""
    return tuple(
        Placing(
            row["Ref"],
            row["Val"],
            row["Package"],
            float(row["PosX"]),
            float(row["PosY"]),
            float(row["Rot"]),
            row["Side"],
        )
        for row in csv.DictReader(io.StringIO(text))
    )


def check(found: Iterable[Placing], wanted: Iterable[str], facts: Facts, width: float, height: float) -> None:
    """Whether a variant's file has each of its parts once, on its side of the board. Raises HardwareError."""
    found = tuple(found)
    times = Counter(placing.ref for placing in found)
    wanted = set(wanted)
    wrong = [f"{ref}: the variant has it, the file does not" for ref in sorted(wanted - times.keys())]
    wrong += [f"{ref}: in the file, and not of the variant" for ref in sorted(times.keys() - wanted)]
    wrong += [f"{ref}: {number} times in the file" for ref, number in sorted(times.items()) if number > 1]
    for one in found:
        if one.side != facts.parts.get(one.ref):
            wrong.append(f"{one.ref}: on the {one.side} in the file, the board has it {_where(one.ref, facts)}")
        if not (0 <= one.x <= width and 0 <= one.y <= height):
            wrong.append(f"{one.ref}: at {one.x:.2f}, {one.y:.2f}, which is not on the board")
    refuse(wrong, "pick-and-place: ")


def _where(ref: str, facts: Facts) -> str:
    return f"on the {facts.parts[ref]}" if ref in facts.parts else "nowhere"


def written(placings: Iterable[Placing]) -> str:
    """A pick-and-place file with the units and words that assemblers expect."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in placings:
        at = (f"{one.x:.3f}mm", f"{one.y:.3f}mm", f"{one.turn:g}")
        writer.writerow((one.ref, one.value, one.package, *at, one.side.capitalize()))
    return out.getvalue()
