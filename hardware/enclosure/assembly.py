"""The pieces of the case, in their places, and how each lies on the printer's bed."""

from dataclasses import dataclass
from typing import Any

from build123d import Location, Plane, Pos, Rot

from hardware.enclosure import base, clamp, clip, hatch, hood, key, shell
from hardware.enclosure.measures import Design


@dataclass(frozen=True)
class Piece:
    """``solid`` is in the frame of the solids. ``bed`` turns it as it is printed; ``file`` is the name of its STL:
    pieces of the same shape share one. ``material`` is advice."""

    name: str
    solid: Any
    file: str
    bed: Location
    material: str = "PETG, 4 walls, 30 % infill"

    def printed(self) -> Any:
        """The piece as it lies on the bed, its lowest point at 0."""
        turned = self.bed * self.solid
        box = turned.bounding_box()
        middle = box.center()
        return Pos(-middle.X, -middle.Y, -box.min.Z) * turned


_AS_IT_STANDS = Location()
_FACE_DOWN = Rot(X=180)


def pieces(design: Design) -> tuple[Piece, ...]:
    """All pieces. Takes a few seconds: build them once."""
    d, own = design.shared, design.own
    on_table = Location(base.table_plane(design)).inverse()
    clear = "PETG, clear or natural white, solid"
    found = [
        Piece("shell", shell.make(design), "shell", _FACE_DOWN),
        Piece("base", base.make(design), "base", on_table),
        Piece("hatch", hatch.make(design), "hatch", on_table),
        Piece("hood", hood.make(design), "hood", _AS_IT_STANDS, "PETG, matt black or dark, 4 walls, 30 % infill"),
    ]
    count = len(d.keys.x)
    plain = key.make(design, 2)
    for stars in range(1, count + 1):
        marked = stars in (1, count)
        solid = key.make(design, stars) if marked else Pos(d.keys.x[stars - 1] - d.keys.x[1], 0, 0) * plain
        found.append(Piece(f"key-{stars}", solid, f"key-{stars}" if marked else "key-plain", _AS_IT_STANDS, clear))
    for number, side in enumerate(("rear", "front")):
        found.append(Piece(f"clip-{side}", clip.make(design, number), "clip", _AS_IT_STANDS))
    outside_down = Location(Plane(origin=(0, 0, 0), x_dir=(1, 0, 0), z_dir=(0, -1, 0))).inverse()
    found.append(Piece("clamp-usb", clamp.make(design, d.rear.usb_x, own.clamp.usb_cable), "clamp-usb", outside_down))
    found.append(
        Piece(
            "clamp-ethernet",
            clamp.make(design, d.rear.ethernet_x, own.clamp.rj45_cable),
            "clamp-ethernet",
            outside_down,
        )
    )
    return tuple(found)
