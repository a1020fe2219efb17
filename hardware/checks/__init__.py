"""What needs no tools: whether the sources of the hardware agree with one another."""
