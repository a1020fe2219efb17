"""The requirement report tells the truth: these tests make false claims and expect them to be refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import requirements
from tests.requirements import Duty, report

SEED_SIZES = {"WZ": 83, "JX": 36, "LZ": 21, "MOT": 41, "SP": 38}


def duty(how: str, tiers: str = "D G C", reason: str = "the reason") -> dict[str, Duty]:
    return {"WZ-8b": Duty("WZ-8b", "第八条", how, "rated once", "WZ", tiers, reason)}


def test_every_row_of_the_five_regulations_is_listed():
    sizes = dict.fromkeys(SEED_SIZES, 0)
    for row in requirements.load_duties().values():
        sizes[row.seed] += 1
        assert row.article and row.title
    assert sizes == SEED_SIZES


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ('{ id = "WZ-1", article = "1", how = "soon", title = "x" }', "how is one of"),
        ('{ id = "JX-1", article = "1", how = "open", title = "x" }', "stands under WZ"),
        ('{ id = "WZ-0", article = "1", how = "open", title = "x" }', "twice"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused(tmp_path, row, word):
    path = tmp_path / "list.toml"
    path.write_text(f'[WZ]\nduties = [{{ id = "WZ-0", article = "0", how = "open", title = "x" }}, {row}]\n')
    with pytest.raises(ValueError, match=word):
        requirements.load_duties(path)


@pytest.mark.parametrize(
    ("how", "outcomes", "status", "wrong"),
    [
        ("open", [], "open", False),
        ("open", ["collected"], "passing", False),
        ("open", ["passed"], "passing", False),
        ("open", ["passed", "failed", "passed"], "failing", True),
        ("open", ["skipped"], "open", False),
        ("test", [], "open", True),
        ("test", ["skipped"], "open", True),
        ("test", ["skipped", "passed"], "passing", False),
        ("test", ["failed"], "failing", True),
        ("people", [], "people", False),
        ("people", ["passed"], "people", False),
        ("people", ["failed"], "failing", True),
    ],
)
def test_status_and_verdict(how, outcomes, status, wrong):
    lines = report(duty(how), [("WZ-8b", f"t.py::test_x[{n}]", outcome) for n, outcome in enumerate(outcomes)])
    assert [line.status for line in lines] == [status]
    assert bool(requirements.problems_of(lines)) == wrong


@pytest.mark.parametrize(
    ("how", "tiers", "reason", "word"),
    [
        ("open", "D P", "", "open without a reason"),
        ("open", "G", "", "open without a reason"),
        ("open", "C P", "", "open without a reason"),
        ("open", "C", "not built", None),
        ("open", "P", "", None),
        ("people", "P", "", "what evidence"),
        ("people", "P", "a register", None),
        ("context", "", "", None),
    ],
)
def test_what_has_no_test_is_explained(how, tiers, reason, word):
    problems = requirements.problems_of(report(duty(how, tiers, reason), []))
    assert len(problems) == (word is not None) and all(word in problem for problem in problems)


def test_a_reason_that_a_test_has_overtaken_is_said_aloud_and_stops_nobody():
    tested = [("WZ-8b", "t.py::test_x", "passed")]
    overtaken = report(duty("test"), tested)
    assert requirements.problems_of(overtaken) == []
    assert ["take its reason out" in warning for warning in requirements.warnings_of(overtaken)] == [True]
    assert requirements.warnings_of(report(duty("test", reason=""), tested)) == []


def test_every_duty_has_its_tiers_and_what_has_none_is_context():
    for row in requirements.load_duties().values():
        assert set(row.tiers) <= set("DGCP ") and bool(row.tiers) == (row.how != "context") or row.id == "JX-A"
        assert row.how != "people" or row.tiers == "P"


def test_a_reason_for_no_duty_is_refused(tmp_path):
    (tmp_path / "open.toml").write_text('[open]\n"WZ-999" = "x"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="WZ-999 is no duty"):
        requirements.load_duties(reasons=tmp_path / "open.toml")


def test_a_test_on_a_duty_of_people_is_said_aloud():
    lines = report(duty("people"), [("WZ-8b", "t.py::test_x", "passed")])
    assert ["t.py::test_x" in warning for warning in requirements.warnings_of(lines)] == [True]


def test_declare_holds_on_to_what_passes_and_to_nothing_else(tmp_path):
    path = tmp_path / "requirements.toml"
    path.write_text(requirements.DUTIES.read_text(encoding="utf-8").replace('how = "test"', 'how = "open"'), "utf-8")
    duties = requirements.load_duties(path)
    before = path.read_text(encoding="utf-8").splitlines()
    requirements.declare(
        report(duties, [("WZ-8b", "t.py::test_x", "passed"), ("WZ-8a", "t.py::test_y", "failed")]), path
    )
    after = path.read_text(encoding="utf-8").splitlines()
    changed = [new for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 1 and '"WZ-8b"' in changed[0]
    assert requirements.load_duties(path)["WZ-8b"].how == "test"


# From here on the command itself, on a small folder of tests.


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = requirement(id)\n    bench\n")
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import pytest_collection_modifyitems, pytest_runtest_setup\n"
    )
    return tmp_path


def call(folder: Path, what: str, body: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text("import pytest\n" + body)
    command = [sys.executable, "-m", "tests.requirements", what, str(folder / "test_it.py"), *options]
    return subprocess.run(
        command, cwd=requirements.ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_run_writes_each_duty_with_its_tests(folder):
    body = """
