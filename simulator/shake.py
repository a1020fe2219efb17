"""Leave out of what ships the functions and constants that nothing on the device names: one tree, two runtimes, and a
chip whose heap holds every byte of bytecode. Constants that are integers go into the code where they are named.

What stands at the top of a module stays if something that is kept names just this one, or if it is a root. Methods go
by name only, which errs on the side of keeping: one stays if its name occurs anywhere in what is kept, as a name, an
attribute, or a word of a string (tables of handlers name methods without their underscore).
"""

import ast
import operator
import re
from collections.abc import Callable, Collection, Mapping

from simulator.tree import Scope, Thing, defined, scopes

_BITS = 64
_OPERATIONS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shaken(
    sources: Mapping[str, str], roots: frozenset[str] = frozenset(), whole: Collection[str] = ()
) -> dict[str, str]:
    """The sources (path → text) without what nothing names; ``roots`` are names that stay whoever needs them.

    The files ``whole`` lose nothing but docstrings and imports. Raises SyntaxError.
    """
    trees = {name: ast.parse(text, name) for name, text in sources.items()}
    numbers = {name: _numbers(tree) for name, tree in trees.items()}
    for name, tree in trees.items():
        _without_docstrings(tree)
        _Inline(name, tree, numbers).visit(tree)
    while True:
        names = set(roots)
        used: set[Thing] = set()
        known = scopes(trees)
        for path, tree in trees.items():
            names |= _named(tree)
            used |= _used(path, tree, known[path])
        dropped = [_drop(path, tree, names, used, roots) for path, tree in trees.items() if path not in whole]
        dropped += [_drop_imports(path, tree, used, roots) for path, tree in trees.items()]
        if not any(dropped):
            return {name: ast.unparse(tree) for name, tree in trees.items()}


def _numbers(tree: ast.Module) -> dict[str, int]:
    """The integers that a module names once and never sets again."""
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    stored += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    found: dict[str, int] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if stored.count(name) == 1:
                number = _number(value, found)
                # a longer one is an object, which every place that names it would hold again
                if number is not None and number.bit_length() <= _BITS:
                    found[name] = number
    return found


def _number(value: ast.expr, known: Mapping[str, int]) -> int | None:
    """The integer that an expression of integers is, with or without ``const``."""
    match value:
        case ast.Constant(value=number) if type(number) is int:
            return number
        case ast.Name(id=name):
            return known.get(name)
        case ast.Call(func=ast.Name(id="const"), args=[part]):
            return _number(part, known)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            number = _number(part, known)
            return None if number is None else -number
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            one, other = _number(left, known), _number(right, known)
            return None if one is None or other is None else _OPERATIONS[type(op)](one, other)
    return None


class _Inline(ast.NodeTransformer):
    """Puts the integers of all modules where one module names them."""

    def __init__(self, name: str, tree: ast.Module, numbers: Mapping[str, dict[str, int]]):
        self._names = dict(numbers[name])
        self._modules: dict[str, dict[str, int]] = {}
        stored = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        stored |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("simulator"):
                folder = node.module.replace(".", "/")
                for alias in node.names:
                    known = alias.asname or alias.name
                    if known in stored:
                        continue
                    if f"{folder}/{alias.name}.py" in numbers:
                        self._modules[known] = numbers[f"{folder}/{alias.name}.py"]
                    elif alias.name in numbers.get(f"{folder}.py", {}):
                        self._names[known] = numbers[f"{folder}.py"][alias.name]

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            return ast.copy_location(ast.Constant(self._names[node.id]), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        match node:
            case ast.Attribute(value=ast.Name(id=module), attr=attr, ctx=ast.Load()):
                if attr in self._modules.get(module, {}):
                    return ast.copy_location(ast.Constant(self._modules[module][attr]), node)
        return self.generic_visit(node)


def _named(tree: ast.AST) -> set[str]:
    """Every name that is used, but for a definition's own inside itself."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        names = _named(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.discard(node.name)
        found |= names
    match tree:
        case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
            found.add(name)
        case ast.alias(name=name):
            found |= set(name.split("."))
        case ast.keyword(arg=str(name)):
            found.add(name)
        case ast.Constant(value=str(text)):
            for word in _WORD.findall(text):
                found |= {word, "_" + word}
    return found


def _used(path: str, tree: ast.Module, known: Scope) -> set[Thing]:
    """What the file names at the top of modules, but for a function's own name inside itself."""
    found: set[Thing] = set()
    for node in tree.body:
        own = (path, node.name) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
        found |= {thing for thing, _ in known.uses(node) if thing != own}
    return found


def _drop(path: str, tree: ast.Module, names: set[str], used: set[Thing], roots: frozenset[str]) -> bool:
    """Remove what is not kept; True if something was."""
    size = len(tree.body)
    tree.body = [node for node in tree.body if not _useless(node) or any(
        name in roots or name.startswith("__") or (path, name) in used for name in defined(node)
    )]  # fmt: skip
    dropped = len(tree.body) != size
    for holder in tree.body:
        if isinstance(holder, ast.ClassDef):
            body = [
                node
                for node in holder.body
                if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
                or node.name in names
                or node.name.startswith("__")
            ]
            dropped = dropped or len(body) != len(holder.body)
            holder.body = body or [ast.Pass()]
    return dropped


def _drop_imports(path: str, tree: ast.Module, used: set[Thing], roots: frozenset[str]) -> bool:
    """Remove what is imported for nothing, also in functions; True if something was."""
    read = roots | {name for file, name in used if file == path}
    read = read.union(*[_named(node) for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Attribute))])
    dropped = False
    for holder in ast.walk(tree):
        body = getattr(holder, "body", None)
        if not isinstance(body, list):
            continue
        for node in body:
            if isinstance(node, ast.ImportFrom):
                aliases = [alias for alias in node.names if (alias.asname or alias.name) in read]
                dropped = dropped or len(aliases) != len(node.names)
                node.names = aliases
        body[:] = [node for node in body if not (isinstance(node, ast.ImportFrom) and not node.names)] or (
            [] if holder is tree else [ast.Pass()]
        )
    return dropped


def _useless(node: ast.stmt) -> bool:
    """Whether a statement at the top of a module does nothing but define what it is named after."""
    match node:
        case ast.Assign(value=value):
            return bool(defined(node)) and not any(map(_does_something, ast.walk(value)))
    return bool(defined(node))


def _does_something(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="const" | "namedtuple" | "bytes")):
            return False
    return isinstance(node, ast.Call)


def _without_docstrings(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
