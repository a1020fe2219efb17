"""What is left out of what ships: only what nothing names."""

import ast

from simulator import bytecode
from simulator.shake import shaken

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


def test_what_ships_still_says_the_same_to_the_parser_and_keeps_what_a_device_starts_with():
    texts = {
        str(path.relative_to(bytecode.ROOT)): path.read_text() for path in bytecode.sources() if path.suffix == ".py"
    }
    out = shaken(texts, bytecode.ROOTS)
    assert set(out) == set(texts)
    for name, text in out.items():
        ast.parse(text, name)
    assert "def main" in out["firmware/main.py"] and "def csr" in out["firmware/provision.py"]
    assert sum(map(len, out.values())) < sum(map(len, texts.values()))
