"""How the readers of this room complain: the first sentences, and how many more there are."""

from hardware.part import HardwareError

_TOLD = 6


def refuse(wrong: list[str], about: str = "") -> None:
    """Raises HardwareError unless nothing is wrong."""
    if wrong:
        more = f" (and {len(wrong) - _TOLD} more)" if len(wrong) > _TOLD else ""
        raise HardwareError(about + "; ".join(wrong[:_TOLD]) + more)
