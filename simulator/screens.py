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

from firmware.display import HEIGHT, WIDTH
from firmware.screen import SCREENS
from gateway.core import indicators
from gateway.core.scene import Prompt
from gateway.screens import strips
from gateway.screens.asset import indexed
from gateway.screens.shelf import prompt_asset
from gateway.screens.text import font
from simulator.canvas import Canvas
from simulator.device import vm_command, vm_environment

UNDO_MS = 8000
PAGE = "https://hcp.example.gov.cn/r/A01/LC-2026-000123/1"
#: What a gateway composes, by the name of the picture; all of it invented.
PROMPTS = {
    "scene-item": Prompt("身份证换领", "1001"),
    "scene-two-lines": Prompt("住房公积金提取（租房）", "1001"),
    "scene-long-item": Prompt("城乡居民基本养老保险参保登记与待遇领取资格认证、社会保障卡申领启用", "1001"),
    "scene-stars": Prompt("个体工商户设立登记", "0231", 3),
    "scene-code": Prompt("身份证换领", "1001", None, PAGE),
    "scene-code-stars": Prompt("不动产首次登记", "0231", 4, PAGE),
    "scene-code-long": Prompt("城乡居民基本养老保险参保登记与待遇领取资格认证", "330302-A017", 5, PAGE),
    "scene-code-words": Prompt("企业开办 Start-up 一件事", "A-7", None, PAGE + "?" + "from=device&" * 4),
    "scene-code-staff": Prompt(None, "1001", 4, PAGE),
    "scene-code-alone": Prompt(address=PAGE),
}
#: A set of a hall's own: two codes of the national set, one of them in other words, and two that no device knows.
OWN = indicators.read(
    {
        "version": 7,
        "levels": {
            "very_dissatisfied": {
                108: "在办事指南之外增加新的审批条件",
                115: "窗口人员推诿扯皮、不作为",
                190: "叫号系统显示的等候人数与实际不符",
                191: "没有为老年人提供帮办服务",
            }
        },
        "asked": ["very_dissatisfied"],
    }
)
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class State:
    """What the display is told, in its own words: see `firmware.display.Display`. ``now`` are ticks, from 0.

    ``prompt`` is what the picture from the gateway shows; ``own``: it sent the strips of `OWN` before.
    """

    name: str
    lines: tuple[str, ...] = ()
    prompt: Prompt | None = None
    own: bool = False
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
    found |= {name: State("rate", prompt=prompt) for name, prompt in PROMPTS.items()}
    found["reasons-own"] = State("reasons", ("1 108", "2*115", "3 190", "4*191", "5 1/1"), own=True)
    return found


def draw(wanted: Iterable[State]) -> list[Drawn]:
    """Draw these one after the other on one panel. Raises subprocess.CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        told: list[dict[str, object]] = []
        for number, state in enumerate(wanted):
            path = Path(folder) / f"{number}.bin"
            if state.prompt:
                path.write_bytes(prompt_asset(state.prompt))
            elif state.own:
                path.write_bytes(strips.pack(OWN) or b"")
                told.append({"strips": str(path)})
            told.append({"light": [state.level, UNDO_MS, 0]})
            told.append({"show": [state.name, state.lines, str(path) if state.prompt else None]})
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


def contact_sheet(pictures: dict[str, Image.Image], columns: int = 4, part: int = 2) -> Image.Image:
    """All pictures on one page, one ``part``-th as large, each with its name."""
    wide, high, gap = WIDTH // part, HEIGHT // part, 12
    rows = -(-len(pictures) // columns)
    page = Image.new("RGB", (columns * (wide + gap) + gap, rows * (high + gap + 18) + gap), "white")
    pen = ImageDraw.Draw(page)
    for place, (name, picture) in enumerate(pictures.items()):
        x = gap + place % columns * (wide + gap)
        y = gap + place // columns * (high + gap + 18)
        page.paste(picture.resize((wide, high), Image.Resampling.LANCZOS), (x, y))
        pen.text((x, y + high + 3), name, "black", font(12, 500))
    return page


def write(out: Path, sheet: Path | None = None, scenes: Path | None = None) -> int:
    """One PNG of each state into ``out``, and the contact sheets; gives their number.

    ``sheet`` are the device's own screens, ``scenes`` those with pictures from the gateway, in full size.
    """
    wanted = states()
    pictures = {name: drawn.picture for name, drawn in zip(wanted, draw(wanted.values()), strict=True)}
    out.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        indexed(picture).save(out / f"{name}.png", optimize=True)
    sent = {name for name, state in wanted.items() if state.prompt or state.own}
    for path, from_gateway, how in ((sheet, False, (4, 2)), (scenes, True, (3, 1))):
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            chosen = {name: picture for name, picture in pictures.items() if (name in sent) == from_gateway}
            contact_sheet(chosen, *how).quantize(128).save(path, optimize=True)
    return len(pictures)
