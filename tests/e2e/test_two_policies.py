"""One press, two regulations: the same bytes and moments come to two different sets of dates."""

from tests.e2e.casework import HANDLER, case_of
from tests.e2e.clocked_hall import Press, opened


def test_the_same_press_has_other_dates_under_wenzhou_than_under_mot(tmp_path):
    with opened(tmp_path, "2026-09-24 16:40") as hall:
        hall.open(None)
        hall.serve("ZW-1")
        hall.press(Press(1))
        hall.wait_receipts()
        wenzhou, mot = (hall.add_central(name, "2026-09-24 16:45", policy=name) for name in ("wenzhou", "mot"))
        hall.bring_to(wenzhou)
        hall.bring_to(mot)
        here, there = wenzhou.counted("ZW-1"), mot.counted("ZW-1")
        # 交通运输部 alone wants a reason
        assert {name for name in here if here[name] != there[name]} == {"reason_missing"}
        assert wenzhou.records() == mot.records() != b""
        ours, theirs = case_of(wenzhou, "ZW-1"), case_of(mot, "ZW-1")
        # Thursday 24 September; 25 to 27 are 中秋节, 1 to 7 October 国庆节, Saturday 10 is worked
        assert ours.dues() == {
            "call_back": "2026-09-28 24:00",
            "appeal": "2026-10-09 24:00",
        }  # 1 WD; 5 WD: 28 29 30 8 9
        assert theirs.dues() == {"call_back": "2026-09-29 24:00"}  # 2 WD: 28 29
        for case in (ours, theirs):
            case.do("call_back", HANDLER)
            case.do("confirm", HANDLER)
        assert ours.dues() == {"rectify": "2026-10-22 24:00"}  # 15 WD: 28 29 30 8 9 10 12–16 19–22
        assert theirs.dues() == {"rectify": "2026-10-15 24:00"}  # 10 WD: 28 29 30 8 9 10 12–15
