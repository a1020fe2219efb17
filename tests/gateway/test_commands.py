"""Commands: what may be asked, when they are sent, what becomes of them, over restarts too."""

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import enrolment, release
from gateway.core import commands
from gateway.core.commands import KINDS, REASONS, STATES, TABLE, CommandError
from gateway.store import commands as store
from protocol import downlink
from protocol.downlink import DONE, FAILED, UNKNOWN_COMMAND, WANTS, Result, State, pack_result, pack_state
from tests.gateway.desk import NOW_MS, poll
from tests.gateway.test_release import KEY, folder  # noqa: F401 - a fixture

MINUTE = 60_000


def ready(desk, device="w1", boot=1):
    desk.send(device, pack_state(State("ready", boot)), "state")


def answer(desk, command, status=DONE, text="", device="w1"):
    desk.send(device, pack_result(Result(command["id"], status, text)), "result")
    return desk.service.commander.find(command["id"])


def sent(desk, twin, count=1):
    """The command messages of a device, once there are so many."""
    with desk.changed:
        assert desk.changed.wait_for(lambda: len(desk.messages(twin, "command")) >= count, 10), "not sent"
    return [message.body for message in desk.messages(twin, "command")]


def look(desk):
    """Let the thread look at once, and wait until it has: what it would send is sent."""
    desk.service.commander._wake()
    poll(lambda: not desk.service.commander._woken)


def noted(desk, command, **facts):
    def found():
        now = desk.service.commander.find(command["id"])
        return all(now[key] == value for key, value in facts.items())

    poll(found, lambda: str(desk.service.commander.find(command["id"])))
    return desk.service.commander.find(command["id"])


# --- the pure part ---


def test_every_state_and_every_event_is_in_the_table_or_changes_nothing():
    command = commands.new(1, "w1", "identify", {}, "op", 0)
    for state in STATES:
        for what in ("sent", "heard", "done", "failed", "late", "replaced"):
            before = dataclasses.replace(command, state=state)
            after = commands.follow(before, what, 5, "x")
            assert after.state == TABLE.get((state, what), state)
            assert (state, what) in TABLE or after == before
    assert {state for state, _ in TABLE} | set(TABLE.values()) == set(STATES)


@given(st.lists(st.sampled_from(["sent", "heard", "done", "failed", "late", "replaced"]), max_size=12))
def test_a_last_answer_is_never_taken_back(happenings):
    command = commands.new(1, "w1", "update", {"manifest": "0" * 64}, "op", 0)
    for at_ms, what in enumerate(happenings, 1):
        before, command = command, commands.follow(command, what, at_ms)
        if before.state in (commands.DONE, commands.FAILED, commands.REPLACED):
            assert command == before
        assert command.open == (command.ended_ms is None)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"name": "format"},
        {"name": 1},
        {"name": "identify", "args": {"level": 1}},
        {"name": "identify", "x": 1},
        {"name": "selftest", "args": {"level": 0}},
        {"name": "selftest", "args": {"level": True}},
        {"name": "selftest", "args": {"level": 1, "x": 1}},
        {"name": "log_level"},
        {"name": "log_level", "args": {"level": 20}},
        {"name": "log_level", "args": {"level": "loud"}},
        {"name": "update"},
        {"name": "update", "args": {"release": "0" * 63}},
        {"name": "update", "args": {"release": "G" * 64}},
        {"name": "reboot", "args": []},
        {"name": "rotate_key", "args": {"key": "x"}},
    ],
)
def test_what_is_no_command_is_refused_with_what_was_expected(value):
    with pytest.raises(CommandError) as refused:
        commands.read(value)
    assert refused.value.code == "bad_command" and "expected" in str(refused.value) or "args" in str(refused.value)


def test_every_name_of_the_protocol_can_be_commanded_and_is_called_something():
    assert set(KINDS) == set(downlink.COMMANDS)
    for name, kind in KINDS.items():
        assert kind.repeat_ms < kind.patience_ms, name
        for state in STATES:
            command = dataclasses.replace(commands.new(1, "w1", name, {}, "op", 0), state=state)
            assert kind.title in commands.sentence(command)


