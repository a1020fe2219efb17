"""Liveness and the loop's meter, in the VM."""

import json

from tests import micropython

LIVENESS = """
import json
from firmware.health import LOOK_MS, Liveness
def looks(steps):
    liveness = Liveness(0, {"flow": 30000, "link": 60000})
    return [liveness.late(set(beats), now) for now, beats in steps]
"""


def late(steps):
    return json.loads(micropython.run(LIVENESS + f"print(json.dumps(looks({steps!r})))"))


def test_a_task_is_late_after_its_own_deadline_and_not_before():
    steps = [(now, ["link"]) for now in range(5000, 45000, 5000)]
    assert late(steps) == [[]] * 6 + [["flow"]] * 2


def test_every_task_that_is_silent_is_named_and_one_that_reports_again_is_well():
    steps = [(now, []) for now in range(5000, 70000, 5000)] + [(70000, ["flow"]), (75000, ["flow", "link"])]
    found = late(steps)
    assert found[-3] == ["flow", "link"] and found[-2:] == [["link"], []]


def test_after_the_whole_loop_stood_still_every_task_gets_its_time_again():
    # 100 s without a look: nobody could report; afterwards the flow is late on its own
    steps = [(5000, ["flow", "link"]), (105000, [])] + [(now, ["link"]) for now in range(110000, 145000, 5000)]
    assert late(steps) == [[]] * 2 + [[]] * 6 + [["flow"]]


METER = """
import asyncio, json, time
from firmware.health import Meter
meter = Meter()

def keep(ms):
    until = time.ticks_add(time.ticks_us(), ms * 1000)
    while time.ticks_diff(until, time.ticks_us()) > 0:
        pass

async def main():
    await asyncio.sleep_ms(1)
    meter.take_ms()
    found = []
    for _ in range(20):
        await asyncio.sleep_ms(1)
    found.append(meter.take_ms())  # a loop at rest
    keep(40)
    await asyncio.sleep_ms(0)
    found.append(meter.take_ms())  # one long slice
    with meter("erase"):
        keep(40)
    keep(15)
    await asyncio.sleep_ms(0)
    found.append(meter.take_ms())  # only what was not marked
    found.append(meter.named["erase"] // 1000)
    await asyncio.sleep_ms(50)
    found.append(meter.take_ms())  # waiting is no stall
    print(json.dumps(found))
asyncio.run(main())
"""


def test_the_meter_tells_a_long_slice_from_rest_from_waiting_and_from_what_is_marked():
    rest, long, unmarked, erase, waiting = json.loads(micropython.run(METER))
    # other programs share this machine: lower bounds are exact, upper ones generous
    assert 40 <= long < 140 and long > rest
    assert 15 <= unmarked < 40
    assert 40 <= erase < 140
    assert waiting < 40


def test_who_waited_before_the_meter_came_is_woken_after_it():
    out = micropython.run("""
import asyncio
from firmware.health import Meter
async def sleeper(event):
    await event.wait()
    await asyncio.sleep_ms(5)
    print("woken")
async def main():
    event = asyncio.ThreadSafeFlag()
    task = asyncio.create_task(sleeper(event))
    await asyncio.sleep_ms(5)
    Meter()
    event.set()
    await task
asyncio.run(main())
""")
    assert out == "woken\n"
