"""The same journal in the real VM: killed inside a flash operation, it kept everything it had told us."""

import ast

import pytest

from firmware.journal import Journal
from protocol import cose, record
from simulator.vm import nor
from tests import micropython
from tests.firmware.journal_life import KID

BLOCKS = 6
TABLE = (("journal", BLOCKS * nor.BLOCK),)
PARTITIONS = f"journal={BLOCKS * nor.BLOCK}"

# Each line is printed before the call that it announces, and "ok" once the call returned.
PROGRAM = f"""
import esp32
from firmware.journal import Journal
from protocol import record

journal = Journal(esp32.Partition.find(esp32.Partition.TYPE_DATA, label="journal")[0], {KID!r})
print("mount", tuple(journal.mount()))

def told(name, value, call, *arguments):
    print(name, repr(value))
    call(*arguments)
    print("ok")

def rate(level):
    told("tentative", bytes([level]) * 60, journal.tentative, bytes([level]) * 60)
    head = record.Head(journal.next_seq, journal.head_hash, journal.boot, 5, None, None)
    payload = record.rating_payload(head, record.Rating(level, (), None, 0, (), 1))
    told("append", payload, journal.append, payload, bytes([level]) * 64)

told("boot", journal.boot + 1, journal.start_boot)
for number in range(ROUNDS):
    rate(1 + number % 5)
    if number % 3 == 2:
        told("receipt", journal.next_seq - 2, journal.receipt, journal.next_seq - 2)
    journal.prepare()
print("stalls", journal.stalls)
"""


def replay(lines: list[str]):
    """The states that may be found after these lines: of all that returned, and with the call in between."""
    records, receipted, boot, pending = [], 0, 0, None
    before = after = (records, receipted, boot, pending)
    for line in lines:
        name, _, value = line.partition(" ")
        if name in ("mount", "stalls"):
            continue
        if name == "ok":
            before = after
            continue
        value = ast.literal_eval(value)
        if name == "boot":
            boot = value
        elif name == "tentative":
            pending = value
        elif name == "receipt":
            receipted = value
        else:
            records = [*records, cose.sign1_pack(KID, value, pending[:1] * 64)]
            pending = None
        after = (records, receipted, boot, pending)
    return before, after


def found(path):
    journal = Journal(nor.Flash(str(path), TABLE).partition("journal"), KID)
    mount = journal.mount()
    assert mount.lost == []
    records = {seq: journal.read(seq) for seq in range(mount.receipted + 1, mount.next_seq)}
    return mount, records


@pytest.mark.requirement("LZ-2.1.4c")
@pytest.mark.parametrize("cut", [*range(1, 24), 40, 63, 97, 110, 131, 160, 171, 202, 233])
def test_a_vm_that_was_killed_kept_its_word(tmp_path, cut):
    flash = tmp_path / "flash"
    out = micropython.run(
        PROGRAM.replace("ROUNDS", "200"),
        returns=-9,
        flash=flash,
        HCP_SIM_PARTITIONS=PARTITIONS,
        HCP_SIM_CUT=f"{cut}:{nor.FLAVOURS[cut % 4]}:{cut}",
    )
    mount, waiting = found(flash)
    for records, receipted, boot, pending in replay(out.splitlines()):
        if (mount.next_seq, mount.receipted, mount.boot, mount.pending) == (len(records) + 1, receipted, boot, pending):
            assert waiting == {seq: records[seq - 1] for seq in range(receipted + 1, len(records) + 1)}
            assert mount.head_hash == (record.record_hash(records[-1])[:16] if records else record.GENESIS)
            break
    else:
        raise AssertionError(f"found {mount} after {out[-400:]}")

    # the VM itself finds the same, and lives on
    again = micropython.run(PROGRAM.replace("ROUNDS", "3"), flash=flash, HCP_SIM_PARTITIONS=PARTITIONS)
    assert again.splitlines()[0] == f"mount {tuple(mount)!r}"
    assert found(flash)[0].next_seq == mount.next_seq + 3


def test_a_long_life_in_the_vm_never_stalls_and_fits_its_heap(tmp_path):
    out = micropython.run(PROGRAM.replace("ROUNDS", "400"), flash=tmp_path / "flash", HCP_SIM_PARTITIONS=PARTITIONS)
    assert out.splitlines()[-1] == "stalls 0"
    assert found(tmp_path / "flash")[0].next_seq == 401
