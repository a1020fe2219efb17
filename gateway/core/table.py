"""Business events from a table (CSV), as people save it from Excel: its encodings, Chinese column names, its dates.

What cannot be read is listed with line, column and what was expected; a person's data is never repeated.
"""

import csv
import datetime
import hashlib
import json
import re
import types
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core import times
from gateway.core.business import Type

MAX_ROWS = 20_000
#: A time without a zone is meant in China's.
ZONE = datetime.timezone(datetime.timedelta(hours=8))
MAX_GOT = 40

#: Field -> the names a column may have besides the field's own. The first one is what we call it.
COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("事件编号", "编号"),
    "type": ("事件类型", "类型", "事件"),
    "at": ("时间", "发生时间"),
    "window": ("窗口", "窗口编号", "窗口号"),
    "staff": ("工号", "工作人员", "工作人员编号"),
    "case_no": ("办件编号",),
    "service_no": ("服务次数",),
    "item_code": ("事项编码",),
    "item_name": ("事项名称", "事项"),
    "applicant_kind": ("办理人", "办理人类型"),
    "shared": ("共同办理",),
    "corrects": ("更正事件", "更正的事件编号"),
    "applicant.name": ("申请人", "申请人姓名"),
    "applicant.id_no": ("证件号码", "申请人证件号码"),
    "applicant.phone": ("联系电话", "手机号码", "申请人电话"),
}
#: What people write -> what the API calls it.
TYPES = {
    "签到": "sign_in", "签退": "sign_out", "叫号": "called", "重呼": "recalled", "请评价": "served",
    "办理完毕": "served", "办结": "finished", "暂停": "paused", "恢复": "resumed", "转窗": "transferred",
    "取消": "cancelled", "撤回": "withdrawn",
}  # fmt: skip
KINDS = {"本人": "self", "申请人本人": "self", "代办": "agent", "代办人": "agent"}
#: Codes that are about one field, whatever the words.
_BY_CODE = {"unknown_window": "window", "forbidden_window": "window", "future_event": "at", "unknown_type": "type"}
_YES_NO = {"是": True, "true": True, "1": True, "否": False, "false": False, "0": False}

_DATE = re.compile(
    r"(?P<y>\d{4})[-/.年](?P<mo>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"[T ]*(?P<half>上午|下午|AM|PM)? *"
    r"(?P<h>\d{1,2})[:时](?P<mi>\d{1,2})(?:[:分](?P<s>\d{1,2})(?:\.(?P<f>\d{1,6}))?)?[分秒]?"
    r" *(?P<half2>AM|PM)?",
    re.IGNORECASE,
)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<mo>\d\d)(?P<d>\d\d)(?P<h>\d\d)(?P<mi>\d\d)(?P<s>\d\d)?")
#: Days since 1899-12-30, as Excel counts them, of the years 2000 to 2099.
_SERIAL = re.compile(r"(?:3[6-9]|[4-6]\d|7[0-2])\d{3}(?:\.\d+)?")
_EXCEL_EPOCH = datetime.datetime(1899, 12, 30, tzinfo=ZONE)
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+\d+")
_AT = "时间, 例如 2026/3/4 13:06:07、2026-03-04T13:06:07+08:00 或 Excel 日期序号; 不带时区的按北京时间"


class TableError(ValueError):
    """This is no table that could be read; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class Bad:
    """One thing that is wrong. ``line`` counts from 1, which is the heading; ``column`` is empty for a whole row."""

    line: int
    column: str
    code: str
    expected: str
    got: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read: an event as JSON would bring it, and the cells it came from by field."""

    line: int
    event: dict
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """``headings``: field -> the column's name in this file."""

    encoding: str
    headings: dict[str, str]
    ignored: list[str]
    rows: list[Row]
    bad: list[Bad]

    @property
    def count(self) -> int:
        return len({*(row.line for row in self.rows), *(bad.line for bad in self.bad)})

    def blame(self, row: Row, code: str, detail: str) -> Bad:
        """What an answer to an event says about its row: the column is its code's, or the first field it names."""
        named = [field for field in sorted(COLUMNS, key=len, reverse=True) if re.search(rf"\b{field}\b", detail)]
        field = _BY_CODE.get(code) or (min(named, key=detail.index) if named else "")
        return Bad(row.line, self.headings.get(field, field), code, detail, _shown(field, row.cells.get(field)))


def read(data: bytes) -> Table:
    """Read a file. Raises TableError if it is no table at all; what is wrong with single rows is in ``bad``."""
    encoding, text = _decode(data)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # not splitlines(), which knows more ends of a line than a table has
    lines = csv.reader((line + "\n" for line in text.split("\n")), delimiter=_delimiter(text), strict=True)
    try:
        heading = next(lines, [])
        names = [name.strip().lstrip("\ufeff") for name in heading]
        fields = [_field(name) for name in names]
        headings = {field: name for field, name in zip(fields, names, strict=True) if field}
        if len(headings) != len([field for field in fields if field]):
            raise TableError("有两列表示同一内容 (two columns mean the same); 请删去一列")
        if not {"type", "at"} <= set(headings):
            raise TableError("首行应为列名, 至少有 事件类型 与 时间 两列 (no columns type and at in the first line)")
        rows: list[Row] = []
        bad: list[Bad] = []
        line = lines.line_num + 1
        for cells in lines:
            if any(cell.strip() for cell in cells):
                if len(rows) >= MAX_ROWS:
                    raise TableError(f"超过 {MAX_ROWS} 行; 请拆分为几个文件 (too many rows)")
                found = _row(line, dict(zip(fields, cells, strict=False)), headings)
                if len(cells) > len(fields) and any(cell.strip() for cell in cells[len(fields) :]):
                    bad.append(Bad(line, "", "too_many_cells", f"应为 {len(fields)} 列, 多出的内容未使用"))
                elif isinstance(found, Row):
                    rows.append(found)
                else:
                    bad += found
            line = lines.line_num + 1
    except csv.Error as error:
        raise TableError(f"第 {lines.line_num} 行附近的引号不成对或内容过长 ({error})") from None
    return Table(encoding, headings, [n for n, f in zip(names, fields, strict=True) if n and not f], rows, bad)


