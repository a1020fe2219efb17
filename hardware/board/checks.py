"""What has to be true of the placement, said without KiCad: it agrees with ``dimensions.toml`` and leaves room."""

from collections.abc import Iterator

from hardware.board.assemble import Assembled
from hardware.part import HardwareError


def check(made: Assembled) -> None:
    """Raises HardwareError with every sentence."""
    if wrong := list(complaints(made)):
        raise HardwareError("placement: " + "; ".join(wrong))


def complaints(made: Assembled) -> Iterator[str]:
    yield from ()
