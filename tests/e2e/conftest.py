"""Stories with real processes are slow, so each fixture here is made once for a module."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from central import passwords


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """scrypt at its least: people sign in anew on each day of a story."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", (4, 8, 1))
        yield


@pytest.fixture(scope="session")
def hcp():
    """Run ``hcp`` as a user would; returns the finished process."""

    def run(*arguments: object, timeout: float = 230) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hcp", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run
