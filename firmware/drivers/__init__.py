"""Drivers: one chip or part per file, told its pins and buses by the board; addresses, speeds and times are those of
hardware/pinout.toml (`boards/pins.py`). None of them touches hardware at import."""
