"""Writes the artwork: fronts, tactile layers, proof-readers' sheets, the back label, and pictures to look at."""

import re
import sys
from pathlib import Path

from PIL import Image

from hardware import dimensions, tool
from hardware.dimensions import Dimensions
from hardware.panel import back, checks, front, pdf, preview, proof, svg, tactile
from hardware.panel.labels import Wording, wordings
from hardware.panel.sheet import Sheet
from hardware.part import HardwareError

PIXELS_PER_MM = 8
COLOURS = 64  # flat artwork needs no more, and a page loads faster


def build(out: Path) -> str:
    """Everything into ``out``. Raises HardwareError with all that is wrong, before a file is written; ToolMissing when
    all is written but the pictures."""
    d = dimensions.read()
    chosen = wordings()
    fronts = {wording.name: front.front(d, wording) for wording in chosen}
    raised = {wording.name: tactile.tactile(d, wording) for wording in chosen}
    sheets = [*fronts.values(), *(front.front(d, wording, english=False) for wording in chosen)]
    sheets += [*raised.values(), back.back()]
    wrong = [problem for sheet in sheets for problem in checks.problems(sheet)]
    for wording in chosen:
        wrong += _front_problems(d, wording, fronts[wording.name], raised[wording.name])
    files = {f"{sheet.name}.svg": svg.document(sheet).encode() for sheet in sheets}
    files |= {f"{sheet.name}.pdf": pdf.document(sheet) for sheet in sheets}
    files |= {f"panel-{wording.name}-proof.txt": proof.sheet(d, wording).encode() for wording in chosen}
    wrong += [problem for sheet in sheets for problem in file_problems(sheet, files)]
    if wrong:
        raise HardwareError("; ".join(wrong))
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    pictures = [preview.preview(d, fronts[wording.name], raised[wording.name]) for wording in chosen]
    drawn = [*pictures, back.back().of("print")]
    _draw(drawn, out)
    least = min(row[3] for sheet in sheets for row in checks.contrasts(sheet))
    sets = "; ".join(f"{wording.name} ({', '.join(wording.policies)})" for wording in chosen)
    return (
        f"{len(chosen)} fronts for {sets}, with tactile layers, and a back label, as SVG and PDF at 1:1;"
        f" least contrast of words {least:.1f} : 1; {len(drawn)} pictures"
    )


def _front_problems(d: Dimensions, wording: Wording, sheet: Sheet, raised: Sheet) -> list[str]:
    return [
        *checks.wording_problems(sheet, wording, d),
        *checks.opening_problems(sheet, d),
        *checks.raised_problems(raised, sheet),
    ]


def file_problems(sheet: Sheet, files: dict[str, bytes]) -> list[str]:
    """Of a sheet's files as they will be written: whether a printer needs nothing else, and whether they are 1:1."""
    drawing, page = files[f"{sheet.name}.svg"].decode(), files[f"{sheet.name}.pdf"]
    found = [
        f"{sheet.name}.svg: it has {what}, and may be made of outlines only"
        for what in ("<text", "<image", "<use", "<style", "href", "font-family", "url(")
        if what in drawing
    ]
    for name, box in (("MediaBox", sheet.page), ("TrimBox", sheet.trim)):
        size = pdf_box(page, name)
        wanted = box.width, box.height
        if any(abs(one - other) > 0.01 for one, other in zip(size, wanted, strict=True)):
            found.append(f"{sheet.name}.pdf: {name} is {size[0]:.2f} x {size[1]:.2f} mm, not {wanted[0]} x {wanted[1]}")
    return found


def pdf_box(page: bytes, name: str) -> tuple[float, float]:
    """Width and height of a box of the page, in mm."""
    numbers = re.search(rf"/{name} \[([^\]]+)\]".encode(), page)
    if not numbers:
        raise HardwareError(f"panel: a PDF without {name}")
    left, lower, right, upper = (float(number) / pdf.POINTS for number in numbers[1].split())
    return right - left, upper - lower


def _draw(sheets: list[Sheet], out: Path) -> None:
    for sheet in sheets:
        source, picture = out / f"{sheet.name}.preview.svg", out / f"{sheet.name}.png"
        source.write_text(svg.document(sheet), encoding="utf-8")
        try:
            tool.run(
                [
                    "rsvg-convert",
                    "-b",
                    "white",
                    "-w",
                    str(round(sheet.page.width * PIXELS_PER_MM)),
                    source,
                    "-o",
                    picture,
                ]
            )
            with Image.open(picture) as drawn:
                few = drawn.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
            few.save(picture, optimize=True)
        except tool.ToolMissing as missing:
            raise tool.ToolMissing(f"everything is made but the pictures: {missing}") from missing
        finally:
            source.unlink()


if __name__ == "__main__":
    print(build(Path(sys.argv[1] if len(sys.argv) > 1 else "build/hardware/panel")))
