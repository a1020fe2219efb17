"""A simulated device with two sets of firmware: the file system on the partition "vfs" at /flash, as on a board at /.

``python -m hcp_slots`` is the power coming on: the loader in /flash chooses a set, and everything but the shims comes
from there. ``install`` is what flashing a new board does.
"""

import os
import sys

from esp32 import Partition

ROOT = "/flash"


def mount():
    """Mount the file system; a blank partition gets one."""
    partition = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    try:
        system = os.VfsLfs2(partition)
    except OSError:
        os.VfsLfs2.mkfs(partition)
        system = os.VfsLfs2(partition)
    os.mount(system, ROOT)
    if ROOT not in sys.path:
        sys.path.append(ROOT)


def install(folder, version):
    """Put the loader in ``folder``/loader and the set in ``folder``/set on a new device, as set a."""
    mount()
    copy(folder + "/loader", ROOT)
    copy(folder + "/set", ROOT + "/a")
    import slots

    record = slots.Slots(Partition.find(Partition.TYPE_DATA, label="slots")[0])
    record.versions[0] = record.told = version
    record.save()


def copy(source, target):
    """A folder with all that is in it."""
    try:
        os.mkdir(target)
    except OSError:
        pass  # it is there
    for name, kind, *_ in os.ilistdir(source):
        if kind == 0x4000:
            copy(source + "/" + name, target + "/" + name)
            continue
        with open(source + "/" + name, "rb") as old, open(target + "/" + name, "wb") as new:
            while True:
                data = old.read(2048)
                if not data:
                    break
                new.write(data)


if __name__ == "__main__":
    mount()
    __import__("main")
