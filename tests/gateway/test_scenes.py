"""What the gateway sends to the devices of its windows: scenes, and the pictures that go with them."""

import hashlib
import json

import pytest

from gateway.assets import Assets
from gateway.core import indicators
from gateway.core.indicators import NATIONAL, IndicatorError
from gateway.core.scene import Look, Prompt
from gateway.screens import strips
from gateway.screens.shelf import prompt_asset
from protocol import downlink, record
from tests.gateway.desk import Desk

PAGE = "https://hcp.example.gov.cn/r/{window}/{case_no}/{service_no}"
ADDRESS = "https://hcp.example.gov.cn/r/A1/C1/1"
MINUTE = 60_000
OWN = indicators.read(
    {
        "version": 7,
        "asked": ["very_dissatisfied"],
        "levels": {"very_dissatisfied": {"108": "别的说法", "190": "等候时间长"}},
    }
)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path, look=Look(NATIONAL, 2, PAGE, {"1001": 4}))
    yield made
    made.close()


def call(desk, case_no="C1", staff="1001", item="社保卡办理"):
    desk.tell("called", window="A1", case_no=case_no, service_no=1, staff=staff, item_name=item)


def serve(desk, case_no="C1"):
    desk.tell("served", window="A1", case_no=case_no, service_no=1)


def scene(desk, twin, ready):
    return desk.wait(twin, "scene", ready).body


def ask(desk, twin, digest, offset=0):
    want = downlink.Result(0, downlink.WANTS, f"{digest.hex()} {offset}")
    desk.send(twin.device, downlink.pack_result(want), "result")


def fetch(desk, twin, digest):
    """The bytes of an asset, as a device gets them."""
    data, size = b"", 1
    while len(data) < size:
        have = len(data)
        ask(desk, twin, digest, have)
        part = desk.wait(twin, "asset", lambda body, have=have: (body.hash, body.offset) == (digest, have)).body
        assert 0 < len(part.bytes) <= 2048
        data, size = data + part.bytes, part.size
    assert hashlib.sha256(data).digest() == digest
    return data


@pytest.mark.requirement("LZ-2.2.1a")
def test_a_scene_names_indicators_labels_page_and_picture_before_it_is_armed(desk):
    twin = desk.enrol("w1")
    call(desk)
    shown = scene(desk, twin, lambda body: body.prompt)
    assert (shown.indicators, shown.labels, shown.qr) == (1, 2, ADDRESS)
    assert shown.reasons == NATIONAL.offered() and shown.strips is None and shown.token is None
    assert fetch(desk, twin, shown.prompt) == prompt_asset(Prompt("社保卡办理", "1001", 4, ADDRESS))
    desk.clock.turn(MINUTE)
    serve(desk)
    armed = scene(desk, twin, lambda body: body.token)
    assert armed.prompt == shown.prompt, "it is on the device before it is needed"


def test_an_unchanged_scene_is_not_sent_again(desk):
    twin = desk.enrol("w1")
    call(desk)
    scene(desk, twin, lambda body: body.prompt)
    before = len(desk.messages(twin, "scene"))
    call(desk)  # the same once more, under another id
    desk.service.put_window("A1", "一号窗口", True)
    other = desk.enrol("w2", "A2")
    desk.tell("called", window="A2", case_no="C2", service_no=1, staff="1002", item_name="护照")
    scene(desk, other, lambda body: body.prompt)  # the painter went by all that was told before
    assert len(desk.messages(twin, "scene")) == before
    assert desk.messages(twin, "asset") == [], "a picture goes to whoever asks for it"


def test_two_windows_with_the_same_picture_share_it(desk):
    desk.service.scenes.look = Look()
    one, two = desk.enrol("w1"), desk.enrol("w2", "A2")
    for window, case_no in (("A1", "C1"), ("A2", "C2")):
        desk.tell("called", window=window, case_no=case_no, service_no=1, staff="1001", item_name="护照")
    shown = [scene(desk, twin, lambda body: body.prompt).prompt for twin in (one, two)]
    assert shown[0] == shown[1] and desk.service.scenes.shelf.drawn == 1


def test_the_picture_goes_with_the_case(desk):
    twin = desk.enrol("w1")
    call(desk)
    first = scene(desk, twin, lambda body: body.prompt).prompt
    call(desk, "C2", "1002", "护照")
    second = scene(desk, twin, lambda body: body.prompt not in (None, first)).prompt
    assert fetch(desk, twin, second) == prompt_asset(Prompt("护照", "1002", None, ADDRESS.replace("C1", "C2")))
    desk.service.put_window("A1", "一号窗口", False)
    closed = scene(desk, twin, lambda body: body.mode == downlink.OUT_OF_SERVICE)
    assert (closed.prompt, closed.qr, closed.reasons, closed.indicators) == (None, None, {}, 0)


def test_after_a_restart_the_same_picture_can_be_fetched(desk):
    twin = desk.enrol("w1")
    call(desk)
    shown = scene(desk, twin, lambda body: body.prompt).prompt
    desk.restart()
    desk.wire.clear()
    desk.service.on_up()
    assert scene(desk, twin, lambda body: body.prompt).prompt == shown
    assert fetch(desk, twin, shown)


