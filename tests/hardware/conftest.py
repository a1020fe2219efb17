"""What is skipped here for want of a tool fails in CI, which has them all."""

import os
from collections.abc import Generator
from typing import Any

import pytest

STRICT = bool(os.environ.get("CI"))


def _not_in_ci(report: Any) -> Any:
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI leaves nothing out: {report.longrepr[2] if report.longrepr else 'skipped'}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _not_in_ci((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _not_in_ci((yield))
