"""KiCad's s-expressions: text to nested lists and back.

A list is a Python list whose first item names it; a bare word is ``str``, a quoted text is ``Text``, and numbers stay
the words they were read as, so that what is only passed on is written as it came. Numbers that we write are ``int`` or
``float``.
"""

import re
from typing import Any, TypeAlias

from hardware.part import HardwareError

#: An item of a list: a word, a Text, a number, or another list.
Item: TypeAlias = Any
Node: TypeAlias = list[Item]

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_DECIMALS = 6  # KiCad's own unit is a nanometre


class Text(str):
    """A quoted text; without the quotes and escapes."""

    __slots__ = ()


def parse(text: str) -> Node:
    """The one list that a file holds. Raises HardwareError."""
    stack: list[Node] = []
    top: Node = []
    end = 0
    for match in _TOKEN.finditer(text):
        _skipped(text, end, match.start())
        end = match.end()
        opens, closes, quoted, word = match.groups()
        if word is not None:
            top.append(word)
        elif quoted is not None:
            top.append(Text(_unescape(quoted) if "\\" in quoted else quoted))
        elif opens:
            stack.append(top)
            top = []
        elif closes:
            if not stack:
                raise HardwareError(f"s-expression: one bracket too many at character {match.start()}")
            done = top
            top = stack.pop()
            top.append(done)
    _skipped(text, end, len(text))
    if stack:
        raise HardwareError(f"s-expression: {len(stack)} brackets stay open")
    if len(top) != 1 or not isinstance(top[0], list):
        raise HardwareError(f"s-expression: expected one list, got {len(top)} items")
    return top[0]


def write(node: Node) -> str:
    """A list as KiCad formats it: lists inside on lines of their own, tabs."""
    lines: list[str] = []
    _write(node, 0, lines)
    return "\n".join(lines) + "\n"


def find(node: Node, name: str) -> Node | None:
    """The first list inside ``node`` that is called ``name``."""
    return next((item for item in node if isinstance(item, list) and item and item[0] == name), None)


def find_all(node: Node, name: str) -> list[Node]:
    """All lists directly inside ``node`` that are called ``name``."""
    return [item for item in node if isinstance(item, list) and item and item[0] == name]


def need(node: Node, name: str) -> Node:
    """As find, for what has to be there. Raises HardwareError."""
    found = find(node, name)
    if found is None:
        raise HardwareError(f"s-expression: ({node[0]} ...) has no ({name} ...)")
    return found


def number(value: float) -> str:
    """A number as KiCad writes it: six decimals at most, none needlessly, no negative zero."""
    if isinstance(value, int):
        return str(value)
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _skipped(text: str, begin: int, end: int) -> None:
    """Raises HardwareError if more than blanks stand between two tokens: nothing else is no token."""
    rest = text[begin:end].lstrip()
    if rest:
        raise HardwareError(f"s-expression: the quote at character {end - len(rest)} is not closed")


def _write(node: Node, depth: int, lines: list[str]) -> None:
    flat = [_atom(item) for item in node if not isinstance(item, list)]
    inner = [item for item in node if isinstance(item, list)]
    head = "\t" * depth + "(" + " ".join(flat)
    if not inner:
        lines.append(head + ")")
        return
    lines.append(head)
    for item in inner:
        _write(item, depth + 1, lines)
    lines.append("\t" * depth + ")")


def _atom(item: Item) -> str:
    if isinstance(item, Text):
        escaped = item.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    if isinstance(item, str):
        return item
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, (int, float)):
        return number(item)
    raise HardwareError(f"s-expression: cannot write a {type(item).__name__}: {item!r}")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text)
