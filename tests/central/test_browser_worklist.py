"""The officials' pages in a real browser, over a real centre: a bad rating from the call-back to its end."""

import re

import pytest
from playwright.sync_api import Page, expect

from central.core.handling import Action
from tests import browser
from tests.central.desk import POLICE, Desk

HASTY = {
    "原因": "窗口人员对材料清单不熟悉，重复要求提交证明。",
    "差评处理结果": "我局将安排专人为申请人办理。",
    "下一步举措": "每月开展业务培训。",
}
GOOD = "9月30日下午已为申请人补发居住证，并由窗口人员当面道歉。"


@pytest.fixture
def desk(tmp_path):
    served = Desk(tmp_path / "central")
    yield served
    served.stop()


def sign(chromium, desk, account, **context) -> Page:
    page = desk.signed_in(chromium, account, **context).new_page()
    page.set_default_timeout(10_000)
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()


def send(page: Page, what: str) -> None:
    page.get_by_role("button", name=what if what.startswith("提交") else f"提交：{what}", exact=True).click()


@pytest.mark.parametrize("script", [True, False], ids=["with-javascript", "without-javascript"])
def test_from_the_call_back_to_the_end(chromium, desk, script):
    number = desk.rate(2, (213,), case_no="330302-0017")
    handler, reviewer = (sign(chromium, desk, who, java_script_enabled=script) for who in ("handler", "reviewer"))
    handler.goto("/worklist")
    press(handler, "330302-0017")
    press(handler, "回访")
    handler.get_by_label("沟通记录").fill("评价人说同一份证明交了三次。")
    send(handler, "回访")
    expect(handler.get_by_role("status")).to_have_text("已办理：回访。")
    press(handler, "认定属实")
    send(handler, "认定属实")

    press(handler, "提交整改答复")
    assert handler.get_by_label("差评产生时间").input_value() == "2026年9月30日15:00"
    for label in ("原因", "差评处理结果", "下一步举措"):
        handler.get_by_label(label, exact=True).fill(HASTY[label])
    result = handler.locator("#result-hits")
    if script:  # it reads along
        expect(result.locator("mark")).to_have_text(["将"])
        result.get_by_role("button", name="定位").click()
        assert handler.evaluate("getSelection().toString()") == "将"
    send(handler, "提交整改答复")
    expect(handler.get_by_role("alert")).to_contain_text("文本检查发现不合格之处")
    expect(result.locator("mark")).to_have_text(["将"])
    expect(result).to_contain_text("附件2 二(三)1")
    assert desk.state(number) == "rectifying"
    assert handler.get_by_label("原因", exact=True).input_value() == HASTY["原因"]
    handler.get_by_label("差评处理结果").fill(GOOD)
    if script:
        expect(result.locator("mark")).to_have_count(0)
    handler.get_by_role("button", name="仍然提交").click()
    expect(handler.get_by_role("status")).to_have_text("已办理：提交整改答复。")

    reviewer.goto("/worklist")
    press(reviewer, "330302-0017")
    press(reviewer, "退回整改")
    expect(reviewer.get_by_role("complementary")).to_contain_text(GOOD)
    reviewer.get_by_label("没有任何处理情况").check()
    reviewer.get_by_label("理由").fill("请写明补发的证件编号。")
    send(reviewer, "退回整改")
    expect(reviewer.get_by_text("退回1次")).to_be_visible()

    handler.goto(f"/worklist/{number}")
    expect(handler.get_by_role("list").filter(has_text="退回整改")).to_contain_text("请写明补发的证件编号。")
    press(handler, "提交整改答复")
    expect(handler.get_by_role("complementary")).to_contain_text("请写明补发的证件编号。")
    assert handler.get_by_label("原因", exact=True).input_value() == HASTY["原因"]  # one goes on from what came back
    handler.get_by_label("差评处理结果").fill(GOOD + "证件编号330302。")
    send(handler, "提交整改答复")

    reviewer.goto(f"/worklist/{number}/accept")
    send(reviewer, "整改复核通过")
    handler.goto(f"/worklist/{number}/feed_back")
    handler.get_by_label("反馈方式").fill("电话")
    handler.get_by_label("反馈内容").fill("已告知处理结果，评价人表示满意。")
    send(handler, "反馈评价人")
    expect(handler.get_by_text("已办理完毕")).to_be_visible()
    assert desk.state(number) == "closed"
    handler.goto("/worklist?view=closed")
    expect(handler.get_by_role("link", name="330302-0017")).to_be_visible()


