"""The morning of the demo, from press to centre, and what an auditor finds in the folder that it leaves."""

import fcntl
import json
import os
import shutil
import sqlite3
from contextlib import closing

import cbor2
import pytest

from protocol import cbor


@pytest.fixture(scope="module")
def morning(hcp, tmp_path_factory):
    """The folder and the summary of one performance; all workers of a run share it."""
    stage = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        stage = stage.parent
    out, said = stage / "morning", stage / "morning.json"
    with (stage / "morning.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            done = hcp("sim", "run", "one-morning", "--out", out, "--json")
            assert done.returncode == 0, done.stderr
            said.write_text(done.stdout)
    return out, json.loads(said.read_text())


@pytest.fixture
def folder(morning, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(morning[0], tmp_path / "copy")


@pytest.mark.requirement("JX-3.1b")
@pytest.mark.requirement("LZ-1c")
def test_every_press_that_was_lit_is_at_central_once(morning):
    out, summary = morning
    assert (summary["lost"], summary["duplicated"], summary["misbound"]) == (0, 0, 0)
    assert summary["complaints"] == []
    assert summary["pressed"] == summary["receipted"] == summary["stored"] == summary["central"] == 29
    assert (summary["bound"], summary["unbound"], summary["ambiguous"]) == (28, 1, 0)
    assert json.loads((out / "summary.json").read_text()) == summary


def test_the_windows_add_up(morning):
    _, summary = morning
    windows = summary["windows"]
    assert set(windows) == {"A01", "A02", "A03"}
    for name in ("pressed", "receipted", "stored", "bound", "unbound", "ambiguous", "central", "lost", "duplicated"):
        assert sum(window[name] for window in windows.values()) == summary[name], name


@pytest.mark.requirement("SP-4.1")
def test_every_forgery_was_refused(morning):
    _, summary = morning
    assert summary["forged"] == summary["rejected"] == 3


def test_whoever_pressed_nothing_has_no_rating(morning):
    out, summary = morning
    assert summary["silent"] == 2
    with closing(sqlite3.connect(out / "central.db")) as database:
        bound = {row[0] for row in database.execute("SELECT case_no FROM bindings WHERE status = 'bound'")}
    assert not bound & {"DM-2026-0011", "DM-2026-0015"}


def test_a_star_that_was_changed_counts_as_it_was_left(morning):
    out, _ = morning
    query = """SELECT r.level FROM ratings r JOIN bindings b ON b.device = r.device AND b.seq = r.seq
               WHERE b.case_no = ?"""
    with closing(sqlite3.connect(out / "central.db")) as database:
        assert database.execute(query, ("DM-2026-0010",)).fetchall() == [("very_satisfied",)]
        assert database.execute(query, ("DM-2026-0012",)).fetchall() == [("very_dissatisfied",)]
        # the power went right after this one's light
        assert database.execute(query, ("DM-2026-0027",)).fetchall() == [("very_dissatisfied",)]


def test_the_folder_passes_the_audit(morning, hcp):
    done = hcp("audit", "verify", morning[0], "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["ok"] and report["ratings"] == 29


def test_the_records_are_a_cbor_sequence_for_anybody(morning):
    data = (morning[0] / "records.cborseq").read_bytes()
    at = count = 0
    while at < len(data):
        _, end = cbor.decode_prefix(data, at)
        assert cbor2.loads(data[at:end]).tag == 18
        at, count = end, count + 1
    with closing(sqlite3.connect(morning[0] / "central.db")) as database:
        assert (count,) == database.execute("SELECT count(*) FROM records").fetchone()
    assert count > 29, "events of the devices are records too"


def test_any_flipped_byte_fails_the_audit_and_names_the_record(folder):
    from hcp.audit import verify

    file = folder / "records.cborseq"
    good = file.read_bytes()
    starts = []
    at = 0
    while at < len(good):
        starts.append(at)
        _, at = cbor.decode_prefix(good, at)
    # every byte of two records, and one byte of each other: all fields, heads and signatures are hit
    middle = len(starts) // 2
    for position in [*range(starts[middle], starts[middle + 2]), *(start + 60 for start in starts)]:
        index = max(i for i, start in enumerate(starts) if start <= position)
        spoiled = bytearray(good)
        spoiled[position] ^= 0x01
        file.write_bytes(spoiled)
        report = verify(folder)
        assert not report.ok, position
        assert any(finding.where.startswith(f"record {index} ") for finding in report.findings), position


def test_a_record_taken_away_anywhere_fails_the_audit(folder):
    from hcp.audit import verify

    file = folder / "records.cborseq"
    good = file.read_bytes()
    at = 0
    while at < len(good):
        _, end = cbor.decode_prefix(good, at)
        file.write_bytes(good[:at] + good[end:])
        assert not verify(folder).ok
        at = end


def test_a_level_changed_in_the_database_fails_the_audit(folder, hcp):
    with closing(sqlite3.connect(folder / "central.db")) as database, database:
        database.execute("UPDATE ratings SET level = 'very_satisfied' WHERE level = 'very_dissatisfied'")
    done = hcp("audit", "verify", folder)
    assert done.returncode == 1
    assert "level_differs" in done.stderr


def test_an_audit_of_nothing_is_a_usage_error(tmp_path, hcp):
    done = hcp("audit", "verify", tmp_path)
    assert done.returncode == 2
    assert "records.cborseq" in done.stderr
