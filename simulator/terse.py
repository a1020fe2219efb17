"""Leave out of what ships the words for people that a device has nobody to say to.

A host's error says what was expected and what came; a device counts the frame and logs the code (spec 10). So the
details of a ``ProtocolError`` go, and in ``protocol/`` and ``firmware/crypto/`` the texts of ValueError and TypeError:
the type says all that a device acts on. What then is a parameter that its function never reads goes as well, with the
arguments that it is given.
"""

import ast
from collections import Counter
from collections.abc import Mapping

from simulator.tree import Thing, scopes

#: How many arguments an exception keeps, and where.
_KEPT = {"ProtocolError": (1, ""), "ValueError": (0, "protocol/ firmware/crypto/"), "TypeError": (0, "protocol/")}
#: Calls that an argument may make and still go: they only look.
_LOOKS = {"len", "repr", "str", "type", "sorted_keys"}


def terse(sources: Mapping[str, str]) -> dict[str, str]:
    """The sources (path → text) without these words. Raises SyntaxError."""
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    for path, tree in trees.items():
        _without_details(path, tree)
    while _without_unread(trees):
        pass
    return {path: ast.unparse(tree) for path, tree in trees.items()}


def _without_details(path: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name)) as call) if name in _KEPT:
                count, folders = _KEPT[name]
                if not folders or path.startswith(tuple(folders.split())):
                    call.args = call.args[:count]


def _without_unread(trees: Mapping[str, ast.Module]) -> bool:
    """Drop the parameters that nothing reads; True if there were any."""
    functions = {
        (path, node.name): node
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and _is_plain(node)
    }
    calls: dict[Thing, list[ast.Call]] = {function: [] for function in functions}
    known = scopes(trees)
    for path, tree in trees.items():
        called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        uses = list(known[path].uses(tree))
        meanings = Counter(id(use) for _, use in uses)
        for function, use in uses:
            if function not in calls:
                continue
            call = called.get(id(use)) if meanings[id(use)] == 1 else None
            if call is None or call.keywords or any(isinstance(value, ast.Starred) for value in call.args):
                del calls[function]  # somebody holds it, or how it is called cannot be told
            else:
                calls[function].append(call)
    dropped = False
    for function, where in calls.items():
        node = functions[function]
        read = {name.id for part in node.body for name in ast.walk(part) if isinstance(name, ast.Name)}
        for at in reversed(range(len(node.args.args))):
            given = [call.args[at] for call in where if at < len(call.args)]
            if node.args.args[at].arg in read or not where or not all(map(_only_looks, given)):
                continue
            defaults = len(node.args.args) - at
            if defaults <= len(node.args.defaults):
                del node.args.defaults[-defaults]
            del node.args.args[at]
            for call in where:
                del call.args[at : at + 1]
            dropped = True
    return dropped


def _is_plain(node: ast.FunctionDef) -> bool:
    args = node.args
    return not (node.decorator_list or args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs)


def _only_looks(value: ast.expr) -> bool:
    for node in ast.walk(value):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _LOOKS:
                continue
            case ast.Call() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
                return False
    return True
