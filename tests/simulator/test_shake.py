"""What is left out of what ships: only what nothing names."""

import ast

from simulator import bytecode
from simulator.shake import shaken
from simulator.shorten import names_in
from simulator.terse import terse
from simulator.tree import scopes

A = '''
"""Words."""
LIMIT = 8
OTHER = 9
NAMES = {"first": 1}
def used(): return LIMIT
def unused(): return unused() + OTHER
class Kind:
    """Words."""
    def _first(self): return NAMES
    def never(self): return 0
'''
B = """
from a import LIMIT, OTHER, Kind, unused, used
import a
def main(LIMIT=1): return used() + LIMIT
def again(): return getattr(Kind(), "_" + "first")()
def third(): return a.OTHER
"""


def both():
    return shaken({"a.py": A, "b.py": B}, frozenset({"main", "again"}))


def test_what_nothing_names_goes_and_what_only_that_named_goes_with_it():
    out = both()
    assert "unused" not in out["a.py"] and "unused" not in out["b.py"] and "third" not in out["b.py"]
    assert "def used" in out["a.py"] and "never" not in out["a.py"] and "Words" not in out["a.py"]


def test_a_method_that_a_table_names_without_its_underscore_stays():
    assert "def _first" in both()["a.py"] and "NAMES" in both()["a.py"]


def test_an_integer_goes_into_the_code_but_never_over_a_local_name_of_its_own():
    out = both()
    assert "return 8" in out["a.py"] and "OTHER" not in out["a.py"]
    assert "used() + LIMIT" in out["b.py"]  # the argument


def test_a_name_of_two_modules_stays_only_in_the_one_that_is_meant():
    """``pack`` is also a method of others: a word alone keeps nothing at the top of a module."""
    one = "def pack(): return 1\ndef unpack(): return 2"
    two = "def pack(): return 3\ndef other(): return 4"
    user = "import struct\nimport one\nfrom lib import one as first, two\ndef main(): return struct.pack(two.pack())"
    out = shaken({"lib/one.py": one, "lib/two.py": two, "user.py": user}, frozenset({"main"}))
    assert "pack" not in out["lib/one.py"] and "def pack" in out["lib/two.py"] and "other" not in out["lib/two.py"]
    assert "first" not in out["user.py"]  # nor what is imported for nothing


def test_what_a_file_passes_on_stays_in_both():
    passes = "from one import load, other\n__all__ = ('load',)\ndef save(): return 1"
    user = "from lib import passes\nimport lib\ndef main(): return passes.load() + passes.save()"
    one = "def load(): return 1\ndef other(): return 2"
    out = shaken({"one.py": one, "lib/passes.py": passes, "user.py": user}, frozenset({"main"}))
    assert "def load" in out["one.py"] and "import load" in out["lib/passes.py"] and "other" not in out["one.py"]


def test_one_name_for_two_things_keeps_both():
    user = (
        "def main(x):\n    if x: from one import Work as Any\n    else: from two import Work as Any\n    return Any()"
    )
    out = shaken({"one.py": "class Work: pass", "two.py": "class Work: pass", "user.py": user}, frozenset({"main"}))
    assert "class Work" in out["one.py"] and "class Work" in out["two.py"]


def test_what_is_imported_late_for_a_number_is_not_imported():
    user = "def main():\n    from a import LIMIT, used\n    return used() + LIMIT"
    out = shaken({"a.py": A, "user.py": user}, frozenset({"main"}))
    assert "import used" in out["user.py"] and "LIMIT" not in out["user.py"] and "+ 8" in out["user.py"]


def test_expressions_of_integers_are_integers_unless_too_long_to_repeat():
    text = (
        "from micropython import const\n_A = const(1 << 4)\n_B = _A * 2 - 1\nC = 1 << 200\ndef main(): return _A, _B, C"
    )
    out = shaken({"a.py": text}, frozenset({"main"}))["a.py"]
    assert "return (16, 31, C)" in out and "const" not in out and "C = 1 << 200" in out


def test_a_whole_file_keeps_what_nothing_names():
    out = shaken({"a.py": A}, whole=("a.py",))["a.py"]
    assert "def unused" in out and "def never" in out and "Words" not in out


def test_what_ships_is_what_a_device_can_import():
    texts = {
        str(path.relative_to(bytecode.ROOT)): path.read_text() for path in bytecode.sources() if path.suffix == ".py"
    }
    out, names = bytecode.small(texts)
    assert {"firmware/main.py", "firmware/provision.py", "firmware/drivers/tft.py", "protocol/__init__.py"} <= set(out)
    assert not {"protocol/signature.py", "protocol/mqtt.py", "firmware/crypto/make_table.py"} & set(out)
    for name, text in out.items():
        ast.parse(text, name)
    assert "def main" in out["firmware/main.py"] and "def csr(next_key" in out["firmware/provision.py"]
    assert sum(map(len, out.values())) < 0.6 * sum(len(texts[name]) for name in out)
    assert len(names) > 500
    for name in out:  # no two names of a file became one
        before = names_in(shaken(terse({name: texts[name]}), whole=(name,))[name])
        assert len({names.get(word, word) for word in before}) == len(before)


def test_whatever_is_named_of_another_file_is_there():
    """Of all that ships: nothing was dropped that somebody imports or asks of a module."""
    texts = {
        str(path.relative_to(bytecode.ROOT)): path.read_text() for path in bytecode.sources() if path.suffix == ".py"
    }
    trees = {path: ast.parse(text) for path, text in bytecode.small(texts)[0].items()}
    known = scopes(trees)
    asked = 0
    for path, tree in trees.items():
        wanted = {thing for thing, _ in known[path].uses(tree)}
        wanted |= {thing for things in known[path].things.values() for thing in things}
        for file, name in wanted:
            if file in trees:
                asked += 1
                assert name in known[file].things, f"{path} asks {file} for {name}"
    assert asked > 500


def test_the_loader_has_the_names_of_the_sources_for_every_release_to_come():
    texts = {
        str(path.relative_to(bytecode.ROOT)): path.read_text() for path in bytecode.sources() if path.suffix == ".py"
    }
    out, names = bytecode.small(texts)
    for name in ("versions", "told", "trial", "tries", "alive", "save", "choose", "record", "root", "Slots", "NAMES"):
        assert name not in names and name in out["firmware/slots.py"]
