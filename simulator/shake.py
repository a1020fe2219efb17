"""Leave out of what ships the functions and constants that nothing on the device names: one tree, two runtimes, and a
chip whose heap holds every byte of bytecode. Constants that are integers go into the code where they are named.

By name only, so it errs on the side of keeping: a definition stays if its name occurs anywhere else in what is kept, as
a name, an attribute, an import, or a word of a string (tables of handlers name methods without their underscore).
"""

import ast
import re
from collections.abc import Mapping

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shaken(sources: Mapping[str, str], roots: frozenset[str] = frozenset()) -> dict[str, str]:
    """The sources (name → text) without what nothing names; ``roots`` are names that stay whoever needs them.

    Raises SyntaxError.
    """
    trees = {name: ast.parse(text, name) for name, text in sources.items()}
    numbers = {name: _numbers(tree) for name, tree in trees.items()}
    for name, tree in trees.items():
        _without_docstrings(tree)
        _Inline(name, tree, numbers).visit(tree)
    while True:
        kept = set(roots)
        for tree in trees.values():
            kept |= _named(tree)
        if not any([_drop(tree, kept) for tree in trees.values()]):
            return {name: ast.unparse(tree) for name, tree in trees.items()}


def _numbers(tree: ast.Module) -> dict[str, int]:
    """The integers that a module names once and never sets again."""
    stored = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    stored += [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                if type(value) is int and stored.count(name) == 1:
                    found[name] = value
    return found


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


def _drop(tree: ast.Module, kept: set[str]) -> bool:
    """Remove what is not kept; True if something was."""
    dropped = False
    holders: list[ast.Module | ast.ClassDef] = [tree, *[node for node in tree.body if isinstance(node, ast.ClassDef)]]
    for holder in holders:
        body = [node for node in holder.body if not _useless(node, kept, holder is tree)]
        dropped = dropped or len(body) != len(holder.body)
        holder.body = body or [ast.Pass()]
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    used = set().union(*[_named(node) for node in tree.body if not isinstance(node, (ast.ImportFrom, ast.Import))])
    for node in imported:
        names = [alias for alias in node.names if (alias.asname or alias.name) in used]
        dropped = dropped or len(names) != len(node.names)
        node.names = names
    tree.body = [node for node in tree.body if not (isinstance(node, ast.ImportFrom) and not node.names)]
    return dropped


def _useless(node: ast.stmt, kept: set[str], top: bool) -> bool:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name not in kept and not name.startswith("__")
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return top and name not in kept and not any(isinstance(part, ast.Call) for part in ast.walk(value))
    return False


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
