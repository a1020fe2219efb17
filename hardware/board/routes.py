"""``routes.txt``: the router's tracks and vias, and the hashes of what they solve and of themselves."""

import hashlib
from pathlib import Path

from hardware.board.track import BACK, FRONT, Copper, Track, Via
from hardware.part import HardwareError

FILE = Path(__file__).resolve().parent / "routes.txt"
KICAD = "9.0.8"
"""The version whose footprints the committed routes join; other libraries may have other pads."""
AGAIN = "run python -m hardware.board.route, look at the result and commit routes.txt"
_SOLVES, _LINES = "# problem sha256 ", "# lines sha256 "


def write(lines: list[str], problem: str) -> str:
    """The file's text: ``lines`` as the router gave them, sorted, below the two hashes."""
    body = sorted(lines)
    head = [
        "# Made by hardware/board/router.cpp. Millimetres: track NET LAYER X Y X Y WIDTH, via NET X Y.",
        _SOLVES + problem,
        _LINES + _digest(body),
    ]
    return "\n".join(head + body) + "\n"


def read(text: str) -> tuple[Copper, str, str]:
    """The copper, the hash of the problem it solves, and what is wrong with the lines themselves (``""``: nothing).
    Raises HardwareError with the number of a line that says neither track nor via."""
    solves = lines_hash = ""
    tracks, vias, body = [], [], []
    for count, line in enumerate(text.splitlines(), 1):
        if line.startswith(_SOLVES):
            solves = line.removeprefix(_SOLVES)
        elif line.startswith(_LINES):
            lines_hash = line.removeprefix(_LINES)
        elif line and not line.startswith("#"):
            body.append(line)
            try:
                made = _line(line.split())
            except (ValueError, IndexError):
                raise HardwareError(
                    f"routes.txt, line {count}: {line!r} is neither a track nor a via; {AGAIN}"
                ) from None
            if isinstance(made, Via):
                vias.append(made)
            else:
                tracks.append(made)
    changed = "" if _digest(body) == lines_hash else f"routes.txt was changed by hand ({len(body)} lines); {AGAIN}"
    return Copper(tuple(tracks), tuple(vias)), solves, changed


def _line(words: list[str]) -> Track | Via:
    if words[0] == "via" and len(words) == 4:
        return Via(words[1], (float(words[2]), float(words[3])))
    if words[0] == "track" and len(words) == 8 and words[2] in (FRONT, BACK):
        x1, y1, x2, y2, width = (float(word) for word in words[3:])
        return Track(words[1], words[2], (x1, y1), (x2, y2), width)
    raise ValueError


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
