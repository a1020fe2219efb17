"""Write the tables in central/calendars/ from chinesecalendar: ``python -m tests.seed_calendars 2026 [FOLDER]``.

Only the data of that library is used, and only here. Its arithmetic is not: ``find_workday`` counts from the next
working day and not from the next day, and every call fails for a year that it does not have.
"""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import metadata
from itertools import groupby
from pathlib import Path

from chinese_calendar import constants

from central.calendars import SHIPPED

DAY = timedelta(days=1)
CHINESE = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}


def notice_year(day: date, name: str) -> int:
    """The year whose notice speaks about the day: New Year's Day may begin in December."""
    return day.year + 1 if day.month == 12 and name == "New Year's Day" else day.year


def runs(year: int) -> Iterator[tuple[str, list[date]]]:
    """Holidays of a notice in order, each an unbroken run of days under one name."""
    days = sorted((day, name) for day, name in constants.holidays.items() if notice_year(day, name) == year)
    for (name, _), run in groupby(enumerate(days), key=lambda pair: (pair[1][1], pair[1][0] - pair[0] * DAY)):
        yield name, [day for _, (day, _) in run]


def table(year: int) -> str:
    """The TOML text for a year. Raises LookupError if the library does not have it."""
    make_up: dict[str, list[date]] = {}
    for day, name in sorted(constants.workdays.items()):
        if notice_year(day, name) == year:
            make_up.setdefault(name, []).append(day)
    version = metadata.version("chinesecalendar")
    text = (
        f'year = {year}\nsource = "国务院办公厅关于{year}年部分节假日安排的通知；数据取自 chinesecalendar {version}"\n'
    )
    found = False
    for name, days in runs(year):
        found = True
        text += f'\n[[holiday]]\nname = "{CHINESE[name]}"\nfirst = {days[0]}\nlast = {days[-1]}\n'
        if worked := make_up.pop(name, []):  # at the first run, where a festival cuts another in two
            text += f"make_up = [{', '.join(map(str, worked))}]\n"
    if not found or make_up:
        raise LookupError(f"chinesecalendar {version} has no whole table for {year}: {make_up or 'no holidays'}")
    return text


if __name__ == "__main__":
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else SHIPPED
    (folder / f"{int(sys.argv[1])}.toml").write_text(table(int(sys.argv[1])), encoding="utf-8")
