"""Routes the board anew: ``python -m hardware.board.route``. Needed after a change of netlist, placement or copper by
hand; takes a minute or two, tells each pass, and writes ``routes.txt``.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from hardware import tool
from hardware.board import joined, problem, routes
from hardware.board.assemble import assemble
from hardware.part import HardwareError

ROUTER = Path(__file__).resolve().parent / "router.cpp"


def solve(text: str) -> list[str]:
    """The router's lines for a problem; what it says goes to our standard error as it says it. Raises HardwareError if
    nets are left."""
    with tempfile.TemporaryDirectory(prefix="hcp-route-") as folder:
        program, given, found = (Path(folder) / name for name in ("router", "problem.txt", "routes.txt"))
        tool.run(["g++", "-O2", "-std=c++17", "-ffp-contract=off", "-o", program, ROUTER])
        given.write_text(text, encoding="utf-8")
        done = subprocess.run([program, given, found], check=False)  # noqa: S603 (built just now)
        if done.returncode:
            raise HardwareError("the router gave up on the nets named above: make room for them in placement.py")
        return found.read_text(encoding="utf-8").splitlines()


def main() -> int:
    made = assemble()
    file = routes.write(solve(made.problem), problem.digest(made.problem))
    copper, _, _ = routes.read(file)
    if wrong := joined.complaints(made.layout.nets, made.layout.pads, made.by_hand + copper):
        raise HardwareError("; ".join(wrong))
    routes.FILE.write_text(file, encoding="utf-8")
    print(f"{routes.FILE}: {len(copper.tracks)} tracks, {len(copper.vias)} vias")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HardwareError as error:
        sys.exit(str(error))