def test_one_signs_in_and_out_on_the_page(chromium, desk):
    desk.signed_in(chromium, "handler").close()
    page = chromium.new_context(base_url=desk.url).new_page()
    page.goto("/worklist?view=open")
    page.get_by_label("账号").fill("handler")
    page.get_by_label("密码").fill("sesame-for-reldnah-9")
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile(r"/worklist\?view=open$"))
    page.get_by_role("button", name="退出").click()
    page.goto("/worklist")
    expect(page).to_have_url(re.compile(r"/login"))


def test_the_text_of_who_was_signed_out_can_be_copied(chromium, desk):
    number = desk.rate()
    page = sign(chromium, desk, "handler")
    page.goto(f"/worklist/{number}/call_back")
    page.get_by_label("沟通记录").fill("评价人说了很长的一段话。")
    desk.clock.turn(31 * 60_000)
    send(page, "回访")
    assert page.get_by_label("沟通记录").input_value() == "评价人说了很长的一段话。"
    assert browser.complaints(page) == []
    press(page, "重新登录")
    expect(page.get_by_label("账号")).to_be_visible()


def test_a_form_with_the_keyboard_alone(chromium, desk):
    number = desk.rate()
    page = sign(chromium, desk, "handler")
    page.goto(f"/worklist/{number}/attempt")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # 跳到正文
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "返回案卷"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("拨打两次。")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("请选择“结果”")
    assert page.title().startswith("错误：")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the sentence leads to its field
    assert page.evaluate("document.activeElement.id") == "outcome"
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "拨打两次。"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("已办理：记录回访未果。")
    expect(page.get_by_role("complementary")).to_contain_text("被挂断")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """One of each kind of page: a case to be appealed, one to be reviewed, one overdue."""
    served = Desk(tmp_path_factory.mktemp("central"))
    served.numbers = {name: served.rate(1, (114,), case_no=f"330302-{name}") for name in ("late", "appeal", "review")}
    served.turn_to("2026-10-08 10:00")
    for name in ("appeal", "review"):
        served.must(served.numbers[name], Action.CALL_BACK, POLICE)
    served.must(served.numbers["review"], Action.CONFIRM, POLICE)
    served.must(served.numbers["review"], Action.REPLY, POLICE)
    served.turn_to("2026-10-09 10:00")
    yield served
    served.stop()


#: Who looks at what; the names in braces are those of ``filled``.
PAGES = [
    ("handler", "/worklist"),
    ("handler", "/worklist?view=overdue&state=pushed"),
    ("handler", "/worklist?view=closed"),
    ("handler", "/worklist/{late}"),
    ("handler", "/worklist/{late}/attempt"),
    ("handler", "/worklist/{late}/contact"),
    ("handler", "/worklist/{appeal}/appeal"),
    ("handler", "/worklist/{appeal}/appeal?choice="),
    ("handler", "/worklist/{appeal}/appeal?choice=ineligible.wrong_data"),
    ("handler", "/worklist/{review}"),
    ("handler", "/worklist/999"),
    ("reviewer", "/worklist"),
    ("reviewer", "/worklist/{review}/return"),
    ("admin", "/worklist/overview"),
    ("admin", "/worklist/{late}/supervise"),
]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("account", ["handler", "reviewer", "admin"])
def test_axe_finds_nothing_and_a_phone_is_wide_enough(chromium, filled, account, lang):
    page = sign(chromium, filled, account)
    for who, path in PAGES:
        if who != account:
            continue
        page.set_viewport_size({"width": 1200, "height": 900})
        page.goto(path.format(**filled.numbers) + ("&" if "?" in path else "?") + f"lang={lang}")
        assert page.get_by_role("heading", level=1).count() == 1, path
        assert browser.complaints(page) == [], path
        page.set_viewport_size(browser.NARROW)
        assert browser.too_wide(page) <= 0, path
        assert browser.small_targets(page) == [], path


def test_the_frame_speaks_english_and_remembers_it(chromium, filled):
    page = sign(chromium, filled, "handler")
    page.goto("/worklist")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Bad ratings")
    page.goto(f"/worklist/{filled.numbers['late']}")
    expect(page.get_by_role("heading", name="How the due time was worked out")).to_be_visible()
    expect(page.get_by_text("自收到推送起1个工作日内")).to_be_visible()  # the regulation stays as it is
    page.get_by_role("link", name="中文").click()
    expect(page.get_by_role("heading", name="期限是怎样算出来的")).to_be_visible()


def test_nothing_runs_that_is_not_ours(chromium, filled):
    page = sign(chromium, filled, "handler")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/worklist/{filled.numbers['appeal']}/appeal?choice=malicious")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.x = 1'}))"
    )
    assert page.evaluate("window.x") is None
    assert any("Content Security Policy" in line for line in said)
    assert all(url.startswith(filled.url) for url in asked) and len(asked) <= 4
