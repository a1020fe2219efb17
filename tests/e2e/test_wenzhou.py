"""温州: 差评 → 回访 1 个工作日 → 申诉 5 → 复核 5 → 整改 15 → 复核 → 反馈 → 办结, with the dates worked out by hand."""

import pytest

from tests.e2e.casework import HANDLER, REVIEWER, case_of
from tests.e2e.clocked_hall import Press, with_central

#: Autumn 2026: 25–27 September 中秋节, 1–7 October 国庆节, Saturday 10 October is worked.
APPEAL = {
    "rated_at": "2026年9月24日16时40分",
    "cause": "窗口同日办理两件事项，群众评价时选错了事项",
    "appeal_reason": "群众本人回访时说明误评",
    "intended_item": "居住证签注",
    "related": "与不动产登记没有关联",
}
FORBIDDEN = {
    "rated_at": "2026年9月24日16时40分",
    "cause": "窗口人员解释材料时语气生硬，群众反映的态度问题存在",
    "result": "我局将对当班人员进行批评教育",
    "next_measures": "每月抽查窗口录像",
}
REPLY = {
    **FORBIDDEN,
    "result": "10月19日，登记中心已对当班人员通报批评，本人已向群众当面道歉，群众的业务已于当日办结",
}


@pytest.mark.requirement(
    "WZ-12b", "WZ-12c", "WZ-12d", "WZ-12f", "WZ-12h", "WZ-12i", "WZ-12j",
    "WZ-A2-2", "WZ-A2-4", "WZ-A2-15", "WZ-A2-16", "WZ-A2-17", "WZ-A2-18",
)  # fmt: skip
def test_wenzhou_from_the_press_to_the_closed_case(tmp_path):
    with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", policy="wenzhou") as hall:
        central = hall.central
        office = central.app.state.office
        hall.rate("WZ-1", Press(2, (214,)))
        hall.rate("WZ-2", Press(1))
        hall.serve("WZ-3")  # who presses nothing
        hall.finish("WZ-3")
        appealed, silent = case_of(central, "WZ-1"), case_of(central, "WZ-2")
        # Thursday 24 September, 16:45: pushed. The day itself counts for nothing.
        assert appealed.state == silent.state == "pushed"
        assert appealed.dues() == {
            "call_back": "2026-09-28 24:00",  # 1 WD: Fri 25 to Sun 27 are 中秋节; Mon 28
            "appeal": "2026-10-09 24:00",  # 5 WD from the rating: 28, 29, 30; 1–7 国庆节; Thu 8, Fri 9
        }

        central.turn_to("2026-09-28 09:30")
        said = appealed.refused("confirm", HANDLER)
        assert "待回访" in said
        appealed.do("call_back", HANDLER)
        assert appealed.dues() == {"appeal": "2026-10-09 24:00"}
        # 原则上 1 个工作日: whoever is late is shown to be late, and may still call
        assert office.run_due() == 0
        central.turn_to("2026-09-29 00:00")
        assert office.run_due() == 1
        assert silent.file["overdue"] == ["call_back"] and ("supervisor", "overdue") in silent.notices()
        silent.do("call_back", HANDLER)

        central.turn_to("2026-10-08 10:00")
        wrong_item = {"ground": "mistaken", "kind": "wrong_item"}
        said = appealed.refused("appeal", HANDLER, **wrong_item, fields={**APPEAL, "related": " "})
        assert "该事项与差评事项是否有关联" in said and "附件2" in said
        appealed.do("appeal", HANDLER, **wrong_item, fields=APPEAL)
        assert (appealed.state, appealed.dues()) == (
            "appealed",
            # 5 WD from the appeal: Fri 9, Sat 10 (worked for 国庆节), not Sun 11, Mon 12, Tue 13, Wed 14
            {"review": "2026-10-14 24:00"},
        )

        # the last moment of 9 October is in time, the first of the 10th is not
        central.turn_to("2026-10-09 23:59")
        assert office.run_due() == 0 and silent.state == "verifying"
        central.turn_to("2026-10-10 00:00")
        said = silent.refused("appeal", HANDLER, **wrong_item, fields=APPEAL)
        assert "逾期" in said and "第十二条" in said
        assert office.run_due() == 1
        assert (silent.state, silent.file["confirmed"]) == ("rectifying", "lapse")
        assert silent.dues() == {"rectify": "2026-10-22 24:00"}

        central.turn_to("2026-10-13 15:00")
        said = appealed.refused("reject", HANDLER, fields={"reason": "x"})
        assert "信访局" in said
        appealed.do("reject", REVIEWER, fields={"reason": "录音中群众未说明误评"})
        # 15 WD from the rating, though the appeal took until the 13th: 28 29 30 September; 8 9 10 (worked Saturday),
        # 12–16, 19, 20, 21, 22 October
        assert (appealed.state, appealed.dues()) == ("rectifying", {"rectify": "2026-10-22 24:00"})
        assert "不能再次申诉" in appealed.refused("appeal", HANDLER, **wrong_item, fields=APPEAL)

        central.turn_to("2026-10-16 11:00")
        said = appealed.refused("reply", HANDLER, fields={**REPLY, "next_measures": ""})
        assert "下一步举措" in said and "附件2" in said
        appealed.do("reply", HANDLER, fields=FORBIDDEN)
        assert appealed.state == "reply_review"
        assert {("citizen", "result"), ("reviewer", "reply")} <= appealed.notices()
        said = appealed.refused("return", REVIEWER, fields={"reason": "没有处理结果"})
        assert "不合格的情形" in said
        appealed.do("return", REVIEWER, clauses=["WZ-A2-18"], fields={"reason": "用了“将”，没有处理结果"})
        assert (appealed.state, appealed.dues()) == ("rectifying", {"rectify": "2026-10-22 24:00"})

        central.turn_to("2026-10-20 09:00")
        told = {"channel": "电话", "content": "处理结果和道歉"}
        for case in (appealed, silent):
            case.do("reply", HANDLER, fields=REPLY)
            case.do("feed_back", HANDLER, fields=told)
        # the regulation gives no limit for this review: our own 5 WD: Wed 21, 22, 23, Mon 26, Tue 27
        assert appealed.dues() == {"rectification_review": "2026-10-27 24:00"}
        central.turn_to("2026-10-22 10:00")
        for case in (appealed, silent):
            case.do("accept", REVIEWER)
            assert (case.state, case.dues()) == ("closed", {})
        assert appealed.file["overdue"] == []
        # silence is nothing in 温州
        assert central.app.state.defaults.run_due() == 0 and central.ratings("WZ-3") == []
