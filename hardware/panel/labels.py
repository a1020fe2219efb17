"""Which fronts there are: one for each set of words that the policies give their five levels."""

from dataclasses import dataclass

from central import policies
from central.core.sections import Labels
from hardware.part import HardwareError
from protocol import levels

#: Where a policy gives no words of its own for the prompt at the window.
TITLE = "请对本次服务进行评价"


@dataclass(frozen=True)
class Wording:
    """``labels`` from one star to five, as the keys stand from left to right. ``policies`` use it; a name with 可选 may
    use it beside its own (兰州)."""

    name: str
    title: str
    labels: tuple[str, ...]
    policies: tuple[str, ...]


def wordings() -> list[Wording]:
    """Equal fronts are one. Raises HardwareError for a policy that does not name all five levels."""
    users: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in policies.names():
        policy = policies.load(name)
        if policy.levels.names is None:
            raise HardwareError(f"panel: central/policies/{name}.toml names no levels; a front needs all five")
        prompt = policy.prompts.window
        title = prompt.words if prompt and prompt.words else TITLE
        users.setdefault((title, _in_order(policy.levels.names)), []).append(name)
        if policy.levels.alternative:
            users.setdefault((title, _in_order(policy.levels.alternative)), []).append(f"{name}（可选）")
    return [
        Wording(_name(title, labels, names[0]), title, labels, tuple(names)) for (title, labels), names in users.items()
    ]


def _in_order(names: Labels) -> tuple[str, ...]:
    by_level = names.by_level()
    return tuple(by_level[level] for level in levels.NAMES)


def _name(title: str, labels: tuple[str, ...], policy: str) -> str:
    """By the number of the device's label set (spec 5.3), or by the policy that alone has these words."""
    number = next((number for number, known in levels.LABELS.items() if known == labels), None)
    return f"labels-{number}" if number and title == TITLE else f"labels-{policy}"
