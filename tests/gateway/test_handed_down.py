"""What central hands down of its policy is what devices show, unless the hall says otherwise."""

import pytest

from gateway import look, settings
from gateway.core import corrections
from gateway.core.indicators import NATIONAL
from gateway.handed_down import HandedDown
from gateway.settings import GatewaySettings
from gateway.store import corrections as stored
from tests.gateway.desk import Desk

CONTENT = {
    "version": 0x80000007,
    "asked": ["very_dissatisfied"],
    "levels": {"very_dissatisfied": {"115": "窗口人员推诿扯皮、不作为"}},
}
INDICATORS = {"version": CONTENT["version"], "content": CONTENT}


def policy(label_set: object) -> dict:
    return {"policy": "lanzhou", "version": 9, "label_set": label_set}


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path)
    desk.service.put_window("A1", None, True)
    yield desk
    desk.close()


def given(desk: Desk, **more: object) -> GatewaySettings:
    return settings.load(data=desk.data, **more)


def kept(desk: Desk, *new: tuple[str, dict]) -> list[corrections.Correction]:
    """As the way down keeps them, the newest last."""
    number = stored.cursor(desk.store.reader())
    page = [{"number": number + place, "kind": kind, "data": data} for place, (kind, data) in enumerate(new, 1)]
    found = corrections.read({"corrections": page, "newest": page[-1]["number"]}, number).corrections
    return desk.store.run(lambda connection: stored.put(connection, found, desk.clock.now_ms()))


def take(desk: Desk, *new: tuple[str, dict], **more: object) -> None:
    HandedDown(given(desk, **more), desk.service, desk.store).take(kept(desk, *new))


@pytest.mark.requirement("LZ-2.1.2a")
def test_devices_name_the_levels_and_offer_the_reasons_of_the_policy(desk):
    twin = desk.enrol("w1")
    take(desk, ("indicators", INDICATORS), ("policy", policy(2)))
    shown = desk.wait(twin, "scene", lambda body: body.labels == 2 and body.indicators == CONTENT["version"]).body
    assert {level: list(codes) for level, codes in shown.reasons.items()} == {1: [115]}
    # the next process begins with them
    began = look.load(given(desk), desk.store)
    assert (began.labels, began.indicators.version) == (2, CONTENT["version"])


def test_another_policy_takes_its_names_back(desk):
    take(desk, ("policy", policy(2)))
    assert desk.service.scenes.look.labels == 2
    take(desk, ("policy", policy(1)))
    assert desk.service.scenes.look.labels == 1


@pytest.mark.parametrize("strange", [None, 3, 0, True, "2", [2], {}])
def test_names_that_no_device_has_are_the_first_set(desk, strange):
    take(desk, ("policy", policy(strange)))
    assert desk.service.scenes.look.labels == 1 == look.load(given(desk), desk.store).labels


def test_what_the_hall_says_goes_before(desk, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('version = 3\nasked = []\n[levels.very_dissatisfied]\n115 = "服务态度差效率低"\n')
    take(desk, ("indicators", INDICATORS), ("policy", policy(2)), labels=1, indicators=own)
    assert (desk.service.scenes.look.labels, desk.service.scenes.look.indicators) == (1, NATIONAL)
    began = look.load(given(desk, labels=1, indicators=own), desk.store)
    assert (began.labels, began.indicators.version) == (1, 3)


def test_indicators_that_cannot_be_offered_change_nothing(desk, caplog):
    for content in ({}, {"version": 5}, {**CONTENT, "levels": {"bad": {}}}, {**CONTENT, "levels": []}):
        take(desk, ("indicators", {"version": 5, "content": content}))
    assert desk.service.scenes.look.indicators == NATIONAL
    assert "not offered" in caplog.text


def test_a_process_that_ended_between_keeping_and_following_goes_on(desk):
    kept(desk, ("indicators", INDICATORS))
    HandedDown(given(desk), desk.service, desk.store).start()
    assert desk.service.scenes.look.indicators.version == CONTENT["version"]
    # what an operator put in force since is not undone by a start
    desk.service.put_indicators(NATIONAL)
    HandedDown(given(desk), desk.service, desk.store).start()
    assert desk.service.scenes.look.indicators == NATIONAL
