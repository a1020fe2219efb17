"""The paper of a sheet: A4 across, and what of it may be drawn on."""

from hardware.schematic.geometry import Box

WIDTH, HEIGHT = 297.0, 210.0
MARGIN = 12.7  # the frame and its letters
TITLE = Box(175.0, 163.0, WIDTH, HEIGHT)  # the title block


def inside(box: Box) -> bool:
    """Whether something lies within the frame and clear of the title block."""
    return (
        box.left >= MARGIN
        and box.top >= MARGIN
        and box.right <= WIDTH - MARGIN
        and box.bottom <= HEIGHT - MARGIN
        and not box.hits(TITLE)
    )
