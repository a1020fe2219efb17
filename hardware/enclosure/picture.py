"""Shaded pictures without a graphics card: a z-buffer in numpy, with a shadow, soft corners and drawn edges."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hardware.enclosure.mesh import Array, Mesh

Colour = tuple[float, float, float]

PAPER = np.array([1.0, 1.0, 1.0])
FINER = 2  # pixels per pixel of the result, each way


@dataclass(frozen=True)
class Body:
    """A mesh and what it is made of. ``glow`` is the share of light that is its own; ``print_on`` is on its skin."""

    mesh: Mesh
    colour: Colour
    glow: float = 0.0
    print_on: "Print | None" = None


@dataclass(frozen=True)
class Print:
    """A picture that lies on a body: its upper left corner, and the ways (of the picture's length, in mm) along its
    upper and its left edge. Only skin whose normal is ``facing`` carries it."""

    image: Image.Image
    corner: tuple[float, float, float]
    right: tuple[float, float, float]
    down: tuple[float, float, float]
    facing: tuple[float, float, float]

    def colours(self, places: Array, normals: Array, plain: Array) -> Array:
        """Of points of the skin; ``plain`` where the picture does not reach."""
        right, down = np.array(self.right), np.array(self.down)
        away = places - np.array(self.corner)
        u, v = away @ right / (right @ right), away @ down / (down @ down)
        pixels = np.asarray(self.image.convert("RGB"), dtype=np.float64) / 255
        high, wide = pixels.shape[:2]
        inside = (u >= 0) & (u < 1) & (v >= 0) & (v < 1) & (normals @ np.array(self.facing) > 0.99)
        found = pixels[np.clip((v * high).astype(int), 0, high - 1), np.clip((u * wide).astype(int), 0, wide - 1)]
        return np.where(inside[:, None], found, plain)


@dataclass(frozen=True)
class View:
    """Seen from ``eye`` (a direction), parallel; ``up`` points up in the picture. ``sun`` is where the light is."""

    eye: tuple[float, float, float]
    up: tuple[float, float, float]
    sun: tuple[float, float, float]
    width: int = 1100
    height: int = 760
    margin: float = 0.06


def _basis(eye: Array, up: Array) -> Array:
    z = eye / np.linalg.norm(eye)
    x = np.cross(up, z)
    x /= np.linalg.norm(x)
    return np.array([x, np.cross(z, x), z])


@dataclass(frozen=True)
class _Raster:
    """Which triangle (-1: none) each pixel shows, and its depth towards the eye in mm."""

    seen: Array
    depth: Array


def _raster(corners: Array, width: int, height: int) -> _Raster:
    """``corners``: n x 3 x (column, row, depth)."""
    depth = np.full((height, width), -np.inf)
    seen: Array = np.full((height, width), -1, dtype=np.int64)
    low = np.maximum(np.floor(corners[:, :, :2].min(axis=1)).astype(int), 0)
    high = np.minimum(np.ceil(corners[:, :, :2].max(axis=1)).astype(int) + 1, (width, height))
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    turn = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    for number in np.nonzero((turn < -1e-9) & (high > low).all(axis=1))[0]:
        (left, top), (right, bottom) = low[number], high[number]
        x = np.arange(left, right) + 0.5 - corners[number, 0, 0]
        y = (np.arange(top, bottom) + 0.5 - corners[number, 0, 1])[:, None]
        a, b = one[number], two[number]
        u = (x * b[1] - b[0] * y) / turn[number]
        v = (a[0] * y - x * a[1]) / turn[number]
        place = corners[number, 0, 2] + u * a[2] + v * b[2]
        window = depth[top:bottom, left:right]
        nearer = (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (place > window)
        window[nearer] = place[nearer]
        seen[top:bottom, left:right][nearer] = number
    return _Raster(seen, depth)


def draw(bodies: list[Body], view: View, ground: float | None = None) -> Image.Image:
    """The picture. ``ground`` is how far the table lies below the origin along ``up``; shadows fall on it."""
    corners = np.concatenate([body.mesh.corners for body in bodies])
    normals = np.concatenate([body.mesh.normals for body in bodies])
    owner = np.concatenate([np.full(len(body.mesh.corners), number) for number, body in enumerate(bodies)])
    up = np.array(view.up, dtype=float)
    basis = _basis(np.array(view.eye, dtype=float), up)
    width, height = view.width * FINER, view.height * FINER

    flat = corners @ basis.T
    low, high = flat.reshape(-1, 3).min(axis=0), flat.reshape(-1, 3).max(axis=0)
    scale = min(width / (high[0] - low[0]), height / (high[1] - low[1])) * (1 - 2 * view.margin)
    middle = (low + high) / 2
    on_screen = np.stack(
        [
            width / 2 + (flat[..., 0] - middle[0]) * scale,
            height / 2 - (flat[..., 1] - middle[1]) * scale,
            flat[..., 2],
        ],
        axis=-1,
    )
    raster = _raster(on_screen, width, height)
    hit = raster.seen >= 0
    who = np.where(hit, raster.seen, 0)

    columns: Array
    rows: Array
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    across = (columns - width / 2) / scale + middle[0]
    along = -(rows - height / 2) / scale + middle[1]
    deep = np.where(hit, raster.depth, 0.0)
    if ground is not None:
        # where nothing is seen, the line of sight ends on the table
        table = (ground - across * (basis[0] @ up) - along * (basis[1] @ up)) / (basis[2] @ up)
        deep = np.where(hit, deep, table)
    places = across[..., None] * basis[0] + along[..., None] * basis[1] + deep[..., None] * basis[2]

    sun = np.array(view.sun, dtype=float)
    sun /= np.linalg.norm(sun)
    lit = _shadow(corners, normals[who], places, hit, sun, up)
    normal = normals[who]
    facing = np.clip(normal @ sun, 0, 1)
    sky = 0.5 + 0.5 * (normal @ up)
    head = np.clip(normal @ basis[2], 0, 1)
    shade = 0.32 + 0.24 * sky + 0.20 * head + 0.30 * facing * lit
    corner = _corners(np.where(hit, raster.depth, np.nan), scale)
    shade = shade * corner

    colours = np.array([body.colour for body in bodies])[owner[who]]
    for number, body in enumerate(bodies):
        if body.print_on is not None:
            mine = hit & (owner[who] == number)
            colours[mine] = body.print_on.colours(places[mine], normals[who[mine]], colours[mine])
    glow = np.array([body.glow for body in bodies])[owner[who]][..., None]
    image = colours * (shade[..., None] * (1 - glow) + glow)
    image = image * (1 - 0.55 * _edges(raster, normals, owner, scale)[..., None])
    paper = np.broadcast_to(PAPER, image.shape)
    if ground is not None:
        paper = paper * (0.80 + 0.20 * lit)[..., None]
    image = np.where(hit[..., None], image, paper)
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(pixels).resize((view.width, view.height), Image.Resampling.LANCZOS)


def _shadow(corners: Array, normal: Array, places: Array, hit: Array, sun: Array, up: Array) -> Array:
    """1 where the sun reaches, 0 where a body stands before it."""
    size = 1400
    basis = _basis(sun, up)
    flat = corners @ basis.T
    low, high = flat.reshape(-1, 3).min(axis=0), flat.reshape(-1, 3).max(axis=0)
    scale = size / max(high[0] - low[0], high[1] - low[1])
    seen = _raster(
        np.stack([(flat[..., 0] - low[0]) * scale, (high[1] - flat[..., 1]) * scale, flat[..., 2]], axis=-1), size, size
    ).depth
    here = (places + np.where(hit[..., None], normal, 0.0) * 0.8) @ basis.T
    total = np.zeros(hit.shape)
    steps = (-3, 0, 3)
    for right in steps:
        for down in steps:
            column = np.clip(((here[..., 0] - low[0]) * scale).astype(int) + right, 0, size - 1)
            row = np.clip(((high[1] - here[..., 1]) * scale).astype(int) + down, 0, size - 1)
            total += seen[row, column] <= here[..., 2] + 0.6
    column, row = (here[..., 0] - low[0]) * scale, (high[1] - here[..., 1]) * scale
    outside = (column < 4) | (column > size - 5) | (row < 4) | (row > size - 5)
    return np.where(outside, 1.0, total / len(steps) ** 2)


def _corners(depth: Array, scale: float) -> Array:
    """Darker where the neighbourhood stands nearer to the eye: the softness of inner corners. At half the size, then
    smoothed, because nobody sees the difference."""
    small = depth[::2, ::2]
    dark = np.zeros(small.shape)
    ring = [(np.cos(turn), np.sin(turn)) for turn in np.arange(12) * np.pi / 6 + 0.2]
    reaches = (1.2, 2.6, 5.0, 9.0)
    for reach_mm in reaches:
        reach = max(1.0, reach_mm * scale / 2)
        for right, down in ring:
            near = np.roll(small, (round(down * reach), round(right * reach)), axis=(0, 1))
            rise = np.nan_to_num(near - small) / reach_mm
            dark += np.clip(rise - 0.5, 0, 1.5) * np.clip(2.0 - np.nan_to_num(near - small) / 12, 0, 1)
    soft = _smoothed(dark / (len(ring) * len(reaches)), 2)
    full = np.repeat(np.repeat(soft, 2, axis=0), 2, axis=1)[: depth.shape[0], : depth.shape[1]]
    return 1 - np.clip(1.0 * full, 0, 0.55)


def _smoothed(values: Array, reach: int) -> Array:
    for axis in (0, 1):
        values = sum(np.roll(values, step, axis=axis) for step in range(-reach, reach + 1)) / (2 * reach + 1)
    return values


def _edges(raster: _Raster, normals: Array, owner: Array, scale: float) -> Array:
    """1 on lines where one body ends, or a surface turns by more than about 30 degrees."""
    seen = raster.seen
    line = np.zeros(seen.shape)
    depth = np.where(seen >= 0, raster.depth, 0.0)
    for axis in (0, 1):
        other = np.roll(seen, 1, axis=axis)
        both = (seen >= 0) & (other >= 0)
        a, b = np.where(both, seen, 0), np.where(both, other, 0)
        turned = np.einsum("...i,...i->...", normals[a], normals[b]) < 0.87
        jump = np.abs(depth - np.roll(depth, 1, axis=axis)) > 6 / scale + 0.8
        mark = (both & (turned | jump | (owner[a] != owner[b]))) | ((seen >= 0) != (other >= 0))
        line = np.maximum(line, mark)
        line = np.maximum(line, np.roll(mark, -1, axis=axis))
    return line


def save(image: Image.Image, path: Path, limit: int = 200_000) -> None:
    """A PNG with as many colours as fit into ``limit`` bytes."""
    for colours in (256, 128, 64, 32):
        small = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        if path.stat().st_size <= limit:
            return
