"""What the application needs before it can start: partitions, identity, journal."""

from esp32 import Partition

from firmware import identity
from firmware.app import App
from firmware.journal import MIN_BLOCKS, Journal


def prepare(board):
    """``(code, None)`` of what is missing (see main), or the application to run and the code of its failing."""
    places = []
    for label, least in (("identity", 2), ("journal", MIN_BLOCKS)):
        found = Partition.find(Partition.TYPE_DATA, label=label)
        if not found or found[0].ioctl(4, 0) < least:
            board.log("E03 partition %s: missing, or fewer than %d blocks" % (label, least))
            return "E03", None
        places.append(found[0])
    who = identity.load(places[0])
    if who is not None:
        rotation = None
        if identity.is_turning(places[0]):
            from firmware.rotation import Rotation

            rotation = Rotation(places[0])
        return "E05", App(board, who, Journal(places[1], who.device), rotation).run()
    code = "E02"
    if identity.load_keys(places[0]) is not None or (_is_blank(places[0], 0) and _is_blank(places[0], 1)):
        code = "E01"
    board.log(code + " no identity")
    return code, None


def _is_blank(partition, block):
    head = bytearray(16)
    partition.readblocks(block, head, 0)
    return head == b"\xff" * 16
