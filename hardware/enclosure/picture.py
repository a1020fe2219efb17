"""Shaded pictures without a graphics card: a z-buffer in numpy, with a shadow, soft corners and drawn edges."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from hardware.enclosure.mesh import Array, Mesh

Colour = tuple[float, float, float]

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
    """Seen from ``eye`` (a direction), parallel; ``up`` points up in the picture. ``sun`` is where the light is;
    without ``shadows`` it shines through everything."""

    eye: tuple[float, float, float]
    up: tuple[float, float, float]
    sun: tuple[float, float, float]
    width: int = 1100
    height: int = 760
    margin: float = 0.06
    shadows: bool = True


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
    depth: Array = np.full((height, width), -np.inf, dtype=np.float32)
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


@dataclass(frozen=True)
class _Eye:
    """Where a parallel view puts things: its axes (right, up, to the eye), pixels per mm, the middle of the picture."""

    basis: Array
    scale: float
    middle: Array
    width: int
    height: int

    def pixels(self, places: Array) -> Array:
        """Column, row and depth of points."""
        flat = places @ self.basis.T
        column = self.width / 2 + (flat[..., 0] - self.middle[0]) * self.scale
        row = self.height / 2 - (flat[..., 1] - self.middle[1]) * self.scale
        return np.stack([column, row, flat[..., 2]], axis=-1)

    def place(self, rows: Array, columns: Array, depth: Array) -> Array:
        """The point that a pixel shows at a depth."""
        right = (columns + 0.5 - self.width / 2) / self.scale + self.middle[0]
        up = -(rows + 0.5 - self.height / 2) / self.scale + self.middle[1]
        return np.stack([right, up, depth], axis=-1) @ self.basis


def _eye(corners: Array, way: Array, up: Array, width: int, height: int, margin: float) -> _Eye:
    basis = _basis(way, up)
    flat = corners.reshape(-1, 3) @ basis.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    scale = min(width / (high[0] - low[0]), height / (high[1] - low[1])) * (1 - 2 * margin)
    return _Eye(basis, float(scale), (low + high) / 2, width, height)


def draw(bodies: list[Body], view: View, ground: float | None = None) -> Image.Image:
    """The picture. ``ground`` is how far the table lies along ``up``; shadows fall on it."""
    corners = np.concatenate([body.mesh.corners for body in bodies]).astype(np.float32)
    normals = np.concatenate([body.mesh.normals for body in bodies]).astype(np.float32)
    owner = np.concatenate([np.full(len(body.mesh.corners), number) for number, body in enumerate(bodies)])
    up, sun = np.array(view.up, dtype=np.float32), np.array(view.sun, dtype=np.float32)
    sun /= np.linalg.norm(sun)
    eye = _eye(corners, np.array(view.eye), up, view.width * FINER, view.height * FINER, view.margin)
    raster = _raster(eye.pixels(corners), eye.width, eye.height)
    shadow = _Shadow.of(corners, sun, up) if view.shadows else None

    image: Array = np.ones((eye.height, eye.width, 3), dtype=np.float32)
    if ground is not None and shadow is not None:
        image *= _table(eye, up, ground, shadow)[..., None]
    rows, columns = np.nonzero(raster.seen >= 0)
    who = raster.seen[rows, columns]
    places, normal = eye.place(rows, columns, raster.depth[rows, columns]), normals[who]
    lit = shadow.lit(places + normal * 0.8) if shadow is not None else 1.0
    facing, head = np.clip(normal @ sun, 0, 1), np.clip(normal @ eye.basis[2], 0, 1)
    shade = 0.32 + 0.24 * (0.5 + 0.5 * (normal @ up)) + 0.20 * head + 0.30 * facing * lit
    shade *= _corners(raster.depth, eye.scale)[rows, columns]
    colours = np.array([body.colour for body in bodies])[owner[who]]
    for number, body in enumerate(bodies):
        if body.print_on is not None:
            mine = owner[who] == number
            colours[mine] = body.print_on.colours(places[mine], normal[mine], colours[mine])
    glow = np.array([body.glow for body in bodies])[owner[who]]
    image[rows, columns] = colours * (shade * (1 - glow) + glow)[:, None]
    image *= 1 - 0.55 * _edges(raster, normals, owner, eye.scale)[..., None]
    pixels = (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image.fromarray(pixels).resize((view.width, view.height), Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class _Shadow:
    """The bodies as the sun sees them."""

    eye: _Eye
    depth: Array

    @classmethod
    def of(cls, corners: Array, sun: Array, up: Array) -> "_Shadow":
        eye = _eye(corners, sun, up, 1200, 1200, 0.01)
        return cls(eye, _raster(eye.pixels(corners), eye.width, eye.height).depth)

    def lit(self, places: Array) -> Array:
        """1 where the sun reaches, 0 where a body stands before it."""
        here = self.eye.pixels(places)
        column, row = here[..., 0].astype(int), here[..., 1].astype(int)
        near = here[..., 2] + 0.6
        total: Array = np.zeros(here.shape[:-1], dtype=np.float32)
        spots = ((0, 0), (-2, -1), (2, 1), (-1, 2), (1, -2))
        for right, down in spots:
            x, y = column + right, row + down
            inside = (x >= 0) & (x < self.eye.width) & (y >= 0) & (y < self.eye.height)
            seen = self.depth[np.clip(y, 0, self.eye.height - 1), np.clip(x, 0, self.eye.width - 1)]
            total += ~inside | (seen <= near)
        return total / len(spots)


def _table(eye: _Eye, up: Array, ground: float, shadow: _Shadow) -> Array:
    """How light the table is, at half the size and then smoothed."""
    rows: Array = np.arange(0, eye.height, 2)[:, None]
    columns: Array = np.arange(0, eye.width, 2)[None, :]
    rows, columns = np.broadcast_arrays(rows, columns)
    on_eye = eye.place(rows, columns, np.zeros(rows.shape)) @ up
    depth = (ground - on_eye) / (eye.basis[2] @ up)
    light = _smoothed(0.80 + 0.20 * shadow.lit(eye.place(rows, columns, depth)), 2)
    return np.repeat(np.repeat(light, 2, axis=0), 2, axis=1)


def _corners(depth: Array, scale: float) -> Array:
    """Darker where the neighbourhood stands nearer to the eye: the softness of inner corners. At half the size, then
    smoothed, because nobody sees the difference."""
    small = np.where(np.isfinite(depth[::2, ::2]), depth[::2, ::2], -1e4).astype(np.float32)
    dark: Array = np.zeros(small.shape, dtype=np.float32)
    ring = [(np.cos(turn), np.sin(turn)) for turn in np.arange(8) * np.pi / 4 + 0.2]
    reaches = (1.2, 3.0, 7.0)
    for reach_mm in reaches:
        reach = max(1.0, reach_mm * scale / 2)
        for right, down in ring:
            rise = np.roll(small, (round(down * reach), round(right * reach)), axis=(0, 1)) - small
            dark += np.clip(rise / reach_mm - 0.5, 0, 1.5) * np.clip(2.0 - rise / 12, 0, 1)
    soft = _smoothed(dark / (len(ring) * len(reaches)), 2)
    return 1 - np.clip(np.repeat(np.repeat(soft, 2, axis=0), 2, axis=1), 0, 0.55)


def _smoothed(values: Array, reach: int) -> Array:
    """Each the mean of its neighbourhood."""
    count = 2 * reach + 1
    for axis in (0, 1):
        wide = np.pad(values, [(reach, reach) if axis == each else (0, 0) for each in (0, 1)], mode="edge")
        size = values.shape[axis]
        values = sum(np.take(wide, range(step, step + size), axis=axis) for step in range(count)) / count
    return values


def _edges(raster: _Raster, normals: Array, owner: Array, scale: float) -> Array:
    """1 on lines where one body ends, or a surface turns by more than about 30 degrees."""
    seen = raster.seen
    line: Array = np.zeros(seen.shape, dtype=np.float32)
    for axis in (0, 1):
        other = np.roll(seen, 1, axis=axis)
        rows, columns = np.nonzero(seen != other)  # within one triangle there is no edge
        a, b = seen[rows, columns], other[rows, columns]
        before = (rows - 1, columns) if axis == 0 else (rows, columns - 1)
        outline = (a < 0) | (b < 0)
        turned = np.einsum("ij,ij->i", normals[a], normals[b]) < 0.87
        with np.errstate(invalid="ignore"):
            jump = np.abs(raster.depth[rows, columns] - raster.depth[before]) > 6 / scale + 0.8
        mark = outline | turned | jump | (owner[a] != owner[b])
        line[rows[mark], columns[mark]] = 1
        line[before[0][mark], before[1][mark]] = 1
    return line


def save(image: Image.Image, path: Path, limit: int = 200_000) -> None:
    """A PNG with as many colours as fit into ``limit`` bytes."""
    for colours in (256, 128, 64, 32):
        small = image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        if path.stat().st_size <= limit:
            return
