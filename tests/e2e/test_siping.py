"""四平: 回访 48 小时, 整改 15 日 by the calendar, 2 个工作日 for the clerk to apply once she was told, 复核 5."""

import httpx
import pytest

from tests.e2e.casework import HANDLER, RATED, REVIEWER, case_of
from tests.e2e.clocked_hall import HALL, WAIT_S, Press, opened, with_central
from tests.gateway.desk import poll

REPLY = {"result": "9月21日已为群众补办，并更换叫号屏"}
TOLD = {"channel": "电话", "content": "处理结果"}
STAYS = {"rest_day_end": "stays"}


@pytest.mark.requirement("SP-7.3", "SP-8.1a", "SP-8.1b", "SP-9.1", "SP-9.2a", "SP-9.2b", "SP-9.3a", "SP-9.3b")
def test_siping_from_the_press_to_the_closed_case(tmp_path):
    with with_central(tmp_path, "2026-09-18 16:40", "2026-09-18 16:45", policy="siping") as hall:
        central = hall.central
        office, defaults = central.app.state.office, central.app.state.defaults
        for number in (1, 2, 3):
            hall.rate(f"SP-{number}", Press(2, (207,)))
        disputed, true, forgotten = (case_of(central, f"SP-{number}") for number in (1, 2, 3))
        # Friday 18 September, 16:45: pushed. 48 hours run through the Saturday: Sunday 20, 16:45
        for case in (disputed, true, forgotten):
            assert (case.state, case.dues()) == ("pushed", {"call_back": "2026-09-20 16:45"})

        # the clerk is told once the matter is out of her hands, on a later day, so that the hour says nothing; she may
        # apply for 2 WD: Sun 20 (worked for 国庆节), Mon 21
        central.turn_to("2026-09-18 17:00")
        hall.serve("SP-4")  # who says nothing
        for number in (1, 2, 3, 4):
            hall.finish(f"SP-{number}")
        poll(lambda: all(central.knows_as_finished(f"SP-{number}") for number in (1, 2, 3, 4)), timeout_s=WAIT_S)
        assert office.run_due() == 0 and disputed.read(RATED).status_code == 404
        central.turn_to("2026-09-19 00:00")
        poll(lambda: (office.run_due(), "appeal" in forgotten.dues())[1], lambda: str(forgotten.dues()), WAIT_S)
        assert disputed.dues() == true.dues() == {"call_back": "2026-09-20 16:45", "appeal": "2026-09-21 24:00"}
        told = disputed.read(RATED).json()
        assert set(told) == {"number", "appealed", "limits", "grounds"}, "not who, nor what, nor which star"
        said = disputed.refused("appeal", HANDLER, ground="mistaken", fields={"appeal_reason": "按错"})
        assert "处置员不能代办" in said

        central.turn_to("2026-09-20 10:00")
        said = disputed.refused("appeal", RATED, ground="mistaken")
        assert "申诉原因" in said and "9.2" in said
        disputed.do("appeal", RATED, ground="mistaken", fields={"appeal_reason": "群众说按错了键，本意为满意"})
        # 5 WD: Mon 21, 22, 23, Thu 24; not 25 to 27 (中秋节); Mon 28
        assert (disputed.state, disputed.dues()) == ("appealed", {"review": "2026-09-28 24:00"})

        central.turn_to("2026-09-20 16:44")
        assert office.run_due() == 0
        true.do("call_back", HANDLER)
        true.do("confirm", HANDLER)
        central.turn_to("2026-09-20 16:45")
        assert office.run_due() == 1
        assert forgotten.file["overdue"] == ["call_back"]
        # 15 d: 3 October is a day of 国庆节, and the end moves to the first working day after it, Thu 8
        assert true.dues() == {"rectify": "2026-10-08 24:00", "appeal": "2026-09-21 24:00"}

        central.turn_to("2026-09-21 15:00")
        true.do("reply", HANDLER, fields=REPLY)
        said = true.refused("feed_back", HANDLER, fields=TOLD)
        assert "期限未满" in said and "9.2" in said
        central.turn_to("2026-09-22 00:00")
        said = true.refused("appeal", RATED, ground="mistaken", fields={"appeal_reason": "按错"})
        assert "逾期" in said and "9.2" in said
        true.do("feed_back", HANDLER, fields=TOLD)
        assert (true.state, true.dues()) == ("closed", {})

        central.turn_to("2026-09-28 15:00")
        office.run_due()
        disputed.do("uphold", REVIEWER, fields={"reason": "录音中群众说明按错"})
        assert (disputed.state, disputed.dues()) == ("not_adopted", {})
        assert {("staff", "upheld"), ("citizen", "upheld"), ("handler", "upheld")} <= disputed.notices()
        # the hall that registered it is told
        hall.serve("SP-5")
        rating = central.counted("SP-1")
        poll(lambda: hall.knows_as_not_adopted(rating), timeout_s=WAIT_S)
        figures = central.summary()["figures"]
        assert (figures["not_adopted"], figures["active"]["dissatisfied"]) == (1, 2), "kept, and in no rate"

        # silence: 7 d after the matter of Fri 18 September; Fri 25 is 中秋节, and so are Sat and Sun: Mon 28
        central.turn_to("2026-09-28 23:59")
        assert defaults.run_due() == 0 and central.ratings("SP-4") == []
        central.turn_to("2026-09-29 00:00")
        assert defaults.run_due() == 1
        (silence,) = central.ratings("SP-4")
        assert (silence["origin"], silence["level"], silence["status"]) == ("default", "fairly_satisfied", "counted")


