"""Storms of power cuts while the journal is full, or while a press waits for its record.

A cut at every operation of a whole life is tests/simulator/test_powercut.py.
"""

from simulator.vm import nor
from tests.firmware.journal_life import Life

BLOCKS = 8


def test_a_full_journal_survives_a_cut_in_every_boot(tmp_path):
    life = Life(tmp_path / "flash", BLOCKS)
    while life.rate():
        pass
    assert life.journal.full
    records = life.state.records
    for index in range(400):  # torn tails alone would fill the flash many times
        life.cut_in(1 + index % 3, nor.FLAVOURS[index % 4], index)
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
        life.cut_in(1 + index % 3, nor.FLAVOURS[index % 4], 1000 + index)
        life.boot()
        life.event()
        assert life.state.pending == b"the one that matters" * 5
    assert life.cuts > 200
    life.restart()
    assert life.rating(1)
