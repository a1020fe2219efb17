"""Draw the pictures of the officials' pages in docs/images, with a real centre and a real browser.

    python -m tests.draw_pages        # docs/images/worklist.png, case-file.png and reply.png
    python -m tests.draw_pages DIR    # every page at both widths into DIR, to look at

The people, institutions and cases are made up.
"""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page
from sqlalchemy import update

from central.core.handling import Action, Outcome
from central.core.parties import Actor, Party
from central.tables import accounts
from tests import browser
from tests.central.desk import REVIEWER, Desk

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDE = {"width": 1200, "height": 900}
NAMES = {"handler": "王敏", "reviewer": "周立群", "admin": "陈卫东", "taxman": "许佳", "rated": "林某", "mate": "郑某"}
ADMIN = Actor("admin", Party.SUPERVISOR, "lc-centre")

HASTY = {
    "rated_at": "2026年9月17日10:20",
    "cause": "窗口人员对新版材料清单不熟悉，重复要求申请人提交居住证明。",
    "result": "已责令窗口人员改正，下一步将加强业务培训，尽快为申请人办理。",
    "next_measures": "每月开展一次业务培训。",
}
WHY = "答复没有写明为申请人办成了什么，也没有写明对窗口人员的处理结果，请核实后重新答复。"


def story(desk: Desk) -> int:
    """Some weeks of one institution, until the morning of 9 October; gives the case that is shown."""
    with desk.store.write() as connection:
        for account, name in NAMES.items():
            connection.execute(update(accounts).where(accounts.c.id == account).values(name=name))
    shown = desk.rate(2, (210, 213), case_no="330302-2026-0917-0128", item="居住证申领")
    desk.turn_to("2026-09-17 15:10")
    desk.must(shown, Action.ATTEMPT, fields={"contact": "拨打两次，无人接听。"}, outcome=Outcome.NO_ANSWER)
    desk.turn_to("2026-09-18 09:05")
    said = "评价人说：同一份居住证明交了三次，最后一次仍说缺页；希望尽快拿到证。"
    desk.must(shown, Action.CALL_BACK, fields={"contact": said})
    desk.turn_to("2026-09-18 09:30")
    desk.must(shown, Action.CONFIRM, fields={"reason": "调阅窗口录像和收件记录，情况属实。"})
    desk.turn_to("2026-09-21 10:40")
    desk.must(shown, Action.REPLY, fields=HASTY)
    waits = desk.rate(1, (112,), case_no="330302-2026-0921-0036", item="户口迁移（省内）")
    desk.turn_to("2026-09-22 14:00")
    desk.must(shown, Action.RETURN, REVIEWER, fields={"reason": WHY}, clauses=("WZ-A2-18", "WZ-A2-22"))
    desk.must(waits, Action.CALL_BACK, fields={"contact": "评价人说网上申报后仍要到窗口重新交材料。"})
    desk.must(waits, Action.CONFIRM, fields={})
    desk.turn_to("2026-09-24 11:20")
    desk.rate(2, (209,), window="2", staff="S09", case_no="330302-2026-0924-0007", item="发票领用")
    told = desk.rate(1, (115,), case_no="330302-2026-0924-0059", item="身份证换领")
    desk.must(told, Action.CALL_BACK, fields={"contact": "评价人说窗口人员态度不耐烦。"})
    desk.must(told, Action.CONFIRM, fields={})
    good = {
        "rated_at": "2026年9月24日11:20",
        "cause": "经调阅录像，窗口人员答复时语气生硬。",
        "result": "9月28日对窗口人员批评教育并当面向评价人道歉，评价人表示接受；身份证已于9月29日换发。",
        "next_measures": "每周抽查窗口录像。",
    }
    desk.turn_to("2026-09-29 16:00")
    desk.must(told, Action.REPLY, fields=good)
    desk.turn_to("2026-09-30 09:00")
    desk.must(told, Action.ACCEPT, REVIEWER, fields={})
    late = desk.rate(2, (212,), case_no="330302-2026-0930-0011", item="出入境证件申办")
    desk.rate(1, (109,), case_no="330302-2026-0930-0042", item="无犯罪记录证明")
    desk.turn_to("2026-10-08 10:00")
    asked = desk.rate(2, (214,), case_no="330302-2026-1008-0023", item="户口登记项目变更")
    desk.rate(2, (207,), window="2", staff="S09", case_no="330302-2026-1008-0031", item="车辆购置税申报")
    desk.must(late, Action.ATTEMPT, fields={}, outcome=Outcome.HUNG_UP)
    desk.must(shown, Action.SUPERVISE, ADMIN, fields={"reason": "退回后已过十日，请尽快整改并答复。"})
    desk.turn_to("2026-10-08 17:00")
    desk.must(asked, Action.CALL_BACK, fields={"contact": "评价人说评价的是停车场，不是户籍窗口。"})
    desk.turn_to("2026-10-09 08:40")
    desk.rate(1, (113,), case_no="330302-2026-1009-0005", item="居住证申领")
    desk.turn_to("2026-10-09 10:35")
    return shown


def draw(folder: Path) -> None:
    """The pictures of the docs."""
    with tempfile.TemporaryDirectory() as place:
        desk = Desk(Path(place) / "central", now="2026-09-17 10:20")
        try:
            shown = story(desk)
            with browser.chromium(Path(place)) as chromium:
                context = desk.signed_in(chromium, "handler", viewport=WIDE)
                page = context.new_page()
                paths = {"worklist": "?view=open", "case-file": f"/{shown}", "reply": f"/{shown}/reply"}
                for name, path in paths.items():
                    page.goto(f"/worklist{path}")
                    shot = Image.open(BytesIO(page.screenshot(full_page=True)))
                    shot.convert("RGB").quantize(64).save(folder / f"{name}.png", optimize=True)
                context.close()
        finally:
            desk.stop()


def draw_all(folder: Path) -> None:
    """Every page as each official sees it, wide and narrow, with the complaints of axe."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        desk = Desk(Path(place) / "central", now="2026-09-17 10:20")
        try:
            shown = story(desk)
            with browser.chromium(Path(place)) as chromium:
                for account in ("handler", "reviewer", "admin"):
                    for width, size in (("wide", WIDE), ("narrow", browser.NARROW)):
                        context = desk.signed_in(chromium, account, viewport=size)
                        page = context.new_page()
                        for name, path in _pages(account, shown).items():
                            page.goto(path)
                            _look(page, folder / f"{account}-{name}-{width}.png")
                        context.close()
        finally:
            desk.stop()


def _pages(account: str, shown: int) -> dict[str, str]:
    found = {"mine": "/worklist", "open": "/worklist?view=open", "file": f"/worklist/{shown}"}
    if account == "handler":
        ground = f"/worklist/{shown + 6}/appeal"
        found |= {
            "reply": f"/worklist/{shown}/reply",
            "contact": f"/worklist/{shown}/contact",
            "grounds": ground,
            "appeal": f"{ground}?choice=mistaken.wrong_item",
        }
        found |= {"english": f"/worklist/{shown}?lang=en", "missing": "/worklist/999?lang=zh"}
    if account == "reviewer":
        found |= {"closed": "/worklist?view=closed"}
    if account == "admin":
        found |= {"overview": "/worklist/overview", "supervise": f"/worklist/{shown}/supervise"}
    return found


def _look(page: Page, file: Path) -> None:
    page.screenshot(path=str(file), full_page=True)
    print(file.name, browser.complaints(page), browser.too_wide(page), browser.small_targets(page)[:3])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        draw_all(Path(sys.argv[1]))
    else:
        draw(IMAGES)
