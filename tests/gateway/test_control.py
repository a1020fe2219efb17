"""``hcp device identify`` and the like against a real gateway, with a twin on a real connection."""

import json

import pytest
from typer.testing import CliRunner

from gateway import settings
from gateway.run import Gateway
from hcp.exits import Exit
from hcp.main import app
from protocol import downlink, topics
from protocol.downlink import COMMAND, DONE, FAILED, WANTS, Result, pack_result
from tests.gateway.desk import HALL, enrol
from tests.gateway.test_release import folder  # noqa: F401 - a fixture
from tests.gateway.wire import Wire


class Obedient(Wire):
    """A twin that answers commands as ``answers`` says, and fetches what an update names."""

    answers: dict[str, tuple[int, str]] = {}
    fetched = b""

    def _on_message(self, client, userdata, message):
        super()._on_message(client, userdata, message)
        told = self.twin.read(message.payload)
        if told.kind == COMMAND:
            if told.body.name == "update":
                self.command = told.body
                self.ask(f"{told.body.args['manifest']} 0")
                return
            status, text = self.answers.get(told.body.name, (DONE, ""))
            self.answer(told.body.id, status, text)
        elif told.kind == downlink.ASSET:
            self.fetched += told.body.bytes
            if len(self.fetched) < told.body.size:
                self.ask(f"{told.body.hash.hex()} {len(self.fetched)}")
            else:
                self.answer(self.command.id, DONE, "7")

    def ask(self, text):
        self.answer(self.command.id, WANTS, text)

    def answer(self, number, status, text):
        topic = topics.topic(HALL, self.twin.device, "result")
        self.client.publish(topic, pack_result(Result(number, status, text)), 1)


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    data = tmp_path_factory.mktemp("hall") / "gateway"
    twin = enrol(data, "w01")
    gateway = Gateway(settings.load(data=data, broker_host="127.0.0.1", broker_port=0, http_port=0))
    gateway.start()
    wire = Obedient(twin, gateway.mqtt_port, data, data.parent)
    wire.wait(lambda: wire.connects, "a connection")
    yield gateway, wire
    wire.close()
    gateway.stop()


def hcp(hall, *words):
    gateway, _ = hall
    words = ["device", *words, "--data", str(gateway.settings.data)]
    return CliRunner().invoke(app, [str(word) for word in words], env={"HCP_GATEWAY_URL": None})


def test_a_command_is_carried_answered_and_told(hall):
    done = hcp(hall, "identify", "w01", "--json")
    assert done.exit_code == Exit.OK, done.output
    told = json.loads(done.stdout)
    assert told["state"] == "done" and told["asked_by"] == "operator"
    _, wire = hall
    assert [m.body.id for m in wire.got if m.kind == COMMAND] == [told["id"]]
    listed = json.loads(hcp(hall, "commands", "w01", "--json").stdout)
    assert listed[0]["id"] == told["id"]
    assert "闪灯寻机" in hcp(hall, "commands", "w01").output


@pytest.mark.parametrize(
    ("words", "name", "args"),
    [
        (("selftest", "w01", "--level", "4"), "selftest", {"level": 4}),
        (("reboot", "w01"), "reboot", {"boot": 1}),
        (("log-level", "w01", "debug"), "log_level", {"level": 10}),
    ],
)
def test_the_words_become_what_the_device_reads(hall, words, name, args):
    assert hcp(hall, *words).exit_code == Exit.OK
    _, wire = hall
    last = [m.body for m in wire.got if m.kind == COMMAND][-1]
    assert (last.name, last.args) == (name, args)


def test_a_refusal_is_a_failure_with_its_reason(hall):
    _, wire = hall
    wire.answers = {"selftest": (FAILED, "no_room")}
    done = hcp(hall, "selftest", "w01")
    assert done.exit_code == Exit.FAILURE and "存储空间不足" in done.output
    wire.answers = {}


def test_what_cannot_be_asked_says_why(hall, tmp_path):
    assert hcp(hall, "identify", "w99").exit_code == Exit.FAILURE
    assert hcp(hall, "log-level", "w01", "loud").exit_code == Exit.USAGE
    away = hcp(hall, "identify", "w01", "--gateway", "http://127.0.0.1:1")
    assert away.exit_code == Exit.NETWORK and "没有应答" in away.output
    nobody = CliRunner().invoke(app, ["device", "identify", "w01", "--data", str(tmp_path)])
    assert nobody.exit_code == Exit.CONFIG and "operate" in nobody.output
    assert hcp(hall, "update", "w01", "--release", tmp_path).exit_code == Exit.FAILURE


def test_without_waiting_it_is_only_queued(hall):
    gateway, _ = hall
    enrol(gateway.settings.data, "w02", "A2")
    done = hcp(hall, "identify", "w02", "--wait", "0", "--json")
    assert done.exit_code == Exit.OK and json.loads(done.stdout)["state"] == "queued"
    late = hcp(hall, "identify", "w02", "--wait", "1")
    assert late.exit_code == Exit.FAILURE and "命令仍然有效" in late.output


def test_a_release_is_published_and_taken(hall, folder):  # noqa: F811
    keys = folder.parent / "keys"
    sign = ["sign", folder, "--key", keys / "release.key", "--version", 7]
    for words in (["key", "--out", keys], sign, ["publish", folder, "--key", keys / "release.pem"]):
        data = ["--data", hall[0].settings.data] if words[0] == "publish" else []
        made = CliRunner().invoke(app, ["firmware", *map(str, words + data)])
        assert made.exit_code == Exit.OK, made.output
    done = hcp(hall, "update", "w01", "--release", folder)
    assert done.exit_code == Exit.OK and "7" in done.output
    _, wire = hall
    assert wire.fetched == (folder / "manifest.cose").read_bytes()
    # what was not signed is not published
    (folder / "logo.bin").write_bytes(b"evil")
    refused = hcp(hall, "update", "w01", "--release", folder)
    assert refused.exit_code == Exit.FAILURE and "logo.bin" in refused.output


def test_nobody_commands_without_the_scope_for_it(hall):
    import httpx

    from gateway.web import systems

    gateway, _ = hall
    text = (gateway.settings.data / "systems.toml").read_text()
    business = text.split('key = "')[1].split('"')[0]
    url = gateway.facts()["http"] + "/api/v1/devices/w01/commands"
    for key, status in (
        (business, 403),
        ("x" * 40, 401),
        (systems.operator_key(gateway.settings.data / "systems.toml"), 201),
    ):
        answer = httpx.post(url, json={"name": "identify"}, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == status, answer.text
    assert httpx.post(url, json={"name": "identify"}).status_code == 401
    operator = {"Authorization": f"Bearer {key}"}
    assert httpx.post(url, json={"name": "format"}, headers=operator).json()["code"] == "bad_command"
    assert httpx.get(gateway.facts()["http"] + "/api/v1/commands/77", headers=operator).status_code == 404
