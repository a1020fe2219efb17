"""The clocks of the stories: a press is dated by the story, on every tier."""

from gateway.core import times
from tests.e2e.clocked_hall import Press, at, beijing, opened, with_central


def test_a_press_is_dated_by_the_story_on_every_tier(tmp_path):
    with with_central(tmp_path, "2026-09-24 16:40", "2026-09-24 16:45", policy="wenzhou") as hall:
        rating = hall.rate("ZW-1", Press(2, (214,)))
        assert (rating["level"], rating["reasons"], rating["staff"]) == ("dissatisfied", [214], "1001")
        pressed, came = times.parse(rating["wall_at"]), times.parse(rating["gateway_received_at"])
        assert at("2026-09-24 16:40") <= pressed <= came < at("2026-09-24 16:45")
        assert beijing(times.parse(rating["received_at"])) == "2026-09-24 16:45"

        hall.sleep_until(at("2026-10-08 09:00"))
        hall.central.turn_to("2026-10-08 09:10")
        late = hall.rate("ZW-2", Press(5))
        assert beijing(times.parse(late["wall_at"]))[:13] == "2026-10-08 09"
        assert beijing(times.parse(late["received_at"])) == "2026-10-08 09:10"


def test_the_same_bytes_reach_two_centres(tmp_path):
    with opened(tmp_path, "2026-09-24 16:40") as hall:
        hall.open(None)
        hall.serve("ZW-1")
        hall.press(Press(1))
        hall.wait_receipts()
        one, other = (hall.add_central(name, "2026-09-24 16:45") for name in ("one", "other"))
        for central in (one, other):
            hall.bring_to(central)
        assert one.counted("ZW-1") == other.counted("ZW-1")
        assert one.records() == other.records() != b""