def test_every_code_of_a_device_says_in_chinese_what_to_do():
    from pathlib import Path

    import protocol

    text = (Path(protocol.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
    lists = re.findall(r"2 with a code: (.*?)\. ", text, re.DOTALL)
    assert len(lists) == 2, "of an update and of a next key"
    codes = {code for listed in lists for code in re.findall(r"`(\w+)`", listed)}
    assert codes == set(REASONS)
    assert all("；" in text for text in REASONS.values()), "why; what to do"


def test_progress_counts_what_lies_before_in_the_order_of_the_manifest():
    parts = [(b"m", 100), (b"a", 50), (b"b", 0), (b"c", 200)]
    assert commands.progress(parts, b"m", 0) == (0, 350)
    assert commands.progress(parts, b"a", 20) == (120, 350)
    assert commands.progress(parts, b"c", 200) == (350, 350)
    assert commands.progress(parts, b"x", 7) == (0, 350)


# --- with the service ---


def test_a_command_waits_for_its_device_is_sent_and_answered(desk):
    twin = desk.enrol("w1")
    asked = desk.service.command("w1", {"name": "identify"}, "op")
    assert asked["state"] == "queued" and "等待" in asked["sentence"]
    look(desk)
    assert desk.messages(twin, "command") == []
    ready(desk)
    (command,) = sent(desk, twin)
    assert command == (asked["id"], "identify", {})
    noted(desk, asked, state="sent", sends=1)
    assert answer(desk, asked)["state"] == "done"
    desk.clock.turn(20 * MINUTE)
    ready(desk, boot=2)
    look(desk)
    assert len(desk.messages(twin, "command")) == 1, "an answered command is not sent again"


def test_it_is_sent_again_after_silence_and_at_each_connect_under_the_same_id(desk):
    twin = desk.enrol("w1")
    ready(desk)
    asked = desk.service.command("w1", {"name": "log_level", "args": {"level": "debug"}}, "op")
    sent(desk, twin)
    noted(desk, asked, sends=1)
    look(desk)
    assert len(desk.messages(twin, "command")) == 1
    desk.clock.turn(KINDS["log_level"].repeat_ms)
    look(desk)
    noted(desk, asked, sends=2)
    desk.send("w1", pack_state(State("lost", 1)), "state")
    ready(desk, boot=2)  # at once, though it counted as away until this was stored
    found = sent(desk, twin, 3)
    assert found == [(asked["id"], "log_level", {"level": 10})] * 3


def test_a_gateway_that_died_goes_on_where_it_was(desk):
    twin = desk.enrol("w1")
    asked = desk.service.command("w1", {"name": "selftest", "args": {"level": 3}}, "op")
    desk.restart()
    ready(desk)
    assert sent(desk, twin)[0] == (asked["id"], "selftest", {"level": 3})
    assert answer(desk, asked)["state"] == "done"
    desk.restart()
    assert desk.service.commander.find(asked["id"])["state"] == "done"


def test_without_an_answer_it_expires_and_says_which_kind_of_nothing_it_was(desk):
    desk.enrol("w1")
    asked = desk.service.command("w1", {"name": "identify"}, "op")
    desk.clock.turn(KINDS["identify"].patience_ms)
    look(desk)
    assert "没有联网" in noted(desk, asked, state="expired")["sentence"]
    ready(desk)
    second = desk.service.command("w1", {"name": "identify"}, "op")
    noted(desk, second, state="sent")
    desk.clock.turn(KINDS["identify"].patience_ms)
    look(desk)
    assert "没有答复" in noted(desk, second, state="expired")["sentence"]
    # late, but true
    assert answer(desk, second)["state"] == "done"


def test_the_same_command_twice_is_one_and_another_of_its_kind_replaces_it(desk):
    desk.enrol("w1")
    first = desk.service.command("w1", {"name": "log_level", "args": {"level": "debug"}}, "op")
    again = desk.service.command("w1", {"name": "log_level", "args": {"level": "debug"}}, "op")
    assert again["id"] == first["id"]
    other = desk.service.command("w1", {"name": "log_level", "args": {"level": "error"}}, "op")
    assert other["id"] > first["id"]
    assert desk.service.commander.find(first["id"])["state"] == "replaced"


def test_only_the_commanded_device_can_answer_and_a_foreign_id_is_only_a_line(desk):
    desk.enrol("w1")
    desk.enrol("w2", "A2")
    asked = desk.service.command("w1", {"name": "identify"}, "op")
    assert answer(desk, asked, device="w2")["state"] == "queued"
    assert answer(desk, {"id": 5}) is None
    assert answer(desk, asked)["state"] == "done"


@pytest.mark.parametrize(
    ("status", "text", "words"),
    [(FAILED, "level: expected 1 to 5", "level"), (UNKNOWN_COMMAND, "selftest", "升级固件"), (FAILED, "", "未说明")],
)
def test_a_refusal_is_told_with_its_reason(desk, status, text, words):
    desk.enrol("w1")
    asked = desk.service.command("w1", {"name": "selftest"}, "op")
    found = answer(desk, asked, status, text)
    assert found["state"] == "failed" and words in found["sentence"]


def test_unknown_and_revoked_devices_are_refused(desk):
    desk.enrol("w1")
    with pytest.raises(CommandError, match="no device"):
        desk.service.command("w9", {"name": "identify"}, "op")
    enrolment.revoke(desk.data, "w1", NOW_MS)
    with pytest.raises(CommandError, match="no device"):
        desk.service.command("w1", {"name": "identify"}, "op")


def test_a_reboot_names_the_start_that_it_ends(desk):
    twin = desk.enrol("w1")
    ready(desk, boot=7)
    desk.service.command("w1", {"name": "reboot"}, "op")
    assert sent(desk, twin)[0].args == {"boot": 7}


def test_what_is_remembered_of_a_device_is_bounded(desk):
    desk.enrol("w1")
    for _ in range(store.KEEP + 10):
        asked = desk.service.command("w1", {"name": "identify"}, "op")
        answer(desk, asked)
        desk.clock.turn(1)
    found = desk.service.commander.of("w1")
    assert len(found) == store.KEEP and found[0]["id"] == asked["id"]


# --- update ---


@pytest.fixture
def published(desk, folder):  # noqa: F811
    (folder / release.MANIFEST).write_bytes(release.sign(release.describe(folder, "esp32s3", 7, 5), KEY))
    found = release.load(folder)
    for data in found.assets.values():
        desk.service.assets.put(data)
    return found


def ask_update(desk, found):
    return desk.service.command("w1", {"name": "update", "args": {"release": found.hash.hex()}}, "op")


def want(desk, command, digest, offset):
    desk.send("w1", pack_result(Result(command["id"], WANTS, f"{digest.hex()} {offset}")), "result")


def test_an_update_says_how_far_it_is_and_ends_with_the_version(desk, published):
    twin = desk.enrol("w1")
    ready(desk)
    asked = ask_update(desk, published)
    (command,) = sent(desk, twin)
    assert command.args == published.args
    total = sum(len(data) for data in published.assets.values())
    main = next(digest for digest, data in published.assets.items() if data == b"M" * 5000)
    want(desk, asked, main, 1024)
    body = desk.wait(twin, "asset", lambda body: body.offset == 1024).body
    assert body.hash == main and set(body.bytes) == {ord("M")}
    found = desk.service.commander.find(asked["id"])
    assert found["progress"] == {"done": len(published.manifest) + 1024, "total": total}
    # as long as it fetches, it is not sent again
    for minute in range(3):
        desk.clock.turn(KINDS["update"].repeat_ms - 1)
        want(desk, asked, main, 2048 + minute)
    look(desk)
    assert len(desk.messages(twin, "command")) == 1
    found = answer(desk, asked, DONE, "7")
    assert (found["state"], found["text"]) == ("done", "7") and "7" in found["sentence"]


@pytest.mark.parametrize(
    ("code", "runs", "state"),
    [("downgrade", 7, "done"), ("on_trial", 7, "done"), ("downgrade", 8, "failed"), ("bad_hash", 7, "failed")],
)
def test_an_answer_that_was_lost_is_found_in_the_devices_own_record(desk, published, code, runs, state):
    twin = desk.enrol("w1")
    ready(desk)
    asked = ask_update(desk, published)
    sent(desk, twin)
    desk.send("w1", twin.event("firmware", {"from": 4, "to": runs}))
    desk.receipt(twin, 1)
    assert answer(desk, asked, FAILED, code)["state"] == state


def test_what_is_not_published_or_not_whole_is_not_commanded(desk, published):
    desk.enrol("w1")
    with pytest.raises(CommandError, match="publish"):
        desk.service.command("w1", {"name": "update", "args": {"release": "0" * 64}}, "op")
    main = next(digest for digest, data in published.assets.items() if data == b"M" * 5000)
    del desk.service.assets._memory[main]
    with pytest.raises(CommandError, match="main.mpy is missing"):
        ask_update(desk, published)


def test_publishing_checks_every_file_against_the_manifest(folder, tmp_path):  # noqa: F811
    (folder / release.MANIFEST).write_bytes(release.sign(release.describe(folder, "esp32s3", 7, 5), KEY))
    (folder / "logo.bin").write_bytes(b"another")
    with pytest.raises(release.ReleaseError, match=r"logo\.bin"):
        release.publish(folder, tmp_path / "shelf")
    (folder / "logo.bin").write_bytes(b"logo")
    found = release.publish(folder, tmp_path / "shelf")
    assert {path.name for path in (tmp_path / "shelf").iterdir()} == {digest.hex() for digest in found.assets}
    release.publish(folder, tmp_path / "shelf")


def test_the_answers_tell_nothing_of_ratings(desk):
    twin = desk.enrol("w1")
    ready(desk)
    shown = []
    for level in (1, 5):
        desk.send("w1", twin.rating(level, None, wall_ms=desk.clock.now_ms(), error_ms=50))
        asked = desk.service.command("w1", {"name": "selftest"}, "op")
        noted(desk, asked, sends=1)
        found = answer(desk, asked)
        shown.append({key: value for key, value in found.items() if not key.endswith(("_ms", "id"))})
    assert shown[0] == shown[1]
    assert not any(word in json.dumps(shown, ensure_ascii=False) for word in ("satisfied", "满意", "★"))
