"""What Prometheus reads: every figure of the table, documented, and the same whichever star was pressed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway import metrics
from gateway.core import overload
from gateway.core.figures import FIGURES, PREFIX, Snapshot
from gateway.core.overload import Verdict
from tests.gateway.api import as_, is_problem, make_api
from tests.gateway.desk import NOW_MS, Desk

OPERATIONS = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
STORE = {
    "commits": 7, "failures": 1, "queued_jobs": 0, "database_bytes": 8192, "log_bytes": 4096, "left_bytes": 1 << 30,
    "free_bytes": 1 << 31, "overload": "soft",
}  # fmt: skip
SNAPSHOT = Snapshot(
    checks={"database": True, "broker": False},
    store=STORE,
    status={
        "outbox": {"pending": 5, "done": 9, "dead": 2},
        "refused": {"bad_signature": 3},
        "ledger": {"balanced": False, "received": 10, "pending": 5, "synced": 1, "duplicate": 1, "rejected": 0,
                   "quarantined": 2},
    },
    devices=(
        {"device": "w01", "telemetry": {"waiting": 4, "error_ms": 40, "rssi_dbm": None, "at_ms": 1_000}},
        {"device": "w02", "telemetry": None},
    ),
    alarms=("store_soft_limit",),
    sessions_lost=1,
    broker={"violations": 2},
    central_error="HTTP 503",
    started_s=1.5,
    now_ms=31_000,
)  # fmt: skip


def read(snapshot: Snapshot) -> dict[tuple[str, str], float]:
    found = {}
    for family in text_string_to_metric_families(metrics.render(snapshot).decode()):
        for sample in family.samples:
            found[sample.name, "".join(sample.labels.values())] = sample.value
    return found


def test_the_figures_are_those_of_the_snapshot():
    found = read(SNAPSHOT)
    assert found["hcp_up", "database"] == 1 and found["hcp_up", "broker"] == 0
    assert found["hcp_refused_total", "bad_signature"] == 3
    assert found["hcp_outbox_pending", ""] == 5 and found["hcp_outbox_dead", ""] == 2
    assert found["hcp_ledger_balanced", ""] == 0 and found["hcp_ledger_frames", "quarantined"] == 2
    assert found["hcp_store_refusing", ""] == 1 and found["hcp_alarm", "store_soft_limit"] == 1
    assert found["hcp_central_reachable", ""] == 0 and found["hcp_broker", "violations"] == 2
    assert found["hcp_device_waiting_records", "w01"] == 4
    assert found["hcp_device_telemetry_age_seconds", "w01"] == 30
    assert ("hcp_device_rssi_dbm", "w01") not in found and ("hcp_device_waiting_records", "w02") not in found


def test_before_the_ledger_was_checked_it_is_left_out():
    found = read(replace(SNAPSHOT, status={**SNAPSHOT.status, "ledger": None}))
    assert not [name for name, _ in found if name.startswith("hcp_ledger")]


def test_names_are_prometheus_names():
    assert len({figure.name for figure in FIGURES}) == len(FIGURES)
    for figure in FIGURES:
        assert re.fullmatch(r"[a-z][a-z0-9_]+", figure.name) and not figure.words.isascii()
        assert figure.name.endswith("_total") == (figure.kind == "counter")


def test_every_figure_and_every_alarm_is_in_the_manual():
    text = OPERATIONS.read_text(encoding="utf-8")
    documented = set(re.findall(rf"^\| `{PREFIX}(\w+)", text, re.MULTILINE))
    assert documented == {figure.name for figure in FIGURES}
    facts = {
        "overload": Verdict.SOFT, "ballast": False, "log_bytes": 2, "log_limit_bytes": 1, "salvage": "running",
        "unreadable_records": 1, "lost_records": 0, "healthy": False,
    }  # fmt: skip
    alarms = {*overload.alarms(facts), *overload.alarms({**facts, "overload": Verdict.HARD})}
    assert alarms <= set(re.findall(r"^\| `(store_\w+)`", text, re.MULTILINE))


def exposition(folder: Path, level: int) -> str:
    """What a real service tells after a rating of this level, without what differs from disk to disk."""
    desk = Desk(folder)
    try:
        twin = desk.enrol("w01")
        desk.tell("called", window="A1", case_no="C1", service_no=1)
        desk.tell("served", window="A1", case_no="C1", service_no=1)
        desk.send("w01", twin.rating(level, desk.token(twin), wall_ms=NOW_MS, error_ms=20))
        desk.receipt(twin, 1)
        store = {**desk.store.facts(), "free_bytes": 0, "left_bytes": 0, "log_bytes": 0, "database_bytes": 0}
        store |= {"commits": 0, "queued_jobs": 0}
        snapshot = replace(SNAPSHOT, store=store, status=desk.service.status(), devices=tuple(desk.service.devices()))
        return metrics.render(snapshot).decode()
    finally:
        desk.close()


@pytest.mark.requirement("MOT-5b")
def test_no_figure_tells_which_star_was_pressed(tmp_path):
    assert exposition(tmp_path / "one", 1) == exposition(tmp_path / "five", 5)


def test_a_key_of_its_own_scope_reads_the_figures(tmp_path):
    desk = Desk(tmp_path)
    try:
        api = make_api(desk, snapshot=lambda: SNAPSHOT)
        answer = api.get("/metrics", headers=as_("prometheus"))
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain")
        assert "hcp_outbox_pending 5.0" in answer.text
        is_problem(api.get("/metrics", headers=as_("technician")), 403, "forbidden")
        is_problem(api.get("/metrics", headers={"Authorization": ""}), 401, "unauthorized")
    finally:
        desk.close()
