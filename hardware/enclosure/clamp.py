"""A cable clamp: a bar that presses one cable against the outside of the rear wall."""

from build123d import Axis, Solid, fillet

from hardware.enclosure.measures import Design
from hardware.enclosure.solids import PAST, box, countersink, rod


def make(design: Design, x: float, cable: float) -> Solid:
    """The clamp over a cable of the diameter ``cable`` that runs down the wall at ``x``."""
    d, own = design.shared, design.own
    clamp = own.clamp
    width, height, thick = clamp.size
    rear = -d.face.y[0]
    bar = box((x - width / 2, x + width / 2), (rear, rear + thick), (clamp.z - height / 2, clamp.z + height / 2))
    bar = fillet(bar.edges().filter_by(Axis.Y), 3.0)
    bar = fillet(bar.faces().sort_by(Axis.Y)[-1].edges(), 1.2)
    # the groove is open to the wall, and shallower than the cable by the squeeze
    middle = rear + cable / 2 - clamp.squeeze
    bar -= rod((x, middle, clamp.z - height), (0, 0, 1), cable / 2, 2 * height)
    bar -= box((x - cable / 2, x + cable / 2), (rear - PAST, middle), (clamp.z - height, clamp.z + height))
    for side in (-1, 1):
        bar -= countersink(
            (x + side * clamp.screw_offset, rear + thick, clamp.z),
            (0, -1, 0),
            own.screw.clearance_hole,
            own.screw.head,
            thick,
        )
    return bar.solid()
