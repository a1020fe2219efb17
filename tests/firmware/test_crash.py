"""The crash ring, in the VM, on a memory as RTC memory is: bytes that survive or do not."""

import json

import pytest

from tests import micropython

START = """
import json
from firmware import crash
from firmware.crash import KEEP, LOOP, Ring

class Memory:
    data = b""
    def __call__(self, data=None):
        if data is None:
            return self.data
        assert len(data) <= 2048
        self.data = bytes(data)

def fail(text="5 stars by a citizen"):
    def inner():
        raise ValueError(text)
    try:
        inner()
    except ValueError as error:
        return error

memory = Memory()
"""


def told(program):
    return [json.loads(line) for line in micropython.run(START + program).splitlines()]


def test_a_crash_is_the_cause_of_the_next_start_only_and_its_line_says_where_but_not_what():
    first, after, lines, second, third = told("""
print(json.dumps(Ring(memory).start("power")))
ring = Ring(memory)
ring.note(fail(), "flow", 1234)
ring = Ring(memory)
print(json.dumps(ring.start("reset")))
print(json.dumps(ring.lines()))
ring.reported()
ring = Ring(memory)
print(json.dumps(ring.start("reset")))
print(json.dumps(ring.lines()))
""")
    assert (first, after, second) == ("power", "crash", "reset")
    (line,) = lines
    assert line.startswith("ValueError in flow at ") and line.endswith("after 1234 ms") and " #" in line
    assert "inner" in line and "stars" not in line
    assert third == []


def test_the_hash_of_a_traceback_is_the_same_whatever_the_text_of_the_error_and_counts_the_place():
    same, other = told("""
def place(error):
    ring = Ring(Memory())
    ring.note(error, "flow", 1)
    return ring.lines()[0].split("#")[1].split(" ")[0]
def elsewhere():
    try:
        fail(None) + 1
    except TypeError as error:
        return error
print(json.dumps([place(fail("a")), place(fail("b"))]))
print(json.dumps([place(fail()), place(elsewhere())]))
""")
    assert same[0] == same[1] and other[0] != other[1]


def test_the_same_error_seen_twice_is_one_entry_and_the_oldest_of_many_go():
    once, many, size = told("""
error = fail()
ring = Ring(memory)
ring.note(error, "link", 1)
ring.note(error, "main", 2)
print(json.dumps(len(ring.lines())))
for uptime in range(10):
    ring.note(fail(), "x" * 20, uptime)
print(json.dumps([line.split(" after ")[1] for line in Ring(memory).lines()]))
print(json.dumps(len(memory.data)))
""")
    assert once == 1 and many == [f"{n} ms" for n in range(6, 10)]
    assert size <= 1024


def test_a_watchdog_bite_keeps_its_name_and_says_who_was_late():
    cause, lines = told("""
ring = Ring(memory)
ring.start("power")
ring.late(["flow"], 65000)
ring = Ring(memory)
print(json.dumps(ring.start("watchdog")))
print(json.dumps(ring.lines()))
""")
    assert cause == "watchdog" and lines == ["late: flow after 65000 ms"]


def test_starts_that_do_not_last_are_counted_and_power_or_a_plan_or_time_end_the_count():
    looping, power, planned, stable = told("""
def starts(causes):
    found = []
    for cause in causes:
        ring = Ring(memory)
        ring.start(cause)
        found.append(ring.looping)
    return found
print(json.dumps(starts(["power"] + ["watchdog"] * LOOP)))
print(json.dumps(starts(["power"])))
starts(["reset"] * LOOP)
Ring(memory).planned()
print(json.dumps(starts(["reset"])))
starts(["reset"] * LOOP)
Ring(memory).stable()
print(json.dumps(starts(["reset"])))
""")
    assert looping == [False, False, False, True]
    assert (power, planned, stable) == ([False], [False], [False])


def test_restarts_are_quick_at_first_and_then_ever_slower_up_to_ten_minutes():
    (pauses,) = told("print(json.dumps([crash.pause_ms(streak) for streak in range(1, 14)] + [crash.pause_ms(1000)]))")
    assert pauses[:3] == [0, 0, 0] and pauses[3] == 10_000
    assert pauses == sorted(pauses) and pauses[-1] == 600_000


@pytest.mark.parametrize(
    "damage",
    ["data[:-3]", "data[:9]", "data[:20] + b'\\x00' + data[21:]", "bytes(2048)", "b'\\xff' * 2048", "b''"],
)
def test_memory_that_is_not_ours_or_is_torn_is_as_after_a_power_cut(damage):
    (found,) = told(f"""
ring = Ring(memory)
ring.note(fail(), "flow", 1)
data = memory.data
memory.data = {damage}
ring = Ring(memory)
print(json.dumps([ring.start("reset"), ring.streak, ring.lines()]))
""")
    assert found == ["reset", 1, []]
