"""The root sheet: a block diagram. The module stands in the middle, what it serves on both sides of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from hardware.part import Block, HardwareError
from hardware.schematic import ids
from hardware.schematic.geometry import LEFT, RIGHT, TEXT, Cell, cell, millimetres
from hardware.schematic.ports import ports, shape
from hardware.schematic.writer import effects, head, local_label, wire, words
from hardware.sexp import Node, Text

_CENTRE = "mcu"
_PITCH = 2  # cells between two pins of a sheet


@dataclass(frozen=True)
class Place:
    """A block's box: left upper corner and size in mm, on which side of the module, and what it says about itself."""

    x: float
    y: float
    width: float
    height: float
    side: Cell
    says: str


#: Wires run straight from box to box, so a box is as high as its pins want it.
PLACES = {
    "power": Place(25.4, 38.1, 53.34, 25.4, LEFT, "USB-C 5 V, ESD, fuse\nlimited soft start: +5V\nbuck 2 A: +3V3"),
    "stars": Place(25.4, 74.93, 53.34, 25.4, LEFT, "five keys, ESD, RC\nfive WS2812B\nlevel shifter to 5 V"),
    "service": Place(25.4, 111.76, 53.34, 25.4, LEFT, "reset and boot keys\nconsole\nholes, fiducials"),
    "mcu": Place(111.76, 38.1, 60.96, 99.06, RIGHT, "ESP32-S3-WROOM-1-N16R8\npins: hardware/pinout.toml"),
    "display": Place(205.74, 38.1, 60.96, 20.32, RIGHT, "2.8 inch, SPI module\nILI9341 or ST7789\nbacklight: PWM"),
    "network": Place(205.74, 68.58, 60.96, 20.32, RIGHT, "W5500, magjack\noption: ethernet"),
    "clock": Place(205.74, 99.06, 60.96, 12.7, RIGHT, "DS3231M, CR2032\nATECC608B: option"),
    "sound": Place(205.74, 121.92, 60.96, 17.78, RIGHT, "MAX98357A\nloudspeaker, buzzer"),
}  # fmt: skip

_NOTES = (
    (25.4, 25.4, "好差评 window rating device", 2.54),
    (25.4, 149.86, "Boxes are sheets, wires the signals between them; GND, VBUS, +5V and +3V3 are power symbols.\n"
     "5 V from USB: fuse, limited switch, +5V for lights, amplifier and buzzer; buck, +3V3 for all the rest.\n"
     "Options: ethernet (all of sheet network), secure-element (U10, C603).\n"
     "Drawn from hardware/circuit; a change there is a change here.", TEXT),
)  # fmt: skip


def root_file(blocks: Iterable[Block]) -> Node:
    """The file of the root sheet. Raises HardwareError for a block without a place, or a net of three blocks."""
    blocks = tuple(blocks)
    joined = ports(blocks)
    missing = [block.name for block in blocks if block.name not in PLACES]
    if missing:
        raise HardwareError(f"hardware/schematic/root.py has no place for {', '.join(missing)}")
    items: list[Node] = []
    pins: dict[str, list[tuple[str, Cell, Cell]]] = {}
    for block in blocks:
        if block.name == _CENTRE:
            continue
        place = PLACES[block.name]
        nets = [net for net in _order(block, blocks) if block.name in joined.get(net, ())]
        wrong = [net for net in nets if set(joined[net]) != {_CENTRE, block.name}]
        if wrong:
            raise HardwareError(
                f"{wrong[0]} joins {', '.join(joined[wrong[0]])}: the diagram knows the module and one other"
            )
        inner = place.x + place.width if place.side == LEFT else place.x
        outer = PLACES[_CENTRE].x if place.side == LEFT else PLACES[_CENTRE].x + PLACES[_CENTRE].width
        for number, net in enumerate(nets):
            y = cell(0, place.y)[1] + _PITCH * (number + 1)
            near, far = (cell(inner, 0)[0], y), (cell(outer, 0)[0], y)
            pins.setdefault(block.name, []).append((net, near, RIGHT if place.side == LEFT else LEFT))
            pins.setdefault(_CENTRE, []).append((net, far, place.side))
            left, right = min(near, far), max(near, far)
            items += [wire(left, right, "root"), local_label(net, (left[0] + 5, y), RIGHT, "root")]
    for page, block in enumerate(blocks, 2):
        items += [_box(block, page, pins.get(block.name, []))]
        place = PLACES[block.name]
        x = place.x + (place.width / 2 - 13 if block.name == _CENTRE else 3.81 if place.side == LEFT else 27.94)
        items.append(words(x, place.y + 5.08, place.says, "says", block.name))
    items += [words(x, y, text, "root words", x, y, size=size) for x, y, text, size in _NOTES]
    end: list[Node] = [["sheet_instances", ["path", Text("/"), ["page", Text("1")]]], ["embedded_fonts", "no"]]
    return (
        head(ids.ROOT, "Block diagram", "made from hardware/circuit and hardware/schematic/root.py", []) + items + end
    )


def _order(block: Block, blocks: tuple[Block, ...]) -> list[str]:
    """The nets of a block in the order in which the module's part has them, which is the pin map's."""
    module = next(block for block in blocks if block.name == _CENTRE)
    return list(dict.fromkeys(net for part in module.parts for net in part.nets.values()))


def _box(block: Block, page: int, pins: list[tuple[str, Cell, Cell]]) -> Node:
    place = PLACES[block.name]
    path = ["path", Text(f"/{ids.ROOT}"), ["page", Text(str(page))]]
    return [
        "sheet", ["at", place.x, place.y], ["size", place.width, place.height], ["exclude_from_sim", "no"],
        ["in_bom", "yes"], ["on_board", "yes"], ["dnp", "no"],
        ["stroke", ["width", 0.1524], ["type", "solid"]], ["fill", ["color", 255, 255, 194, 1]],
        ["uuid", ids.sheet(block.name)],
        ["property", Text("Sheetname"), Text(block.name), ["at", place.x, place.y - 0.7, 0],
         effects(1.8, "left", "bottom", bold=True)],
        ["property", Text("Sheetfile"), Text(f"{block.name}.kicad_sch"),
         ["at", place.x, place.y + place.height + 0.6, 0], effects(TEXT, "left", "top")],
        *(_pin(block, *pin) for pin in pins),
        ["instances", ["project", Text(ids.PROJECT), path]],
    ]  # fmt: skip


def _pin(block: Block, net: str, at: Cell, side: Cell) -> Node:
    return [
        "pin", Text(net), shape(net, block.name), ["at", *millimetres(at), 0 if side == RIGHT else 180],
        ["uuid", ids.make("sheet pin", block.name, net)],
        effects(TEXT, "right" if side == RIGHT else "left"),
    ]  # fmt: skip
