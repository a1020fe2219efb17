"""One sheet: a block's parts where the block puts them, and wires, labels, power symbols and texts where there is room.

A block says where its parts stand; the rest follows from that. Pins of a net that are near are joined by wires, others
by labels of the net's name; supply nets end in power symbols. No text may touch another thing; what finds no room is a
HardwareError that names it, so that the block moves its parts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hardware.circuit.netlist import pin_nets
from hardware.part import Block, HardwareError
from hardware.schematic.geometry import (
    DOWN,
    GRID,
    LEFT,
    RIGHT,
    UP,
    Box,
    Cell,
    End,
    body,
    cell,
    ends,
    millimetres,
    note_boxes,
    text_box,
)  # fmt: skip
from hardware.schematic.marks import POWER, Label, Power, label_box, power_box, power_places
from hardware.schematic.page import HEIGHT, MARGIN, TITLE, WIDTH, inside
from hardware.schematic.texts import Texts, places, text_boxes
from hardware.schematic.wires import Wires

_STUB = 2  # cells between a pin and its label
_RAIL = 14  # cells between two pins of a supply net that share one power symbol
_FAR = 60  # cells: a longer wire is a label


@dataclass
class Sheet:
    """A block laid out. ``ports`` are the nets that other blocks have, too."""

    block: Block
    ports: frozenset[str]
    wires: Wires = field(init=False)
    ends: list[End] = field(init=False)
    labels: list[Label] = field(default_factory=list)
    powers: list[Power] = field(default_factory=list)
    flags: list[Power] = field(default_factory=list)
    texts: dict[str, Texts] = field(default_factory=dict)
    _solid: list[tuple[str, Box]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wires = Wires(round(WIDTH / GRID), round(HEIGHT / GRID))
        self.wires.blocked |= TITLE.cells()
        self.ends = [end for part in self.block.parts for end in ends(part, pin_nets(part))]
        self._set_bodies()
        self._set_words()
        self._label_lone_pins()
        self._set_texts()
        self._join_supplies()
        self._join_signals()
        self._raise_flags()

    # --- what stands where the block says ---

    def _set_bodies(self) -> None:
        self._take("the title block", TITLE)
        for part in self.block.parts:
            box = body(part)
            if not inside(box):
                raise HardwareError(f"{self._named(part.ref)} is off the sheet")
            self._take(part.ref, box.grown(-0.2))
            self.wires.block(box)
        for end in self.ends:
            self.wires.blocked.discard(end.cell)
            self.wires.taken[end.cell] = end.net or f"open {end.ref}"
            self._solid.append((f"pin {end.numbers[0]} of {end.ref}", _pin_box(end)))

    def _set_words(self) -> None:
        for x, y, words in self.block.words:
            for box in note_boxes(x, y, words):
                self._take(f"the note {words.splitlines()[0]!r}", box)
                self.wires.blocked |= box.grown(0.4).cells()

    def _set_texts(self) -> None:
        kept = [(f"the way out of {end.ref}", _way_out(end)) for end in self.ends if end.net]
        for part in self.block.parts:
            ways = {end.out for end in self.ends if end.ref == part.ref}
            for beside in places(part, upright=ways <= {UP, DOWN}):
                boxes = text_boxes(part, beside)
                if all(self._room(box, part.ref, kept) for box in boxes):
                    self.texts[part.ref] = beside
                    for box in boxes:
                        self._solid.append((f"the name of {part.ref}", box))
                        self.wires.blocked |= box.grown(0.4).cells()
                    break
            else:
                raise HardwareError(f"{self._named(part.ref)}: no room for its name; move it or its neighbours")

    # --- labels of pins that have no other pin near ---

    def _label_lone_pins(self) -> None:
        signals = [end for end in self.ends if end.net and end.net not in POWER]
        joined = [end.net for end in signals if not self._is_apart(end)]
        leading = {end.net for end in signals if self._leads(end)}
        for end in signals:
            assert end.net
            if joined.count(end.net) == 1 and not self._is_apart(end):
                port = end.net not in leading
            elif self._is_apart(end):
                port = self._leads(end) or end.net not in joined
            else:
                continue
            at = self.wires.straight(end.net, end.cell, end.out, _STUB)
            self._set_label(Label(end.net, at, end.out, port and end.net in self.ports))

    def _set_label(self, label: Label) -> None:
        box = label_box(label)
        self._take(f"the label {label.net}", box)
        self.labels.append(label)
        self.wires.blocked |= box.cells() - {label.at}
        self.wires.taken[label.at] = label.net

    # --- wires ---

    def _join_supplies(self) -> None:
        for net, way in POWER.items():
            pins = [end for end in self.ends if end.net == net]
            while pins:
                group = [pins.pop(0)]
                for other in sorted(pins, key=lambda end: end.cell):
                    if _in_row(group[-1], other) and self._wire(net, other, group, 2 * _RAIL):
                        pins.remove(other)
                        group.append(other)
                self._set_power(net, way, group)

    def _wire(self, net: str, end: End, group: list[End], longest: int) -> bool:
        """Join a pin to what hangs on a group of pins, if the way is not too long."""
        path = self.wires.route(net, end, self._tree(net, group), {pin.cell: pin.out for pin in group}, longest)
        if path:
            self.wires.lay(net, path)
        return path is not None

    def _tree(self, net: str, group: list[End]) -> set[Cell]:
        """The cells of the wires that hang on a group of pins."""
        found: set[Cell] = set()
        grow = [end.cell for end in group]
        while grow:
            here = grow.pop()
            if here not in found:
                found.add(here)
                grow += [(here[0] + way[0], here[1] + way[1]) for way, its in self.wires.at(here).items() if its == net]
        return found

    def _set_power(self, net: str, way: Cell, group: list[End]) -> None:
        for start, stub, steps, turned in power_places(group, way, self._tree(net, group)):
            at = (start[0] + stub[0] * steps, start[1] + stub[1] * steps)
            power = Power(net, at, turned)
            path = [(start[0] + stub[0] * n, start[1] + stub[1] * n) for n in range(steps + 1)]
            if any(not self.wires.free(net, here) for here in [*path[1:], at]):
                continue
            if self.wires.crowds(net, path, {end.cell for end in self.ends}):
                continue
            if self._room(power_box(power), None, self._kept(group)):
                self.wires.straight(net, start, stub, steps)
                self._take(f"the power symbol {net}", power_box(power))
                self.wires.blocked |= power_box(power).cells() - {at}
                self.wires.taken[at] = net
                self.powers.append(power)
                return
        raise HardwareError(f"{self._named(group[0].ref)}: no room for its power symbol {net}")

    def _kept(self, group: list[End]) -> list[tuple[str, Box]]:
        return [(f"the way out of {end.ref}", _way_out(end)) for end in self.ends if end.net and end not in group]

    def _join_signals(self) -> None:
        nets: dict[str, list[End]] = {}
        for end in self.ends:
            if end.net and end.net not in POWER and not self._is_apart(end):
                nets.setdefault(end.net, []).append(end)
        order = sorted(nets, key=lambda net: (_spread(nets[net]), net))
        trees = [(net, group) for net in order if len(nets[net]) > 1 for group in self._wired(net, nets[net])]
        named: set[str] = set()
        leading = {end.net for end in self.ends if self._leads(end)}
        for net, group in trees:
            self._name(net, group, net in self.ports and net not in named | leading)
            named.add(net)
        lone = {label.net for label in self.labels}
        missing = {net for net in nets if net not in lone | named}
        if missing:
            raise HardwareError(f"{self.block.name}: {', '.join(sorted(missing))} have no label")

    def _wired(self, net: str, pins: list[End]) -> list[list[End]]:
        """Groups of pins that wires now join; more than one if some are too far."""
        left = list(pins)
        groups: list[list[End]] = []
        while left:
            group = [left.pop(0)]
            while left:
                tree = self._tree(net, group)
                left.sort(key=lambda end: _away(end.cell, tree))
                joined = next((end for end in left if self._wire(net, end, group, _FAR)), None)
                if joined is None:
                    break
                left.remove(joined)
                group.append(joined)
            groups.append(group)
        return groups

    def _name(self, net: str, group: list[End], port: bool) -> None:
        if not port and self._name_on_wire(net, group):
            return
        tree = self._tree(net, group)
        for steps in range(1, 9):
            for way in (LEFT, RIGHT, UP, DOWN):
                for start in sorted(tree):
                    if self._name_beside(net, start, way, steps, port):
                        return
        raise HardwareError(f"{self._named(group[0].ref)}: no room for the label {net}")

    def _name_on_wire(self, net: str, group: list[End]) -> bool:
        tree = self._tree(net, group)
        pins = {end.cell for end in self.ends}
        length = text_box(net, 0, 0).right + GRID / 2
        for its, a, b in self.wires.segments(pins):
            if its != net or a not in tree or a[1] != b[1] or (b[0] - a[0]) * GRID < length:
                continue
            for x in range(a[0], b[0] + 1):
                label = Label(net, (x, a[1]), RIGHT, False)
                box = label_box(label)
                if box.right <= b[0] * GRID and self._room(box, None) and not self._wire_in(box, net):
                    self._set_on_wire(label)
                    return True
        return False

    def _set_on_wire(self, label: Label) -> None:
        box = label_box(label)
        self._take(f"the label {label.net}", box)
        self.labels.append(label)
        self.wires.blocked |= box.cells() - self.wires.cells(label.net)

    def _name_beside(self, net: str, start: Cell, way: Cell, steps: int, port: bool) -> bool:
        around = self.wires.at(start)
        pin = next((end for end in self.ends if end.cell == start), None)
        if way in around or (pin and way != pin.out):
            return False
        cells = [(start[0] + way[0] * n, start[1] + way[1] * n) for n in range(1, steps + 1)]
        if self.wires.crowds(net, [start, *cells], {start} if pin else ()):
            return False
        label = Label(net, cells[-1], way, port)
        box = label_box(label)
        if not all(self.wires.free(net, here) and not self.wires.at(here) for here in cells):
            return False
        if not self.wires.free(net, start) or not self._room(box, None) or self._wire_in(box, None):
            return False
        self.wires.straight(net, start, way, steps)
        self._set_label(label)
        return True

    def _wire_in(self, box: Box, but: str | None) -> bool:
        return any(net != but for here in box.cells() for net in self.wires.at(here).values())

    # --- power flags ---

    def _raise_flags(self) -> None:
        x, y = cell(MARGIN + 10, HEIGHT - MARGIN - 10)
        for net in self.block.flags:
            at = (x, y)
            down = net == "GND"
            self.flags.append(Power(net, at, UP))
            self._take(f"the flag of {net}", Box(x * GRID - 5.5, y * GRID - 5.0, x * GRID + 5.5, y * GRID - 2.4))
            if net in POWER:
                end = self.wires.straight(net, at, DOWN if down else RIGHT, 2 if down else 8)
                power = Power(net, end, POWER[net])
                self._take(f"the power symbol {net}", power_box(power).grown(-0.1))
                self.powers.append(power)
            else:
                end = self.wires.straight(net, at, RIGHT, 2)
                self._set_label(Label(net, end, RIGHT, False))
            x += 20

    # --- room ---

    def _take(self, name: str, box: Box) -> None:
        other = next((other for other, taken in self._solid if taken.hits(box)), None)
        if other:
            raise HardwareError(f"{self.block.name}: {name} touches {other}; move one of them")
        self._solid.append((name, box))

    def _room(self, box: Box, but: str | None, kept: Iterable[tuple[str, Box]] = ()) -> bool:
        if not inside(box):
            return False
        if any(taken.hits(box) for name, taken in self._solid if name != but):
            return False
        return not any(taken.hits(box) for _, taken in kept) and not any(self.wires.at(here) for here in box.cells())

    def _is_apart(self, end: End) -> bool:
        return end.ref.startswith("TP") or end.ref in self.block.apart or self._leads(end)

    def _leads(self, end: End) -> bool:
        """Whether the block names just this pin: it bears the name that leads to other sheets."""
        return any(f"{end.ref}.{number}" in self.block.apart for number in end.numbers)

    def _named(self, ref: str) -> str:
        return f"{ref} on sheet {self.block.name}"


def _pin_box(end: End) -> Box:
    """The pin itself and its number."""
    x, y = millimetres(end.cell)
    return _strip((x - end.out[0] * 2.54, y - end.out[1] * 2.54), (x, y), end.out)


def _way_out(end: End) -> Box:
    """The room that a pin's wire needs to get away."""
    x, y = millimetres(end.cell)
    reach = _STUB * GRID
    return _strip((x, y), (x + end.out[0] * reach, y + end.out[1] * reach), end.out)


def _strip(a: tuple[float, float], b: tuple[float, float], way: Cell) -> Box:
    xs, ys = sorted((a[0], b[0])), sorted((a[1], b[1]))
    aside = (0.0, 0.3) if way in (LEFT, RIGHT) else (0.3, 0.0)
    return Box(xs[0] - aside[0], ys[0] - aside[1], xs[1] + aside[0], ys[1] + aside[1])


def _in_row(one: End, other: End) -> bool:
    """Whether two pins of a supply net stand side by side and look the same way."""
    aside = 0 if one.out in (UP, DOWN) else 1
    near = abs(one.cell[aside] - other.cell[aside]) <= (_RAIL if aside == 0 else 2)
    return one.out == other.out and one.cell[1 - aside] == other.cell[1 - aside] and near


def _spread(pins: list[End]) -> int:
    xs, ys = [end.cell[0] for end in pins], [end.cell[1] for end in pins]
    return max(xs) - min(xs) + max(ys) - min(ys)


def _away(here: Cell, tree: set[Cell]) -> int:
    return min(abs(here[0] - x) + abs(here[1] - y) for x, y in tree)
