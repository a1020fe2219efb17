"""Tables as people save them from Excel: what is read, and what is listed as wrong."""

import codecs
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import table, times
from gateway.core.table import Bad, TableError, moment_ms

HEADING = "事件类型,时间,窗口,工号,办件编号,服务次数,事项名称"
ROW = "叫号,2026/11/23 9:01,A01,1001,LC-2026-1,1,身份证换领"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_encoding_that_excel_writes_gives_the_same_events(encoding, end):
    found = table.read(f"{HEADING}{end}{ROW}{end}".encode(encoding))
    (row,) = found.rows
    assert found.bad == [] and row.line == 2
    assert row.event == {
        "type": "called",
        "at": "2026-11-23T01:01:00.000Z",
        "window": "A01",
        "staff": "1001",
        "case_no": "LC-2026-1",
        "service_no": 1,
        "item_name": "身份证换领",
        "id": row.event["id"],
    }


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026/3/4 13:06", "2026-03-04T13:06:00"),
        ("2026/3/4 13:06:07", "2026-03-04T13:06:07"),
        ("2026-03-04 13:06:07", "2026-03-04T13:06:07"),
        ("2026-03-04T13:06:07", "2026-03-04T13:06:07"),
        ("2026-03-04 13:06:07.25", "2026-03-04T13:06:07.250"),
        ("2026.3.4 13:06", "2026-03-04T13:06:00"),
        ("2026年3月4日 13:06", "2026-03-04T13:06:00"),
        ("2026年3月4日13时06分07秒", "2026-03-04T13:06:07"),
        ("2026/3/4 下午1:06", "2026-03-04T13:06:00"),
        ("2026/3/4 上午12:06", "2026-03-04T00:06:00"),
        ("2026/3/4 1:06 PM", "2026-03-04T13:06:00"),
        ("２０２６/３/４　１３：０６", "2026-03-04T13:06:00"),
        ("20260304130607", "2026-03-04T13:06:07"),
        ("202603041306", "2026-03-04T13:06:00"),
        ("46085.5458333333", "2026-03-04T13:06:00"),
        ("46085.54591435185", "2026-03-04T13:06:07"),
    ],
)
def test_excels_forms_of_a_moment_are_meant_in_chinas_time(text, local):
    assert moment_ms(text) == times.parse(local + "+08:00")


def test_a_moment_with_a_zone_keeps_it():
    assert moment_ms("2026-03-04T05:06:07Z") == moment_ms("2026/3/4 13:06:07")


@pytest.mark.parametrize(
    "text",
    ["", "2026/3/4", "46085", "3/4/2026 13:06", "4.3.2026 13:06", "26/3/4 13:06", "2026/13/4 13:06", "2026/2/30 1:00",
     "2026/3/4 25:00", "2026/3/4 下午13:06", "13:06", "yesterday", "1772600767", "99999.5", "########"],
)  # fmt: skip
def test_what_is_no_moment_or_may_mean_two_is_refused(text):
    with pytest.raises(ValueError):
        moment_ms(text)


def test_every_bad_cell_is_listed_with_line_column_and_what_was_expected():
    rows = [
        HEADING,
        ROW,
        "",
        "点赞,2026/11/23 9:01,A01,1001,LC-2026-1,1,x",
        "叫号,9:01,A01,1001,LC-2026-1,一,x",
        ",2026/11/23 9:01,A01,1001,LC-2026-1,1,x",
        "叫号,2026/11/23 9:01,A01,1001,2.02611E+13,1,x",
        ROW + ",surplus",
    ]
    found = table.read("\n".join(rows).encode())
    assert [row.line for row in found.rows] == [2]
    assert [(bad.line, bad.column, bad.got) for bad in found.bad] == [
        (4, "事件类型", "点赞"),
        (5, "时间", "9:01"),
        (5, "服务次数", "一"),
        (6, "事件类型", None),
        (7, "办件编号", "2.02611E+13"),
        (8, "", None),
    ]
    assert all(bad.expected for bad in found.bad) and found.count == 6


def test_lines_are_those_of_the_file_also_behind_a_cell_of_two_lines():
    found = table.read(f'{HEADING}\n叫号,2026/11/23 9:01,A01,1001,C1,1,"a\nb"\n点赞,,,,,,\n'.encode())
    assert [row.line for row in found.rows] == [2] and {bad.line for bad in found.bad} == {4}


def test_names_of_columns_in_english_or_chinese_and_unknown_ones_are_named():
    found = table.read("type,at,窗口编号,备注\ncalled,2026/11/23 9:01,A01,x\n".encode())
    assert found.ignored == ["备注"] and found.rows[0].event["window"] == "A01"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "首行"),
        (b"a,b\n1,2\n", "首行"),
        ("类型,时间,事件类型\n".encode(), "两列"),
        (b"PK\x03\x04rest", "另存为 CSV"),
        (b"\xd0\xcf\x11\xe0rest", "另存为 CSV"),
        (b"\xff\xff\xff", "编码"),
        (codecs.BOM_UTF8 + b"\xb0\xa1", "编码"),
        (f'{HEADING}\n"叫号,2026\n'.encode(), "引号"),
        (f"{HEADING}\n".encode() + f"{ROW}\n".encode() * (table.MAX_ROWS + 1), "行"),
        (f"{HEADING}\n{'x' * 200_000}\n".encode(), "过长"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(data, words):
    with pytest.raises(TableError, match=words):
        table.read(data)


def test_a_row_without_an_id_gets_the_same_one_each_time_whoever_applied():
    ids = [
        table.read(f"{HEADING},申请人\n{ROW},{name}\n".encode(encoding)).rows[0].event["id"]
        for name, encoding in (("张三", "utf-8"), ("李四", "gb18030"))
    ]
    assert ids[0] == ids[1] and ids[0].startswith("csv-")
    assert (
        table.read(f"{HEADING}\n{ROW.replace('C1', 'C2').replace('9:01', '9:02')}\n".encode()).rows[0].event["id"]
        not in ids
    )


def test_a_persons_data_is_never_repeated():
    found = table.read(f"{HEADING},申请人,证件号码,联系电话\n{ROW},张三丰,330302199001011232,13800002222\n".encode())
    (row,) = found.rows
    assert row.event["applicant"] == {"name": "张三丰", "id_no": "330302199001011232", "phone": "13800002222"}
    blamed = found.blame(row, "bad_applicant", "applicant.id_no 应为 1 至 40 位")
    assert blamed == Bad(2, "证件号码", "bad_applicant", "applicant.id_no 应为 1 至 40 位", None)


def test_an_answer_is_put_to_its_column():
    found = table.read(f"{HEADING}\n{ROW}\n".encode())
    blamed = found.blame(found.rows[0], "missing_field", "called 缺少 service_no window (missing)")
    assert (blamed.column, blamed.got) == ("服务次数", "1")
    assert found.blame(found.rows[0], "conflict", "同一编号").column == ""


def test_no_cell_of_the_written_table_is_a_formula():
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x";"y")']
    text = table.write_bad([Bad(2, cell, "x", cell, cell) for cell in hostile]).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == ["行号", "列", "代码", "应为", "实际"]
    for row, cell in zip(rows[1:], hostile, strict=True):
        assert row[1] == row[3] == row[4] == "'" + cell


@given(st.binary(max_size=300))
def test_any_bytes_give_a_table_or_one_named_error(data):
    try:
        found = table.read(HEADING.encode() + b"\n" + data)
    except TableError:
        return
    assert all(bad.line > 1 and bad.expected for bad in found.bad)
