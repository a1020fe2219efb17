"""What a board file says of itself: layers, holes, and what lies on it. Read without KiCad."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hardware.part import HardwareError
from hardware.sexp import Node, find, find_all, need, parse


@dataclass(frozen=True, order=True)
class Hole:
    """``diameter`` of the drill in mm, and how far it is drawn out into a slot."""

    diameter: float
    slot: float
    plated: bool

    def __str__(self) -> str:
        form = f"slot {self.diameter:g} x {self.diameter + self.slot:g} mm" if self.slot else f"{self.diameter:g} mm"
        return f"{form}, {'plated' if self.plated else 'not plated'}"


@dataclass(frozen=True)
class Facts:
    """``parts``: reference → side, ``top`` or ``bottom``. ``nets``: (reference, pad) → net, without pads on none.
    ``by_machine``: the parts that a machine places in one go, soldered on their pads, on top."""

    copper: tuple[str, ...]
    holes: Counter[Hole]
    parts: dict[str, str]
    nets: dict[tuple[str, str], str]
    by_machine: frozenset[str]


def read(board: Path) -> Facts:
    """Raises HardwareError if the file is no board."""
    root = parse(board.read_text(encoding="utf-8"))
    if root[0] != "kicad_pcb":
        raise HardwareError(f"{board.name}: expected a (kicad_pcb ...), got ({root[0]} ...)")
    copper = tuple(str(layer[1]) for layer in need(root, "layers")[1:] if str(layer[1]).endswith(".Cu"))
    footprints = find_all(root, "footprint")
    holes = Counter(_round(need(via, "drill")[1], plated=True) for via in find_all(root, "via"))
    holes.update(hole for footprint in footprints for pad in find_all(footprint, "pad") for hole in _holes(pad))
    parts = {}
    nets = {}
    by_machine = set()
    for footprint in footprints:
        ref = _reference(footprint)
        parts[ref] = "bottom" if need(footprint, "layer")[1] == "B.Cu" else "top"
        if parts[ref] == "top" and any("smd" in attributes for attributes in find_all(footprint, "attr")):
            by_machine.add(ref)
        for pad in find_all(footprint, "pad"):
            net = find(pad, "net")
            if net is not None and str(net[-1]):
                nets[ref, str(pad[1])] = str(net[-1])
    return Facts(copper, holes, parts, nets, frozenset(by_machine))


def _reference(footprint: Node) -> str:
    for field in find_all(footprint, "property"):
        if field[1] == "Reference":
            return str(field[2])
    raise HardwareError(f"{footprint[1]}: a footprint without a reference")


def _holes(pad: Node) -> Iterator[Hole]:
    drill = find(pad, "drill")
    if drill is None:
        return
    plated = pad[2] != "np_thru_hole"
    sizes = [float(item) for item in drill[1:] if isinstance(item, str) and item != "oval"]
    if drill[1] == "oval" and len(sizes) == 2 and sizes[0] != sizes[1]:
        yield Hole(round(min(sizes), 3), round(abs(sizes[0] - sizes[1]), 3), plated)
    elif sizes:
        yield _round(sizes[0], plated)


def _round(diameter: str | float, plated: bool) -> Hole:
    return Hole(round(float(diameter), 3), 0.0, plated)
