"""The exit codes of ``hcp``, documented in docs/cli.md and the same for every command."""

from enum import IntEnum


class Exit(IntEnum):
    """What the number means to a script."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NETWORK = 7
    CONFIG = 8
    INTERRUPTED = 130
