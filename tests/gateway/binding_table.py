"""The tables of binding and timeline as docs/binding.md shows them: `python -m tests.gateway.binding_table` prints all.

A test compares. After a change of a rule, put what this prints in the place of what stands there.
"""

import inspect

from gateway.core import timeline
from gateway.core.binding import RULES, VERSION


def rules() -> str:
    """The rules in their order, from their docstrings."""
    lines = ["| # | rule | 含义 meaning |", "|---|---|---|"]
    for number, (rule, function) in enumerate(RULES, 1):
        lines.append(f"| {number} | `{rule}` | {' '.join(str(inspect.getdoc(function)).split())} |")
    return "\n".join(lines) + "\n"


def diagram() -> str:
    """The rules as a Mermaid flow chart: the first that answers decides."""
    lines = ["flowchart TD", f"    start([press, rules version {VERSION}]) --> {RULES[0][0]}"]
    for (rule, _), (following, _) in zip(RULES, RULES[1:], strict=False):
        lines += [f"    {rule}{{{rule}?}} -- yes --> {rule}_decides([decided])", f"    {rule} -- no --> {following}"]
    lines.append(f"    {RULES[-1][0]}([{RULES[-1][0]}])")
    return "\n".join(lines) + "\n"


def servings() -> str:
    """The table in the docstring of gateway/core/timeline.py, just as it stands there."""
    lines = [line for line in str(inspect.getdoc(timeline)).splitlines() if line.startswith("    ")]
    return inspect.cleandoc("\n" + "\n".join(lines)) + "\n"


if __name__ == "__main__":
    print(rules(), diagram(), servings(), sep="\n", end="")
