"""The deciding code touches no world, device code runs on a device, and no file names a machine.

Imports are read from the syntax tree, so code that is not reached counts too. What a file may import is a list of
allowed modules: a new one is a decision that shows in a review, here.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import micropython

ROOT = Path(__file__).resolve().parent.parent

#: Runs on hosts only, although it lies in a folder of the device.
HOST_ONLY = {"protocol/signature.py", "protocol/identity.py", "firmware/crypto/make_table.py"}

#: No clock, socket, file, thread or chance in these: what comes out follows from what goes in.
PURE = """
    abc base64 binascii bisect collections contextlib copy csv dataclasses datetime decimal email.utils enum fractions
    functools hashlib heapq hmac html ipaddress itertools json math operator re statistics string struct textwrap
    tomllib types typing unicodedata urllib.parse zlib
    cbor2 cryptography pydantic
    protocol
""".split()

#: On both runtimes, and pure.
PORTABLE = "array binascii collections errno hashlib json math struct protocol".split()

#: MicroPython's own modules on the chip, `hcp_board`, by which each device brings its board, and `slots`, the loader
#: above both sets of firmware. `ssl` is missing on purpose: unlike `tls` it does not verify by default.
ON_THE_CHIP = """
    array asyncio binascii collections cryptolib deflate errno esp32 framebuf gc hashlib heapq io json machine math
    micropython network os random re select socket struct sys time tls uctypes vfs
    protocol firmware hcp_board slots
""".split()

#: The doors of the world, and calls of allowed modules that ask the clock.
IMPURE_CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
CLOCK_METHODS = {"now", "utcnow", "today", "formatdate", "localtime", "make_msgid", "ticks_ms", "monotonic"}


def modules(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, wherever it stands, except under ``if TYPE_CHECKING:``."""
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = "." * node.level + (node.module or "")
        yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
    else:
        typing_only = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for child in node.orelse if isinstance(node, ast.If) and typing_only else ast.iter_child_nodes(node):
            yield from modules(child)


def foreign(tree: ast.AST, allowed: list[str]) -> list[str]:
    """Imports outside the allowed modules."""
    return [
        f"line {line}: imports {name}"
        for line, name in modules(tree)
        if not any(name == module or name.startswith(module + ".") for module in allowed)
    ]


