"""A laid-out sheet as a ``.kicad_sch``."""

from hardware import library
from hardware.part import Block, Part
from hardware.schematic import ids
from hardware.schematic.geometry import ANGLES, DOWN, HEADING, LEFT, NOTE, RIGHT, TEXT, UP, Cell, millimetres
from hardware.schematic.marks import Label, Power
from hardware.schematic.ports import shape
from hardware.schematic.sheet import Sheet
from hardware.schematic.texts import is_bare
from hardware.sexp import Item, Node, Text

VERSION, GENERATOR = 20250114, "haochaping"
OPTION = "Option"
"""Field of a part that only variants with this option have. No DNP: what is left out differs by variant."""
_TITLE = "好差评 window rating device"


def sheet_file(sheet: Sheet, page: int) -> Node:
    """The file of a block's sheet."""
    block = sheet.block
    symbols = sorted({part.symbol for part in block.parts} | {f"power:{power.net}" for power in sheet.powers})
    if sheet.flags:
        symbols.append("power:PWR_FLAG")
    pins = {end.cell for end in sheet.ends}
    items: list[Node] = [_symbol(sheet, part) for part in block.parts]
    items += [_power(block, number, power) for number, power in enumerate(sheet.powers, 1)]
    items += [_flag(block, number, flag) for number, flag in enumerate(sheet.flags, 1)]
    items += [_wire(block, a, b) for _, a, b in sheet.wires.segments(pins)]
    items += [_junction(block, at) for at in sheet.wires.junctions(pins)]
    items += [_label(block, label) for label in sheet.labels]
    items += [_open(block, end.cell) for end in sheet.ends if end.net is None]
    items += [part for x, y, text in block.words for part in _note(block, x, y, text)]
    return (
        head(ids.make("file", block.name), block.title, f"made from hardware/circuit/{block.name}.py", symbols)
        + items
        + [["embedded_fonts", "no"]]
    )


def head(own: Text, title: str, comment: str, symbols: list[str]) -> Node:
    """What every file of the schematic begins with."""
    return [
        "kicad_sch", ["version", VERSION], ["generator", Text(GENERATOR)], ["generator_version", Text("9.0")],
        ["uuid", own], ["paper", Text("A4")],
        ["title_block", ["title", Text(title)], ["rev", Text("A")], ["company", Text(_TITLE)],
         ["comment", 1, Text(comment)]],
        ["lib_symbols", *map(library.symbol, symbols)],
    ]  # fmt: skip


def effects(size: float = TEXT, *justify: str, hide: bool = False, bold: bool = False) -> Node:
    font: Node = ["font", ["size", size, size]]
    if bold:
        font.append(["bold", "yes"])
    found: Node = ["effects", font]
    if justify:
        found.append(["justify", *justify])
    if hide:
        found.append(["hide", "yes"])
    return found


def words(x: float, y: float, text: str, *what: object, size: float = TEXT, bold: bool = False) -> Node:
    """A free text; the middle of its first line is at y."""
    lines = text.count("\n")
    return [
        "text", Text(text), ["exclude_from_sim", "no"], ["at", x, round(y + lines * size * 0.81, 4), 0],
        effects(size, "left", bold=bold), ["uuid", ids.make(*what)],
    ]  # fmt: skip


def _note(block: Block, x: float, y: float, text: str) -> list[Node]:
    heading, _, rest = text.partition("\n")
    found = [words(x, y, heading, "heading", block.name, x, y, size=HEADING, bold=True)]
    if rest:
        found.append(words(x, y + NOTE, rest, "words", block.name, x, y))
    return found


def wire(a: Cell, b: Cell, *what: object) -> Node:
    points = ["pts", ["xy", *millimetres(a)], ["xy", *millimetres(b)]]
    return [
        "wire", points, ["stroke", ["width", 0], ["type", "default"]], ["uuid", ids.make("wire", *what, *a, *b)],
    ]  # fmt: skip


def local_label(net: str, at: Cell, way: Cell, *what: object) -> Node:
    justify = ("left", "bottom") if way in (RIGHT, UP) else ("right", "bottom")
    return [
        "label", Text(net), ["at", *millimetres(at), ANGLES[way]], effects(TEXT, *justify),
        ["uuid", ids.make("label", *what, net, *at)],
    ]  # fmt: skip


