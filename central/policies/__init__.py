"""The policies that come with this program, one TOML file for each regulation, and the national indicators."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from central.core import overrides, policy
from central.core.policy import Policy, PolicyError
from central.core.policy_words import InForce

INDICATORS = "indicators.toml"


def names() -> list[str]:
    """What can be chosen, in alphabetical order."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return sorted(file.removesuffix(".toml") for file in files if file.endswith(".toml") and file != INDICATORS)


@cache
def load(name: str) -> Policy:
    """One of them. Raises PolicyError."""
    if name not in names():
        raise PolicyError("policies", "policy", f" {'、'.join(names())} 之一", f" {name!r:.60}")
    file = f"{name}.toml"
    found = policy.read(file, resources.files(__name__).joinpath(file).read_bytes())
    if found.policy != name:
        raise PolicyError(file, "policy", f" {name}", f" {found.policy}")
    return found


def in_force(chosen: str | Path, changes: Path | None = None) -> InForce:
    """The policy that a deployment chose, or a file of its own, with its overrides. Raises PolicyError."""
    base = policy.read(str(chosen), _bytes(chosen)) if isinstance(chosen, Path) else load(chosen)
    if changes is None:
        return InForce(base, base)
    return overrides.read(str(changes), _bytes(changes), base)


@cache
def national() -> dict[str, Any]:
    """The national indicators with their version."""
    return tomllib.loads(resources.files(__name__).joinpath(INDICATORS).read_text(encoding="utf-8"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError(str(path), "-", "可以读取的文件", f"不能读取（{error.strerror}）") from None
