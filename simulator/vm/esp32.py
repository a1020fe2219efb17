"""``esp32`` for the VM: ``Partition`` on the flash model. The environment says where it is and when its power goes.

HCP_SIM_FLASH        the file that is the flash (made if it is not there); needed
HCP_SIM_PARTITIONS   the partition table as ``label=bytes,label=bytes``; default: ``nor.PARTITIONS``
HCP_SIM_CUT          ``n[:flavour[:seed]]``: the VM is killed at its n-th flash operation (see ``nor``)
"""

import os

import nor

_flash: nor.Flash | None = None


def flash() -> nor.Flash:
    """The chip of this device; not on real hardware. Raises OSError if HCP_SIM_FLASH is not set."""
    global _flash
    if _flash is None:
        path = os.getenv("HCP_SIM_FLASH")
        if not path:
            raise OSError("HCP_SIM_FLASH: expected the path of the flash file, got nothing")
        table = os.getenv("HCP_SIM_PARTITIONS")
        cut = os.getenv("HCP_SIM_CUT")
        _flash = nor.Flash(
            path,
            nor.parse_partitions(table) if table else nor.PARTITIONS,
            nor.parse_cut(cut) if cut else None,
        )
        _flash.on_cut = _kill
    return _flash


class Partition:
    """As on the chip, for data partitions: ``Partition.find(Partition.TYPE_DATA, label="journal")[0]``."""

    TYPE_APP = 0
    TYPE_DATA = 1

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        """Partitions that match, as a list (empty if there is none).

        As on the chip, only app partitions are looked for unless a type is given. There the answer is an empty list;
        here a call that can only be a mistake raises ValueError.
        """
        chip = flash()
        if type != Partition.TYPE_DATA:
            if label in chip.labels:
                raise ValueError("%s is a data partition: find(Partition.TYPE_DATA, label=...)" % label)
            return []
        if block_size != nor.BLOCK:
            raise ValueError("only the native block size is modelled")
        return [chip.partition(name) for name in chip.labels if label is None or name == label]


def _kill():
    # a process of the unix port cannot end itself without unwinding, but its child can end it as a power cut would
    os.system("kill -9 $PPID")  # noqa: S605, S607
