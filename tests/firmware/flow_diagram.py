"""The table of firmware/flow.py as a picture: `python -m tests.firmware.flow_diagram` prints that of docs/flow.md."""

from firmware.flow import TABLE


def diagram() -> str:
    """The table as a Mermaid state diagram; docs/flow.md holds it, and a test compares."""
    lines = ["stateDiagram-v2", "    state rest <<choice>>", "    [*] --> rest"]
    for state in ("paused", "full", "armed", "idle"):
        lines.append("    rest --> " + state)
    for state, kind in sorted(TABLE):
        handler, target = TABLE[(state, kind)]
        lines.append(f"    {state} --> {target}: {kind} / {handler}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(diagram(), end="")
