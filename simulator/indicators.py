"""The national reasons for the two bad levels, and a device's page of codes in words.

The device shows numbers: texts are the gateway's to draw. Here people see what a number means.
"""

from gateway.core import indicators

#: Name of the set in a scene (SPEC 5.3, key 14) wherever the simulator sends it.
VERSION = indicators.NATIONAL.version


def reasons() -> dict[int, list[int]]:
    """The codes for each level, as a scene carries them."""
    return indicators.NATIONAL.offered()


def in_words(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of the screen ``reasons`` with the text after each code that is known."""
    texts = {str(code): text for code, text in indicators.NATIONAL.shown().items()}
    return tuple(f"{line} {texts[line[2:]]}" if line[2:] in texts else line for line in lines)
