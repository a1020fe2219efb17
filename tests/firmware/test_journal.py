"""The journal, one promise at a time. Power cuts have files of their own: test_journal_cuts, test_journal_model."""

import struct

import pytest

from firmware import journal_format as form
from firmware.journal import Journal
from protocol import record
from simulator.vm import nor
from tests.firmware.journal_life import KID, Life

BLOCKS = 8


@pytest.fixture
def life(tmp_path):
    return Life(tmp_path / "flash", BLOCKS)


def fill(life: Life) -> int:
    """Rate until the journal refuses; returns how many ratings it took."""
    before = len(life.state.records)
    while life.rate(1):
        life.idle()
    return len(life.state.records) - before


def make_room(life: Life) -> None:
    """Just as many receipts as let the next press in."""
    while life.journal.full:
        life.receipt(life.state.receipted + 1)
    life.idle()


def test_a_blank_partition_is_an_empty_journal(life):
    found = life.journal.mount()
    assert found == (1, record.GENESIS, 0, 0, None, [])
    assert life.journal.used_permille == 0 and not life.journal.full and life.journal.waiting == 0


def test_a_rating_is_found_again_byte_for_byte(life):
    assert life.boot() and life.rate(4) and life.event() and life.rating(3, record.SELFTEST)
    life.restart()
    parsed = record.parse(life.journal.read(1))
    assert (parsed.device, parsed.body.level, parsed.head.seq) == (KID, 4, 1)
    assert record.parse(life.journal.read(2)).kind == record.EVENT
    assert record.parse(life.journal.read(3)).head.prev == record.record_hash(life.journal.read(2))[:16]


def test_a_press_stays_pending_until_its_record(life):
    life.press(b"first")
    life.press(b"second")
    life.restart()
    assert life.journal.pending == b"second"
    life.event()  # something happened inside the undo window: no reason to forget the press
    life.restart()
    assert life.journal.pending == b"second"
    life.rating()
    life.restart()
    assert life.journal.pending is None


def test_a_pending_press_moves_into_the_next_block(life):
    life.press(b"p" * 200)
    for _ in range(40):
        assert life.event()
        life.restart()
    assert life.journal.pending == b"p" * 200


def test_boots_are_counted_for_ever(life):
    for expected in range(1, 400):  # more marks than one block holds
        assert life.journal.start_boot() == expected
    assert life.journal.mount().boot == 399


def test_a_receipt_is_remembered_and_never_goes_back(life):
    for _ in range(5):
        life.rate()
    life.receipt(3)
    life.receipt(1)
    life.receipt(3)
    assert life.journal.receipted == 3
    with pytest.raises(KeyError):
        life.journal.read(3)
    life.restart()
    assert life.journal.receipted == 3 and life.journal.waiting == 2


def test_a_receipt_for_a_record_that_was_never_written_is_refused(life):
    life.rate()
    with pytest.raises(ValueError, match="a receipt for 2, but the last record is 1"):
        life.journal.receipt(2)
    assert life.journal.receipted == 0


def test_records_are_read_in_any_order(life):
    for _ in range(50):
        life.rate()
        life.idle()
    for seq in (50, 1, 26, 25, 24, 25, 26, 27, 1, 2, 3, 50):
        assert life.journal.read(seq) == life.state.records[seq - 1]
    for seq in (0, 51, -1):
        with pytest.raises(KeyError):
            life.journal.read(seq)


@pytest.mark.requirement("JX-3.1b")
def test_full_is_said_before_anything_is_overwritten(life):
    count = fill(life)
    assert life.journal.full and life.journal.used_permille == 1000
    assert count >= (BLOCKS - 3) * 15
    life.restart()  # compares all records
    assert life.journal.full and not life.press(b"one more")
    assert life.journal.waiting == count


def test_full_leaves_room_for_events_and_boots(life):
    fill(life)
    assert life.boot()
    events = 0
    while life.event():
        life.idle()
        events += 1
        assert life.journal.full and not life.press(b"refused")
    assert events >= 17  # a block of them
    for _ in range(600):
        assert life.boot()
    life.restart()


def test_the_record_of_an_accepted_press_always_fits(life):
    fill(life)
    make_room(life)
    accepted = 0
    while life.press(b"p" * 200):
        # the worst between press and record: events until they are refused
        while life.event():
            life.idle()
        assert life.rating(), "a press was accepted and its record refused"
        life.idle()
        accepted += 1
    assert accepted


def test_a_press_is_changed_even_when_a_first_one_would_be_refused(life):
    fill(life)
    make_room(life)
    assert life.press(b"one")
    while life.event():
        life.idle()
    assert life.journal.full
    assert life.press(b"two") and life.rating()


def test_receipts_make_room_and_the_ring_goes_round(life):
    for _ in range(6):
        fill(life)
        life.receipt(len(life.state.records))
        life.idle()
        assert life.journal.used_permille == 0
    life.restart()
    wear = life.partition.wear
    assert life.journal.next_seq > 5 * BLOCKS * 10
    assert life.boot() and life.rate() and not any(wear)


def test_erases_go_round_the_ring_evenly(life):
    life.boot()
    for _ in range(1500):
        assert life.rate()
        life.receipt(len(life.state.records))
        life.idle()
    assert life.journal.stalls == 0
    assert max(life.partition.wear) - min(life.partition.wear) <= 1


def test_nothing_on_the_press_path_erases_when_idle_work_was_done(life):
    life.boot()
    life.idle()
    before = life.partition.erases
    for _ in range(20):  # more than a block
        life.rate()
    assert life.partition.erases == before and life.journal.stalls == 0


def test_an_erase_on_the_press_path_is_counted(life):
    life.boot()
    for _ in range(60):
        assert life.rate()
    assert life.journal.stalls > 0


