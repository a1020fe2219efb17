"""Draw what stdin asks for on one panel, with the firmware's own display, and write every rectangle to stdout.

Each line of stdin is JSON: ``{"show": [name, lines, image]}``, ``{"light": [level, ms, now]}`` or ``{"draw": now}``;
``{"strips": path}`` are pictures of reasons (SPEC 5.7).
Each line of stdout is ``[x, y, w, h, bytes]``, followed by that many bytes; ``[slices, most bytes of one, missing,
memory]`` ends a draw.
"""

import gc
import json
import sys

from firmware.display import Display
from firmware.pictures import PIECE
from firmware.strips import index

_out = sys.stdout.buffer


class _Panel:
    slice_bytes = 0

    def draw(self, x, y, w, h, data):
        self.slice_bytes += len(data)
        _out.write(json.dumps([x, y, w, h, len(data)]).encode() + b"\n")
        _out.write(data)


def main():
    panel = _Panel()
    gc.collect()
    before = gc.mem_alloc()
    display = Display(panel)
    gc.collect()
    memory = gc.mem_alloc() - before
    for line in sys.stdin:
        wanted = json.loads(line)
        if "show" in wanted:
            name, lines, image = (wanted["show"] + [None])[:3]
            display.image = None
            if image:
                with open(image, "rb") as file:
                    data = file.read()
                display.image = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
            display.show(name, lines)
        elif "strips" in wanted:
            display.strips, display.index = wanted["strips"], index(wanted["strips"])
        elif "light" in wanted:
            display.light(*wanted["light"])
        else:
            slices = most = panel.slice_bytes = 0
            for _ in display.steps(wanted["draw"]):
                slices += 1
                most = max(most, panel.slice_bytes)
                panel.slice_bytes = 0
            _out.write(json.dumps([slices, most, display.missing, memory]).encode() + b"\n")


main()