def moment_ms(text: str) -> int:
    """Milliseconds since 1970 of a time as Excel writes it. Raises ValueError."""
    text = unicodedata.normalize("NFKC", text).strip()
    if _SERIAL.fullmatch(text) and "." in text:
        moment = _EXCEL_EPOCH + datetime.timedelta(milliseconds=round(float(text) * 86_400_000))
        return times.parse(moment.isoformat(timespec="milliseconds"))
    match = _DATE.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None:
        return times.parse(text)
    part = match.groupdict()
    hour = int(part["h"])
    half = (part.get("half") or part.get("half2") or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("an hour of 1 to 12 goes with a half of the day")
        hour = hour % 12 + (12 if half in ("PM", "下午") else 0)
    micro = int((part.get("f") or "").ljust(6, "0"))
    day = datetime.datetime(int(part["y"]), int(part["mo"]), int(part["d"]), hour, int(part["mi"]), tzinfo=ZONE)
    moment = day.replace(second=int(part["s"] or 0), microsecond=micro)
    return times.parse(moment.isoformat(timespec="milliseconds"))


def write_bad(bad: Iterable[Bad]) -> bytes:
    """A table of what is wrong, for Excel: UTF-8 with a mark, and no cell that Excel would take for a formula."""
    out: list[str] = []
    writer = csv.writer(types.SimpleNamespace(write=out.append))
    writer.writerow(["行号", "列", "代码", "应为", "实际"])
    for one in bad:
        writer.writerow([one.line, *(_harmless(cell) for cell in (one.column, one.code, one.expected, one.got or ""))])
    return b"\xef\xbb\xbf" + "".join(out).encode()


def _harmless(cell: str) -> str:
    return "'" + cell if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _decode(data: bytes) -> tuple[str, str]:
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError("这是 Excel 工作簿, 请在 Excel 中另存为 CSV (save the workbook as CSV)")
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    marked = [name for mark, name in marks if data.startswith(mark)]
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            return encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError("编码应为 UTF-8 或 GB18030 (neither UTF-8 nor GB18030)")


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",\t;", key=first.count)


def _field(name: str) -> str | None:
    plain = unicodedata.normalize("NFKC", name).strip()
    for field, names in COLUMNS.items():
        if plain in names or plain.lower() == field:
            return field
    return None


def _row(line: int, cells: dict[str | None, str], headings: dict[str, str]) -> Row | list[Bad]:
    mine = {field: cell.strip() for field, cell in cells.items() if field and cell.strip()}
    event: dict = {}
    bad: list[Bad] = []
    for field, cell in mine.items():
        try:
            value = _value(field, cell)
        except ValueError as error:
            bad.append(Bad(line, headings[field], "bad_cell", str(error), _shown(field, cell)))
            continue
        if field.startswith("applicant."):
            event.setdefault("applicant", {})[field.removeprefix("applicant.")] = value
        else:
            event[field] = value
    for field in ("type", "at"):
        if field not in mine:
            bad.append(Bad(line, headings[field], "missing_cell", _AT if field == "at" else _types()))
    if bad:
        return bad
    event.setdefault("id", _made_id(event))
    return Row(line, event, mine)


def _value(field: str, cell: str) -> object:
    """A cell as JSON would bring it. Raises ValueError with what was expected."""
    plain = unicodedata.normalize("NFKC", cell)
    if field == "at":
        try:
            return times.text(moment_ms(cell))
        except (ValueError, OverflowError):
            raise ValueError(_AT) from None
    if field == "type":
        found = TYPES.get(plain, plain.lower())
        if found not in set(Type):
            raise ValueError(_types())
        return found
    if field == "service_no":
        if not re.fullmatch(r"\d{1,4}(?:\.0+)?", plain):
            raise ValueError("1 至 9999 的整数")
        return int(float(plain))
    if field == "applicant_kind":
        return KINDS.get(plain, plain)
    if field == "shared":
        if plain.lower() not in _YES_NO:
            raise ValueError("是 或 否")
        return _YES_NO[plain.lower()]
    if _SCIENTIFIC.fullmatch(plain):
        raise ValueError("完整的编号; Excel 已将其改为科学计数, 请将该列设为文本后重新填写")
    return cell


def _types() -> str:
    return "、".join(word for word, name in TYPES.items() if name in set(Type)) + " 之一"


def _made_id(event: dict) -> str:
    """An id for a row that has none: the same for the same row, so that a file can be imported again."""
    said = {name: value for name, value in event.items() if name != "applicant"}
    return "csv-" + hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


def _shown(field: str, cell: str | None) -> str | None:
    if cell is None or field.startswith("applicant."):
        return None
    return "".join(letter if letter.isprintable() else "?" for letter in cell[:MAX_GOT])