def test_prepare_erases_at_most_one_block_a_call(life):
    life.boot()
    for _ in range(300):
        life.rate()
        life.receipt(len(life.state.records))
        before = life.partition.erases
        life.journal.prepare()
        assert life.partition.erases - before <= 1


def test_a_mount_reads_headers_and_one_block(tmp_path):
    life = Life(tmp_path / "flash", 128)
    while life.rate():
        pass
    life.partition.reset_counters()
    life.journal.mount()
    assert life.partition.reads <= 128 * 2 + 600
    assert life.partition.read <= 32 * 1024


def test_the_journal_of_another_device_is_not_taken_for_ours(life):
    life.boot()
    life.rate()
    assert Journal(life.partition, "pjq-02").mount().next_seq == 1
    assert Journal(life.partition, KID).mount().next_seq == 2


@pytest.mark.requirement("LZ-2.1.4c")
@pytest.mark.parametrize("where", [70, 100, 130, 190])
def test_a_changed_byte_in_a_record_is_never_read_as_a_record(life, where):
    for _ in range(3):
        life.rate()
    rot(life, block=0, at=form.ENTRIES_AT + form.room(70) + where - 60)
    found = Journal(life.partition, KID)
    state = found.mount()
    assert state.lost == [(1, 1)] and state.next_seq == 4
    with pytest.raises(KeyError):
        found.read(1)
    assert found.read(2) == life.state.records[1]


def test_rot_in_the_last_record_never_gives_its_seq_again_once_something_followed(life):
    life.rate()
    life.rate()
    life.journal.start_boot()
    rot(life, block=0, at=form.ENTRIES_AT + 2 * form.room(70) + form.room(64 + 90))
    found = Journal(life.partition, KID)
    state = found.mount()
    # its hash is unknown, so the declared loss reaches beyond it: a hall that has it steps over as well (spec 4.4)
    assert state.next_seq == 4 and state.lost == [(2, 3)]
    assert state.head_hash == record.GENESIS


def test_rot_in_a_header_is_mended_by_its_copy(life):
    for _ in range(40):
        life.rate()
    for block in range(BLOCKS):
        rot(life, block=block, at=form.HEADER_AT + 20)
    life.restart()


def test_a_block_whose_header_is_unreadable_is_reported_as_lost(life):
    for _ in range(60):
        life.rate()
        life.idle()
    firsts = sorted(first for first in life.journal._first if first)
    block = list(life.journal._first).index(firsts[1])
    rot(life, block, form.HEADER_AT + 20)
    rot(life, block, form.COPY_AT + 20)
    found = Journal(life.partition, KID)
    assert found.mount().lost == [(firsts[1], firsts[2] - 1)]
    assert found.read(firsts[2]) == life.state.records[firsts[2] - 1]
    assert found.read(firsts[1] - 1) == life.state.records[firsts[1] - 2]


def test_a_worn_out_block_is_left_alone(tmp_path):
    class Worn(nor.Partition):
        def ioctl(self, cmd, arg=0):
            done = super().ioctl(cmd, arg)
            if cmd == 6 and arg == 2:
                super().writeblocks(2, bytes(8), 1000)  # bits that no erase sets any more
            return done

    class WornLife(Life):
        def watch(self, flash):
            whole = flash.partition("journal")
            return Worn(flash, whole.label, whole.start, whole.size)

    life = WornLife(tmp_path / "flash", BLOCKS)
    for _ in range(200):
        assert life.rate()
        life.compare(life.journal.head_hash)  # nothing went into the worn block
        life.receipt(len(life.state.records))
        life.idle()
    fill(life)
    assert life.journal.full and life.journal.used_permille == 1000
    life.restart()


def test_what_an_older_generation_left_is_no_entry():
    salt = form.device_salt(KID)
    entry = form.pack_entry(form.block_salt(salt, 7), form.RECEIPT, 9, bytes(8))
    assert form.unpack_entry(form.block_salt(salt, 7), entry) == (form.RECEIPT, 8, 9)
    assert form.unpack_entry(form.block_salt(salt, 8), entry) is None


def test_a_partition_that_is_too_small_is_refused(tmp_path):
    flash = nor.Flash(str(tmp_path / "flash"), (("journal", 5 * 4096),))
    with pytest.raises(ValueError, match="6 blocks"):
        Journal(flash.partition("journal"), KID)


def test_sizes_are_checked_before_anything_is_written(life):
    with pytest.raises(ValueError, match="up to 200 bytes, got 201"):
        life.journal.tentative(bytes(201))
    with pytest.raises(ValueError, match="152 \\+ 64 bytes, got 151 \\+ 64"):
        life.journal.append(bytes(151), bytes(64))
    assert life.flash.operations == 0


def test_the_layout_is_the_one_that_is_written_down(life):
    life.journal.start_boot()
    life.press(b"blob")
    block = bytearray(nor.BLOCK)
    life.partition.readblocks(0, block)
    assert block[:8] == b"hcpclean" and block[8:12] == b"hcpj"
    assert struct.unpack_from("<IQ16sQI", block, 12) == (1, 1, record.GENESIS, 0, 0)
    assert block[56:64] == bytes((10, 4, 1, 0)) + struct.pack("<I", 1)
    assert block[72:80] == bytes((3, 4, 1, 0)) + b"blob"
    assert block[4040:4048] == b"\xff" * 8
    assert block[8:56] == block[4048:4096]


def rot(life: Life, block: int, at: int) -> None:
    """Flip some bits of a byte, in both directions, as age does."""
    with open(life.path, "r+b") as file:
        file.seek(block * nor.BLOCK + at)
        was = file.read(1)[0]
        file.seek(block * nor.BLOCK + at)
        file.write(bytes([was ^ 0x5A]))
