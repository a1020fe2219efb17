"""What every test shares: the requirement marker is checked, and property tests are the same on every machine."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import requirements
from tests.postgres import Cluster

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, max_examples=2000)
settings.load_profile("ci")  # `pytest --hypothesis-profile explore` looks for new cases

DUTIES = requirements.load_duties()

#: Where files are in memory, and how much room it must have: a run takes less than a tenth of it at any moment.
MEMORY, ROOM = Path("/dev/shm"), 2 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Put what tests write where nobody waits for a disk; a commit is synced as ever. A measurement wants a disk."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM and config.getoption("markexpr") != "bench":
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the report of each test carry the duties it claims; that way they also come back from xdist's workers."""
    for item in items:
        item.user_properties += [(requirements.PROPERTY, duty) for duty in requirements.claimed_ids(item)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A marker with an id that no regulation has fails its test (`make check` says it without running anything)."""
    problems = requirements.marker_problems(item.nodeid, requirements.claimed_ids(item), DUTIES)
    if problems:
        pytest.fail("\n".join(problems), pytrace=False)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL for this process of the test run, started when the first test wants it."""
    cluster = Cluster()
    yield cluster
    cluster.stop()
