"""The table of central/core/loop.py as a picture: `python -m tests.central.loop_diagram` for docs/loop.md."""

from central.core.handling import ACTION_TITLES, OPEN, STATE_TITLES, TERMINAL, TIMED, Action, State
from central.core.loop import OWNERS, TABLE
from central.core.parties import TITLES

#: In every open state, and leading nowhere else: said once below the picture.
EVERYWHERE = {Action.SUPERVISE, Action.OVERDUE, Action.ESCALATE}


def diagram() -> str:
    """The table as a Mermaid state diagram; docs/loop.md holds it, and a test compares."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state}: {STATE_TITLES[state]}" for state in State]
    lines.append("    [*] --> arrived")
    for (state, action), step in sorted(TABLE.items()):
        if action in EVERYWHERE:
            continue
        by = TITLES[step.by] if step.by else "申诉人"
        for when, target in step.to:
            note = f" [{when}]" if when else ""
            lines.append(f"    {state} --> {target}: {by} / {ACTION_TITLES[action]}{note}")
    lines += [f"    {state} --> [*]" for state in sorted(TERMINAL)]
    return "\n".join(lines) + "\n"


def table() -> str:
    """States with their owner and the ways out of them."""
    lines = ["| 状态 | state | whose turn | ways out |", "|---|---|---|---|"]
    for state in State:
        owner = TITLES[OWNERS[state]] if state in OPEN else "—"
        out = [
            f"{ACTION_TITLES[action]}{'（期限届满）' if action in TIMED else ''}"
            for (at, action), step in sorted(TABLE.items())
            if at is state and any(target is not state for _, target in step.to)
        ]
        lines.append(f"| {STATE_TITLES[state]} | {state} | {owner} | {'、'.join(out)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(f"```mermaid\n{diagram()}```\n\n{table()}", end="")
