"""The flash model behaves as NOR flash does, on both runtimes, and a cut leaves what a cut may leave."""

import pytest

from simulator.vm import nor
from tests import micropython

TABLE = (("identity", 2 * nor.BLOCK), ("journal", 8 * nor.BLOCK))


@pytest.fixture
def flash(tmp_path):
    return nor.Flash(str(tmp_path / "flash"), TABLE)


def read(partition: nor.Partition, block: int, offset: int, size: int) -> bytes:
    buffer = bytearray(size)
    partition.readblocks(block, buffer, offset)
    return bytes(buffer)


def test_new_flash_is_blank_and_has_the_partitions(flash):
    journal = flash.partition("journal")
    assert (journal.ioctl(4), journal.ioctl(5)) == (8, 4096)
    assert journal.info()[2:5] == (2 * 4096, 8 * 4096, "journal")
    assert read(journal, 7, 0, 4096) == b"\xff" * 4096


def test_programming_only_clears_bits_and_erasing_sets_them_all(flash):
    journal = flash.partition("journal")
    journal.writeblocks(3, b"\xf0\x55", 10)
    journal.writeblocks(3, b"\x3f\xff", 10)
    assert read(journal, 3, 9, 4) == b"\xff\x30\x55\xff"
    assert journal.reprogrammed == 2
    journal.ioctl(6, 3)
    assert read(journal, 3, 0, 4096) == b"\xff" * 4096


def test_without_an_offset_the_block_is_erased_first(flash):
    journal = flash.partition("journal")
    journal.writeblocks(0, bytes(2 * 4096))
    journal.writeblocks(1, b"\x81" * 4096)
    assert read(journal, 0, 4090, 6) == bytes(6) and read(journal, 1, 0, 4096) == b"\x81" * 4096
    with pytest.raises(ValueError, match="whole blocks"):
        journal.writeblocks(0, b"short")


def test_costs_are_counted_by_page_and_block(flash):
    journal = flash.partition("journal")
    journal.writeblocks(0, bytes(256), 128)  # two pages
    journal.ioctl(6, 0)
    read(journal, 0, 0, 100)
    assert (journal.programs, journal.pages, journal.programmed) == (1, 2, 256)
    assert (journal.erases, list(journal.wear)) == (1, [1] + [0] * 7)
    assert (journal.reads, journal.read) == (1, 100)
    assert journal.busy_us == 2 * 700 + 45_000 + 20 + 100 // 20


@pytest.mark.parametrize(("block", "offset", "size"), [(8, 0, 1), (-1, 0, 1), (7, 4000, 97), (0, -1, 1)])
def test_nothing_reaches_outside_the_partition(flash, block, offset, size):
    identity, journal = flash.partition("identity"), flash.partition("journal")
    with pytest.raises(OSError):
        journal.writeblocks(block, bytes(size), offset)
    with pytest.raises(OSError):
        journal.readblocks(block, bytearray(size), offset)
    assert read(identity, 0, 0, 8192) == b"\xff" * 8192


def test_flash_is_kept_when_it_is_opened_again_and_may_grow(flash, tmp_path):
    flash.partition("journal").writeblocks(0, b"kept", 0)
    flash.close()
    again = nor.Flash(str(tmp_path / "flash"), (*TABLE, ("vfs", 4096)))
    assert read(again.partition("journal"), 0, 0, 5) == b"kept\xff"
    assert read(again.partition("vfs"), 0, 0, 4096) == b"\xff" * 4096


@pytest.mark.parametrize("flavour", nor.FLAVOURS)
@pytest.mark.parametrize("seed", range(8))
def test_a_cut_program_leaves_a_mix_of_old_and_new(flash, flavour, seed):
    journal = flash.partition("journal")
    old, data = b"\xfe" * 300, bytes(range(256)) + b"\x10" * 44
    new = bytes(a & b for a, b in zip(old, data, strict=True))
    journal.writeblocks(0, old, 100)
    flash.cut_in(1, flavour, seed)
    with pytest.raises(nor.PowerCut):
        journal.writeblocks(0, data, 100)
    left = after_restart(flash, 0, 100, 300)
    if flavour == "before":
        assert left == old
    elif flavour == "after":
        assert left == new
    elif flavour == "torn":
        assert any(left == new[:size] + old[size:] for size in range(301))
    else:
        assert all(n & was == n and n | now == n for n, now, was in zip(left, new, old, strict=True))
        assert left not in (old, new)


