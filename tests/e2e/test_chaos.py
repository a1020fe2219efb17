"""The same morning while somebody pulls plugs: kill -9 of the gateway, central or a device at random moments."""

import json

import pytest

SEEDS = range(1, 21)


@pytest.mark.parametrize("seed", SEEDS)
def test_kill_9_at_random_moments_changes_none_of_the_zeros(seed, hcp, tmp_path):
    done = hcp("sim", "run", "one-morning", "--chaos", seed, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert (summary["lost"], summary["duplicated"], summary["misbound"]) == (0, 0, 0)
    assert summary["rejected"] == summary["forged"]
    assert summary["kills"] >= 1, "nobody was killed: the test would prove nothing"
    assert hcp("audit", "verify", tmp_path / "out").returncode == 0
