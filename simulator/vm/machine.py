"""``machine`` for the VM: what the firmware uses of it, and nothing else.

A reset ends the process with ``RESET_CODE``; the host starts it again and says why in HCP_SIM_CAUSE.
"""

import os
import sys

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
SOFT_RESET = 5

RESET_CODE = 75

_CAUSES = {"power": PWRON_RESET, "reset": HARD_RESET, "watchdog": WDT_RESET, "crash": SOFT_RESET}


def reset():
    sys.exit(RESET_CODE)


def reset_cause():
    return _CAUSES.get(os.getenv("HCP_SIM_CAUSE"), PWRON_RESET)
