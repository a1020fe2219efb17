"""Gerbers and drill files, read by a library that shares no code with KiCad, and laid beside the board.

Whatever a workshop would stumble over is one sentence here, with the name of the layer or the hole.
"""

import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gerbonara import ExcellonFile, LayerStack
from gerbonara.utils import MM

from hardware.fabrication.facts import Facts, Hole
from hardware.fabrication.refusal import refuse

#: The layers of a board with four layers of copper, as gerbonara calls them and as we do.
LAYERS = {
    ("top", "silk"): "ink on top",
    ("top", "paste"): "paste on top",
    ("top", "mask"): "mask on top",
    ("top", "copper"): "copper 1, top",
    ("inner_1", "copper"): "copper 2, inner",
    ("inner_2", "copper"): "copper 3, inner",
    ("bottom", "copper"): "copper 4, bottom",
    ("bottom", "mask"): "mask on the bottom",
    ("bottom", "paste"): "paste on the bottom",
    ("bottom", "silk"): "ink on the bottom",
    ("mechanical", "outline"): "outline",
}
#: How far two programs may be apart that round to a micrometre, in mm.
_NEAR = 0.005


@dataclass(frozen=True)
class Found:
    layers: int
    holes: int
    width: float
    height: float


def gerbers(folder: Path, facts: Facts, width: float, height: float) -> Found:
    """Layers, outline and holes of a folder of gerber and drill files. Raises HardwareError with every complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks on the style of KiCad's headers
        stack = LayerStack.open(folder)
        wrong = _layers(stack)
        holes, outside = _drilled(stack.drill_layers, width, height)
        size = _outline(stack)
    if size is not None:
        wrong += [
            f"outline: {got:.2f} mm {word}, dimensions.toml has {wanted:g} mm"
            for got, wanted, word in ((size[0], width, "wide"), (size[1], height, "high"))
            if abs(got - wanted) > _NEAR
        ]
    wrong += outside + _unlike(holes, facts.holes)
    refuse(wrong)
    return Found(len(stack.graphic_layers), sum(holes.values()), *(size or (0.0, 0.0)))


def _layers(stack: LayerStack) -> list[str]:
    wrong = []
    for key, name in LAYERS.items():
        layer = stack.graphic_layers.get(key)
        if layer is None:
            wrong.append(f"layer {name}: there is no file")
        elif not layer.objects:
            wrong.append(f"layer {name}: nothing is on it ({layer.original_path.name})")
    wrong += [f"layer {' '.join(key)}: nobody asked for it" for key in stack.graphic_layers if key not in LAYERS]
    return wrong


def _outline(stack: LayerStack) -> tuple[float, float] | None:
    """Width and height between the middles of the outline's lines."""
    outline = stack.graphic_layers.get(("mechanical", "outline"))
    if outline is None or not outline.objects:
        return None
    line = max(item.aperture.equivalent_width(MM) for item in outline.objects)
    (left, low), (right, high) = outline.bounding_box(MM)
    return right - left - line, high - low - line


def _drilled(files: Iterable[ExcellonFile], width: float, height: float) -> tuple[Counter[Hole], list[str]]:
    holes: Counter[Hole] = Counter()
    outside = []
    for file in files:
        plated = "NPTH" not in file.original_path.name
        for item in file.objects:
            tool = item.tool.equivalent_width(MM)
            ends = [(item.x, item.y)] if hasattr(item, "x") else [(item.x1, item.y1), (item.x2, item.y2)]
            ends = [(MM.convert_from(item.unit, x), MM.convert_from(item.unit, y)) for x, y in ends]
            (x1, y1), (x2, y2) = ends[0], ends[-1]
            holes[Hole(round(tool, 3), round(((x1 - x2) ** 2 + (y1 - y2) ** 2) ** 0.5, 3), plated)] += 1
            for x, y in ends:
                if not (tool / 2 <= x <= width - tool / 2 and tool / 2 <= y <= height - tool / 2):
                    outside.append(
                        f"hole of {tool:g} mm at {x:.2f}, {y:.2f} ({file.original_path.name}) leaves the board"
                    )
    return holes, outside


def _unlike(drilled: Counter[Hole], board: Counter[Hole]) -> list[str]:
    return [
        f"holes of {hole}: the board has {board[hole]}, the drill files {drilled[hole]}"
        for hole in sorted(drilled.keys() | board.keys())
        if drilled[hole] != board[hole]
    ]
