"""``hcp central correct``: from the command line to a running central."""

import json
import socket
import threading

import pytest
import uvicorn
from pydantic import SecretStr
from typer.testing import CliRunner

from central.app import create_app
from hcp.exits import Exit
from hcp.main import app
from tests.central.conftest import Gateway, settings_for
from tests.gateway.desk import poll

KEY = "operator-key-for-tests-only"
run = CliRunner()


@pytest.fixture
def url(tmp_path):
    settings = settings_for(tmp_path / "data", Gateway()).model_copy(update={"operator_key": SecretStr(KEY)})
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_config=None))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    poll(lambda: server.started)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)


def correct(url, tmp_path, data, *more, key=KEY):
    file = tmp_path / "data.json"
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    words = ["central", "correct", "not_adopted", str(file), "--reason", "申诉成立", "--url", url, *more]
    return run.invoke(app, words, env={"HCP_CENTRAL_OPERATOR_KEY": key})


def test_a_correction_is_published_and_numbered(url, tmp_path):
    done = correct(url, tmp_path, {"device": "w1", "seq": 3}, "--hall", "test-hall", "--json")
    assert done.exit_code == Exit.OK and json.loads(done.stdout[done.stdout.index("{\n") :])["number"] == 1
    assert "2" in correct(url, tmp_path, {"device": "w1", "seq": 4}).output


def test_what_goes_wrong_is_named(url, tmp_path):
    wrong = correct(url, tmp_path, {"device": "w1"})
    assert wrong.exit_code == Exit.FAILURE and "seq" in wrong.output
    assert correct(url, tmp_path, "{").exit_code == Exit.USAGE
    assert correct(url, tmp_path, {}, key="").exit_code == Exit.CONFIG
    refused = correct(url, tmp_path, {"device": "w1", "seq": 3}, key="x" * 30)
    assert refused.exit_code == Exit.FAILURE and "401" in refused.output and "x" * 30 not in refused.output
    assert correct("http://127.0.0.1:9", tmp_path, {"device": "w1", "seq": 3}).exit_code == Exit.NETWORK


def test_what_a_policy_hands_down_is_published(url, tmp_path):
    assert run.invoke(app, ["policy", "hand-down", "mot", "--out", str(tmp_path)]).exit_code == Exit.OK
    for number, kind in enumerate(("indicators", "policy"), 1):
        words = ["central", "correct", kind, str(tmp_path / f"{kind}.json"), "--reason", "启用", "--url", url, "--json"]
        done = run.invoke(app, words, env={"HCP_CENTRAL_OPERATOR_KEY": KEY})
        assert done.exit_code == Exit.OK and json.loads(done.stdout[done.stdout.index("{\n") :])["number"] == number
