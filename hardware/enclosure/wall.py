"""How thick the walls are: measured on the mesh by rays, not believed.

From points spread over the skin a ray goes straight into the material to the other side. Where the two sides are nearly
parallel (``PARALLEL``), its length is a wall. Where they are not, it ran into a bevel or the tip of a star: no wall.
"""

from dataclasses import dataclass
from math import cos, radians

import numpy as np

from hardware.enclosure.frame import Point
from hardware.enclosure.mesh import Array, Mesh

SPACING = 3.0  # mm between the points
PARALLEL = 30.0  # degrees by which two sides of a wall may differ
SKIN = 0.01
CELL = 12.0  # mm


@dataclass(frozen=True)
class Wall:
    """``thickness`` in mm at ``at``, a point of the skin."""

    thickness: float
    at: Point


def thinnest(mesh: Mesh, beyond: float = 6.0) -> Wall:
    """The thinnest wall; what is thicker than ``beyond`` does not matter."""
    points, inwards = _points(mesh)
    thickness = _through(mesh, points, inwards, beyond)
    least = int(thickness.argmin())
    x, y, z = (round(float(value), 2) for value in points[least])
    return Wall(round(float(thickness[least]), 3), (x, y, z))


def _points(mesh: Mesh) -> tuple[Array, Array]:
    """The middle of each triangle, and more points in the large ones, on a grid in their barycentric frame."""
    sides = np.linalg.norm(mesh.corners - np.roll(mesh.corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.minimum(np.ceil(sides / SPACING).astype(int), 40)
    points, inwards = [], []
    for count in np.unique(steps):
        chosen = steps == count
        grid = [
            ((i + shift) / count, (j + shift) / count)
            for i in range(count)
            for j in range(count - i)
            for shift in (1 / 3, 2 / 3)
            if i + j + 2 * shift < count
        ]
        corners = mesh.corners[chosen]
        for u, v in grid:
            points.append(corners[:, 0] * (1 - u - v) + corners[:, 1] * u + corners[:, 2] * v)
            inwards.append(-mesh.normals[chosen])
    # a long thin triangle has many points close together: one per cell and direction is enough
    places, ways = np.concatenate(points), np.concatenate(inwards)
    cells = np.concatenate([np.floor(places / SPACING), np.round(ways * 2)], axis=1).astype(np.int64)
    _, first = np.unique(cells, axis=0, return_index=True)
    first.sort()
    return places[first], ways[first]


def _through(mesh: Mesh, points: Array, inwards: Array, beyond: float) -> Array:
    """The length of the ray in the material from each point, ``beyond`` if it is longer or the sides do not face."""
    low, high = mesh.corners.min(axis=1).T.copy(), mesh.corners.max(axis=1).T.copy()
    normals = mesh.normals
    level = np.einsum("ij,ij->i", normals, mesh.corners[:, 0])
    first, one, two = (
        mesh.corners[:, 0],
        mesh.corners[:, 1] - mesh.corners[:, 0],
        mesh.corners[:, 2] - mesh.corners[:, 0],
    )
    best = np.full(len(points), beyond)
    hits = np.full(len(points), -1)
    # rays of one place and direction together meet few triangles
    places = np.concatenate([np.floor(points / CELL), np.round(inwards)], axis=1).astype(np.int64)
    _, bunches = np.unique(places, axis=0, return_inverse=True)
    order = np.argsort(bunches.ravel(), kind="stable")
    for bunch in np.split(order, np.nonzero(np.diff(bunches.ravel()[order]))[0] + 1):
        start, way = points[bunch], inwards[bunch]
        end = start + way * beyond
        reach_low = np.minimum(start, end).min(axis=0)
        reach_high = np.maximum(start, end).max(axis=0)
        there: Array = np.ones(len(level), dtype=bool)
        for axis in range(3):
            there &= (high[axis] >= reach_low[axis]) & (low[axis] <= reach_high[axis])
        near = np.nonzero(there)[0]
        middle, half = (reach_low + reach_high) / 2, (reach_high - reach_low) / 2
        near = near[np.abs(normals[near] @ middle - level[near]) <= np.abs(normals[near]) @ half + SKIN]
        if not len(near):
            continue
        length = meet(start, way, first[near], one[near], two[near])
        nearest = length.argmin(axis=1)
        found = length[np.arange(len(bunch)), nearest]
        shorter = found < beyond
        best[bunch[shorter]] = found[shorter]
        hits[bunch[shorter]] = near[nearest[shorter]]
    met = hits >= 0
    slanted: Array = np.zeros(len(points), dtype=bool)
    slanted[met] = np.einsum("ij,ij->i", normals[hits[met]], inwards[met]) < cos(radians(PARALLEL))
    best[slanted] = beyond
    return best


def meet(start: Array, way: Array, first: Array, one: Array, two: Array) -> Array:
    """Rays x triangles: the distance along the ray, infinite where they miss (Möller and Trumbore)."""
    across = np.cross(way[:, None, :], two[None, :, :])
    size = np.einsum("ti,rti->rt", one, across)
    with np.errstate(divide="ignore", invalid="ignore"):
        back = 1.0 / size
        away = start[:, None, :] - first[None, :, :]
        u = np.einsum("rti,rti->rt", away, across) * back
        turn = np.cross(away, one[None, :, :])
        v = np.einsum("ri,rti->rt", way, turn) * back
        length = np.einsum("ti,rti->rt", two, turn) * back
        hit = (np.abs(size) > 1e-12) & (u >= -1e-9) & (v >= -1e-9) & (u + v <= 1 + 1e-9) & (length > SKIN)
    return np.where(hit, length, np.inf)
