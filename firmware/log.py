"""Log lines: on the serial port at once, to the gateway when it is there (SPEC 6.3). Pure but for ``print``.

A text never holds a level, a token or a secret.
"""

DEBUG = 10
INFO = 20
WARNING = 30
ERROR = 40
KEEP = 8  # lines that wait for a connection; the newest count
MAX_TEXT = 200  # bytes of UTF-8


class Lines:
    """The lines that wait. ``level`` is the lowest that counts; a command changes it."""

    def __init__(self):
        self.level = INFO
        self._lines: list = []

    def put(self, text: str, level: int = INFO) -> None:
        if level < self.level:
            return
        text = _cut(text)
        print(text)
        line = (level, text)
        # an attempt to connect that fails the same way again says nothing new
        if not self._lines or self._lines[-1] != line:
            self._lines.append(line)
            del self._lines[:-KEEP]

    def take(self):
        """The oldest line as ``(level, text)``, removed; None if there is none."""
        return self._lines.pop(0) if self._lines else None


def _cut(text):
    data = text.encode()[:MAX_TEXT]
    while True:
        try:
            return data.decode()
        except UnicodeError:  # in the middle of a character
            data = data[:-1]
