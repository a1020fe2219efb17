"""The panel of the simulated board: every rectangle that is drawn goes to the host, which holds the picture."""


class Panel:
    """``tell`` sends a message to the host, ``write`` the pixels that follow it."""

    def __init__(self, tell, write):
        self._tell = tell
        self._write = write

    def draw(self, x, y, w, h, data):
        self._tell({"t": "draw", "x": x, "y": y, "w": w, "h": h, "bytes": len(data)})
        self._write(data)