def impure(tree: ast.AST) -> list[str]:
    """Calls that reach out of the program or ask what time it is."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            found.append(f"line {node.lineno}: calls {node.func.id}()")
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_METHODS:
            found.append(f"line {node.lineno}: asks the clock with .{node.func.attr}()")
    return found


def wrong_on_a_device(tree: ast.AST) -> list[str]:
    """What MicroPython gets wrong without a word, or cannot import: modular inverses, and what is for hosts only."""
    found = [
        f"line {line}: imports {name}, which hosts alone have"
        for line, name in modules(tree)
        if name.startswith(("protocol.signature", "protocol.identity"))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pow":
            if len(node.args) == 3 and isinstance(node.args[1], ast.UnaryOp) and isinstance(node.args[1].op, ast.USub):
                found.append(f"line {node.lineno}: pow() with a negative exponent is 0 there, not the inverse")
        if isinstance(node, ast.Match):
            found.append(f"line {node.lineno}: match does not exist there")
    return found


def files(folder: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*.py"))


def read(name: str) -> ast.AST:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"), name)


DEVICE_FILES = [name for name in files("protocol") + files("firmware") if name not in HOST_ONLY]


@pytest.mark.parametrize("folder", ["protocol", "gateway/core", "central/core"])
def test_deciding_code_touches_no_world(folder):
    own = [folder.replace("/", ".")]
    found = [
        f"{name} {complaint}"
        for name in files(folder)
        for complaint in foreign(read(name), PURE + own) + impure(read(name))
    ]
    assert files(folder) and not found, "\n".join(found)


def test_device_code_uses_only_what_a_device_has():
    found = [
        f"{name} {complaint}"
        for name in DEVICE_FILES
        for allowed in [PORTABLE if name.startswith("protocol/") else ON_THE_CHIP]
        for complaint in foreign(read(name), allowed) + wrong_on_a_device(read(name))
    ]
    assert DEVICE_FILES and not found, "\n".join(found)


def test_the_vm_has_the_allowed_modules_and_parses_every_device_file():
    chip_only = {"esp32", "network", "firmware", "hcp_board", "slots"}
    names = sorted({*ON_THE_CHIP, *PORTABLE} - chip_only)
    program = f"for name in {names!r}:\n    __import__(name)\n"
    program += f"for name in {[str(ROOT / name) for name in DEVICE_FILES]!r}:\n"
    program += "    with open(name) as file:\n        compile(file.read(), name, 'exec')\nprint('all of them')"
    assert micropython.run(program, heap="8M").strip() == "all of them"


@pytest.mark.parametrize(
    ("check", "source"),
    [
        ("pure", "import time"),
        ("pure", "def f():\n  from time import monotonic"),
        ("pure", "try:\n  import socket\nexcept ImportError: pass"),
        ("pure", "from os import path"),
        ("pure", "import urllib.request"),
        ("pure", "from urllib import request"),
        ("pure", "import email"),
        ("pure", "from . import store"),
        ("pure", "from gateway.store import Store"),
        ("pure", "if TYPE_CHECKING:\n  import abc\nelse:\n  import random"),
        ("calls", "import datetime\ndatetime.datetime.now()"),
        ("calls", "date.today()"),
        ("calls", "open('x')"),
        ("device", "from dataclasses import dataclass"),
        ("device", "import ssl"),
        ("device", "from typing import Any"),
        ("quirk", "x = pow(a, -1, n)"),
        ("quirk", "from protocol import signature"),
        ("quirk", "match x:\n  case 1: pass"),
    ],
)
def test_the_checks_see(check, source):
    tree = ast.parse(source)
    found = {
        "pure": foreign(tree, [*PURE, "gateway.core"]),
        "calls": impure(tree),
        "device": foreign(tree, ON_THE_CHIP),
        "quirk": wrong_on_a_device(tree),
    }
    assert len(found[check]) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from urllib import parse\nfrom datetime import datetime, timedelta\nimport collections.abc",
        "from gateway.core import times\nfrom gateway.core.times import now_of\nnow = verdict(now)",
        "if TYPE_CHECKING:\n  from pathlib import Path",
        "x = pow(a, 3, n)",
    ],
)
def test_the_checks_let_pass(source):
    tree = ast.parse(source)
    assert foreign(tree, [*PURE, "gateway.core"]) + impure(tree) + wrong_on_a_device(tree) == []


# The files themselves. Each pattern is written so that it does not match its own line.
FORBIDDEN = {
    "a registry's host": r"files\.pythonhosted|pypi\.org/simple|registry\.npmjs|index-url\s*[= ]\s*\w|/opt/[pw]",
    "a path of one machine": r"(?<![\w.~])/([w]ork|[r]oot|[h]ome/\w+|[U]sers/\w+)/",
    "an unfinished line": r"\b(TO[D]O|FIX[M]E|XX[X])\b",
}


def text_files() -> Iterator[tuple[str, str]]:
    """Name and text of every file that is committed, or would be by `git add .`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(p) for p in ROOT.rglob("*")]
    for name in names:
        path = ROOT / name
        hidden = listed.returncode != 0 and any(part.startswith(".v") for part in path.parts)
        if name and path.is_file() and not hidden:
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture or a database


def smells(text: str) -> list[str]:
    return [
        f"line {number}: {what}: {line.strip()[:80]}"
        for what, pattern in FORBIDDEN.items()
        if re.search(pattern, text)
        for number, line in enumerate(text.splitlines(), 1)
        if re.search(pattern, line)
    ]


def test_no_file_names_a_machine_or_a_registry_or_is_unfinished():
    found = [f"{name} {smell}" for name, text in text_files() for smell in smells(text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "see /wo" + "rk/main/x",
        "cd /ho" + "me/ann/src",
        "# TO" + "DO: later",
        "https://files.python" + "hosted.org/x",
        "--index" + "-url=https://x",
    ],
)
def test_the_smells_are_smelt(line):
    assert len(smells("fine\n" + line)) == 1
    assert smells("a/work/list and the todo of the TODOS table at ~/home") == []
