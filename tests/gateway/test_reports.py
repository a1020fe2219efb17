"""What devices say of themselves: kept for operators, bounded, and nothing follows from it."""

import logging

from gateway.store import devices
from protocol.downlink import Log, Result, Telemetry, pack_log, pack_result, pack_telemetry
from tests.gateway.desk import NOW_MS

TOLD = Telemetry(2, 60_000, 40_000, 3, 12, 7, None, None, 1, 2, -61, 9)


def of(desk, device):
    return next(found for found in desk.service.devices() if found["device"] == device)


def test_the_last_telemetry_of_each_device_is_kept_and_counted(desk):
    desk.enrol("w1")
    desk.enrol("w2", "A2")
    desk.send("w1", pack_telemetry(TOLD._replace(stall_ms=1)), "telemetry")

    desk.send("w1", pack_telemetry(TOLD), "telemetry")
    told = of(desk, "w1")["telemetry"]
    assert {key: told[key] for key in TOLD._fields} == TOLD._asdict()
    assert told["packets"] == 2 and told["at_ms"] >= NOW_MS
    assert of(desk, "w2")["telemetry"] is None
    desk.restart()
    assert of(desk, "w1")["telemetry"]["rssi_dbm"] == -61


def test_the_last_lines_are_kept_and_more_push_out_the_oldest_of_that_device_only(desk):
    desk.enrol("w1")
    desk.enrol("w2", "A2")
    desk.send("w2", pack_log(Log(20, "quiet")), "log")
    for number in range(devices.KEEP_LINES + 5):
        desk.send("w1", pack_log(Log(40, f"line {number}")), "log")
    lines = of(desk, "w1")["lines"]
    assert [line["text"] for line in lines] == [f"line {number}" for number in range(5, devices.KEEP_LINES + 5)]
    assert [line["text"] for line in of(desk, "w2")["lines"]] == ["quiet"]


def test_an_answer_to_a_command_is_a_line_and_a_failure_a_warning(desk):
    desk.enrol("w1")
    desk.send("w1", pack_result(Result(7, 0, "")), "result")
    desk.send("w1", pack_result(Result(8, 2, "level: expected 1 to 5")), "result")
    assert [(line["leaf"], line["level"]) for line in of(desk, "w1")["lines"]] == [
        ("result", logging.INFO),
        ("result", logging.WARNING),
    ]


def test_a_line_cannot_forge_another_in_our_log(desk, caplog):
    desk.enrol("w1")
    with caplog.at_level(logging.INFO, logger="gateway.reports"):
        desk.send("w1", pack_log(Log(20, "all well\n2026-01-01 ERROR forged \x1b[2J")), "log")
    (line,) = of(desk, "w1")["lines"]
    assert "\n" not in line["text"] and "\x1b" not in line["text"]
    assert any("all well?2026" in found.getMessage() for found in caplog.records)


def test_what_is_malformed_or_from_a_stranger_is_refused_and_acknowledged(desk):
    desk.enrol("w1")
    desk.send("w1", b"\xa0", "telemetry")
    desk.send("w1", b"\xa0", "log")
    desk.send("w1", bytes(600), "result")
    desk.send("nobody", pack_telemetry(TOLD), "telemetry")
    found = of(desk, "w1")
    assert found["telemetry"] is None and found["lines"] == []
    assert set(found["refused"]) <= {"bad_field", "bad_version", "too_large"} and sum(found["refused"].values()) == 3
    assert dict(desk.rows("SELECT device, code FROM quarantine WHERE device = 'nobody'")) == {
        "nobody": "unknown_device"
    }


def test_telemetry_of_an_older_version_in_the_store_is_no_telemetry(desk):
    desk.enrol("w1")
    desk.send("w1", pack_telemetry(TOLD), "telemetry")
    desk.store.run(lambda c: c.execute("UPDATE telemetry SET body = x'a0'"))
    assert of(desk, "w1")["telemetry"] is None


def test_nothing_in_the_overview_names_a_level_of_a_rating(desk):
    twin = desk.enrol("w1")
    for level in (1, 5):
        desk.send("w1", twin.rating(level, None, wall_ms=desk.clock.now_ms(), error_ms=50))
    desk.send("w1", pack_telemetry(TOLD), "telemetry")
    found = of(desk, "w1")
    assert set(found) == {"device", "window", "head", "missing", "lost", "refused", "telemetry", "lines"}
    assert set(found["telemetry"]) == {*Telemetry._fields, "at_ms", "packets"}
