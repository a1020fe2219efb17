"""Who names what in a tree of sources that ships: modules, and what stands at the top of them, exactly."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Thing = tuple[str, str]  # the file that defines it, and its name there


@dataclass(frozen=True)
class Scope:
    """What one file calls its own things and those of others: ``things`` by name, ``modules`` as paths by name.

    A name may mean several: two branches may import two things under one name, and who imports a thing passes it on.
    """

    things: Mapping[str, set[Thing]]
    modules: Mapping[str, set[str]]
    others: "Mapping[str, Scope]"

    def uses(self, part: ast.AST) -> Iterator[tuple[Thing, ast.expr]]:
        """Every thing that a part of the file names, and where; a definition's own name is none."""
        for node in ast.walk(part):
            found: set[Thing] = set()
            match node:
                case ast.Name(id=name, ctx=ast.Load()):
                    found = self.things.get(name, set())
                case ast.Attribute(value=ast.Name(id=module), attr=name):
                    found = {(path, name) for path in self.modules.get(module, ())}
                case _:
                    continue
            yield from ((thing, node) for thing in self._with_origins(found))

    def _with_origins(self, things: set[Thing]) -> set[Thing]:
        # a thing asked of a file that only imported it is also the thing that was imported
        found = set(things)
        waiting = list(things)
        while waiting:
            path, name = waiting.pop()
            other = self.others.get(path)
            new = (other.things.get(name, set()) if other else set()) - found
            found |= new
            waiting += new
        return found


def scopes(trees: Mapping[str, ast.Module]) -> dict[str, Scope]:
    """Of all files (path → tree); imports inside functions count as their files' own."""
    found: dict[str, Scope] = {}
    for path, tree in trees.items():
        things: dict[str, set[Thing]] = {name: {(path, name)} for node in tree.body for name in defined(node)}
        modules: dict[str, set[str]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                folder = node.module.replace(".", "/")
                for alias in node.names:
                    known = alias.asname or alias.name
                    things.setdefault(known, set()).add((f"{folder}.py", alias.name))
                    modules.setdefault(known, set()).add(f"{folder}/{alias.name}.py")
        found[path] = Scope(things, modules, found)
    return found


def defined(node: ast.stmt) -> tuple[str, ...]:
    """The names that a statement at the top of a module defines, if it is one that could be left out."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Assign(targets=[ast.Name(id=name)]):
            return (name,)
    return ()


def reached(sources: Mapping[str, str], started: Iterable[str]) -> dict[str, str]:
    """Of the sources (path → text) those that ``started`` can import, and themselves. Raises SyntaxError."""
    found: dict[str, str] = {}
    waiting = list(started)
    while waiting:
        path = waiting.pop()
        if path in found or path not in sources:
            continue
        found[path] = sources[path]
        for node in ast.walk(ast.parse(sources[path], path)):
            match node:
                case ast.ImportFrom(module=str(module), names=aliases):
                    waiting += _files(module)
                    for alias in aliases:
                        waiting += _files(f"{module}.{alias.name}")
                case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(module))]):
                    waiting += _files(module)
    return {path: text for path, text in sources.items() if path in found}


def _files(module: str) -> list[str]:
    """Where a module may be, and the packages around it."""
    parts = module.split(".")
    packages = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
    return [*packages, "/".join(parts) + ".py"]
