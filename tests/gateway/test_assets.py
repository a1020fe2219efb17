"""What devices may fetch, from which shelf, how fast; and that a hash is the only way to ask."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import assets
from gateway.assets import CHUNK, AssetError, Assets
from gateway.core import wants
from gateway.core.wants import BURST, INTERVAL_MS, Want, Wants
from protocol.downlink import WANTS, Result, pack_result
from tests.gateway.desk import poll

PICTURE = bytes(range(256)) * 5
HASH = hashlib.sha256(PICTURE).digest()


def whole(shelf: Assets, digest: bytes) -> bytes:
    data = b""
    while (part := shelf.answer(Want(digest, len(data)))) is not None:
        assert 0 < len(part.bytes) <= CHUNK and part.offset == len(data)
        data += part.bytes
    return data


def test_both_shelves_give_every_byte_and_nothing_behind_the_end(tmp_path):
    shelf = Assets(tmp_path / "assets")
    assert shelf.answer(Want(HASH, 0)) is None and not shelf.has(HASH)
    assert shelf.put(PICTURE) == HASH
    assert whole(shelf, HASH) == PICTURE
    on_disk = assets.store(tmp_path / "assets", PICTURE + b"!")
    assert whole(shelf, on_disk) == PICTURE + b"!"
    assert whole(Assets(tmp_path / "assets"), on_disk) == PICTURE + b"!", "over a restart"
    assert shelf.answer(Want(HASH, len(PICTURE))) is None


def test_memory_is_bounded_and_what_was_wanted_longest_ago_gives_way():
    shelf = Assets(most_in_memory=30)
    first, second = shelf.put(b"a" * 10), shelf.put(b"b" * 10)
    shelf.put(b"c" * 10)
    assert shelf.answer(Want(first, 0))
    shelf.put(b"d" * 10)
    assert shelf.has(first) and not shelf.has(second)
    with pytest.raises(AssetError, match="up to 30"):
        shelf.put(b"e" * 31)
    with pytest.raises(AssetError, match="got 0"):
        shelf.put(b"")
    with pytest.raises(AssetError, match="1 to"):
        assets.store(None, bytes(assets.MAX_ASSET + 1))


def test_a_file_that_is_not_what_its_name_says_is_not_served(tmp_path, caplog):
    digest = assets.store(tmp_path, PICTURE)
    shelf = Assets(tmp_path)
    assert shelf.has(digest)
    (tmp_path / digest.hex()).write_bytes(PICTURE[:-1] + b"?" * 2)
    assert not shelf.has(digest) and shelf.answer(Want(digest, 0)) is None
    assert "publish the release again" in caplog.text
    assets.store(tmp_path, PICTURE)
    assert whole(shelf, digest) == PICTURE


def test_a_question_is_a_hash_and_an_offset_and_nothing_else():
    assert wants.read(f"{HASH.hex()} 512") == Want(HASH, 512)
    for text in (
        "", HASH.hex(), f"{HASH.hex()} ", f"{HASH.hex()} -1", f"{HASH.hex()} 1 2", f"{HASH.hex()} ٣",
        f"{HASH.hex()} 4294967296", f"{HASH.hex().upper()} 0", "../systems.toml 0", f"{HASH.hex()[:-1]} 0",
    ):  # fmt: skip
        assert wants.read(text) is None, text


@given(st.text(max_size=90))
def test_any_text_is_a_question_or_none(text):
    found = wants.read(text)
    assert found is None or (len(found.hash) == 32 and 0 <= found.offset <= wants.MAX_OFFSET)


def test_a_device_that_asks_without_end_gets_its_share_and_another_is_not_kept_waiting():
    asked = Wants()
    answers = 0
    for now_ms in range(10_000):
        asked.ask("greedy", Want(HASH, 0))
        answers += len(asked.due(now_ms))
    assert answers <= BURST + 1 + 10_000 // INTERVAL_MS
    assert answers >= 10_000 // INTERVAL_MS
    while asked.due(now_ms):
        asked.ask("greedy", Want(HASH, 0))
    asked.ask("greedy", Want(HASH, 0))
    asked.ask("modest", Want(HASH, 0))
    assert [device for device, _ in asked.due(now_ms)] == ["modest"]
    assert 0 < asked.wait_ms(now_ms) <= INTERVAL_MS


def test_only_the_newest_question_of_a_device_is_open():
    asked = Wants()
    asked.ask("w1", Want(HASH, 0))
    asked.ask("w1", Want(HASH, 512))
    assert asked.due(0) == [("w1", Want(HASH, 512))] and asked.due(0) == [] and asked.wait_ms(0) is None


def test_a_clock_that_goes_back_silences_no_device_for_longer_than_a_burst():
    asked = Wants()
    asked.ask("w1", Want(HASH, 0))
    asked.due(10**12)
    asked.ask("w1", Want(HASH, 0))
    assert asked.wait_ms(0) <= INTERVAL_MS


def test_a_device_fetches_by_its_results_and_no_word_of_it_is_stored(desk):
    twin = desk.enrol("w1")
    digest = desk.service.assets.put(PICTURE)
    got = b""
    while len(got) < len(PICTURE):
        desk.send("w1", pack_result(Result(0, WANTS, f"{digest.hex()} {len(got)}")), "result")
        at = len(got)
        got += desk.wait(twin, "asset", lambda body, at=at: body.offset == at).body.bytes
    assert got == PICTURE
    assert desk.rows("SELECT count(*) FROM device_lines") == [(0,)]


def test_what_nobody_published_has_no_answer_and_a_malformed_question_is_counted(desk, caplog):
    twin = desk.enrol("w1")
    desk.send("w1", pack_result(Result(0, WANTS, "00" * 32 + " 0")), "result")
    assert "which nobody published" in caplog.text
    desk.send("w1", pack_result(Result(0, WANTS, "../pki/ca.key 0")), "result")
    poll(lambda: desk.rows("SELECT code FROM quarantine") == [("bad_field",)])
    assert desk.messages(twin, "asset") == []


def test_a_revoked_device_gets_nothing(desk):
    twin = desk.enrol("w1")
    digest = desk.service.assets.put(PICTURE)
    desk.send("w1", pack_result(Result(0, WANTS, f"{digest.hex()} 0")), "result")
    desk.wait(twin, "asset", lambda body: True)
    from gateway import enrolment

    enrolment.revoke(desk.data, "w1", desk.clock.now_ms())
    desk.service.sender.asset("w1", desk.service.assets.answer(Want(digest, 0)))
    assert len(desk.messages(twin, "asset")) == 1