@pytest.mark.parametrize("flavour", ["torn", "bits"])
def test_a_cut_erase_leaves_a_block_that_is_neither(flash, flavour):
    journal = flash.partition("journal")
    old = bytes(range(256)) * 16
    journal.writeblocks(5, old)
    flash.cut_in(1, flavour, 3)
    with pytest.raises(nor.PowerCut):
        journal.ioctl(6, 5)
    left = after_restart(flash, 5, 0, 4096)
    assert left not in (old, b"\xff" * 4096)
    assert all(now & was == was for now, was in zip(left, old, strict=True))


def test_after_a_cut_everything_is_refused(flash):
    identity, journal = flash.partition("identity"), flash.partition("journal")
    flash.cut_in(2, "before")
    journal.writeblocks(0, b"\x00", 0)
    with pytest.raises(nor.PowerCut):
        identity.ioctl(6, 0)
    for call in (lambda: journal.readblocks(0, bytearray(1)), lambda: identity.writeblocks(0, b"", 0)):
        with pytest.raises(nor.PowerCut):
            call()


def test_tables_and_cuts_are_read_from_text():
    assert nor.parse_cut("12") == (12, "before", 1)
    assert nor.parse_cut("12:bits:7") == (12, "bits", 7)
    assert nor.parse_partitions("journal=8192,vfs=4096") == (("journal", 8192), ("vfs", 4096))
    for bad in ("x", "1:later", "1:torn:2:3"):
        with pytest.raises(ValueError):
            nor.parse_cut(bad)
    with pytest.raises(ValueError, match="multiple of 4096"):
        nor.parse_partitions("journal=100")


PROGRAM = """
import esp32
journal, = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")
assert esp32.Partition.find(esp32.Partition.TYPE_DATA, label="nothing") == []
assert esp32.Partition.find() == []
journal.writeblocks(0, bytes(range(256)) * 16)
journal.ioctl(6, 1)
print("two operations more")
journal.writeblocks(2, b"wwwwwwwwww", 0)
print("never printed")
"""


@pytest.mark.parametrize("flavour", ["before", "torn", "bits", "after"])
def test_a_cut_kills_the_vm_and_leaves_what_it_leaves_here(tmp_path, flavour):
    """The same model on both runtimes: same operations, same seed, same file."""
    out = micropython.run(PROGRAM, returns=-9, flash=tmp_path / "vm", HCP_SIM_CUT=f"4:{flavour}:5")
    assert "two operations more" in out and "never" not in out
    flash = nor.Flash(str(tmp_path / "here"), cut=nor.Cut(4, flavour, 5))
    journal = flash.partition("journal")
    with pytest.raises(nor.PowerCut):
        journal.writeblocks(0, bytes(range(256)) * 16)
        journal.ioctl(6, 1)
        journal.writeblocks(2, b"wwwwwwwwww", 0)
    flash.close()
    assert (tmp_path / "vm").read_bytes() == (tmp_path / "here").read_bytes()


def test_killing_the_vm_loses_nothing_that_returned(tmp_path):
    program = PROGRAM.replace('print("never printed")', 'print("written")\nwhile True:\n    pass')
    vm = micropython.start(program, flash=tmp_path / "vm")
    lines = [vm.stdout.readline() for _ in range(2)]
    vm.kill()
    vm.communicate()
    assert lines[1] == "written\n"
    assert read(nor.Flash(str(tmp_path / "vm")).partition("journal"), 2, 0, 11) == b"wwwwwwwwww\xff"


def after_restart(flash: nor.Flash, block: int, offset: int, size: int) -> bytes:
    name = flash._file.name
    flash.close()
    return read(nor.Flash(name, TABLE).partition("journal"), block, offset, size)