@pytest.mark.requirement("WZ-8b", "MOT-8b")
@pytest.mark.parametrize("n", [1, 2])
def test_good(n): assert n

@pytest.mark.requirement("WZ-7b")
def test_bad(): assert False

def test_unmarked(): assert False
"""
    done = call(folder, "run", body, "--out", str(folder / "out"))
    assert done.returncode == 1, done.stderr
    assert "WZ-7b: fails in" in done.stderr and "test_unmarked" not in done.stdout
    rows = {row["id"]: row for row in json.loads((folder / "out" / "requirements.json").read_text(encoding="utf-8"))}
    assert len(rows) == sum(SEED_SIZES.values())
    assert [rows[name]["status"] for name in ("WZ-8b", "MOT-8b", "WZ-7b", "WZ-9b")] == [
        *("passing", "passing", "failing", "open")
    ]
    assert [test["outcome"] for test in rows["WZ-8b"]["tests"]] == ["passed"]
    assert rows["WZ-8b"]["tests"][0]["nodeid"].endswith("test_it.py::test_good")


@pytest.mark.parametrize("what", ["check", "run"])
def test_a_marker_that_means_nothing_is_refused(folder, what):
    body = "".join(
        f"@pytest.mark.requirement({marker})\ndef test_{n}(): pass\n"
        for n, marker in enumerate(('"WZ-8b"', '"WZ-999"', "", '"WZ-1"'))
    )
    done = call(folder, what, body)
    said = [line.partition("test_it.py::")[2] for line in done.stderr.splitlines() if "test_it.py::" in line]
    assert done.returncode == 1
    assert list(dict.fromkeys(line.partition(":")[0] for line in said)) == ["test_1", "test_2", "test_3"]
    assert "'WZ-999'" in said[0] and "None" in said[1] and "without a duty" in said[2]
    assert what == "check" or "3 errors" in done.stdout


def test_check_refuses_a_covered_duty_without_its_test(folder):
    row = '{ id = "WZ-8b", article = "第八条", how = "test", title = "rated once" }'
    (folder / "list.toml").write_text(f"[WZ]\nduties = [{row}]\n", encoding="utf-8")
    listed = ("--duties", str(folder / "list.toml"))
    marked = '@pytest.mark.requirement("WZ-8b")\ndef test_x(): pass\n'
    assert call(folder, "check", marked, *listed).returncode == 0
    without = call(folder, "check", "def test_x(): pass\n", *listed)
    assert without.returncode == 1 and "WZ-8b: declared" in without.stderr


def test_the_reason_stands_in_the_table_and_in_the_file(folder):
    row = '{ id = "WZ-14a", article = "第十四条", how = "open", title = "bulletins" }'
    (folder / "list.toml").write_text(f"[WZ]\nduties = [{row}]\n", encoding="utf-8")
    why = '[tiers]\n"WZ-14a" = "C P"\n[open]\n"WZ-14a" = "nothing [yet] is published"\n'
    (folder / "requirements-open.toml").write_text(why, encoding="utf-8")
    given = ("--duties", str(folder / "list.toml"), "--out", str(folder / "out"))
    done = call(folder, "run", "def test_x(): pass\n", *given)
    assert done.returncode == 0 and "bulletins" in done.stdout and "nothing [yet] is published" in done.stdout
    (row,) = json.loads((folder / "out" / "requirements.json").read_text(encoding="utf-8"))
    assert (row["tiers"], row["reason"], row["status"]) == ("C P", "nothing [yet] is published", "open")
    (folder / "requirements-open.toml").write_text('[tiers]\n"WZ-14a" = "C P"\n', encoding="utf-8")
    assert "WZ-14a: open without a reason" in call(folder, "check", "def test_x(): pass\n", *given).stderr
