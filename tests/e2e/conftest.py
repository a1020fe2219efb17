"""Stories with real processes are slow, so each fixture here is made once for a module."""

import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def hcp():
    """Run ``hcp`` as a user would; returns the finished process."""

    def run(*arguments: object, timeout: float = 230) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hcp", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run
