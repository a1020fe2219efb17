"""``hcp_board`` of a real device: the build puts this file under that name into the set."""

from firmware.boards.esp32s3 import make_board

__all__ = ("make_board",)
