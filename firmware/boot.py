"""``/main.py`` of a board with two sets of firmware: starts one of them (see slots)."""

import slots

slots.start()
