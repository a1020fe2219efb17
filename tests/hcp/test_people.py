"""``hcp central region|org|account|grant …`` from an empty folder to a person who can sign in."""

import json

import pytest
from typer.testing import CliRunner

from central import passwords
from hcp.exits import Exit
from hcp.main import app

run = CliRunner()


@pytest.fixture(autouse=True)
def cheap(monkeypatch):
    monkeypatch.setattr(passwords, "COST", (4, 8, 1))


@pytest.fixture
def central(tmp_path):
    def command(*words: str):
        return run.invoke(app, ["central", *words, "--data", str(tmp_path / "central")])

    return command


def test_from_nothing_to_an_institution_with_windows_and_a_handler(central, tmp_path):
    for words in (
        ("region", "add", "wz", "--name", "温州市", "--tier", "city"),
        ("region", "add", "lc", "--name", "鹿城区", "--tier", "county", "--parent", "wz"),
        ("org", "add", "police", "--name", "公安分局", "--kind", "agency", "--region", "lc"),
    ):
        assert central(*words).exit_code == Exit.OK, central(*words).output
    refused = central("org", "activate", "police")
    assert refused.exit_code == Exit.FAILURE and "还没有" in refused.output
    made = central("account", "add", "wang", "--name", "王某", "--org", "police", "--json")
    password = json.loads(made.stdout)["first_password"]
    given = central("grant", "add", "wang", "handler", "--org", "police", "--until", "2099-01-01", "--json")
    assert json.loads(given.stdout) == {
        "grant": 1,
        "account": "wang",
        "role": "handler",
        "scope": "org",
        "of": "police",
    }
    for words in (
        ("org", "activate", "police"),
        ("org", "appoint", "police", "contact", "赵某"),
        ("hall", "place", "hall-1", "--region", "lc", "--org", "police"),
        ("window", "assign", "hall-1", "3", "--org", "police"),
        ("staff", "name", "hall-1", "S01", "--name", "李某", "--account", "wang"),
        ("org", "report"),
    ):
        assert central(*words).exit_code == Exit.OK, words
    [row] = json.loads(central("grant", "list", "--json").stdout)["grants"]
    assert row["granted_by"].startswith("host:") and row["until_ms"] == 4_070_880_000_000
    report = json.loads(central("org", "report", "--json").stdout)["lacking"]
    assert report == [{"org": "police", "name": "公安分局", "active": True, "posts": ["leader", "collector"]}]
    stored = b"".join(file.read_bytes() for file in (tmp_path / "central").iterdir())
    assert password.encode() not in stored


@pytest.mark.requirement("WZ-5e")
def test_the_report_ends_with_one_when_an_active_institution_lost_its_handler(central):
    central("region", "add", "wz", "--name", "温州市", "--tier", "city")
    central("org", "add", "police", "--name", "公安分局", "--kind", "agency", "--region", "wz")
    central("account", "add", "wang", "--name", "王某", "--org", "police")
    central("grant", "add", "wang", "handler", "--org", "police")
    assert central("org", "activate", "police").exit_code == Exit.OK
    assert central("org", "report").exit_code == Exit.OK
    assert central("account", "close", "wang").exit_code == Exit.OK
    found = central("org", "report")
    assert found.exit_code == Exit.FAILURE and "处置员" in found.stdout
    assert central("account", "open", "wang").exit_code == Exit.OK and central("org", "report").exit_code == Exit.OK
    assert central("grant", "end", "1").exit_code == Exit.OK and central("org", "report").exit_code == Exit.FAILURE


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("grant", "add", "x", "handler"), Exit.USAGE, "范围应为机构"),
        (("grant", "add", "x", "handler", "--org", "a", "--hall", "b"), Exit.USAGE, "只能给一个"),
        (("grant", "add", "x", "auditor"), Exit.FAILURE, "没有登记账号"),
        (("account", "add", "x", "--name", "某", "--org", "y"), Exit.FAILURE, "没有登记机构"),
        (("account", "reset", "x"), Exit.FAILURE, "没有登记账号"),
    ],
)
def test_what_will_not_do_is_said_in_words(central, words, code, said):
    answer = central(*words)
    assert answer.exit_code == code and said in answer.output


def test_no_command_takes_a_password(central):
    for group, name in (("account", "add"), ("account", "reset")):
        text = run.invoke(app, ["central", group, name, "--help"]).output.lower()
        assert "password" not in text
