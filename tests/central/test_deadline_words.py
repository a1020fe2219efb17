"""A deadline explains itself: the whole text, as it stands in a case file."""

from datetime import datetime, time

import pytest

from central.calendars import load
from central.core.calendar import ZONE
from central.core.deadline_words import explain
from central.core.deadlines import Clock, Counting, Receipt, Term, Unit, count

TABLES = load()
HELD = {year: f"{year}年 {table.version}" for year, table in TABLES.years.items()}
LATE = Counting(cut_off=time(17, 30), receipt=Receipt.NEXT_WORKING_DAY)
OFFICE = Counting(cut_off=time(17, 30), hours=Clock.OFFICE)


@pytest.mark.parametrize(
    ("term", "start", "counting", "text"),
    [
        (
            Term(15, Unit.WORKING_DAYS, "差评产生", "温州附件2二(二)"),
            "2026-09-16 16:20",
            Counting(),
            "期限：自差评产生起15个工作日内（温州附件2二(二)）。2026年9月16日（周三）16:20差评产生，当日不计入。"
            "其间不计：周末（9月19日、10月11日）、中秋节（9月25日至27日）、国庆节（10月1日至7日）。"
            "其间照计：国庆节调休上班（9月20日、10月10日）。"
            f"截止：2026年10月13日（周二）24:00。日历：{HELD[2026]}。",
        ),
        (
            Term(15, Unit.WORKING_DAYS, "差评产生", "温州附件2二(二)"),
            "2026-12-11 16:20",
            Counting(),
            "期限：自差评产生起15个工作日内（温州附件2二(二)）。2026年12月11日（周五）16:20差评产生，当日不计入。"
            "其间不计：周末（12月12日至13日、12月19日至20日、12月26日至27日）。截止：2027年1月1日（周五）24:00。"
            f"暂定：尚未载入2027年放假安排，未载入的部分只按周末计算，载入后重算。日历：{HELD[2026]}。",
        ),
        (
            Term(7, Unit.DAYS, "办件办结", "四平7.3"),
            "2026-09-26 09:05",
            Counting(),
            "期限：自办件办结起7日（自然日）内（四平7.3）。2026年9月26日（周六）09:05办件办结，当日不计入。"
            "末日10月3日为休息日，因国庆节（10月3日至7日）顺延（民法典第二百零三条第一款）。"
            f"截止：2026年10月8日（周四）24:00。日历：{HELD[2026]}。",
        ),
        (
            Term(1, Unit.WORKING_DAYS, "收到推送", "温州第十二条"),
            "2026-11-20 17:30",
            LATE,
            "期限：自收到推送起1个工作日内（温州第十二条）。2026年11月20日（周五）17:30收到推送，"
            "非办公时间，按2026年11月23日（周一）计，当日不计入。"
            f"截止：2026年11月24日（周二）17:30。日历：{HELD[2026]}。",
        ),
        (
            Term(48, Unit.HOURS, "收到差评", "四平8.1"),
            "2026-11-20 15:00",
            Counting(),
            "期限：自收到差评起48小时内（四平8.1）。2026年11月20日（周五）15:00收到差评，即时起连续计算。"
            "截止：2026年11月22日（周日）15:00。",
        ),
        (
            Term(1, Unit.HOURS, "差评产生", "嘉祥三(三)1"),
            "2026-09-30 17:20",
            OFFICE,
            "期限：自差评产生起1小时内（嘉祥三(三)1）。2026年9月30日（周三）17:20差评产生，只计办公时间。"
            "其间不计：国庆节（10月1日至7日）。"
            f"截止：2026年10月8日（周四）09:50。日历：{HELD[2026]}。",
        ),
        (
            Term(5, Unit.WORKING_DAYS, "全部办结", "部办法第九条"),
            "2023-12-27 10:00",
            Counting(),
            "期限：自全部办结起5个工作日内（部办法第九条）。2023年12月27日（周三）10:00全部办结，当日不计入。"
            "其间不计：元旦（12月30日至2024年1月1日）。"
            f"截止：2024年1月4日（周四）24:00。日历：{HELD[2023]}、{HELD[2024]}。",
        ),
    ],
)
def test_the_whole_text(term, start, counting, text):
    moment = datetime.fromisoformat(start).replace(tzinfo=ZONE)
    assert explain(count(term, moment, TABLES, counting)) == text
