"""The device from modules on a breadboard: its wires, from pinout.toml and modules.toml, drawn by WireViz."""
