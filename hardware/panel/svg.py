"""A sheet as SVG: paths in groups, one for each layer; no text, no font, nothing from elsewhere."""

from xml.sax.saxutils import quoteattr

from hardware.panel.outline import Outline
from hardware.panel.sheet import SPOTS, Mark, Sheet


def number(value: float) -> str:
    """In mm, to a thousandth."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def document(sheet: Sheet) -> str:
    """The whole sheet at 1:1. Marks stay in their order; consecutive ones of a layer share a group."""
    page = sheet.page
    view = " ".join(number(value) for value in (page.left, page.top, page.width, page.height))
    rows = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{number(page.width)}mm" height="{number(page.height)}mm"'
        f' viewBox="{view}">',
        f"<title>{sheet.title}</title>",
    ]
    layer = None
    for mark in sheet.marks:
        if mark.layer != layer:
            rows += ["</g>"] * (layer is not None)
            layer = mark.layer
            rows.append(f'<g class="{layer}">')
        rows.append(_path(mark))
    rows += ["</g>"] * (layer is not None)
    return "\n".join([*rows, "</svg>", ""])


def _path(mark: Mark) -> str:
    fill, stroke = mark.fill, mark.stroke
    if mark.layer in SPOTS:
        look = SPOTS[mark.layer][1]
        fill, stroke = fill and look, stroke and look
    drawn = f' fill="{fill or "none"}"'
    if stroke:
        drawn += f' stroke="{stroke}" stroke-width="{number(mark.width)}" stroke-linejoin="round"'
    return f"<path aria-label={quoteattr(mark.name)}{drawn} d={quoteattr(steps(mark.outline))}/>"


def steps(outline: Outline) -> str:
    return "".join(kind + " ".join(f"{number(x)},{number(y)}" for x, y in points) for kind, points in outline.steps)
