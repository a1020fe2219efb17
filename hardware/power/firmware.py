"""What the firmware lets the device draw: read from its text, because importing it needs a board.

A limit that has moved in the firmware must move in the budget as well; so a name that is no longer there is an error.
"""

import ast
import sys
import wave
from array import array
from dataclasses import dataclass
from pathlib import Path

from hardware.part import HardwareError

ROOT = Path(__file__).resolve().parents[2]
PINS = Path("firmware/boards/pins.py")
STARS = Path("firmware/drivers/stars.py")
VOICE = Path("firmware/drivers/voice.py")
BOARD = Path("firmware/boards/esp32s3.py")
RECORDINGS = Path("firmware/voice")


@dataclass(frozen=True)
class Allowed:
    """``brightest`` of 255; ``backlight`` 0 to 1; ``quieter``: how often the default halves the amplitude of the voice.

    ``loudness`` is the greatest mean power of a shipped recording, as a share of a sine's at full scale.
    """

    brightest: int
    stars: int
    quieter: int
    backlight: float
    loudness: float


def read(root: Path = ROOT) -> Allowed:
    """Raises HardwareError, naming file and constant, if one is gone or is not held to any more."""
    pins, stars, voice, board = (_tree(root, path) for path in (PINS, STARS, VOICE, BOARD))
    for name, tree, path in (("STARS_BRIGHTEST", stars, STARS), ("BACKLIGHT_DUTY_PCT", board, BOARD)):
        if not any(isinstance(node, ast.Name | ast.Attribute) and _called(node) == name for node in ast.walk(tree)):
            raise HardwareError(f"{path} does not hold to {name} of {PINS.name} any more, and the power budget does")
    recordings = sorted((root / RECORDINGS).glob("*.wav"))
    if not recordings:
        raise HardwareError(f"{RECORDINGS} has no recording to take the typical loudness from")
    return Allowed(
        brightest=_constant(pins, "STARS_BRIGHTEST", PINS),
        stars=_constant(pins, "STARS_COUNT", PINS),
        quieter=_default(voice, "quieter", VOICE),
        backlight=_constant(pins, "BACKLIGHT_DUTY_PCT", PINS) / 100,
        loudness=max(map(loudness, recordings)),
    )


def loudness(path: Path) -> float:
    """Mean power of a recording of 16 bits, as a share of the mean power of a sine at full scale (1/2)."""
    with wave.open(str(path)) as file:
        samples = array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return 2 * sum(sample * sample for sample in samples) / (len(samples) * 32768.0**2) if samples else 0.0


def _tree(root: Path, path: Path) -> ast.Module:
    try:
        return ast.parse((root / path).read_text(encoding="utf-8"))
    except OSError as error:
        raise HardwareError(
            f"{path} cannot be read, and the power budget holds the firmware to what it says"
        ) from error


def _called(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _constant(tree: ast.Module, name: str, path: Path) -> int:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == name for at in node.targets):
            return _int(node.value, name, path)
    raise _gone(name, path)


def _default(tree: ast.Module, name: str, path: Path) -> int:
    """The default of an argument of any function of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args.args
            for argument, value in zip(
                arguments[len(arguments) - len(node.args.defaults) :], node.args.defaults, strict=True
            ):
                if argument.arg == name:
                    return _int(value, name, path)
    raise _gone(name, path)


def _int(node: ast.expr, name: str, path: Path) -> int:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    raise HardwareError(f"{path}: {name} is no plain number, and the power budget cannot read it")


def _gone(name: str, path: Path) -> HardwareError:
    return HardwareError(f"{path} has no {name}, which the power budget holds against what a port gives")
