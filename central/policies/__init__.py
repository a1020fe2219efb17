"""The policies that come with this program, one TOML file for each regulation."""

from functools import cache
from importlib import resources

from central.core import policy
from central.core.policy import Policy, PolicyError


def names() -> list[str]:
    """What can be chosen, in alphabetical order."""
    return sorted(entry.name.removesuffix(".toml") for entry in resources.files(__name__).iterdir() if _is(entry.name))


@cache
def load(name: str) -> Policy:
    """One of them. Raises PolicyError."""
    if name not in names():
        raise PolicyError("policies", name, f"one of {', '.join(names())}", repr(name)[:60])
    file = f"{name}.toml"
    found = policy.read(file, resources.files(__name__).joinpath(file).read_bytes())
    if found.policy != name:
        raise PolicyError(file, "policy", name, found.policy)
    return found


def _is(file: str) -> bool:
    return file.endswith(".toml")
