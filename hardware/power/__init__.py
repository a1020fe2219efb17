"""The power budget: what each part draws in each state, and what a USB port, a fuse and the firmware make of it."""