@pytest.mark.requirement("SP-5.2a")
def test_one_person_rates_the_centre_of_siping_once_a_day(tmp_path):
    with opened(tmp_path, "2026-09-18 09:00") as hall:
        central = hall.add_central("central", "2026-09-18 09:00", policy="siping")

        def rate(identity: str, level: str) -> httpx.Response:
            path = f"/api/v1/halls/{HALL}/tokens"
            token = central.ask("POST", path, hall.key, json={"identity": identity}).json()["token"]
            return central.ask("POST", "/api/v1/centre-ratings", json={"token": token, "level": level})

        assert rate("220302199001011234", "dissatisfied").status_code == 200
        again = rate("220302199001011234", "very_satisfied")
        assert again.status_code == 409 and "一日一次" in again.json()["detail"], again.text
        assert rate("220302199001015678", "satisfied").status_code == 200
        central.turn_to("2026-09-18 23:59")
        assert rate("220302199001011234", "satisfied").status_code == 409
        central.turn_to("2026-09-19 00:00")
        assert rate("220302199001011234", "satisfied").status_code == 200
        found = central.summary()
        assert (found["centre"]["dissatisfied"], found["centre"]["satisfied"]) == (1, 2)
        assert not any(found["figures"]["active"].values()), "it is no rating of a service"


@pytest.mark.requirement("SP-8.1b")
def test_the_end_of_15_days_stays_on_a_rest_day_where_the_deployment_says_so(tmp_path):
    with opened(tmp_path, "2026-09-18 16:40") as hall:
        hall.open(None)
        hall.serve("SP-1")
        hall.press(Press(2))
        hall.wait_receipts()
        moves = hall.add_central("moves", "2026-09-18 16:45", policy="siping")
        stays = hall.add_central("stays", "2026-09-18 16:45", policy="siping", counting=STAYS)
        ends = {}
        for central in (moves, stays):
            hall.bring_to(central)
            central.counted("SP-1")
            case = case_of(central, "SP-1")
            case.do("call_back", HANDLER)
            case.do("confirm", HANDLER)
            ends[central.name] = case.dues()["rectify"]
        # 18 September + 15 = 3 October, in the middle of 国庆节 (1–7); the first working day after it is Thu 8
        assert ends == {"moves": "2026-10-08 24:00", "stays": "2026-10-03 24:00"}
