"""The circuit: one file per block, the netlist made of them, and what has to be true of it."""

from hardware.circuit.blocks import BLOCKS
from hardware.circuit.netlist import Circuit, circuit

__all__ = ["BLOCKS", "Circuit", "circuit"]
