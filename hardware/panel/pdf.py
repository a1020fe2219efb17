"""A sheet as PDF 1.4 at 1:1, for a print shop: filled and stroked paths, and nothing else.

Written here and not by a converter from SVG because the layers are separations: cutter and embosser of a shop find
``CutContour`` or ``Raised`` by name, and those names do not survive a conversion. Spot colours overprint: none of them
takes away the ink below it. The same sheet gives the same bytes.
"""

from hardware.panel.outline import Box
from hardware.panel.sheet import SPOTS, Mark, Sheet
from hardware.panel.svg import number

_STATES = "/Ink << /OP false /op false >> /Spot << /OP true /op true /OPM 1 >>"
POINTS = 72 / 25.4  # PDF's unit in a millimetre


def document(sheet: Sheet) -> bytes:
    """``MediaBox`` is the page with its bleed, ``TrimBox`` what is left after cutting."""
    page, trim = sheet.page, sheet.trim
    spots = [spot for spot in SPOTS if any(mark.layer == spot for mark in sheet.marks)]
    content = _content(sheet).encode("ascii")
    title = sheet.title.encode("utf-16-be").hex().upper()
    spaces = "".join(f"/{SPOTS[spot][0]} {6 + at} 0 R " for at, spot in enumerate(spots))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {_box(page, page)} /BleedBox {_box(page, page)}"
        f" /TrimBox {_box(trim, page)} /Contents 4 0 R"
        f" /Resources << /ColorSpace << {spaces}>> /ExtGState << {_STATES} >> >> >>",
        f"<< /Length {len(content)} >>\nstream\n{content.decode()}endstream",
        f"<< /Title <FEFF{title}> /Producer (haochaping hardware/panel) >>",
        *(_separation(*SPOTS[spot]) for spot in spots),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for at, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{at} 0 obj\n{body}\nendobj\n".encode("ascii")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode("ascii")
    out += b"".join(f"{offset:010d} 00000 n \n".encode("ascii") for offset in offsets)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{table}\n%%EOF\n".encode(
        "ascii"
    )
    return bytes(out)


def _box(box: Box, page: Box) -> str:
    """PDF's y runs upwards from the page's lower edge."""
    corners = (box.left - page.left, page.bottom - box.bottom, box.right - page.left, page.bottom - box.top)
    return "[" + " ".join(number(value * POINTS) for value in corners) + "]"


def _content(sheet: Sheet) -> str:
    page = sheet.page
    scale, x, y = number6(POINTS), number6(-page.left * POINTS), number6(page.bottom * POINTS)
    rows = [f"{scale} 0 0 -{scale} {x} {y} cm", "1 j"]
    for mark in sheet.marks:
        rows += [*_colours(mark), *_steps(mark), _paint(mark)]
    return "\n".join(rows) + "\n"


def number6(value: float) -> str:
    return f"{value:.6f}"


def _colours(mark: Mark) -> list[str]:
    spot = SPOTS.get(mark.layer)
    rows = ["/Spot gs" if spot else "/Ink gs"]
    if mark.fill:
        rows.append(f"/{spot[0]} cs 1 scn" if spot else f"{_rgb(mark.fill)} rg")
    if mark.stroke:
        rows.append(f"/{spot[0]} CS 1 SCN" if spot else f"{_rgb(mark.stroke)} RG")
        rows.append(f"{number(mark.width)} w")
    return rows


def _steps(mark: Mark) -> list[str]:
    letters = {"M": "m", "L": "l", "C": "c", "Z": "h"}
    return [
        " ".join([*(f"{number(x)} {number(y)}" for x, y in points), letters[kind]])
        for kind, points in mark.outline.steps
    ]


def _paint(mark: Mark) -> str:
    return {(True, True): "B", (True, False): "f", (False, True): "S"}.get((bool(mark.fill), bool(mark.stroke)), "n")


def _rgb(colour: str) -> str:
    return " ".join(number(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))


def _separation(name: str, look: str) -> str:
    """A spot colour; on a screen full tone looks like ``look``."""
    function = f"<< /FunctionType 2 /Domain [0 1] /C0 [1 1 1] /C1 [{_rgb(look)}] /N 1 >>"
    return f"[/Separation /{name} /DeviceRGB {function}]"
