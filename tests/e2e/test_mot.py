"""交通运输部: 推送 → 回访核实 2 个工作日 → 有效差评 10 or 15, or 无效差评 10 and 复核; silence after 5 is 基本满意."""

import pytest

from tests.e2e.casework import HANDLER, REVIEWER, SUPERVISOR, case_of, cases_of
from tests.e2e.clocked_hall import Press, at, with_central

RESULT = {"result": "10月12日已为申请人补发许可证，并更正办事指南"}
TOLD = {"channel": "好差评系统", "content": "处理结果"}


@pytest.mark.requirement(
    "MOT-9d", "MOT-14a", "MOT-15a", "MOT-15b", "MOT-15c", "MOT-15d", "MOT-15e", "MOT-15f", "MOT-15g", "MOT-15h"
)
def test_mot_from_the_press_to_the_closed_case(tmp_path):
    with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", policy="mot") as hall:
        central = hall.central
        office, defaults = central.app.state.office, central.app.state.defaults
        # whoever is asked for a reason (第九条) and ticks none has rated all the same
        bare, ticked = hall.rate("MOT-1", Press(1)), hall.rate("MOT-2", Press(2, (207,)))
        assert (bare["reasons"], bare["reason_missing"]) == ([], True)
        assert (ticked["reasons"], ticked["reason_missing"]) == ([207], False)
        true, invalid = case_of(central, "MOT-1"), case_of(central, "MOT-2")
        hall.serve("MOT-3")  # who says nothing
        hall.finish("MOT-3")
        # Thursday 24 September, 16:45: in the unit's list at once. 2 WD: not 25 to 27 (中秋节); Mon 28, Tue 29
        for case in (true, invalid):
            assert (case.state, case.dues()) == ("pushed", {"call_back": "2026-09-29 24:00"})
            assert ("handler", "new") in case.notices()

        central.turn_to("2026-09-28 10:00")
        for case in (true, invalid):
            case.do("call_back", HANDLER)
        true.do("confirm", HANDLER)
        # 有效差评: 10 WD from the push: 28 29 30 September; 8 9 10 (worked Saturday) 12 13 14 15 October
        assert (true.state, true.dues()) == ("rectifying", {"rectify": "2026-10-15 24:00"})

        said = invalid.refused("invalidate", HANDLER, ground="untrue")
        assert "具体情况" in said and "第十五条(二)" in said
        invalid.do("invalidate", HANDLER, ground="untrue", fields={"specifics": "监控显示申请人未到过窗口"})
        assert (invalid.state, invalid.dues()) == ("invalid", {"invalid_report": "2026-10-15 24:00"})
        central.turn_to("2026-10-09 11:00")
        invalid.do("file", HANDLER, fields={"handling": "已核对监控和叫号记录"})
        # no limit is given for the 复核: our own 5 WD: Sat 10 (worked), Mon 12, 13, 14, 15
        assert (invalid.state, invalid.dues()) == ("invalid_review", {"invalid_review": "2026-10-15 24:00"})
        assert invalid.file["adopted"], "it counts until somebody else says that it does not"
        said = invalid.refused("uphold", HANDLER, fields={"reason": "x"})
        assert "办公厅" in said and "处置员不能代办" in said

        # silence: 5 WD after the whole matter was over on Thu 24: 28 29 30 September; 8 9 October
        central.turn_to("2026-10-09 23:59")
        assert defaults.run_due() == 0 and central.ratings("MOT-3") == []
        central.turn_to("2026-10-10 00:00")
        assert defaults.run_due() == 1
        (silence,) = central.ratings("MOT-3")
        assert (silence["origin"], silence["level"], silence["status"]) == ("default", "fairly_satisfied", "counted")
        assert cases_of(central, "MOT-3") == [], "it is nobody's case"
        figures = central.summary()["figures"]
        assert (figures["good_rate"]["good"], figures["good_rate"]["of"]) == (1, 3)
        assert (figures["active_good_rate"]["good"], figures["active_good_rate"]["of"]) == (0, 2), (
            "silence is no praise"
        )

        # 情况复杂: 15 WD from the push: …15, 16, 19, 20, 21, 22 October
        until = {"until": "2026-11-06T00:00"}
        explains = {"reason": "须等待海事系统升级", "contact": "10月21日电话说明，申请人同意"}
        said = true.refused("extend", HANDLER, fields=explains, **until)
        assert "只有“情况复杂”可以延期" in said
        said = true.refused("classify", HANDLER, handling_class="complex", fields={"reason": "x"})
        assert "处置员不能代办" in said
        true.do("classify", SUPERVISOR, handling_class="complex", fields={"reason": "涉及两个业务系统"})
        assert true.dues() == {"rectify_complex": "2026-10-22 24:00"}

        # who speaks at last is heard: the default stays, and counts no more
        hall.sleep_until(at("2026-10-12 08:30"))
        central.turn_to("2026-10-12 09:00")
        late = hall.rate("MOT-3", Press(2, (207,)))
        assert {(row["origin"], row["status"]) for row in central.ratings("MOT-3")} == {
            ("default", "superseded"),
            ("citizen_device", "counted"),
        }
        assert late["level"] == "dissatisfied"
        assert case_of(central, "MOT-3").dues() == {"call_back": "2026-10-14 24:00"}  # 2 WD: Tue 13, Wed 14
        figures = central.summary()["figures"]
        assert (figures["superseded"], figures["good_rate"]["good"], figures["good_rate"]["of"]) == (1, 0, 3)

        central.turn_to("2026-10-14 15:00")
        invalid.do("reject", REVIEWER, fields={"reason": "监控时段与评价时间不符"})
        # 复核 不通过: the 10 WD go on from the push
        assert (invalid.state, invalid.dues()) == ("rectifying", {"rectify": "2026-10-15 24:00"})
        assert "整改中" in invalid.refused("invalidate", HANDLER, ground="untrue")
        invalid.do("reply", HANDLER, fields=RESULT)
        invalid.do("feed_back", HANDLER, fields=TOLD)
        assert invalid.state == "closed" and invalid.file["adopted"]

        central.turn_to("2026-10-21 10:00")
        said = true.refused("extend", HANDLER, fields={"reason": explains["reason"]}, **until)
        assert "与评价人的沟通记录" in said and "第十五条(一)" in said
        true.do("extend", HANDLER, fields=explains, **until)
        assert true.dues() == {"rectify_complex": "2026-11-05 24:00"}
        central.turn_to("2026-11-04 10:00")
        office.run_due()  # nobody called whoever spoke late; this one is in time
        assert true.file["overdue"] == []
        true.do("reply", HANDLER, fields=RESULT)
        assert ("citizen", "result") in true.notices()
        assert "反馈内容" in true.refused("feed_back", HANDLER, fields={"channel": "电话"})
        true.do("feed_back", HANDLER, fields=TOLD)
        assert (true.state, true.dues()) == ("closed", {})
        assert true.actions()[:3] == ["begun", "push", "call_back"]
