"""``hcp gateway ledger|dead-letters|replay``: a hall manager looks at what central refused, and tries again."""

import json
import sqlite3

import pytest
from typer.testing import CliRunner

from gateway.core.outbox import Fate
from gateway.enrolment import create_authority
from gateway.store import letters, outbox
from gateway.store.outbox import Settled
from gateway.store.writer import Store
from hcp.exits import Exit
from hcp.main import app

run = CliRunner()
NOW_MS = 1_772_600_000_000


def hcp(*words):
    return run.invoke(app, ["gateway", *map(str, words)])


@pytest.fixture
def data(tmp_path):
    create_authority(tmp_path, "hall-1")
    store = Store(tmp_path / "gateway.db")
    event = {"id": "case/C1/1", "type": "cn.hcp.case.v1", "data": {"case_no": "C1"}}
    store.run(lambda c: outbox.put(c, event))
    settled = Settled(
        1, Fate.DEAD, "rejected bad_field: no", "rejected", 0, event["id"], event["type"], json.dumps(event)
    )
    store.run(lambda c: outbox.settle(c, [settled], NOW_MS))
    store.close()
    return tmp_path


def test_the_ledger_adds_up_and_a_tampered_one_is_a_failure(data):
    done = hcp("ledger", "--data", data, "--json")
    assert done.exit_code == Exit.OK and json.loads(done.stdout)["balanced"] is True
    with sqlite3.connect(data / "gateway.db") as database:
        database.execute("UPDATE ledger SET received = 5 WHERE device = ''")
    done = hcp("ledger", "--data", data, "--json")
    assert done.exit_code == Exit.FAILURE and json.loads(done.stdout)["accounts"][0]["gap"] == 5
    assert "对不上" in hcp("ledger", "--data", data).output


def test_dead_letters_are_listed_with_their_reason(data):
    (letter,) = json.loads(hcp("dead-letters", "--data", data, "--json").stdout)["dead_letters"]
    assert letter["id"] == "case/C1/1" and letter["answer"] == "rejected bad_field: no" and letter["last_ms"] == NOW_MS
    assert "bad_field" in hcp("dead-letters", "--data", data).output


def test_a_replay_is_left_for_the_gateway_with_its_reason(data):
    done = hcp("replay", "case/C1/1", "--reason", "中心已修复", "--data", data, "--json")
    assert done.exit_code == Exit.OK, done.output
    found = json.loads(done.stdout)
    assert found["letters"] == 1 and found["taken"] is False
    assert json.loads(open(found["request"]).read())["reason"] == "中心已修复"
    with sqlite3.connect(data / "gateway.db") as database:
        assert len(letters.dead(database)) == 1, "the command itself writes nothing into the database"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--reason", "x"], Exit.USAGE),
        (["1", "--all", "--reason", "x"], Exit.USAGE),
        (["--since", "yesterday", "--reason", "x"], Exit.USAGE),
        (["--all", "--reason", " "], Exit.USAGE),
        (["--all"], Exit.USAGE),
        (["no-such", "--reason", "x"], Exit.FAILURE),
    ],
)
def test_a_wish_that_cannot_be_is_refused(data, words, code):
    assert hcp("replay", *words, "--data", data).exit_code == code
    assert not (data / "requests").exists()


def test_a_folder_without_a_gateway_is_named(tmp_path):
    done = hcp("ledger", "--data", tmp_path)
    assert done.exit_code == Exit.CONFIG and "--data" in done.output
