"""Every screen as the firmware draws it: states of the display, drawn by the real VM, caught on a canvas.

The states are the names of `firmware.screen.SCREENS` and those that something is added to while the device runs.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from firmware.display import HEAD, HEIGHT, WIDTH
from firmware.screen import SCREENS
from simulator.canvas import COLOURS, Canvas, encode, indexed
from simulator.device import vm_command, vm_environment
from simulator.draw_screens import BACKGROUND, GOLD, INK, SOFT, font

UNDO_MS = 8000
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class State:
    """What the display is told, in its own words: see `firmware.display.Display`. ``now`` are ticks, from 0."""

    name: str
    lines: tuple[str, ...] = ()
    image: bool = False
    level: int = 0
    now: int = 0


@dataclass(frozen=True)
class Drawn:
    """A picture, and what drawing it took: slices, most bytes for the panel in one slice, bytes of RAM kept."""

    picture: Image.Image
    slices: int
    slice_bytes: int
    missing: int
    memory: int


def states() -> dict[str, State]:
    """Name of the picture → state."""
    found = {name: State(name) for name in SCREENS}
    if "reasons" in found:
        found["reasons"] = State("reasons", ("1 108", "2*109", "3 110", "4 111", "5 1/2"))
        found["reasons-2"] = State("reasons", ("1 211", "2 212", "3*213", "4 214", "5 2/2"))
    if "identify" in found:
        found["identify"] = State("identify", ("window-a07",))
    found["not_enrolled"] = State("not_enrolled", ("E01",))
    found |= {f"chosen-{level}": State("chosen", level=level, now=3000) for level in (1, 2, 3, 4, 5)}
    found["rate-picture"] = State("rate", image=True)
    return found


def draw(wanted: Iterable[State], image: bytes | None = None) -> list[Drawn]:
    """Draw these one after the other on one panel; ``image`` is the asset for those with one.

    Raises subprocess.CalledProcessError.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image.bin"
        path.write_bytes(example_image() if image is None else image)
        told: list[dict[str, object]] = []
        for state in wanted:
            told.append({"light": [state.level, UNDO_MS, 0]})
            told.append({"show": [state.name, state.lines, str(path) if state.image else None]})
            told.append({"draw": state.now})
        return caught(told, Path(folder))


def caught(told: Sequence[dict[str, object]], folder: Path) -> list[Drawn]:
    """The canvas after each ``draw`` of what the display is told (see ``simulator/vm/draw_states.py``)."""
    done = subprocess.run(  # noqa: S603 - our own command
        vm_command(str(_ROOT / "simulator" / "vm" / "draw_states.py")), env=vm_environment(folder), check=True,
        input="".join(json.dumps(line) + "\n" for line in told).encode(), stdout=subprocess.PIPE, timeout=60,
    )  # fmt: skip
    canvas = Canvas()
    drawn = []
    rest = done.stdout
    while rest:
        line, _, rest = rest.partition(b"\n")
        numbers = json.loads(line)
        if len(numbers) == 5:
            x, y, width, height, size = numbers
            canvas.draw(x, y, width, height, rest[:size])
            rest = rest[size:]
        else:
            drawn.append(Drawn(canvas.picture(), *numbers))
    return drawn


def example_image() -> bytes:
    """What a gateway may send for a scene: item, staff member with stars, a code to scan. Invented."""
    picture = Image.new("RGB", (WIDTH, HEIGHT - HEAD), BACKGROUND)
    pen = ImageDraw.Draw(picture)
    for text, size, colour, y in (("不动产登记", 34, INK, 28), ("工号 0231", 28, INK, 72), ("★★★★☆", 28, GOLD, 108)):
        pen.text((14, y), text, colour, font(size), anchor="lm")
    pen.text((14, 146), "Scan to rate by phone", SOFT, font(17, 500), anchor="lm")
    pen.rectangle((204, 14, 308, 118), fill=INK)
    for row in range(21):
        for column in range(21):
            finder = any(abs(row - y) <= 3 and abs(column - x) <= 3 for y, x in ((3, 3), (3, 17), (17, 3)))
            ring = any(max(abs(row - y), abs(column - x)) in (0, 1, 3) for y, x in ((3, 3), (3, 17), (17, 3)))
            if ring if finder else (row * 7 + column * 11 + row * column) % 3 == 0:
                pen.rectangle((214 + column * 4, 24 + row * 4, 217 + column * 4, 27 + row * 4), fill=COLOURS[15])
    return encode(indexed(picture))


def contact_sheet(pictures: dict[str, Image.Image], columns: int = 4) -> Image.Image:
    """All pictures on one page, each with its name."""
    wide, high, gap = WIDTH // 2, HEIGHT // 2, 12
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (wide + gap) + gap, rows * (high + gap + 18) + gap), "white")
    pen = ImageDraw.Draw(page)
    for place, (name, picture) in enumerate(pictures.items()):
        x = gap + place % columns * (wide + gap)
        y = gap + place // columns * (high + gap + 18)
        page.paste(picture.resize((wide, high), Image.Resampling.LANCZOS), (x, y))
        pen.text((x, y + high + 3), name, "black", font(12, 500))
    return page


def write(out: Path, sheet: Path | None = None) -> int:
    """One PNG of each state into ``out``, and the contact sheet; gives their number."""
    wanted = states()
    pictures = {name: drawn.picture for name, drawn in zip(wanted, draw(wanted.values()), strict=True)}
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        indexed(picture).save(out / f"{name}.png", optimize=True)
    if sheet:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        contact_sheet(pictures).quantize(128).save(sheet, optimize=True)
    return len(pictures)
