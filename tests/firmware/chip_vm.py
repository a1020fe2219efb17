"""Programs in the VM with the modules of the chip and models of the parts around it (`simulator/fakes`)."""

from tests import micropython
from tests.firmware.crypto_vm import ROOT

#: First the fakes, then the flash model for `esp32`, then the sources.
PATH = ":".join(str(ROOT / folder) for folder in ("simulator/fakes", "simulator/vm", "")) + ":.frozen"

#: The parts on their wires, as on the board of hardware/pinout.toml.
WIRED = """
import asyncio, gc, time
import machine, network, parts
from firmware.boards import pins
panel = parts.Panel(pins.TFT_CS, pins.TFT_DC)
clock = parts.Ds3231()
lights = parts.Chain(5)
machine.spi[1] = [panel]
machine.i2c[0x68] = clock
machine.chain[pins.LED_DATA] = lights
time.parts.append(clock)
time.turn_asyncio()
"""


def run(program: str, **options) -> list[str]:
    """The lines that ``program`` prints, with parts on the wires. The heap is large: the parts live in it as well."""
    return micropython.run(WIRED + program, **{"heap": "4M", "MICROPYPATH": PATH, **options}).splitlines()
