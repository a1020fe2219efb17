"""The tables of docs/calendar.md: `python -m tests.central.calendar_tables` prints them, and a test compares.

After a change of a rule or of a year's table, put what this prints in the place of what stands there.
"""

from central.calendars import load
from central.core.deadlines import CIVIL_CODE, SOURCES
from hcp.calendar_commands import year_facts


def choices() -> str:
    """The settings of :class:`central.core.deadlines.Counting`, with defaults and sources."""
    lines = ["| 设置 | 默认 | 含义 | 默认值的依据 |", "|---|---|---|---|"]
    for name, (meaning, source) in SOURCES.items():
        value = getattr(CIVIL_CODE, name)
        lines.append(f"| `{name}` | {value if value is not None else '24:00'} | {meaning} | {source} |")
    return "\n".join(lines) + "\n"


def years() -> str:
    """What the shipped tables come to. The working days of a year may rest on the notice for the next one too."""
    calendar = load()
    lines = ["| 年 | 放假 | 调休上班 | 工作日 | 版本 |", "|---|---|---|---|---|"]
    for facts in (year_facts(calendar, year) for year in calendar.years):
        working = f"{facts['working_days']}{'（暂定）' if facts['provisional'] else ''}"
        counts = f"{facts['holidays']} | {facts['make_up_days']} | {working}"
        lines.append(f"| {facts['year']} | {counts} | `{facts['version']}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(choices(), years(), sep="\n", end="")
