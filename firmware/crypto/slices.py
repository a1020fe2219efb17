"""Long computations in slices, so that the event loop keeps running.

A computation named `..._steps` is a generator: it yields None wherever it may be paused and returns its result. The
longest slice of a signature counts 0.71 million instructions on a build with the chip's 16-bit integer digits, which
is an estimated 4 to 7 ms on an ESP32 at 240 MHz; a whole signature counts 13.4 million in 28 or 29 slices.
"""

try:
    from asyncio import sleep_ms
except ImportError:  # CPython
    from asyncio import sleep

    async def sleep_ms(delay_ms):
        """MicroPython's asyncio.sleep_ms."""
        await sleep(delay_ms / 1000)


def run(steps):
    """The result of the computation, all slices in one go. Blocks for the whole of it: not for the event loop."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


async def run_async(steps):
    """The result of the computation, with every other task given its turn between two slices."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        await sleep_ms(0)
