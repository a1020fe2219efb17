"""A device whose flash rotted, in the real VM: what can be read arrives, the rest is declared, the hall steps over."""

import itertools

import pytest

from firmware import journal_format as form
from protocol import record
from simulator.vm import nor

(_, _IDENTITY), (_, _JOURNAL) = nor.PARTITIONS


def rate(device, level):
    """A whole rating, until it is a record."""
    next_seq = device.stats().next_seq
    device.press(level)
    device.wait_light(level)
    device.press(level)
    device.wait_stats(lambda stats: stats.next_seq > next_seq and not stats.unsigned)


def drained(device, next_seq):
    return device.wait_stats(lambda stats: stats.waiting == 0 and stats.next_seq > next_seq, 30)


class Flash:
    """The journal in the flash file of a device without power."""

    def __init__(self, device):
        assert not device.running
        self.path = device.folder / "flash.bin"
        self.salt = form.device_salt(device.id)
        self.image = bytearray(self.path.read_bytes())

    def records(self) -> dict[int, tuple[int, int]]:
        """seq -> (place, bytes) of every record."""
        found = {}
        for block in range(_IDENTITY, _IDENTITY + _JOURNAL, nor.BLOCK):
            header = form.unpack_header(self.salt, bytes(self.image[block + form.HEADER_AT :][: form.HEADER_SIZE]))
            if header is None:
                continue
            at, seq = block + form.ENTRIES_AT, header[1]
            salt = form.block_salt(self.salt, header[0])
            while entry := form.unpack_entry(salt, bytes(self.image[at : block + form.SUCCESSOR_AT])):
                if entry[0] in (form.RECORD, form.EVENT):
                    found[seq] = (at, form.room(entry[1]))
                    seq += 1
                at += form.room(entry[1])
        return found

    def garble(self, at: int, size: int) -> None:
        for place in range(at, at + size):
            self.image[place] = place * 197 + 91 & 0xFF
        self.path.write_bytes(self.image)


@pytest.mark.requirement("LZ-2.1.4c")
def test_a_rotten_record_in_a_long_backlog_is_declared_and_the_rest_arrives(hall, device):
    """More records behind the loss than may be on their way: the declaration goes before its turn."""
    hall.of(device.id).gaps = True
    before = drained(device, 1).next_seq
    device.cut_network()
    for level in itertools.islice(itertools.cycle((1, 5, 3)), 12):
        rate(device, level)
    device.power_off()
    flash = Flash(device)
    at, _ = flash.records()[before + 1]
    flash.garble(at + 90, 3)
    device.power_on()
    device.restore_network()
    ratings = hall.wait_ratings(device.id, 11)
    assert [found.body.level for found in ratings] == [1, 3, 1, 5, 3, 1, 5, 3, 1, 5, 3]
    events = hall.wait_events(device.id, "records_lost")
    assert [event.body.detail for event in events] == [{"from": before + 1, "to": before + 1}]
    drained(device, before + 13)
    assert hall.errors == []


@pytest.mark.requirement("LZ-2.1.4c")
@pytest.mark.parametrize("what", ["the last record", "the last two", "the block"])
def test_no_seq_is_used_again_when_the_newest_records_rot(hall, device, what):
    """The hall has them, but the device got no receipt: a second record under their seqs would be a conflict."""
    hall.of(device.id).gaps = True
    drained(device, 1)
    hall.receipts = False
    for level in (2, 4):
        rate(device, level)
    hall.wait_ratings(device.id, 2)
    last = device.stats().next_seq - 1
    device.power_off()
    flash = Flash(device)
    places = flash.records()
    assert max(places) == last
    if what == "the block":
        flash.garble(places[last][0] // nor.BLOCK * nor.BLOCK, nor.BLOCK)
    else:
        at = places[last if what == "the last record" else last - 1][0]
        flash.garble(at, places[last][0] + places[last][1] - at)
    hall.receipts = True
    device.power_on()
    event = hall.wait_events(device.id, "records_lost")[0]
    assert event.body.detail["to"] > last, "beyond all that the hall can have"
    assert event.body.detail["from"] == {"the last record": last, "the last two": last - 1, "the block": 1}[what]
    drained(device, event.head.seq)
    rate(device, 1)
    ratings = hall.wait_ratings(device.id, 3)
    assert [found.body.level for found in ratings] == [2, 4, 1]
    assert ratings[2].head.seq > event.head.seq
    drained(device, event.head.seq + 1)
    boots = [found.head.boot for found in hall.wait_events(device.id, "boot", 2)]
    assert boots[1] > boots[0], "a boot counter never comes again"
    assert hall.errors == []


def test_garbage_in_a_block_that_is_not_in_use_is_no_loss(hall, device):
    drained(device, 1)
    rate(device, 5)
    device.power_off()
    flash = Flash(device)
    flash.garble(_IDENTITY + 77 * nor.BLOCK, nor.BLOCK)
    device.power_on()
    hall.wait_events(device.id, "boot", 2)
    rate(device, 1)
    assert [found.body.level for found in hall.wait_ratings(device.id, 2)] == [5, 1]
    assert hall.of(device.id).events("records_lost") == [] and hall.errors == []
    assert all(found.kind in (record.RATING, record.EVENT) for found in hall.of(device.id).records)
