"""What a rated staff member is told, and applying in writing (四平 9.2)."""

import pytest

from central import audit
from tests.central.town import Town

SECRET = ("very_dissatisfied", "非常不满意", "214", "C1", "户口迁移", "15:0", "07:0")


@pytest.fixture
def town(town_of) -> Town:
    return town_of("siping")


@pytest.mark.requirement("SP-9.2b", "MOT-5b")
def test_what_is_told_is_a_day_a_window_and_how_to_apply(town):
    number = town.rate(1)
    town.next_day()
    page = town("rated").get("/mine").text
    assert f"第 {number} 号：2026年9月30日（周三），鹿城公安分局 1号窗口" in page
    assert "9.2" in page and "2个工作日" in page.replace(" ", "") and "2026年10月9日" in page
    assert not [word for word in SECRET if word in page]
    assert town("rated").get("/api/v1/told").json() == {
        "told": [{"number": number, "day": "2026年9月30日（周三）", "may_apply": True}]
    }
    with town.app.state.store.read() as connection:
        reads = [(entry.actor, entry.about) for entry in audit.entries(connection) if entry.kind == "read"]
    assert reads == [("rated", f"handling/{number}")] * 2


@pytest.mark.requirement("MOT-5b")
@pytest.mark.parametrize("level", [1, 2])
def test_the_two_bad_levels_are_told_alike(town, level):
    town.rate(level)
    town.next_day()
    page = town("rated").get("/mine").text
    assert page.count("<section") == 1 and not [word for word in (*SECRET, "dissatisfied", "不满意") if word in page]


@pytest.mark.requirement("MOT-5b")
def test_nothing_is_told_on_the_day_itself_so_that_the_moment_tells_nothing(town):
    number = town.rate(1)
    for moment in ("2026-09-30 15:01", "2026-09-30 23:59"):
        town.turn_to(moment)
        town.app.state.office.run_due()
        assert "没有告知事项" in town("rated").get("/mine").text
    town.next_day()
    assert f"第 {number} 号" in town("rated").get("/mine").text


def test_nothing_is_told_of_good_ones_of_open_cases_and_to_others(town):
    town.rate(3)
    number = town.rate(1, status="accepted")
    assert "没有告知事项" in town("rated").get("/mine").text
    town.take(town.gateway.case("C2", revision=2, status="finished"))
    town.next_day()
    assert f"第 {number} 号" in town("rated").get("/mine").text
    assert "没有告知事项" in town("mate").get("/mine").text and "没有告知事项" in town("handler").get("/mine").text
    assert town.client.get("/mine").headers["location"] == "/login?next=/mine"


@pytest.mark.requirement("SP-9.2b")
def test_applying_in_writing_on_the_page_without_a_script(town):
    number = town.rate(1)
    town.next_day()
    rated = town("rated")
    assert "<script" not in rated.get("/mine").text
    answer = rated.submit(f"/mine/{number}", ground="mistaken", appeal_reason="", request="one")
    assert answer.status_code == 409 and 'role="alert"' in answer.text and "申诉原因" in answer.text
    reason = "当日该窗口按程序一次办结 <b>"
    answer = rated.submit(f"/mine/{number}", ground="mistaken", appeal_reason=reason, request="two")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/mine?done={number}")
    assert rated.submit(f"/mine/{number}", ground="mistaken", appeal_reason=reason, request="two").status_code == 303
    page = rated.get("/mine?done=1").text
    assert "复核中" in page and "<textarea" not in page and "<b>" not in page
    assert town("handler").get(f"/api/v1/handlings/{number}").json()["state"] == "appealed"


def test_a_refused_application_keeps_what_was_typed(town):
    number = town.rate(1)
    town.next_day()
    answer = town("rated").submit(f"/mine/{number}", appeal_reason="写了很久的 <理由>")
    assert answer.status_code == 409 and "写了很久的 &lt;理由&gt;" in answer.text


@pytest.mark.requirement("SP-9.2b")
def test_after_two_working_days_it_is_too_late(town):
    number = town.rate(1)
    town.next_day()
    town.turn_to("2026-10-10 00:00")
    page = town("rated").get("/mine").text
    assert "申请期限已过" in page and "<textarea" not in page
    answer = town("rated").submit(f"/mine/{number}", ground="mistaken", appeal_reason="晚了")
    assert answer.status_code == 409 and "逾期" in answer.text


@pytest.mark.requirement("SP-9.3a")
@pytest.mark.parametrize(("action", "words"), [("uphold", "评价不予采纳"), ("reject", "不支持申请")])
def test_the_applicant_is_told_what_came_of_it(town, action, words):
    number = town.rate(1)
    town.next_day()
    town("rated").submit(f"/mine/{number}", ground="mistaken", appeal_reason="按程序办理")
    answer = town.do("reviewer", number, action)
    assert answer.status_code == 201, answer.text
    assert f"经复核，{words}" in town("rated").get("/mine").text


def test_nobody_applies_for_somebody_else_or_with_a_form_of_another_session(town):
    number = town.rate(1)
    town.next_day()
    assert town("mate").submit(f"/mine/{number}", ground="mistaken", appeal_reason="x").status_code == 404
    rated = town("rated")
    rated.csrf = town("mate").csrf
    assert rated.submit(f"/mine/{number}", ground="mistaken", appeal_reason="x").status_code == 403


def test_where_the_policy_gives_staff_no_appeal_nothing_is_told(town_of):
    town = town_of("wenzhou")
    town.rate(1)
    assert "没有告知事项" in town("rated").get("/mine").text
