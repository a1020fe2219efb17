"""``hcp calendar`` as an official uses it: look, ask for a deadline, load next year's notice."""

import json

import pytest
from typer.testing import CliRunner

from hcp.exits import Exit
from hcp.main import application

APP = application("calendar")
NEXT_YEAR = """
year = 2027
source = "invented for this test"

[[holiday]]
name = "元旦"
first = 2027-01-01
last = 2027-01-03
make_up = [2026-12-26]
"""


@pytest.fixture
def run(tmp_path):
    def invoke(*words, code=Exit.OK):
        result = CliRunner().invoke(APP, ["calendar", *map(str, words), "--data", str(tmp_path)])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "notice.toml"
    path.write_text(NEXT_YEAR, encoding="utf-8")
    return path


def test_a_year_at_a_glance(run):
    text = run("show", 2026).stdout
    assert "2026年：工作日 248 天" in text and "9月20日、10月10日" in text
    facts = json.loads(run("show", 2025, "--json").stdout)
    assert (facts["holidays"], facts["make_up_days"], facts["working_days"], facts["provisional"]) == (
        28,
        5,
        248,
        False,
    )


def test_a_year_without_a_table_says_so(run):
    facts = json.loads(run("show", 2031, "--json").stdout)
    assert (facts["version"], facts["provisional"], facts["missing"], facts["days"]) == (None, True, [2031, 2032], [])
    assert "未载入 2031、2032 年" in run("show", 2031).stderr


def test_the_year_end_before_and_after_the_notice(run, file):
    words = ["deadline", 15, "WD", "--from", "2026-12-11T16:20", "--event", "差评产生", "--article", "附件2二(二)"]
    before = json.loads(run(*words, "--json").stdout)
    assert (before["last_day"], before["provisional"]) == ("2027-01-01", True) and "暂定" in before["explanation"]

    looked = json.loads(run("check", file, "--json").stdout)
    assert looked["changes"][:2] == [
        {"day": "2026-12-26", "before": "周末", "after": "元旦调休上班"},
        {"day": "2027-01-01", "before": "工作日", "after": "元旦"},
    ]
    assert "没有春节" in looked["doubts"] and json.loads(run(*words, "--json").stdout) == before

    assert json.loads(run("load", file, "--json").stdout)["version"] == looked["version"]
    # Mon 14 to Fri 18 (5), Mon 21 to Fri 25 (10), Sat 26 works (11), Mon 28 to Thu 31 (15)
    text = run(*words).stdout
    assert "截止：2026年12月31日（周四）24:00" in text and looked["version"] in text and "暂定" not in text


def test_the_choices_reach_the_count(run):
    def due(*words):
        return json.loads(run("deadline", *words, "--json").stdout)["due"]

    # Sat 2026-11-21
    assert due(7, "d", "--from", "2026-11-21T09:00") == "2026-12-01T00:00:00+08:00"
    assert due(7, "d", "--from", "2026-11-21T09:00", "--rest-day-end", "stays") == "2026-11-29T00:00:00+08:00"
    office = ["--cut-off", "17:30", "--hours", "office", "--opens", "08:30"]
    assert due(1, "h", "--from", "2026-11-21T09:00", *office) == "2026-11-23T09:30:00+08:00"
    received = ["--cut-off", "17:30", "--receipt", "next_working_day"]
    assert due(1, "WD", "--from", "2026-11-21T09:00", *received) == "2026-11-24T17:30:00+08:00"
    assert due(1, "h", "--from", "2026-11-21T01:00Z") == "2026-11-21T10:00:00+08:00"


def test_a_year_in_force_is_replaced_only_on_purpose(run, file, tmp_path):
    run("load", file)
    file.write_text(NEXT_YEAR.replace("2027-01-03", "2027-01-04"), encoding="utf-8")
    assert "has a table already" in run("load", file, code=Exit.FAILURE).stderr
    run("load", file, "--replace")
    own = tmp_path / "calendars"
    [old] = own.glob("*.old")
    assert old.read_text(encoding="utf-8") == NEXT_YEAR and "2027-01-04" in (own / "2027.toml").read_text("utf-8")
    run("load", file)  # the same again changes nothing
    assert len(list(own.iterdir())) == 2


def test_a_table_that_contradicts_another_is_refused(run, file, tmp_path):
    run("load", file)  # has 2026-12-26
    other = tmp_path / "other.toml"
    day = 'name = "x"\nfirst = 2026-12-26\nlast = 2026-12-26'
    other.write_text(f'year = 2026\nsource = "x"\n[[holiday]]\n{day}', encoding="utf-8")
    assert "2026-12-26 stands in the table of" in run("load", other, "--replace", code=Exit.FAILURE).stderr
    assert "2026-12-26 stands in the table of" in run("check", other, code=Exit.FAILURE).stderr
    assert not (tmp_path / "calendars" / "2026.toml").exists()


@pytest.mark.parametrize("command", ["check", "load"])
def test_a_wrong_table_is_refused_and_nothing_is_changed(run, file, tmp_path, command):
    file.write_text(NEXT_YEAR.replace("[[holiday]]", "[holiday]"), encoding="utf-8")
    assert "holiday: expected list" in run(command, file, code=Exit.FAILURE).stderr
    file.write_text(NEXT_YEAR.replace("2027-01-01", "2026-12-01"), encoding="utf-8")
    run(command, file, code=Exit.FAILURE)
    assert not (tmp_path / "calendars").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["0", "WD", "--from", "2026-11-21"], "expected 1 to 1000 WD, got 0"),
        (["1", "WD", "--from", "yesterday"], "--from：应为"),
        (["1", "WD", "--from", "1026-11-21"], "expected a year from 2000"),
        (["1", "WD", "--from", "2026-11-21", "--cut-off", "half past five"], "应为 17:30"),
        (["1", "WD", "--from", "2026-11-21", "--cut-off", "08:00"], "an hour or more after"),
    ],
)
def test_wrong_questions_are_answered_with_what_was_expected(run, words, message):
    assert message in run("deadline", *words, code=Exit.USAGE).stderr


def test_a_damaged_table_in_force_stops_everything(run, tmp_path):
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "2027.toml").write_text("year = 2027", encoding="utf-8")
    assert "2027.toml: source is missing" in run("show", 2026, code=Exit.CONFIG).stderr
