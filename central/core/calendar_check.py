"""What is odd about a table, and what it would change, before anybody counts with it."""

from dataclasses import dataclass
from datetime import date

from central.core.calendar import Calendar, Kind, Year

#: 全国年节及纪念日放假办法: the festivals of every year, and those that have their fixed dates.
FESTIVALS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")
FIXED = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
#: No make-up day since 2020 lay further from its holiday than 11 days; a mistyped month does.
FAR_DAYS = 15


@dataclass(frozen=True)
class Change:
    """One day that a table turns into something else, in words: 周末, 工作日, 国庆节, 国庆节调休上班."""

    day: date
    before: str
    after: str


def doubts(table: Year) -> list[str]:
    """What a human should look at again; a table may be right in spite of it (a region's own, two festivals in one)."""
    names = {mark.name for mark in table.marks.values()}
    holidays = {day: mark.name for day, mark in table.marks.items() if mark.kind is Kind.HOLIDAY}
    found = [f"没有{festival}" for festival in FESTIVALS if not any(festival in name for name in names)]
    fixed = [date(table.year, month, number) for month, number in FIXED]
    found += [f"{day} 是法定节日，表中不放假" for day in fixed if day not in holidays]
    for day, mark in sorted(table.marks.items()):
        near = [abs((day - holiday).days) for holiday, name in holidays.items() if name == mark.name]
        if mark.kind is Kind.MAKE_UP and min(near) > FAR_DAYS:
            found.append(f"{day} {mark.name}调休上班，离放假 {min(near)} 天，请核对月份")
    return found


def changes(table: Year, calendar: Calendar) -> list[Change]:
    """What would be different from the tables in force, day by day."""
    after = Calendar.of([*calendar.years.values(), table])
    days = table.marks.keys() | (calendar.years[table.year].marks.keys() if table.year in calendar.years else set())
    return [
        Change(day, calendar.name(day), after.name(day))
        for day in sorted(days)
        if calendar.name(day) != after.name(day)
    ]
