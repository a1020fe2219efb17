"""Short names in what ships: a chip keeps the table of names of every module in RAM, and a name there costs its length.

Sources keep their good names; this runs after ``shake`` and gives each name that is provably ours the same short one
in all files. Ours is what the tree itself defines and nobody outside can mean:

- not a name that MicroPython knows: its binary holds the names of all built-in and frozen modules, the stubs of the
  port those of the chip's;
- not a module, a name that somebody outside calls (``roots``), nor an argument of such a function;
- not a word that is asked for by ``getattr``, nor a keyword given to a function that is not ours;
- not an exception, whose name is in the log that a technician reads.

Fields of a namedtuple are renamed in its declaration too. Nothing looks names up in any other way, and the tests of the
simulator run the result. To read a traceback, or the line of a crash, with the names of its build:

    python -m simulator.shorten build/firmware.names.json < what-the-device-said
"""

import ast
import itertools
import json
import keyword
import re
import string
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

_LETTERS = string.ascii_letters
_LONGEST_SHORT = 2  # some 2,700 names; what then still waits stays long


def short_names(sources: Mapping[str, str], foreign: Collection[str], roots: Collection[str]) -> dict[str, str]:
    """Long name → short name, for all of the tree (path → text). Raises SyntaxError."""
    trees = [ast.parse(text, name) for name, text in sources.items()]
    kept = set(foreign) | set(roots) | set(keyword.kwlist)
    for name in sources:
        kept |= set(name.removesuffix(".py").split("/"))
    ours: set[str] = set()
    files: Counter[str] = Counter()
    seen: set[str] = set()
    for tree in trees:
        ours |= _defined(tree)
    for tree in trees:
        kept |= _not_ours(tree, ours, roots)
        names = _named(tree)
        files.update(names)
        seen |= names
    chosen = sorted(
        (name for name in ours - kept if len(name) > _LONGEST_SHORT and not name.startswith("__")),
        key=lambda name: (-files[name], name),
    )
    return dict(zip(chosen, _free((seen - set(chosen)) | kept), strict=False))


def names_in(text: str) -> frozenset[str]:
    """All names in a source or a stub. Raises SyntaxError."""
    return frozenset(_named(ast.parse(text)))


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A module's text with these names. Raises SyntaxError."""
    return ast.unparse(_Rename(names).visit(ast.parse(text)))


def _free(taken: Collection[str]) -> Iterator[str]:
    for size in range(1, _LONGEST_SHORT + 1):
        for letters in itertools.product(_LETTERS, repeat=size):
            name = "".join(letters)
            if name not in taken:
                yield name


def _defined(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)) | ast.alias(asname=str(name)):
                found.add(name)
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                found.add(name)
            case ast.Call():
                found |= {str(field.value) for field in _fields(node)}
    return found


def _named(tree: ast.AST) -> set[str]:
    found = _defined(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found |= {name, asname or name}
    return found


def _not_ours(tree: ast.AST, ours: Collection[str], roots: Collection[str]) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, bases=[ast.Name(id=base)]) if base.endswith(("Exception", "Error")):
                found.add(name)
            case ast.FunctionDef(name=name, args=args) if name in roots:
                found |= {arg.arg for arg in args.args}
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr"), args=[_, ast.Constant(value=word), *_]):
                found.add(str(word))
            case ast.Call(func=ast.Name(id="getattr" | "hasattr" | "setattr")):
                # which words it is given cannot be known: all of this file's may be, also with an underscore before
                for word in _words(tree):
                    found |= {word, "_" + word}
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), keywords=keywords) if name not in ours:
                found |= {word.arg for word in keywords if word.arg}
            case ast.Import(names=aliases):
                found |= {alias.asname or alias.name for alias in aliases}
    return found


def _words(tree: ast.AST) -> set[str]:
    values = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {value for value in values if isinstance(value, str) and value.isidentifier()}


def _fields(node: ast.Call) -> list[ast.Constant]:
    """The fields that a call of ``namedtuple`` declares."""
    match node:
        case ast.Call(func=ast.Name(id="namedtuple"), args=[_, ast.Tuple(elts=fields)]):
            return [field for field in fields if isinstance(field, ast.Constant)]
    return []


class _Rename(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]):
        self._names = names

    def visit(self, node: ast.AST) -> ast.AST:
        new = self._names.get
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                node.name = new(node.name, node.name)
            case ast.arg():
                node.arg = new(node.arg, node.arg)
            case ast.Name():
                node.id = new(node.id, node.id)
            case ast.Attribute():
                node.attr = new(node.attr, node.attr)
            case ast.keyword(arg=str(name)) | ast.ExceptHandler(name=str(name)):
                setattr(node, "arg" if isinstance(node, ast.keyword) else "name", new(name, name))
            case ast.Global():
                node.names = [new(name, name) for name in node.names]
            case ast.ImportFrom():
                for alias in node.names:
                    alias.name = new(alias.name, alias.name)
                    alias.asname = alias.asname and new(alias.asname, alias.asname)
            case ast.Call():
                for field in _fields(node):
                    field.value = new(str(field.value), field.value)
        return self.generic_visit(node)


def main(arguments: list[str]) -> int:
    long = {short: name for name, short in json.loads(Path(arguments[0]).read_text()).items()}
    for line in sys.stdin:
        print(re.sub(r"(line \d+, in )(\w+)", lambda found: found[1] + long.get(found[2], found[2]), line), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
