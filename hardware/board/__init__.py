"""The printed board: placement, copper by hand, router, rules, and the file that KiCad opens, all from text."""
