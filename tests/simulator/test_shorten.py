"""Short names: the same for a thing wherever it is named, and never for what somebody else named."""

import io
import json
import keyword
import string

import pytest

from simulator import bytecode, shorten
from simulator.shorten import names_in, renamed, short_names

LIB = """
from collections import namedtuple
Press = namedtuple("Press", ("level", "taken_at_ms"))
class RefusedLink(OSError):
    pass
class Window:
    def __init__(self, partition, journal_size=3):
        self.partition = partition
        self._journal_size = journal_size
    def write_all(self, data):
        return self.partition.writeblocks(0, data)
    def _armed(self):
        return dict(level=1, state_word=2)
def open_window(partition):
    return Window(partition, journal_size=4)
"""
USER = """
from lib import Press, open_window as opened_window
def main(partition, other_device=False):
    window = opened_window(partition)
    state_word = getattr(window, "_" + "armed")()
    return Press(1, taken_at_ms=window.write_all(b"")).taken_at_ms
"""
SOURCES = {"lib.py": LIB, "user.py": USER}
FOREIGN = {"writeblocks", "partition"}


def names():
    return short_names(SOURCES, FOREIGN, {"main"})


def test_every_place_that_names_a_thing_gets_the_same_short_name():
    found = names()
    lib, user = renamed(LIB, found), renamed(USER, found)
    for name in ("write_all", "open_window", "taken_at_ms", "journal_size"):
        assert len(found[name]) <= 2
        assert name not in lib + user
    assert f"'{found['taken_at_ms']}'" in lib and f".{found['taken_at_ms']}" in user  # the field of the namedtuple
    assert len(set(found.values())) == len(found)


def test_the_result_does_the_same():
    class Partition:
        def writeblocks(self, block, data):
            return 7

    spaces: list[dict] = [{}, {}]
    found = names()
    exec(renamed(LIB, found), spaces[0])  # noqa: S102 - what is tested is a program
    user = renamed(USER, found)
    start = user.index("def main")
    spaces[1].update({found.get(name, name): spaces[0][found.get(name, name)] for name in ("Press", "open_window")})
    spaces[1][found["opened_window"]] = spaces[0][found["open_window"]]
    exec(user[start:], spaces[1])  # noqa: S102
    assert spaces[1]["main"](Partition()) == 7


@pytest.mark.parametrize(
    "name", ["writeblocks", "partition", "main", "other_device", "_armed", "lib", "state_word", "RefusedLink"]
)
def test_what_somebody_else_names_keeps_its_name(name):
    """Of the port; called from outside, and arguments of that; asked for by a word; a module; of ``dict``; in a log."""
    assert name not in names()


def test_a_name_that_is_short_already_is_not_given_to_another():
    """Of a signature, ``zz`` and ``digits``: one became the other, and nothing signed any more."""
    letters = [one + two for one in string.ascii_letters for two in ("", *string.ascii_letters)]
    text = "".join(f"{name} = 1\n" for name in letters if not keyword.iskeyword(name)) + "long_name = 2\n"
    assert short_names({"a.py": text}, (), ()) == {}


def test_a_short_name_is_nobody_elses():
    taken = {"a.py": "def long_name(a, b):\n    return a.c(b)"}
    assert short_names(taken, (), ())["long_name"] not in ("a", "b", "c", "long_name")


def test_the_vm_and_the_port_are_known():
    known = bytecode.known_names()
    assert {
        "readinto",
        "wait_io_event",
        "out_buf",
        "ThreadSafeFlag",
        "duty_u16",
        "readfrom_mem",
        "StopIteration",
    } <= known
    assert {"device", "class_", "x"} >= names_in("class class_:\n    x: device\n")


def test_a_traceback_is_read_with_the_names_of_its_build(tmp_path, monkeypatch, capsys):
    path = tmp_path / "firmware.names.json"
    path.write_text(json.dumps({"open_window": "aB", "write_all": "c"}))
    said = 'File "app.py", line 1, in aB\nlink_lost in link at app.py, line 1, in c #0badcafe\nin Paris'
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    assert shorten.main([str(path)]) == 0
    text = capsys.readouterr().out
    assert (
        "in open_window\n" in text and "in write_all #0badcafe" in text and "in link at" in text and "in Paris" in text
    )
