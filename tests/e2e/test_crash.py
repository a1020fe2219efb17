"""A short, seeded part of the crash proof against real gateways. ``hcp bench`` runs the whole."""

import json
import os

import pytest

from gateway.broker import mosquitto
from simulator.crash import shim
from simulator.crash.shim import ShimError


def played(hcp, kind: str, *options: object) -> dict:
    try:
        shim.library()
    except ShimError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    done = hcp("sim", "crash", "--kind", kind, "--seed", 20, "--json", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)[kind]
    assert found["ok"] and found["violations"] == []
    return found


@pytest.mark.requirement("JX-3.1b")
@pytest.mark.requirement("LZ-1c")
def test_kill_9_at_every_point_of_a_commit(hcp):
    found = played(hcp, "kills", "--kills", 9)
    assert found["kills"] == 9 and len(found["ways"]) == 9, "each way of dying once"
    assert (found["lost"], found["false_receipts"]) == (0, 0)
    assert found["acked"] > 1000


def test_power_cuts_that_keep_only_synced_bytes(hcp):
    found = played(hcp, "cuts", "--cuts", 18)
    assert found["cuts"] >= 18 and set(found["keeps"]) == {"nothing", "some", "torn"}
    assert (found["lost"], found["false_receipts"]) == (0, 0)
    assert found["promised"] > 1000


def test_a_disk_that_is_full_or_fails(hcp):
    found = played(hcp, "space", "--space", 2)
    assert found["failed_calls"] > 0
    assert (found["lost"], found["false_receipts"]) == (0, 0)
    assert found["real"] or found["notes"], "a disk that is really full, or why there was none"
    assert max(found["back_s"]) <= 5.0


def test_a_broker_that_forgets(hcp):
    if mosquitto.find() is None and not os.environ.get("CI"):
        pytest.skip("Mosquitto is not installed")
    found = played(hcp, "amnesia", "--amnesia", 4)
    assert len(found["ways"]) == 4 and found["overflows"] > 0
    assert (found["lost"], found["false_receipts"]) == (0, 0)


@pytest.mark.requirement("WZ-5g")
def test_lost_repeated_and_delayed_replies(hcp):
    found = played(hcp, "replies", "--ratings", 800)
    assert (found["ratings"], found["central"]) == (800, 800)
    assert (found["lost"], found["duplicates"], found["misbound"]) == (0, 0, 0)
    assert found["repeats_seen"] > 0, "no repeat reached central: nothing was proven"


def test_a_kind_that_does_not_exist_is_named(hcp):
    done = hcp("sim", "crash", "--kind", "floods")
    assert done.returncode == 2 and "floods" in done.stderr
