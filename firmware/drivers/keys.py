"""The five keys: pins that go low, and an interrupt for each change.

The port runs interrupts in Python "soon", which may be seconds late, and forgets them while eight wait. So any of them
looks at all five keys, and one that finds its own key where it was before knows that it went there and back meanwhile.
"""

from machine import Pin


class Keys:
    """Calls ``edge(key, down)`` for each change, key 0 being one star, in the interrupt: it must not allocate."""

    def __init__(self, gpios, edge):
        self._edge = edge
        self._pins = [Pin(gpio, Pin.IN, Pin.PULL_UP) for gpio in gpios]
        self._down = [False] * len(gpios)
        for pin in self._pins:
            pin.irq(self._interrupt, Pin.IRQ_FALLING | Pin.IRQ_RISING)
        self._interrupt(None)  # who was held before the start is down

    def _interrupt(self, which):
        known = self._down
        for key in range(len(known)):
            pin = self._pins[key]
            down = not pin()
            if pin is which and down == known[key]:
                self._edge(key, not down)
                self._edge(key, down)
            elif down != known[key]:
                known[key] = down
                self._edge(key, down)
