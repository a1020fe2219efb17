"""兰州: a fragment. What it does not say, a deployment gives with its reason, and every deadline says so."""

import pytest

from central.settings import SettingsError
from protocol.levels import LABELS
from tests.e2e.casework import HANDLER, case_of
from tests.e2e.clocked_hall import WAIT_S, Press, with_central
from tests.gateway.desk import poll

OVERRIDES = """
policy = "lanzhou"
[[override]]
key = "timers.call_back"
value = { amount = 2, unit = "WD", start = "pushed" }
reason = "市大数据局2026年通知第3条"
[[override]]
key = "timers.rectify"
value = { amount = 15, unit = "WD", start = "pushed" }
reason = "市大数据局2026年通知第4条"
"""


@pytest.mark.requirement("LZ-2.1.2a")
def test_lanzhou_from_the_press_to_the_closed_case(tmp_path):
    overrides = tmp_path / "overrides.toml"
    overrides.write_text(OVERRIDES, encoding="utf-8")
    settings = {"policy": "lanzhou", "policy_overrides": overrides}
    with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 08:30", **settings) as hall:
        central = hall.central
        office = central.app.state.office
        # 很好、好、一般、差、很差: the first of its two sets of names comes down to the device
        hall.serve("LZ-1")
        poll(lambda: hall.scene().labels == 2, lambda: str(hall.scene()), WAIT_S)
        assert LABELS[2][::-1] == ("很好", "好", "一般", "差", "很差")
        central.turn_to("2026-09-24 16:45")
        hall.press(Press(2))
        rating = central.counted("LZ-1")
        assert rating["policy_version"] == hall.policy()["version"], "the one that it was given under"
        hall.serve("LZ-2")
        hall.finish("LZ-2")
        case = case_of(central, "LZ-1")
        # 受理. 2 WD from the push on Thu 24: not 25 to 27 (中秋节); Mon 28, Tue 29
        assert (case.state, case.dues()) == ("pushed", {"call_back": "2026-09-29 24:00"})
        words = case.explained("call_back")
        assert "本部署规定" in words and "二(二)" not in words, "no article of the fragment is claimed for it"

        central.turn_to("2026-09-29 10:00")
        case.do("call_back", HANDLER)
        said = case.refused("appeal", HANDLER, ground="mistaken")
        assert "没有规定申诉程序" in said
        case.do("confirm", HANDLER)
        # 整改. 15 WD: 28 29 30 September; 8 9 10 (worked Saturday) 12–16, 19–22 October
        assert (case.state, case.dues()) == ("rectifying", {"rectify": "2026-10-22 24:00"})
        assert "本部署规定" in case.explained("rectify")
        central.turn_to("2026-10-22 16:00")
        case.do("reply", HANDLER, fields={"result": "10月21日已更正并送达"})
        # 反馈. The text says nothing of it: it lies within the limit of the rectification
        assert (case.state, case.dues()) == ("feedback", {"rectify": "2026-10-22 24:00"})
        case.do("feed_back", HANDLER, fields={"channel": "电话", "content": "处理结果"})
        assert (case.state, case.dues()) == ("closed", {})

        # no default rating is invented, however long somebody is silent
        central.turn_to("2027-03-01 09:00")
        office.run_due()
        assert central.app.state.defaults.run_due() == 0 and central.ratings("LZ-2") == []


def test_without_the_deployments_word_the_fragment_makes_no_deadlines(tmp_path):
    with pytest.raises(SettingsError) as refused:
        with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", policy="lanzhou"):
            pass
    assert "timers.call_back" in str(refused.value) and "timers.rectify" in str(refused.value)