def _symbol(sheet: Sheet, part: Part) -> Node:
    x, y = millimetres((round(part.sheet[0] / 1.27), round(part.sheet[1] / 1.27)))
    texts = sheet.texts[part.ref]
    turn = 90 if part.sheet[2] in (90, 270) else 0  # a symbol turns its texts; this turns them back
    justify = () if texts.justify == "centre" else (_turned(texts.justify, part.sheet[2]),)
    buy = "yes" if part.stock else "no"
    return [
        "symbol", ["lib_id", Text(part.symbol)], ["at", x, y, part.sheet[2]],
        *([["mirror", "x"]] if part.mirror else []), ["unit", 1],
        ["exclude_from_sim", "no"], ["in_bom", buy], ["on_board", "yes"], ["dnp", "no"],
        ["uuid", ids.symbol(part.ref)],
        _property("Reference", part.ref, texts.x, texts.reference_y, turn, effects(TEXT, *justify)),
        _property("Value", part.value, texts.x, texts.value_y, turn, effects(TEXT, *justify, hide=is_bare(part))),
        _property("Footprint", part.footprint, x, y, 0, effects(hide=True)),
        _property("Datasheet", library.default_field(part.symbol, "Datasheet"), x, y, 0, effects(hide=True)),
        _property("Description", library.default_field(part.symbol, "Description"), x, y, 0, effects(hide=True)),
        *([_property(OPTION, part.option, x, y, 0, effects(hide=True))] if part.option else []),
        *(["pin", Text(pin.number), ["uuid", ids.make("pin", part.ref, pin.number)]]
          for pin in library.pins(part.symbol)),
        _instances(sheet.block.name, part.ref),
    ]  # fmt: skip


def _turned(justify: str, turn: int) -> str:
    """A symbol that is turned by 90 or 180 degrees draws the other side of a text at its place."""
    if turn in (90, 180):
        return {"left": "right", "right": "left"}[justify]
    return justify


def _property(name: str, value: str, x: float, y: float, turn: int, how: Node) -> Node:
    return ["property", Text(name), Text(value), ["at", round(x, 4), round(y, 4), turn], how]


def _instances(block: str, ref: str) -> Node:
    path: Item = ["path", Text(ids.sheet_path(block)), ["reference", Text(ref)], ["unit", 1]]
    return ["instances", ["project", Text(ids.PROJECT), path]]


def _power(block: Block, number: int, power: Power) -> Node:
    turn = {UP: 0, LEFT: 90, DOWN: 180, RIGHT: 270}[power.way]
    if power.net == "GND":
        turn = (turn + 180) % 360
    ref = f"#PWR{block.name.upper()}{number:02d}"
    return _pure(block, ref, f"power:{power.net}", power.net, power.at, power.way, turn)


def _flag(block: Block, number: int, flag: Power) -> Node:
    return _pure(block, f"#FLG{block.name.upper()}{number:02d}", "power:PWR_FLAG", "PWR_FLAG", flag.at, UP, 0)


def _pure(block: Block, ref: str, symbol: str, value: str, at: Cell, way: Cell, turn: int) -> Node:
    """A symbol without a part."""
    x, y = millimetres(at)
    off = 3.6 if way in (UP, DOWN) else 3.2
    side: tuple[str, ...] = () if way in (UP, DOWN) else ("left",) if way == RIGHT else ("right",)
    side = tuple(_turned(one, turn) for one in side)
    texts = 90 if turn in (90, 270) else 0
    return [
        "symbol", ["lib_id", Text(symbol)], ["at", x, y, turn], ["unit", 1],
        ["exclude_from_sim", "no"], ["in_bom", "no"], ["on_board", "yes"], ["dnp", "no"], ["uuid", ids.symbol(ref)],
        _property("Reference", ref, x, y, 0, effects(hide=True)),
        _property("Value", value, x + way[0] * off, y + way[1] * off, texts, effects(TEXT, *side)),
        _property("Footprint", "", x, y, 0, effects(hide=True)),
        _property("Datasheet", "", x, y, 0, effects(hide=True)),
        _property("Description", "", x, y, 0, effects(hide=True)),
        ["pin", Text("1"), ["uuid", ids.make("pin", ref, "1")]],
        _instances(block.name, ref),
    ]  # fmt: skip


def _wire(block: Block, a: Cell, b: Cell) -> Node:
    return wire(a, b, block.name)


def _junction(block: Block, at: Cell) -> Node:
    return [
        "junction", ["at", *millimetres(at)], ["diameter", 0], ["color", 0, 0, 0, 0],
        ["uuid", ids.make("junction", block.name, *at)],
    ]  # fmt: skip


def _label(block: Block, label: Label) -> Node:
    if not label.port:
        return local_label(label.net, label.at, label.way, block.name)
    justify = "left" if label.way in (RIGHT, UP) else "right"
    return [
        "hierarchical_label", Text(label.net), ["shape", shape(label.net, block.name)],
        ["at", *millimetres(label.at), ANGLES[label.way]], effects(TEXT, justify),
        ["uuid", ids.make("port", block.name, label.net, *label.at)],
    ]  # fmt: skip


def _open(block: Block, at: Cell) -> Node:
    return ["no_connect", ["at", *millimetres(at)], ["uuid", ids.make("open", block.name, *at)]]
