"""The same morning while somebody pulls plugs: kill -9 of the gateway, central or a device at random moments.

In most stories the servers are forked, up again within a moment, so that many kills fit in; in some a start takes as
long as it does in a hall.
"""

import json

import pytest
from typer.testing import CliRunner

from hcp.main import application

SEEDS = range(1, 21)


def check(code: int, said: str) -> None:
    assert code == 0, said
    summary = json.loads(said)
    assert (summary["lost"], summary["duplicated"], summary["misbound"]) == (0, 0, 0)
    assert summary["rejected"] == summary["forged"]
    assert summary["kills"] >= 1, "nobody was killed: the test would prove nothing"


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 5])
def test_kill_9_at_random_moments_changes_none_of_the_zeros(seed, tmp_path, monkeypatch):
    monkeypatch.setenv("HCP_SIM_FORK", "1")
    hcp, out = CliRunner(), tmp_path / "out"
    done = hcp.invoke(
        application("sim"), ["sim", "run", "one-morning", "--chaos", str(seed), "--out", str(out), "--json"]
    )
    check(done.exit_code, done.stdout or done.output)
    done = hcp.invoke(application("audit"), ["audit", "verify", str(out)])
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if not seed % 5])
def test_kill_9_while_a_start_takes_as_long_as_in_a_hall(seed, hcp, tmp_path):
    done = hcp("sim", "run", "one-morning", "--chaos", seed, "--out", tmp_path / "out", "--json")
    check(done.returncode, done.stdout or done.stderr)
    assert hcp("audit", "verify", tmp_path / "out").returncode == 0
