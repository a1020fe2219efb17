"""fsck: a good database passes, while the gateway is at work too; each kind of wrong is named with device and seq."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from gateway.store import fsck
from hcp.exits import Exit
from hcp.main import app
from tests.databases.make import tell
from tests.gateway.desk import Desk
from tests.gateway.test_salvage import overwrite

run = CliRunner()


@pytest.fixture
def data(tmp_path):
    desk = Desk(tmp_path)
    tell(desk)
    desk.close()
    return tmp_path


def spoil(data, *statements) -> fsck.Report:
    """Change what triggers protect, and look."""
    connection = sqlite3.connect(data / "gateway.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert connection.execute(statement).rowcount == 1, statement
    connection.commit()
    connection.close()
    return fsck.examine(data / "gateway.db")


def test_a_good_database_passes_while_the_gateway_is_at_work(tmp_path):
    desk = Desk(tmp_path)
    tell(desk)
    report = fsck.examine(desk.store.path)
    assert report.ok, report
    one, two = report.devices["w1"], report.devices["w2"]
    assert (one.records, one.head, one.missing) == (4, 4, [])
    assert (two.records, two.head, two.missing, two.lost_by_device, two.waiting) == (4, 6, [(7, 7)], 3, 1)
    commits = desk.store.commits
    fsck.examine(desk.store.path)
    assert desk.store.commits == commits
    desk.close()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE records SET body = zeroblob(200) WHERE device = 'w1' AND seq = 2", "record 2: its body"),
        (
            "UPDATE records SET prev = zeroblob(16) WHERE device = 'w1' AND seq = 3",
            "record 3: its prev is not",
        ),
        ("UPDATE records SET state = 'early' WHERE device = 'w1' AND seq = 2", "record 2 is kept as early"),
        ("DELETE FROM records WHERE device = 'w1' AND seq = 4", "its head is 4, the records reach 3"),
        ("UPDATE heads SET seq = 2 WHERE device = 'w1'", "its head is 2, the records reach 4"),
        ("DELETE FROM bindings WHERE device = 'w1' AND seq = 1", "rating 1: no decision"),
        (
            "UPDATE bindings SET number = 3 WHERE device = 'w1' AND seq = 1",
            "1 decisions, the last is number 3",
        ),
    ],
)
def test_what_is_wrong_is_named(data, statement, words):
    report = spoil(data, statement)
    assert not report.ok and not report.devices["w2"].problems
    assert any(words in problem for problem in report.devices["w1"].problems), report.devices["w1"].problems


def test_a_damaged_page_is_named_and_nothing_raises(data):
    for page in range(1, (data / "gateway.db").stat().st_size // 4096 + 1, 5):
        content = (data / "gateway.db").read_bytes()
        overwrite(data / "gateway.db", [page])
        fsck.examine(data / "gateway.db")
        (data / "gateway.db").write_bytes(content)
    overwrite(data / "gateway.db", [1])
    assert "not a database" in fsck.examine(data / "gateway.db").problems[0]


def test_the_command_speaks_both_ways_and_exits_by_what_it_found(data):
    good = run.invoke(app, ["gateway", "fsck", "--data", str(data), "--json"])
    assert good.exit_code == Exit.OK and json.loads(good.stdout)["ok"] is True
    spoil(data, "UPDATE records SET body = zeroblob(200) WHERE device = 'w1' AND seq = 2")
    bad = run.invoke(app, ["gateway", "fsck", "--data", str(data)])
    assert bad.exit_code == Exit.FAILURE and "record 2" in bad.output
    assert run.invoke(app, ["gateway", "fsck", "--data", str(data / "nowhere")]).exit_code == Exit.USAGE


def test_it_tells_no_level(data):
    said = run.invoke(app, ["gateway", "fsck", "--data", str(data), "--json"]).output
    assert "level" not in said and "satisfied" not in said
