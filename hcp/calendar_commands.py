"""``hcp calendar``: which days are working days, when a term ends and why, and next year's table."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from central import calendars
from central.core.calendar import ZONE, Calendar, CalendarError, Kind, Year, years_of
from central.core.calendar_check import changes, doubts
from central.core.deadline_words import explain, spans
from central.core.deadlines import Clock, Counting, Receipt, RestDayEnd, Term, Unit, count
from hcp.exits import Exit
from hcp.talk import answer, fail, out, talk

app = typer.Typer(help="日历：工作日、调休与期限。", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="中心系统的数据目录。", envvar="HCP_CENTRAL_DATA_DIR")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON，供程序读取。")]
File = Annotated[Path, typer.Argument(help="放假安排（TOML，格式见 docs/calendar.md）。")]
DEFAULT_DATA = Path("hcp-data/central")


@app.callback()
def _group() -> None:
    """日历：工作日、调休与期限。"""


@app.command("show")
def show_command(
    year: Annotated[int, typer.Argument(min=2000, max=2200, help="年份。")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """一年的放假与调休、工作日天数、日历版本和出处。未载入的年份只按周末计算。"""
    calendar = _load(data)
    facts = year_facts(calendar, year)
    if as_json:
        answer(facts)
        return
    table = Table(
        "节日", "放假", "调休上班", title=f"{year}年：工作日 {facts['working_days']} 天", title_justify="left"
    )
    for name in dict.fromkeys(day["name"] for day in facts["days"]):
        of_kind = {
            kind: [
                date.fromisoformat(day["day"]) for day in facts["days"] if (day["name"], day["kind"]) == (name, kind)
            ]
            for kind in Kind
        }
        table.add_row(name, spans(of_kind[Kind.HOLIDAY], year), spans(of_kind[Kind.MAKE_UP], year))
    out.print(table if facts["days"] else f"{year}年：工作日 {facts['working_days']} 天")
    if facts["provisional"]:
        missing = "、".join(str(one) for one in facts["missing"])
        talk.print(
            f"[yellow]暂定[/yellow] 未载入 {missing} 年放假安排，未载入的部分只按周末计算。请用 hcp calendar load 载入"
        )
    if facts["version"]:
        talk.print(f"版本 {facts['version']}；出处：{facts['source']}")


def year_facts(calendar: Calendar, year: int) -> dict[str, Any]:
    """What the tables in force say about a calendar year, whichever notice said it."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    everyday = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    held = calendar.years.get(year)
    missing = [one for one in years_of(first, last) if one not in calendar.years]
    marked = [(day, mark) for day in everyday if (mark := calendar.mark(day))]
    return {
        "year": year,
        "version": held.version if held else None,
        "source": held.source if held else None,
        "provisional": bool(missing),
        "missing": missing,
        "working_days": sum(not calendar.rests(day) for day in everyday),
        "holidays": sum(mark.kind is Kind.HOLIDAY for _, mark in marked),
        "make_up_days": sum(mark.kind is Kind.MAKE_UP for _, mark in marked),
        "days": [{"day": str(day), "kind": str(mark.kind), "name": mark.name} for day, mark in marked],
    }


@app.command("deadline")
def deadline_command(
    amount: Annotated[int, typer.Argument(help="数量，如 15。")],
    unit: Annotated[Unit, typer.Argument(help="单位：WD 工作日，d 自然日，h 小时。")],
    start: Annotated[str, typer.Option("--from", help="起算的事何时发生，如 2026-09-30T16:20；不写时区即北京时间。")],
    event: Annotated[str, typer.Option(help="起算的事。")] = "起算",
    article: Annotated[str, typer.Option(help="依据的条款。")] = "未注明条款",
    cut_off: Annotated[str | None, typer.Option(help="每日截止时间，如 17:30；不给即 24:00。")] = None,
    opens: Annotated[str, typer.Option(help="上班时间，只用于办公小时。")] = "09:00",
    rest_day_end: Annotated[RestDayEnd, typer.Option(help="自然日的末日是休息日时：顺延或不顺延。")] = RestDayEnd.MOVES,
    receipt: Annotated[Receipt, typer.Option(help="非办公时间发生的事：算当天或算下一工作日。")] = Receipt.AS_HAPPENED,
    hours: Annotated[Clock, typer.Option(help="小时：连续计算或只计办公时间。")] = Clock.RUNNING,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """期限何时届满，以及为什么：起点、单位、不计的日子、截止、条款、日历版本。"""
    calendar = _load(data)
    try:
        counting = Counting(_time(cut_off) if cut_off else None, _time(opens), rest_day_end, receipt, hours)
        deadline = count(Term(amount, unit, event, article), _moment(start), calendar, counting)
    except CalendarError as error:
        fail(escape(str(error)), Exit.USAGE)
    if as_json:
        answer({**deadline.as_json(), "explanation": explain(deadline)})
    else:
        typer.echo(explain(deadline))


@app.command("check")
def check_command(file: File, data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """检查一年的放假安排：格式、可疑之处、与现行日历有何不同。只看不改；有错即以 1 退出。"""
    calendar = _load(data)
    try:
        table = calendars.read_year(file)
        changed = changes(table, calendar)
    except CalendarError as error:
        fail(escape(str(error)))
    odd = doubts(table)
    if as_json:
        answer({**_facts(table), "doubts": odd, "changes": [asdict(change) for change in changed]})
        return
    for change in changed:
        typer.echo(f"{change.day}  {change.before} → {change.after}")
    for doubt in odd:
        talk.print(f"[yellow]请核对[/yellow] {doubt}")
    talk.print(
        f"{table.year} 年，版本 {table.version}：与现行日历有 {len(changed)} 天不同。启用：hcp calendar load {file}"
    )


@app.command("load")
def load_command(
    file: File,
    replace: Annotated[bool, typer.Option("--replace", help="替换这一年现行的安排；原件留作 .old。")] = False,
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """启用一年的放假安排（放入数据目录的 calendars/）。暂定的期限据此重算；已确定的期限不变。"""
    try:
        own = calendars.install(data, file, replace=replace)
        table = calendars.read_year(own)
    except CalendarError as error:
        fail(escape(str(error)))
    except OSError as error:
        fail(f"{error.filename} 无法写入：{error.strerror}")
    if as_json:
        answer({**_facts(table), "file": str(own), "doubts": doubts(table)})
        return
    for doubt in doubts(table):
        talk.print(f"[yellow]请核对[/yellow] {doubt}")
    talk.print(f"{table.year} 年放假安排已启用（版本 {table.version}）：{own}")


def _facts(table: Year) -> dict[str, Any]:
    return {"year": table.year, "version": table.version, "source": table.source}


def _load(data: Path) -> Calendar:
    try:
        return calendars.load(data)
    except CalendarError as error:
        fail(f"日历不能使用：{escape(str(error))}", Exit.CONFIG)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--from：应为 2026-09-30T16:20 这样的时间，得到 {escape(text)}", Exit.USAGE)
    return moment if moment.tzinfo else moment.replace(tzinfo=ZONE)


def _time(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        fail(f"应为 17:30 这样的时间，得到 {escape(text)}", Exit.USAGE)
