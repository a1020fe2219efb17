"""``hcp policy``: what an official or a script gets to read."""

import json
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from central import policies
from gateway.core import indicators
from hcp import policy_commands
from hcp.exits import Exit
from hcp.policy_commands import app

run = CliRunner(env={"COLUMNS": "200"})


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Or a narrow terminal folds the words that are looked for."""
    monkeypatch.setattr(policy_commands.out, "width", 240)


def policy(*words):
    return run.invoke(app, list(words))


def changes(tmp_path, reason="会议纪要", key="timers.call_back.amount"):
    file = tmp_path / "changes.toml"
    file.write_text(f'policy = "wenzhou"\n[[override]]\nkey = "{key}"\nvalue = 2\nreason = "{reason}"\n')
    return str(file)


def test_all_policies_are_checked_and_the_fragment_is_called_one():
    done = policy("check")
    assert done.exit_code == Exit.OK
    assert done.stderr.count("✓") == 5 and "原文不全" in done.stderr and "征求意见稿" in done.stderr
    reports = {report["policy"]: report for report in json.loads(policy("check", "--json").stdout)}
    assert "截断" in reports["lanzhou"]["unsaid"]["timers.call_back"]
    assert reports["jiaxiang"]["doubts"] and reports["mot"]["said"] > 60


def test_a_broken_file_is_named_with_its_key(tmp_path):
    text = resources.files(policies).joinpath("mot.toml").read_text(encoding="utf-8")
    file = tmp_path / "ours.toml"
    file.write_text(text)
    assert policy("check", str(file)).exit_code == Exit.OK
    file.write_text(text.replace("call_back = { amount = 2,", 'call_back = { amount = "two",'))
    done = policy("check", str(file))
    assert done.exit_code == Exit.FAILURE
    assert f"{file}：timers.call_back.amount：应为整数，实为 'two'" in done.stderr.replace("\n", "")
    assert policy("show", str(file)).exit_code == Exit.CONFIG
    (report,) = json.loads(policy("check", str(file), "--json").stdout)
    assert report["ok"] is False and report["problem"]["key"] == "timers.call_back.amount"


def test_show_lists_values_articles_and_holes(tmp_path):
    done = policy("show", "lanzhou")
    assert "LZ-2.1.2a" in done.stdout and "（未规定）" in done.stdout and "原文缺少" in done.stdout
    found = json.loads(policy("show", "wenzhou", "--overrides", changes(tmp_path), "--json").stdout)
    assert found["said"]["timers.call_back"] == {
        "text": "2 个工作日，自收到推送起；原则上，逾期只作提醒",
        "article": ["WZ-12b"],
        "conflict": ["C-4"],
    }
    assert found["overrides"] == [{"key": "timers.call_back.amount", "reason": "会议纪要", "by": None}]
    assert "本部署调整" in policy("show", "wenzhou", "--overrides", changes(tmp_path)).stdout


def test_explain_quotes_the_sentence_and_the_reason_of_a_change(tmp_path):
    done = policy("explain", "wenzhou", "timers.call_back", "--overrides", changes(tmp_path))
    assert "WZ-12b" in done.stdout and "核实情况。" in done.stdout and "理由：会议纪要" in done.stdout
    assert json.loads(policy("explain", "mot", "default.level", "--json").stdout)["lines"][1] == "  基本满意"
    assert policy("explain", "mot", "nothing").exit_code == Exit.USAGE


def test_diff_puts_two_side_by_side():
    rows = json.loads(policy("diff", "wenzhou", "mot", "--json").stdout)
    (row,) = [row for row in rows if row["key"] == "timers.rectify"]
    assert (row["wenzhou"], row["mot"]) == ("15 个工作日，自差评产生起", "10 个工作日，自收到推送起")
    assert "15 个工作日" in policy("diff", "wenzhou", "mot").stdout


def test_hand_down_writes_what_central_correct_sends(tmp_path):
    done = policy("hand-down", "jiaxiang", "--out", str(tmp_path / "out"))
    assert done.exit_code == Exit.OK and "10 个选项" in done.stderr and "hcp central correct" in done.stderr
    sent = json.loads((tmp_path / "out" / "indicators.json").read_text())
    assert indicators.read(sent["content"]) == indicators.NATIONAL
    body = json.loads((tmp_path / "out" / "policy.json").read_text())
    facts = json.loads(policy("hand-down", "jiaxiang", "--out", str(tmp_path / "out"), "--json").stdout)
    assert facts["policy"]["version"] == body["version"] and Path(facts["policy"]["file"]).is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nothing"), Exit.USAGE, "wenzhou"),
        (("show", "missing.toml"), Exit.CONFIG, "不能读取"),
        (("diff", "wenzhou", "nothing"), Exit.USAGE, "之一"),
        (("show", "wenzhou", "--overrides", "missing.toml"), Exit.CONFIG, "不能读取"),
    ],
)
def test_what_goes_wrong_is_said_and_coded(words, code, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = policy(*words)
    assert done.exit_code == code and said in done.stderr


def test_an_override_without_a_reason_is_refused(tmp_path):
    done = policy("show", "wenzhou", "--overrides", changes(tmp_path, reason=" "))
    assert done.exit_code == Exit.CONFIG and "写明的理由" in done.stderr
