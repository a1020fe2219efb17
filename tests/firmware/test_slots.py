"""The record that says which set of firmware runs: never between two states, and back after three bad starts."""

import pytest

from firmware.slots import TRIES, Slots
from simulator.vm import nor

TABLE = (("slots", 2 * nor.BLOCK),)


def flash(path):
    return nor.Flash(str(path / "flash"), TABLE)


def load(path):
    return Slots(flash(path).partition("slots"))


def facts(record):
    return record.active, record.trial, record.tries, record.alive, record.versions, record.told


@pytest.fixture
def switched(tmp_path):
    """Version 4 in set a was confirmed, version 5 in set b is to be tried."""
    record = load(tmp_path)
    record.versions[:] = [4, 5]
    record.told = 4
    record.active = record.trial = 1
    record.save()
    return tmp_path


def test_a_blank_partition_runs_the_first_set(tmp_path):
    record = load(tmp_path)
    assert record.choose(True) == "a"
    assert (record.version, record.trial) == (0, 0)
    assert load(tmp_path).choose(False) == "a"


def test_a_confirmed_set_is_started_without_a_write(tmp_path):
    record = load(tmp_path)
    record.versions[0] = record.told = 4
    record.save()
    chip = flash(tmp_path)
    assert Slots(chip.partition("slots")).choose(False) == "a"
    assert chip.operations == 0


def test_three_bad_starts_bring_the_old_set_back_which_will_tell(switched):
    for _ in range(TRIES):
        record = load(switched)
        assert record.choose(False) == "b" and record.trial
    record = load(switched)
    assert record.choose(False) == "a"
    assert facts(load(switched)) == (0, 0, 0, 0, [4, 0], 5)


def test_a_set_without_network_stays_on_trial_however_often_the_plug_is_pulled(switched):
    for _ in range(20):
        record = load(switched)
        assert record.choose(True) == "b" and record.trial
        record.alive = 1  # it lived for a minute
        record.save()


def test_a_set_that_lives_and_then_crashes_is_not_forgiven(switched):
    for _ in range(TRIES):
        record = load(switched)
        assert record.choose(False) == "b"
        record.alive = 1
        record.save()
    assert load(switched).choose(False) == "a"


def test_a_start_that_did_not_live_counts_although_the_power_went(switched):
    assert [load(switched).choose(True) for _ in range(TRIES + 1)] == ["b"] * TRIES + ["a"]


@pytest.mark.parametrize("flavour", nor.FLAVOURS)
@pytest.mark.parametrize("seed", range(8))
def test_a_cut_in_a_save_leaves_the_old_record_or_the_new_one(switched, flavour, seed):
    image = (switched / "flash").read_bytes()
    old = facts(load(switched))
    for operation in range(1, 5):
        (switched / "flash").write_bytes(image)
        chip = flash(switched)
        record = Slots(chip.partition("slots"))
        record.trial = record.tries = 0
        chip.cut_in(operation, flavour, seed)
        with pytest.raises(nor.PowerCut):
            record.save()
        chip.close()
        again = load(switched)
        assert facts(again) in (old, facts(record))
        again.save()  # and it can be written again
        assert facts(load(switched)) == facts(again)


@pytest.mark.parametrize("block", [0, 1])
def test_either_copy_may_rot(switched, block):
    good = facts(load(switched))
    image = bytearray((switched / "flash").read_bytes())
    image[block * nor.BLOCK + 9] ^= 4
    (switched / "flash").write_bytes(image)
    assert facts(load(switched)) == good


def test_rubbish_is_no_record(tmp_path):
    chip = flash(tmp_path)
    for block in (0, 1):
        chip.partition("slots").writeblocks(block, b"hcps" + bytes(range(24)), 0)
    assert facts(load(tmp_path)) == (0, 0, 0, 0, [0, 0], 0)
