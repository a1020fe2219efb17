"""The schematic: drawn from the circuit, a sheet for each block and a block diagram above them."""
