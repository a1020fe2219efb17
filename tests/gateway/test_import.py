"""Tables into a running gateway: over HTTP, and by ``hcp gateway import``."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from hcp.main import app
from tests.gateway.api import as_, is_problem

HEADING = "事件类型,时间,窗口,工号,办件编号,服务次数,申请人,证件号码"
AT = "2026/3/4 12:5"
GOOD = [
    f"签到,{AT}0,A1,1001,,,,",
    f"叫号,{AT}1,A1,1001,C1,1,欧阳思齐,330302199001011232",
    f"请评价,{AT}2,A1,,C1,1,,",
]
BAD = [f"叫号,{AT}3,Z9,1001,C2,1,欧阳思齐,", f"叫号,{AT}3,A1,1001,,,,", f"叫号,{AT}3,A1,1001,=1+1,一,,"]
CSV = {"content-type": "text/csv"}


def text(*rows: str, encoding: str = "gb18030") -> bytes:
    return "\n".join((HEADING, *rows, "")).encode(encoding)


def test_good_rows_go_in_and_every_bad_one_is_listed(api, desk):
    answer = api.post("/api/v1/events/import", content=text(*GOOD, *BAD), headers=CSV)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["rows"], found["accepted"], found["duplicate"], found["encoding"]) == (6, 3, 0, "gb18030")
    assert [(bad["line"], bad["column"], bad["code"]) for bad in found["bad"]] == [
        (5, "窗口", "unknown_window"),
        (6, "办件编号", "missing_field"),
        (7, "服务次数", "bad_cell"),
    ]
    assert [row[0] for row in desk.rows("SELECT type FROM business_events ORDER BY at_ms")] == [
        "sign_in",
        "called",
        "served",
    ]
    assert desk.applicants.reveal("C1", 1, "2001", "差评回访").applicant.name == "欧阳思齐"
    assert "欧阳" not in answer.text and "3303" not in answer.text


def test_the_same_file_again_changes_nothing(api):
    for accepted in (3, 0):
        found = api.post("/api/v1/events/import", content=text(*GOOD), headers=CSV).json()
        assert (found["accepted"], found["duplicate"], found["bad"]) == (accepted, 3 - accepted, [])


def test_a_dry_run_says_the_same_and_stores_nothing(api, desk):
    content = text(*GOOD, *BAD, GOOD[0])
    dry = api.post("/api/v1/events/import?dry_run=true", content=content, headers=CSV).json()
    assert desk.rows("SELECT count(*) FROM business_events") == [(0,)]
    assert desk.rows("SELECT count(*) FROM applicants") == [(0,)]
    wet = api.post("/api/v1/events/import", content=content, headers=CSV).json()
    assert dry.pop("dry_run") is True and wet.pop("dry_run") is False
    assert dry == wet and dry["duplicate"] == 1


def test_what_is_wrong_comes_back_as_a_table_for_excel(api):
    answer = api.post("/api/v1/events/import", content=text(*BAD), headers={**CSV, "accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["行号", "2", "3", "4"] and "欧阳" not in answer.text


def test_a_key_for_some_windows_imports_for_these(api, desk):
    desk.service.put_window("B2", None, True)
    row = f"叫号,{AT}1,B2,1001,C9,1,,"
    found = api.post("/api/v1/events/import", content=text(GOOD[1], row), headers={**CSV, **as_("window")}).json()
    assert (found["accepted"], [bad["code"] for bad in found["bad"]]) == (1, ["forbidden_window"])


def test_what_is_no_table_is_a_problem(api):
    url = "/api/v1/events/import"
    assert "另存为" in is_problem(api.post(url, content=b"PK\x03\x04", headers=CSV), 422, "bad_table")["detail"]
    is_problem(api.post(url, content=b"", headers=CSV), 422, "bad_table")
    is_problem(api.post(url, json=[]), 415, "unsupported")
    is_problem(api.post(url, content=text(), headers={**CSV, **as_("screen")}), 403, "forbidden")
    is_problem(api.post(url, content=b"x" * ((4 << 20) + 1), headers=CSV), 413, "too_large")


@pytest.fixture
def hcp(running, tmp_path):
    """``hcp gateway import`` beside a running gateway, with a window A1."""
    running.http.put("/api/v1/windows/A1", json={})

    def run(content: bytes, *options: str):
        file = tmp_path / "events.csv"
        file.write_bytes(content)
        data = str(running.settings.data)
        return CliRunner().invoke(app, ["gateway", "import", str(file), "--data", data, *options])

    return run


def test_the_command_imports_through_the_running_gateway(hcp, running, tmp_path):
    done = hcp(text(*GOOD, *BAD), "--dry-run", "--json")
    assert done.exit_code == 1 and json.loads(done.stdout)["accepted"] == 3
    assert running.store.reader().execute("SELECT count(*) FROM business_events").fetchone() == (0,)
    done = hcp(text(*GOOD, *BAD), "--errors", str(tmp_path / "bad.csv"))
    assert done.exit_code == 1 and "第 5 行" in done.output and "已导入 3" in done.output
    assert (tmp_path / "bad.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert "欧阳" not in done.output + (tmp_path / "bad.csv").read_text("utf-8-sig")
    assert hcp(text(*GOOD, encoding="utf-8-sig")).exit_code == 0


def test_the_command_says_whose_fault_it_is(hcp, running, tmp_path):
    assert hcp(b"PK\x03\x04").exit_code == 2
    assert hcp(text(*GOOD), "--url", "http://127.0.0.1:9").exit_code == 7
    done = CliRunner().invoke(app, ["gateway", "import", str(tmp_path / "none.csv")])
    assert done.exit_code == 2 and "none.csv" in done.output