def test_a_picture_that_had_to_give_way_is_drawn_again(tmp_path):
    desk = Desk(tmp_path)
    try:
        desk.service.assets._most = 4000  # bytes: one picture, not two
        one, two = desk.enrol("w1"), desk.enrol("w2", "A2")
        call(desk)
        first = scene(desk, one, lambda body: body.prompt).prompt
        for number in range(5):
            desk.tell("called", window="A2", case_no=f"D{number}", service_no=1, staff=f"9{number}", item_name="护照")
            scene(desk, two, lambda body, number=number: f"工作人员 9{number}" in body.lines and body.prompt)
        assert not desk.service.assets.has(first)
        scenes = len(desk.messages(one, "scene"))
        ask(desk, one, first)
        with desk.changed:
            assert desk.changed.wait_for(lambda: len(desk.messages(one, "scene")) > scenes, 10), "the scene again"
        assert fetch(desk, one, first)
        ask(desk, one, bytes(32))  # what no scene named is not worth a scene
        scenes = len(desk.messages(two, "scene"))
        ask(desk, two, bytes(32))
        call(desk, "C9", "1009")
        scene(desk, one, lambda body: body.prompt not in (None, first))
        assert len(desk.messages(two, "scene")) == scenes
    finally:
        desk.close()


def test_the_pictures_of_a_busy_day_stay_within_their_bound():
    assets = Assets(None, most_in_memory=50_000)
    for number in range(100):
        assets.put(prompt_asset(Prompt("护照", str(number))))
    assert assets._used <= 50_000


# --- indicators ---


def test_other_indicators_reach_every_device_with_pictures_of_what_they_lack(desk):
    twin, other = desk.enrol("w1"), desk.enrol("w2", "A2")
    for device in (twin, other):
        scene(desk, device, lambda body: body.indicators == 1)
    assert desk.service.put_indicators(OWN)
    for device in (twin, other):
        shown = scene(desk, device, lambda body: body.indicators == 7)
        assert shown.reasons == {1: [108, 190]}
        assert fetch(desk, device, shown.strips) == strips.pack(OWN)
    assert not desk.service.put_indicators(OWN)
    rows = desk.rows("SELECT version, body FROM indicator_sets ORDER BY version")
    assert [(version, json.loads(body)["version"]) for version, body in rows] == [(1, 1), (7, 7)]


def test_a_version_with_other_words_is_refused_and_nothing_changes(desk):
    twin = desk.enrol("w1")
    scene(desk, twin, lambda body: body.indicators == 1)
    with pytest.raises(IndicatorError):
        desk.service.put_indicators(indicators.read(json.loads(OWN.text()) | {"version": 1}))
    call(desk)
    assert scene(desk, twin, lambda body: body.prompt).reasons == NATIONAL.offered()


def test_a_set_that_asks_for_nothing_is_no_set_on_the_wire(tmp_path):
    silent = indicators.read(json.loads(OWN.text()) | {"asked": []})
    desk = Desk(tmp_path, look=Look(silent))
    try:
        shown = scene(desk, desk.enrol("w1"), lambda body: True)
        assert (shown.indicators, shown.reasons, shown.strips) == (0, {}, None)
    finally:
        desk.close()


# --- what the rated clerk could learn ---


def day(desk, twin, level, reasons=()):
    """A case from its call to its end with one rating; gives all that was sent, without numbers, times and chance.

    In the order of each topic: receipts and scenes come from two threads.
    """
    call(desk)
    scene(desk, twin, lambda body: body.prompt)  # of two that come at once only the later one is sent
    desk.clock.turn(MINUTE)
    serve(desk)
    token = desk.token(twin)
    prompt = scene(desk, twin, lambda body: body.prompt).prompt
    fetch(desk, twin, prompt)
    desk.clock.turn(3000)
    body = record.Rating(level, reasons, token, 1, (), 0)
    head = twin.head(wall_ms=desk.clock.now_ms(), error_ms=50)
    desk.send(twin.device, twin._take(record.rating_payload(head, body)))
    desk.receipt(twin, 1)
    with desk.changed:  # the token is used up: nobody is asked any more
        assert desk.changed.wait_for(lambda: desk.last_scene(twin).prompt is None, 10)
    desk.tell("finished", window="A1", case_no="C1", service_no=1)
    call(desk, "C2", "1002", "护照")
    scene(desk, twin, lambda body: "护照" in body.lines and body.prompt)
    sent = []
    for topic, payload in desk.wire:
        told = twin.read(payload)
        body = told.body
        if told.kind == downlink.SCENE:
            body = body._replace(token=body.token and bytes(8))
        elif told.kind == downlink.RECEIPT:
            body = body._replace(hash=bytes(16), epoch=0)
        sent.append((topic, body, len(payload)))
    return sorted(sent, key=lambda message: message[0])


def test_scenes_and_pictures_are_the_same_whatever_star_was_pressed(tmp_path):
    days = []
    for level, reasons in ((1, (108, 115)), (2, ()), (3, ()), (4, ()), (5, ())):
        desk = Desk(tmp_path / str(level), look=Look(NATIONAL, 1, PAGE, {"1001": 4}))
        try:
            days.append(day(desk, desk.enrol("w1"), level, reasons))
        finally:
            desk.close()
    assert len(days[0]) > 8 and any(isinstance(body, downlink.Asset) for _, body, _ in days[0])
    for other in days[1:]:
        assert other == days[0]
