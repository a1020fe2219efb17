"""The model of a disk: what a power cut leaves, call by call."""

import random

import pytest

from simulator.crash.disk import Disk, Keep, Op, read_log

ROOT = "/data"
CREATE = 0o102
CHANCE = random.Random(1)


def played(*ops: Op) -> Disk:
    disk = Disk(ROOT)
    for op in ops:
        disk.play(op)
    return disk


def opened(file: int, name: str, flags: int = CREATE) -> Op:
    return Op("o", file, flags, f"{ROOT}/{name}".encode() if name else ROOT.encode())


def wrote(file: int, offset: int, data: bytes) -> Op:
    return Op("w", file, offset, data)


def synced(file: int) -> Op:
    return Op("s", file, 0, b"")


def folder_synced() -> tuple[Op, Op]:
    return opened(99, "", 0), synced(99)


def after(disk: Disk, keep: Keep = Keep.NOTHING) -> dict[str, bytes]:
    return disk.after_cut(keep, CHANCE)


def test_only_synced_bytes_are_left_and_only_under_a_synced_name():
    ops = [opened(1, "a"), wrote(1, 0, b"one"), synced(1)]
    assert after(played(*ops)) == {}
    disk = played(*ops, *folder_synced(), wrote(1, 3, b"two"))
    assert after(disk) == {"a": b"one"}
    assert disk.seen() == {"a": b"onetwo"}
    disk.play(synced(1))
    assert after(disk) == {"a": b"onetwo"}


def test_what_a_failed_sync_left_is_never_safe_though_it_can_be_read():
    disk = played(opened(1, "a"), *folder_synced(), wrote(1, 0, b"abc"), Op("e", 1, 0, b""), synced(1))
    assert after(disk) == {"a": b""}
    assert disk.seen() == {"a": b"abc"}
    # written again, and synced this time
    disk.play(wrote(1, 0, b"abc"))
    disk.play(synced(1))
    assert after(disk) == {"a": b"abc"}


def test_a_truncation_counts_once_it_is_synced():
    disk = played(opened(1, "a"), *folder_synced(), wrote(1, 0, b"abcdef"), synced(1), Op("t", 1, 2, b""))
    assert after(disk) == {"a": b"abcdef"}
    disk.play(synced(1))
    assert after(disk) == {"a": b"ab"}


def test_a_rename_and_a_removal_are_undone_by_a_cut_before_the_folder_is_synced():
    both = f"{ROOT}/a\n{ROOT}/b".encode()
    disk = played(opened(1, "a"), wrote(1, 0, b"x"), synced(1), *folder_synced(), Op("r", 0, 0, both))
    assert after(disk) == {"a": b"x"} and disk.seen() == {"b": b"x"}
    for op in folder_synced():
        disk.play(op)
    assert after(disk) == {"b": b"x"}
    disk.play(Op("u", 0, 0, f"{ROOT}/b".encode()))
    assert after(disk) == {"b": b"x"} and disk.seen() == {}


def test_a_file_opened_again_in_another_life_is_the_same_file():
    disk = played(opened(1, "a"), wrote(1, 0, b"x"), *folder_synced(), opened(2, "a"), synced(2))
    assert after(disk) == {"a": b"x"}


@pytest.mark.parametrize("keep", [Keep.SOME, Keep.TORN])
def test_more_than_the_synced_bytes_may_be_left_but_never_less(keep):
    disk = played(opened(1, "a"), *folder_synced(), wrote(1, 0, b"s" * 1024), synced(1), wrote(1, 1024, b"u" * 1024))
    chance = random.Random(3)
    found = {disk.after_cut(keep, chance)["a"] for _ in range(64)}
    assert all(content.startswith(b"s" * 1024) for content in found)
    torn = b"s" * 1024 + bytes(512) + b"u" * 512
    assert (torn in found) == (keep is Keep.TORN)
    assert b"s" * 1024 in found and b"s" * 1024 + b"u" * 1024 in found


def test_a_log_that_ends_inside_an_entry_ends_before_it():
    entry = b"w" + bytes(7) + (1).to_bytes(8, "little") + (0).to_bytes(8, "little") + (4).to_bytes(8, "little")
    assert list(read_log(entry + b"abcd" + entry + b"ab")) == [Op("w", 1, 0, b"abcd")]
