"""Power cuts at every flash operation of one scripted life, in every flavour, and a second cut soon after the first."""

import pytest

from simulator.vm import nor
from tests.firmware.journal_life import Life

BLOCKS = 8

# torn and bits depend on a seed: which prefix, which bits
CUTS = [("before", 0), ("torn", 1), ("torn", 2), ("bits", 1), ("bits", 2), ("after", 0)]


class Recorded(nor.Partition):
    """A partition that keeps, for each operation, the flash before it and how to do it again."""

    def writeblocks(self, block_num, buf, offset=None):
        self.note(lambda partition: partition.writeblocks(block_num, bytes(buf), offset))
        super().writeblocks(block_num, buf, offset)

    def ioctl(self, cmd, arg=0):
        if cmd == 6:
            self.note(lambda partition: partition.ioctl(6, arg))
        return super().ioctl(cmd, arg)


class RecordedLife(Life):
    def __init__(self, path, blocks):
        self.moments = []
        super().__init__(path, blocks)

    def watch(self, flash):
        whole = flash.partition("journal")
        partition = Recorded(flash, whole.label, whole.start, whole.size)
        partition.note = self.note
        return partition

    def note(self, again):
        with open(self.path, "rb") as file:
            self.moments.append((file.read(), again, self.state, self.after))


def scripted(path) -> RecordedLife:
    """Press, change, commit, event, receipt, block change, ring wrap, full, room again, a restart while pending."""
    life = RecordedLife(path, BLOCKS)
    assert life.boot()
    assert life.press(b"one star" * 8) and life.press(b"no, two" * 9) and life.rating(2)
    assert life.event()
    while life.journal.next_seq < 150:  # the ring goes round while receipts follow four behind
        assert life.press(b"a press" * 10) and life.rating(1 + life.journal.next_seq % 5)
        assert life.receipt(life.journal.next_seq - 4)
        life.prepare()
    while life.press(b"the journal fills" * 4):
        assert life.rating()
        life.prepare()
    assert life.journal.full and life.event()
    assert life.receipt(life.journal.next_seq - 5)
    assert life.press(b"pending" * 10)
    life.restart()
    assert life.boot() and life.event() and life.rating(1)
    return life


@pytest.mark.requirement("JX-3.1b", "LZ-2.1.4c")
def test_a_cut_at_every_operation_loses_nothing(tmp_path):
    moments = scripted(tmp_path / "script").moments
    assert max(len(state.records) for _, _, state, _ in moments) > 200
    path = tmp_path / "flash"
    second_cuts = 0
    for index, (image, again, state, after) in enumerate(moments):
        for flavour, seed in CUTS:
            path.write_bytes(image)
            flash = nor.Flash(str(path), (("journal", BLOCKS * nor.BLOCK),))
            flash.cut_in(1, flavour, seed + index)
            with pytest.raises(nor.PowerCut):
                again(flash.partition("journal"))
            flash.close()
            second_cuts += afterlife(Life(path, BLOCKS, state, after), index, seed)
    assert len(moments) > 500 and second_cuts > len(moments)


def afterlife(life: Life, index: int, seed: int) -> int:
    """What a device does next, with a second cut within its first operations."""
    life.cut_in(1 + index % 5, CUTS[(index + seed) % len(CUTS)][0], index)
    for _ in range(2):  # the second time without a cut
        life.boot()
        if life.journal.pending is None:
            life.press(b"another press" * 4)
        if life.journal.pending is not None:
            assert life.rating(3) or life.cuts, "a press was accepted and its record refused"
        life.receipt(life.state.receipted + 2)
    assert life.boot()
    assert life.journal.pending is None or life.rating(3)
    life.restart()
    return life.cuts


def test_a_full_journal_survives_a_cut_in_every_boot(tmp_path):
    life = Life(tmp_path / "flash", BLOCKS)
    while life.rate():
        pass
    assert life.journal.full
    records = life.state.records
    for index in range(400):  # torn tails alone would fill the flash many times
        life.cut_in(1 + index % 3, CUTS[1 + index % 4][0], index)
        life.boot()
    assert life.cuts > 200
    assert life.state.records == records
    assert life.boot() and life.event()
    life.receipt(len(life.state.records))
    assert life.rate()


def test_a_pending_press_survives_a_storm_of_cuts(tmp_path):
    life = Life(tmp_path / "flash", BLOCKS)
    while life.rate():
        pass
    life.receipt(20)
    assert life.press(b"the one that matters" * 5)
    for index in range(300):
        life.cut_in(1 + index % 3, CUTS[1 + index % 4][0], 1000 + index)
        life.boot()
        life.event()
        assert life.state.pending == b"the one that matters" * 5
    assert life.cuts > 200
    life.restart()
    assert life.rating(1)
