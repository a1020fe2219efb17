"""What is imported is declared, and what is declared is pinned: a fresh environment has everything."""

import ast
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from tests.test_purity import DEVICE_FILES, modules, text_files

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normal(distribution: str) -> str:
    """A distribution's name as indexes compare it (PEP 503), without version and extras."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", distribution.strip())[0]).lower()  # type: ignore[index]


EXTRAS = {name: {normal(line) for line in lines} for name, lines in PROJECT["optional-dependencies"].items()}
RUN = {normal(line) for line in PROJECT["dependencies"]}
TEST = RUN | EXTRAS["test"]
#: KiCad's module belongs to the distribution's Python, which runs the scripts that import it.
HARDWARE = RUN | EXTRAS["hardware"] | {"pcbnew"}
#: The start of a file's name → what it may import; the first that fits counts.
ALLOWED = {"tests/hardware/": TEST | HARDWARE, "tests/": TEST, "hardware/": HARDWARE, "": RUN}
#: Importable module → the distributions that bring it. The hardware's may not be installed: then the name has to do.
OWNERS = metadata.packages_distributions()


def undeclared(name: str, source: str) -> list[str]:
    """Imports of a host file whose distribution pyproject.toml does not name."""
    declared = next(allowed for start, allowed in ALLOWED.items() if name.startswith(start))
    top = {full.split(".")[0] for _, full in modules(ast.parse(source, name))}
    foreign = {module for module in top if module not in sys.stdlib_module_names and not (ROOT / module).is_dir()}
    return [
        f"{name} imports {module}; pyproject.toml does not declare {' or '.join(OWNERS.get(module, ['it']))}"
        for module in sorted(foreign)
        if not any(normal(owner) in declared for owner in OWNERS.get(module, [module]))
    ]


def test_every_import_is_declared():
    found = [
        complaint
        for name, text in text_files()
        if name.endswith(".py")
        and name not in DEVICE_FILES
        and not name.startswith(("simulator/vm/", "simulator/fakes/"))
        and name != "simulator/rival_child.py"  # runs in the rival's own environment
        for complaint in undeclared(name, text)
    ]
    assert not found, "\n".join(found)


def test_every_declared_distribution_is_pinned():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line) for line in pins if re.fullmatch(r"[\w.-]+==[\w.+!]+", line)}
    assert len(pinned) == len([line for line in pins if line and not line.startswith("#")])
    assert RUN.union(*EXTRAS.values()) - pinned == set(), "try: make pins"


def test_an_undeclared_import_is_seen():
    source = "import os\nimport httpx\nfrom gateway import core\nimport nowhere\nimport hypothesis"
    assert [line.split()[2] for line in undeclared("gateway/x.py", source)] == ["hypothesis;", "nowhere;"]
    assert [line.split()[2] for line in undeclared("tests/x.py", source)] == ["nowhere;"]
    drawn = "import build123d\nimport pcbnew\nimport hypothesis"
    assert [line.split()[2] for line in undeclared("hardware/x.py", drawn)] == ["hypothesis;"]
    assert [line.split()[2] for line in undeclared("hcp/x.py", drawn)] == ["build123d;", "hypothesis;", "pcbnew;"]
