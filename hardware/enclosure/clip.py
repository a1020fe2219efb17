"""A clip that holds the display module's right edge: a small bar, screwed to a boss of the shell."""

from build123d import Axis, Solid, fillet

from hardware.enclosure.measures import Design
from hardware.enclosure.places import clip_bosses, module_rear
from hardware.enclosure.solids import PAST, box, rod


def make(design: Design, number: int) -> Solid:
    """The clip, 0 at the rear or 1, in the frame of the solids."""
    own, screen = design.own, design.own.screen
    x, y = clip_bosses(design)[number]
    edge = design.shared.display.centre[0] + design.shared.display.module[0] / 2
    _, width, thick = screen.clip
    top = module_rear(design) - 0.05
    bar = box(
        (edge - screen.clip_overlap, x + own.screw.boss_radius), (y - width / 2, y + width / 2), (top - thick, top)
    )
    bar = fillet(bar.edges().filter_by(Axis.Z), 2.0)
    return (bar - rod((x, y, top - thick - PAST), (0, 0, 1), own.screw.clearance_hole / 2, thick + 2 * PAST)).solid()
