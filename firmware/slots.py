"""Two sets of firmware, ``/a`` and ``/b``, and the one record that says which of them runs.

This file and ``boot`` lie beside the sets in the root of the file system and are never updated over the air: they must
start whatever came. The record is on a partition of its own, "slots": two blocks, each with a whole copy, the newest
good one counts; a power cut inside ``save`` leaves the old record or the new one.

A set that was just switched to is on *trial*. Each start of it is counted before it runs; after ``TRIES`` starts that
did not lead to a confirmation the other set comes back. A start that lived for a while and ended because somebody
pulled the plug is forgiven: a device without network stays on trial for as long as that takes.
"""

import binascii
import struct
import sys

NAMES = ("a", "b")
TRIES = 3
_FORM = "<4sIBBBBIII"
_MAGIC = b"hcps"

record = None  # the Slots of this start
root = ""  # the folder that holds the sets, without a slash at its end


class Slots:
    """The record. ``versions`` of both sets (0: none that could run), ``active`` of them; ``told`` is the version that
    the last event 8 named (SPEC 3.4). A blank partition is a device as it left the factory: set a, version 0.
    """

    def __init__(self, partition):
        self._partition = partition
        self._generation = self.active = self.trial = self.tries = self.alive = self.told = 0
        self.versions = [0, 0]
        for block in (0, 1):
            data = bytearray(28)
            partition.readblocks(block, data, 0)
            fields = struct.unpack(_FORM, data[:24])
            if fields[0] == _MAGIC and fields[1] > self._generation and _crc(data[:24]) == data[24:]:
                _, self._generation, self.active, self.trial, self.tries, self.alive, a, b, self.told = fields
                self.versions = [a, b]

    def save(self) -> None:
        state = (self.active, self.trial, self.tries, self.alive) + tuple(self.versions) + (self.told,)
        for _ in (0, 1):
            self._generation += 1
            data = struct.pack(_FORM, _MAGIC, self._generation, *state)
            self._partition.ioctl(6, self._generation & 1)
            self._partition.writeblocks(self._generation & 1, data + _crc(data), 0)

    @property
    def version(self) -> int:
        """Of the set that runs."""
        return self.versions[self.active]

    def choose(self, powered: bool) -> str:
        """The name of the set that this start runs. ``powered``: the power came back; the device did not restart."""
        if self.trial:
            if self.alive and powered:
                self.tries = 0
            self.alive = 0
            self.tries += 1
            if self.tries > TRIES:
                self.back()
            else:
                self.save()
        return NAMES[self.active]

    def back(self) -> None:
        """The active set is given up; the other one is active again, and will tell."""
        self.told = self.version
        self.versions[self.active] = 0
        self.active ^= 1
        self.trial = self.tries = self.alive = 0
        self.save()


def _crc(data):
    return struct.pack("<I", binascii.crc32(data))


def start() -> None:
    """Run a set; does not return unless none starts."""
    global record, root
    import machine
    from esp32 import Partition

    root = __file__.rsplit("/", 1)[0] if "/" in __file__ else ""
    found = Partition.find(Partition.TYPE_DATA, label="slots")
    name = "a"
    if found:
        record = Slots(found[0])
        name = record.choose(machine.reset_cause() == machine.PWRON_RESET)
    sys.path.insert(0, root + "/" + name)
    try:
        __import__("firmware.main")
    except Exception as error:  # the set does not even import
        sys.print_exception(error)
        if record is None or not record.trial:
            if record is None or not record.versions[record.active ^ 1]:
                print("E-BOOT: no set of firmware starts")
                return
            record.back()
        machine.reset()
