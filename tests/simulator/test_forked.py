"""A server that is forked does what one that is started does: it says when it is ready, ends as asked, says why not."""

import pytest

from simulator.process import ProcessError, Server

SETTINGS = {"HCP_GATEWAY_HALL": "h1", "HCP_GATEWAY_BROKER_PORT": "0", "HCP_GATEWAY_HTTP_PORT": "0"}


@pytest.fixture(params=["0", "1"], ids=["started", "forked"])
def server(request, tmp_path, monkeypatch):
    """Gives one with these settings."""
    monkeypatch.setenv("HCP_SIM_FORK", request.param)
    made = []

    def make(settings: dict) -> Server:
        arguments = ["gateway", "run", "--data", str(tmp_path / "data"), "--json"]
        made.append(Server("gateway", arguments, tmp_path / "log", settings))
        return made[-1]

    yield make
    for server in made:
        server.stop()


def test_it_can_be_killed_and_started_again_and_stopped(server):
    gateway = server(SETTINGS)
    gateway.start()
    first = gateway.ready_facts
    assert gateway.running and (first["hall"], first["pid"]) == ("h1", gateway.pid)
    gateway.restart_killed()
    assert gateway.running and gateway.ready_facts["pid"] == gateway.pid != first["pid"]
    gateway.stop()
    assert not gateway.running
    assert (gateway.starts, gateway.kills, len(gateway.outages_ms)) == (2, 1, 1)


def test_it_says_why_it_did_not_come_up(server):
    gateway = server({**SETTINGS, "HCP_GATEWAY_HALL": "No Hall"})
    with pytest.raises(ProcessError, match="No Hall"):
        gateway.start()
    assert not gateway.running
