"""The skin of a solid as triangles: the same bytes each time, and whether it is closed."""

import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

#: A numpy array; who checks types may not have numpy.
Array = Any

#: How far a facet may be from the true surface (mm), and how much two may turn against each other (radians).
TOLERANCE = 0.03
TURN = 0.2

FIRST_LAYER = 0.3  # mm
DOWN = 0.72  # cosine, a little more than that of 45 degrees


@dataclass(frozen=True)
class Mesh:
    """``corners`` is n x 3 x 3: triangles, their corners counter-clockwise as seen from outside."""

    corners: Array

    @cached_property
    def normals(self) -> Array:
        """Of unit length, outwards."""
        return _normals(self.corners)

    @cached_property
    def areas(self) -> Array:
        return _doubled(self.corners) / 2

    @property
    def volume(self) -> float:
        """mm3; negative if the skin is inside out."""
        a, b, c = (self.corners[:, number] for number in range(3))
        return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)

    def overhang(self) -> float:
        """mm2 that look down by more than 45 degrees, above the bed (z = 0): bridges, and what needs support."""
        above = self.corners[:, :, 2].min(axis=1) > FIRST_LAYER
        return float(self.areas[above & (self.normals[:, 2] < -DOWN)].sum())

    def open_edges(self) -> int:
        """Edges that do not belong to exactly one triangle each way round; 0 for a watertight body."""
        _, names = np.unique(np.round(self.corners.reshape(-1, 3), 5), axis=0, return_inverse=True)
        triangles = names.reshape(-1, 3)
        edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
        size = int(names.max()) + 1
        there, count_there = np.unique(edges[:, 0] * size + edges[:, 1], return_counts=True)
        back, count_back = np.unique(edges[:, 1] * size + edges[:, 0], return_counts=True)
        if not np.array_equal(there, back):
            return len(np.setxor1d(there, back)) // 2
        return int((count_there != count_back).sum() + (count_there > 1).sum())


def _doubled(corners: Array) -> Array:
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)


def _normals(corners: Array) -> Array:
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)


def of(solid: Any, tolerance: float = TOLERANCE, turn: float = TURN) -> Mesh:
    """The triangles of a build123d solid, in an order that depends on their places only."""
    points, triangles = solid.tessellate(tolerance, turn)
    places = np.array([(p.X, p.Y, p.Z) for p in points], dtype=np.float64)
    corners = np.round(places, 5)[np.array(triangles, dtype=np.int64)]
    corners = corners[_doubled(corners) > 1e-9]
    # begin each triangle at its least corner, then sort all of them
    keys = corners[:, :, 0] * 1e6 + corners[:, :, 1] * 1e3 + corners[:, :, 2]
    first = keys.argmin(axis=1)
    turned = corners[np.arange(len(corners))[:, None], (first[:, None] + np.arange(3)) % 3]
    flat = turned.reshape(-1, 9)
    return Mesh(flat[np.lexsort(flat.T[::-1])].reshape(-1, 3, 3) + 0.0)


def write_stl(mesh: Mesh, path: Path, title: str) -> None:
    """Binary STL; the title stands in its header, and no date."""
    record: Array = np.zeros(
        len(mesh.corners), dtype=np.dtype([("normal", "<3f4"), ("corners", "<9f4"), ("spare", "<u2")], align=False)
    )
    record["normal"] = mesh.normals + 0.0
    record["corners"] = mesh.corners.reshape(-1, 9)
    path.write_bytes(title.encode("ascii")[:80].ljust(80) + struct.pack("<I", len(record)) + record.tobytes())
