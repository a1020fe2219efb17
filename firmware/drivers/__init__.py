"""Drivers: one chip or part per file, told its pins and buses by the board. None of them touches hardware at import."""
