"""嘉祥: the class of a 差评 follows from the ticked reason, and with it its limits: 1 小时, 1 and 3 个工作日, 协商."""

import pytest

from central.settings import SettingsError
from tests.e2e.casework import HANDLER, SUPERVISOR, case_of
from tests.e2e.clocked_hall import Press, with_central

#: 三(三)3 gives 协调整改 no limits of its own.
COORDINATED = """
policy = "jiaxiang"
[[override]]
key = "classes.coordinated.timers.call_back"
value = { amount = 1, unit = "WD", start = "pushed" }
reason = "县行政审批服务局2026年第5次会议纪要：比照限时整改类"
[[override]]
key = "classes.coordinated.timers.rectify"
value = { amount = 10, unit = "WD", start = "pushed" }
reason = "县行政审批服务局2026年第5次会议纪要"
"""
RESULT = {"result": "9月24日，窗口主任带当班人员向群众当面道歉，业务已办结"}
TOLD = {"channel": "电话", "content": "处理结果"}


@pytest.mark.requirement("JX-3.3a", "JX-3.3c", "JX-3.3e", "JX-3.3f", "JX-3.3g", "JX-3.3.1", "JX-3.3.2", "JX-3.3.3")
def test_jiaxiang_from_the_press_to_the_closed_case(tmp_path):
    overrides = tmp_path / "overrides.toml"
    overrides.write_text(COORDINATED, encoding="utf-8")
    settings = {"policy": "jiaxiang", "policy_overrides": overrides}
    with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", **settings) as hall:
        central = hall.central
        office = central.app.state.office
        presses = {
            "JX-1": Press(2, (214,)),  # 服务态度生硬
            "JX-2": Press(1, (115,)),  # 服务态度差效率低
            "JX-3": Press(2, (209,)),  # 未在承诺时间内办结
            "JX-4": Press(1, (113,)),  # 多头跑窗口和部门
            "JX-5": Press(1, (113,)),
        }
        for case_no, press in presses.items():
            hall.rate(case_no, press, name="欧阳思齐", phone="13800002222")
        attitude, uncalled, slow, between, late = (case_of(central, case_no) for case_no in presses)
        # Thursday 24 September, 16:45: pushed; an hour is an hour. Fri 25 to Sun 27 are 中秋节, so 1 WD is Mon 28.
        assert attitude.dues() == uncalled.dues() == {"at_once.call_back": "2026-09-24 17:45"}
        assert slow.dues() == {"limited.call_back": "2026-09-28 24:00"}
        assert between.dues() == late.dues() == {"coordinated.call_back": "2026-09-28 24:00"}
        assert "本部署规定" in between.explained("coordinated.call_back")

        # 立整立改: called within the hour, put right, told, closed the same day
        central.turn_to("2026-09-24 17:20")
        assert "待回访" in attitude.refused("reply", HANDLER, fields=RESULT), "nobody is answered without a call"
        assert "初步答复" in attitude.refused("call_back", HANDLER)
        attitude.do("call_back", HANDLER, fields={"preliminary": "致歉，当班人员立即改正"})
        attitude.do("confirm", HANDLER)
        attitude.do("reply", HANDLER, fields=RESULT)
        said = attitude.refused("feed_back", HANDLER, fields={"channel": "电话"})
        assert "反馈内容" in said and "三(三)" in said
        attitude.do("feed_back", HANDLER, fields=TOLD)
        assert (attitude.state, attitude.dues()) == ("closed", {})

        # 实名差评 are called back: nobody gives up at once who has a number
        said = uncalled.refused("give_up", HANDLER)
        assert "不同日期联系满2次" in said

        # the other one was not called: overdue to the minute, and the supervisor hears of it
        central.turn_to("2026-09-24 17:44")
        assert office.run_due() == 0
        central.turn_to("2026-09-24 17:45")
        assert office.run_due() == 1
        assert uncalled.file["overdue"] == ["at_once.call_back"]
        assert ("supervisor", "overdue") in uncalled.notices()
        uncalled.do("supervise", SUPERVISOR, fields={"reason": "一小时内未回访"})

        # 限时整改: 3 WD from the push: Mon 28, Tue 29, Wed 30
        central.turn_to("2026-09-28 10:00")
        for case in (uncalled, slow, between, late):
            case.do("call_back", HANDLER, fields={"preliminary": "正在核实"})
            case.do("confirm", HANDLER)
        assert slow.dues() == {"limited.rectify": "2026-09-30 24:00"}
        until = {"until": "2026-10-31T00:00"}
        explains = {"reason": "须县医保局共同办理", "contact": "9月28日电话说明，群众同意"}
        said = slow.refused("extend", HANDLER, fields=explains, **until)
        assert "只有“协调整改类”可以延期" in said and "三(三)3" in said
        slow.do("reply", HANDLER, fields=RESULT)
        slow.do("feed_back", HANDLER, fields=TOLD)
        uncalled.do("reply", HANDLER, fields=RESULT)
        uncalled.do("feed_back", HANDLER, fields=TOLD)
        assert slow.state == uncalled.state == "closed"

        # 协调整改: 10 WD by the deployment: 28 29 30 September; 8 9 10 (worked Saturday) 12 13 14 15 October
        assert between.dues() == {"coordinated.rectify": "2026-10-15 24:00"}
        central.turn_to("2026-10-15 23:59")
        said = between.refused("extend", HANDLER, fields={"reason": "须县医保局共同办理"}, **until)
        assert "与评价人的沟通记录" in said and "三(三)3" in said
        between.do("extend", HANDLER, fields=explains, **until)
        assert between.dues() == {"coordinated.rectify": "2026-10-30 24:00"}
        central.turn_to("2026-10-16 00:00")
        said = late.refused("extend", HANDLER, fields=explains, **until)
        assert "期限已过，不能延期" in said and "三(三)3" in said
        for case in (between, late):
            case.do("reply", HANDLER, fields=RESULT)
            case.do("feed_back", HANDLER, fields=TOLD)
            assert case.state == "closed"
        # 实名差评回访率 100 %, 件件有反馈
        for case in (attitude, uncalled, slow, between, late):
            assert {"call_back", "feed_back"} <= set(case.actions())
        figures = central.ask("GET", "/api/v1/figures/loop", central.token(SUPERVISOR)).json()
        assert (figures["real_name"], figures["call_back_rate"], figures["feedback_rate"]) == (5, 1.0, 1.0)
        assert (figures["all"], figures["closed"], figures["ever_overdue"]) == (5, 5, 2), "not called, and not extended"


def test_a_limit_that_the_regulation_does_not_give_has_to_come_from_the_deployment(tmp_path):
    with pytest.raises(SettingsError) as refused:
        with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", policy="jiaxiang"):
            pass
    assert "classes.coordinated.timers.rectify" in str(refused.value) and "policy_overrides" in str(refused.value)
