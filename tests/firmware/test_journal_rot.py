"""Bit rot and garbage in the journal's flash: kept, or declared; never invented, and no seq twice."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware import journal_format as form
from firmware.journal import Journal
from protocol import record
from simulator import journal_rot, journal_story
from simulator.journal_twin import Fault
from simulator.vm import nor
from tests import micropython
from tests.firmware.journal_life import KID, Life

BLOCKS = 8
LARGEST_BLOCK = (form.SUCCESSOR_AT - form.ENTRIES_AT) // form.room(form.SIGNATURE_SIZE)


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    return journal_story.moments(tmp_path_factory.mktemp("story"))


@pytest.fixture
def life(tmp_path):
    life = Life(tmp_path / "flash", BLOCKS)
    assert life.boot()
    return life


@pytest.mark.requirement("LZ-2.1.4c")
@pytest.mark.parametrize("damage", journal_rot.DAMAGES)
@settings(max_examples=60, deadline=None)
@given(when=st.integers(0, 10**6), seed=st.integers(0, 2**30))
def test_damage_loses_what_it_hit_and_says_so(moments, tmp_path_factory, damage, when, seed):
    path = tmp_path_factory.getbasetemp() / "rotten"
    journal_rot.strike(path, moments[when % len(moments)], damage, seed)


def test_the_judge_sees_a_journal_that_gives_a_seq_again(moments, tmp_path, monkeypatch):
    """The judge itself judged: without the step over the last records, their seqs come again."""
    monkeypatch.setattr(Journal, "_step_over", lambda *_: None)
    kinds = set()
    for index in range(100, len(moments), 40):
        try:
            journal_rot.strike(tmp_path / "flash", moments[index], "last", index)
        except Fault as fault:
            kinds.add(fault.kind)
    assert "duplicated" in kinds


def test_the_judge_sees_a_journal_that_believes_a_wrong_crc(moments, tmp_path, monkeypatch):
    monkeypatch.setattr(form, "_is_whole", lambda *_: True)
    kinds = set()
    for index in range(100, len(moments), 40):
        try:
            journal_rot.strike(tmp_path / "flash", moments[index], "near", index)
        except Fault as fault:
            kinds.add(fault.kind)
        except (ValueError, IndexError, struct.error):
            kinds.add("crash")
    assert "corrupt" in kinds


def end(life: Life) -> tuple[int, int]:
    """The active block, and where its next entry goes."""
    return life.journal._active, life.journal._at


def garble(life: Life, block: int, start: int, stop: int) -> None:
    life.flash.close()
    with open(life.path, "r+b") as file:
        file.seek(block * nor.BLOCK + start)
        file.write(bytes(place * 197 + 91 & 0x7F for place in range(start, stop)))


def mounted(life: Life):
    journal = Journal(nor.Flash(life.path, life.table).partition("journal"), KID)
    return journal, journal.mount()


def test_the_last_record_is_lost_alone(life):
    for _ in range(5):
        life.rate()
    block, start = end(life)
    life.press(b"p" * 70)
    _, start = end(life)
    life.rating()
    garble(life, block, start + 80, start + 84)
    journal, found = mounted(life)
    assert found.lost == [(6, 7)] and found.next_seq == 8
    assert found.pending is None, "its record was perhaps sent: it is not made another one"
    assert [journal.read(seq) for seq in range(1, 6)] == list(life.state.records[:5])


def test_a_lost_event_leaves_the_press_before_it(life):
    life.press(b"p" * 70)
    block, start = end(life)
    life.event()
    garble(life, block, start + 80, start + 84)
    _, found = mounted(life)
    assert found.lost == [(1, 2)] and found.pending == b"p" * 70


def test_a_press_that_rots_before_it_is_a_record_costs_a_seq(life):
    life.rate()
    block, start = end(life)
    life.press(b"p" * 70)
    garble(life, block, start + 10, start + 12)
    _, found = mounted(life)
    assert found.pending is None and found.lost == [(2, 2)] and found.next_seq == 3


def test_an_older_choice_does_not_stand_in_for_the_one_that_rotted(life):
    life.press(b"first choice of five")
    block, start = end(life)
    life.press(b"another choice, the last")
    garble(life, block, start + 10, start + 12)
    _, found = mounted(life)
    assert found.pending is None and found.lost == [(1, 1)]


def test_a_press_cut_off_while_it_was_written_is_no_loss(life):
    life.rate()
    life.cut_in(1, "torn", 3)
    assert not life.press(b"p" * 70) and life.cuts == 1  # Life itself refuses a declared loss
    assert life.boot() and life.rate()


def test_a_record_whose_commit_was_half_done_stays_what_it_is(life):
    """Of the kind some bits still read as ones: the crc knows which kind it was to be."""
    for seed in range(40):
        assert life.press(b"p" * 70)
        life.cut_in(2, "bits", seed)
        before = len(life.state.records)
        life.rating()
        life.restart()
        if len(life.state.records) == before:
            assert life.rating()
    assert life.cuts == 40 and len(life.state.records) == 40


def test_when_the_newest_block_is_garbage_all_its_seqs_are_stepped_over(life):
    while life.journal._active < 1:
        life.rate()
        life.idle()
    before = life.journal._first[1]
    for _ in range(5):
        life.rate()
    garble(life, 1, 0, nor.BLOCK)
    journal, found = mounted(life)
    assert found.lost == [(before, before + LARGEST_BLOCK)]
    assert found.next_seq == before + LARGEST_BLOCK + 1 > len(life.state.records)
    assert found.boot > 1
    assert journal.read(before - 1) == life.state.records[before - 2]


def test_a_young_journal_whose_only_block_is_garbage_begins_behind_it(life):
    life.rate()
    garble(life, 0, 0, nor.BLOCK)
    _, found = mounted(life)
    assert found.lost == [(1, LARGEST_BLOCK + 1)] and found.next_seq == LARGEST_BLOCK + 2
    assert found.boot > life.state.boot


def test_a_loss_is_found_again_by_later_mounts_until_its_receipt(life):
    for _ in range(3):
        life.rate()
    block, start = end(life)
    garble(life, block, start - 40, start - 30)
    journal, found = mounted(life)
    assert found.lost == [(3, 4)]
    for boot in range(2, 6):
        assert journal.start_boot() == boot
        journal = Journal(journal._blocks._partition, KID)
        again = journal.mount()
        assert (again.lost, again.next_seq, again.head_hash) == ([(3, 4)], 5, record.GENESIS)
    journal.receipt(4)
    assert journal.mount().lost == []


def test_a_lost_receipt_mark_declares_nothing_that_was_erased_after_it(life):
    for _ in range(60):
        life.rate()
        life.receipt(len(life.state.records) - 1)
        life.idle()
    block, start = end(life)
    life.receipt(len(life.state.records))
    garble(life, block, start, start + 16)
    _, found = mounted(life)
    assert found.lost == [] and found.receipted == 59 and found.next_seq == 61


def test_flash_that_does_not_keep_what_is_written_is_noticed_at_once(life):
    """Bits that rotted in a blank stretch: the entry goes to the next block instead."""
    life.rate()
    block, at = end(life)
    life.flash.close()
    with open(life.path, "r+b") as file:
        file.seek(block * nor.BLOCK + at + 100)
        file.write(b"\x00")
    life.flash = nor.Flash(life.path, life.table)
    life.partition.flash = life.flash
    life.idle()
    data = life.state.records
    assert life.rate() and len(life.state.records) == len(data) + 1
    assert life.journal.read(2) == life.state.records[1]
    assert life.journal._active != block
    journal, found = mounted(life)
    assert found.lost == [] and journal.read(2) == life.state.records[1]


def test_the_vm_finds_what_python_finds(moments, tmp_path):
    program = f"""
import esp32
from firmware.journal import Journal
journal = Journal(esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0], {KID!r})
mount = journal.mount()
there = []
for seq in range(mount.receipted + 1, mount.next_seq):
    try:
        there.append((seq, len(journal.read(seq))))
    except KeyError:
        pass
print((tuple(mount), there))
"""
    for number, damage in enumerate(journal_rot.DAMAGES):
        path = tmp_path / damage
        image = bytearray(moments[900 + 20 * number].image)
        journal_rot.DAMAGES[damage](image, journal_rot.random.Random(number))
        path.write_bytes(image)
        journal = Journal(nor.Flash(str(path), (("journal", len(image)),)).partition("journal"), KID)
        mount = journal.mount()
        there = []
        for seq in range(mount.receipted + 1, mount.next_seq):
            try:
                there.append((seq, len(journal.read(seq))))
            except KeyError:
                pass
        out = micropython.run(program, flash=path, HCP_SIM_PARTITIONS=f"journal={len(image)}")
        assert out.strip() == repr((tuple(mount), there)), damage
