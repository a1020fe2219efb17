"""Pictures of scenes on a real device: composed by a real gateway, fetched over its broker, drawn by the real VM."""

import hashlib
import threading
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from gateway import enrolment, settings
from gateway.business import Source
from gateway.clock import Clock
from gateway.core import times
from gateway.core.indicators import NATIONAL
from gateway.core.scene import Prompt
from gateway.run import Gateway
from gateway.screens import strips
from gateway.screens.shelf import prompt_asset
from protocol import downlink
from simulator import provisioning, screens
from simulator.device import SimDevice
from simulator.screens import OWN, State

HALL, DEVICE, WINDOW = "hall-1", "a01", "A01"
TEMPLATE = "https://hcp.example.gov.cn/r/{window}/{case_no}/{service_no}"
WAIT_S = 20.0
STRIPS = hashlib.sha256(strips.pack(OWN)).digest()


class Desk:
    """A gateway in this process, a device at its window, and everything that was sent to the device."""

    def __init__(self, folder: Path, **more):
        self.folder = folder
        self.changed = threading.Condition()
        self.sent: list[downlink.Downlink] = []
        self._events = 0
        self.answers = True
        self.spoil = False
        self.asked = 0
        self._more = more
        enrolment.create_authority(folder / "gateway", HALL, ("127.0.0.1",))
        self._start(0)
        csr = provisioning.request(folder / DEVICE)
        self.enrolled = enrolment.enroll(folder / "gateway", csr, DEVICE, WINDOW, "127.0.0.1", self.gateway.mqtt_port)
        provisioning.install(folder / DEVICE, self.enrolled.bundle)
        self.device = SimDevice(folder / DEVICE, ("127.0.0.1", self.gateway.mqtt_port), DEVICE)

    def _start(self, port: int) -> None:
        given = {"case_page": TEMPLATE, "undo_ms": 3000, **self._more}
        self.gateway = Gateway(
            settings.load(
                data=self.folder / "gateway", broker_host="127.0.0.1", broker_port=port, http_port=0, **given
            ),
            Clock(),
        )
        self.gateway.start()
        publish = self.gateway.service.sender.publish

        def listen(topic: str, payload: bytes) -> bool:
            if topic.endswith("/asset"):
                payload = self._tampered(payload)
            done = publish(topic, payload) if payload else True
            if payload:
                with self.changed:
                    self.sent.append(downlink.unpack(self.enrolled.downlink_key, payload, DEVICE))
                    self.changed.notify_all()
            return done

        self.gateway.service.sender.publish = listen

    def _tampered(self, payload: bytes) -> bytes:
        """What becomes of an asset on its way: nothing, unless a test says so."""
        self.asked += 1
        if not self.answers:
            with self.changed:
                self.changed.notify_all()
            return b""
        key = self.enrolled.downlink_key
        told = downlink.unpack(key, payload, DEVICE)
        if self.spoil:
            data = bytes([*told.body.bytes[:-1], told.body.bytes[-1] ^ 1])
            payload = downlink.pack(key, told._replace(body=told.body._replace(bytes=data)))
        return payload

    def fetched(self) -> int:
        """Bytes of assets that were sent."""
        return sum(len(body.bytes) for body in self.bodies(downlink.ASSET))

    def log(self) -> str:
        return (self.folder / DEVICE / "vm.log").read_text()

    def restart_gateway(self, **more) -> None:
        port = self.gateway.mqtt_port
        self.gateway.stop()
        self._more |= more
        self._start(port)

    def close(self) -> None:
        self.device.stop()
        self.gateway.stop()

    def tell(self, kind: str, case_no: str, item: str | None = None, staff: str | None = None, service_no: int = 1):
        self._events += 1
        event = {"id": f"e{self._events}", "type": kind, "at": times.text(Clock().now_ms()), "window": WINDOW}
        event |= {"case_no": case_no, "service_no": service_no}
        event |= {name: value for name, value in (("item_name", item), ("staff", staff)) if value}
        (result,) = self.gateway.service.take_events(Source("queue"), [event])
        assert result.status == "accepted", result

    def serve(self, case_no: str, item: str = "身份证换领", staff: str = "1001") -> Prompt:
        """Call and serve; gives what the picture shows."""
        self.tell("called", case_no, item, staff)
        self.tell("served", case_no, item, staff)
        return Prompt(item, staff, None, f"https://hcp.example.gov.cn/r/{WINDOW}/{case_no}/1")

    def bodies(self, kind: int) -> list:
        with self.changed:
            return [message.body for message in self.sent if message.kind == kind]

    def wait_sent(self, condition, what: str) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), f"never sent: {what}"

    def wait_picture(self, expected: Image.Image, what: str) -> None:
        """Until the panel shows this, pixel by pixel."""
        found = None

        def shown() -> bool:
            nonlocal found
            found = self.device.picture()
            return same(found, expected)

        if not self.device.wait_until(shown, WAIT_S):
            assert found
            found.save(self.folder / "found.png")
            raise AssertionError(f"{what}: the panel shows {self.folder / 'found.png'}; see {self.folder}")


def same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None


def drawn(state: State) -> Image.Image:
    return screens.draw([state])[0].picture


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.close()


def test_a_device_shows_the_picture_of_its_case_and_fetches_it_once(desk):
    with desk.device as device:
        device.wait_screen("idle")
        desk.tell("called", "LC-1", "身份证换领", "1001")
        desk.wait_sent(lambda: desk.fetched() > 0, "the picture, before it is needed")
        prompt = desk.serve("LC-1")
        device.wait_screen("rate")
        desk.wait_picture(drawn(State("rate", prompt=prompt)), "the picture of the case")
        size = len(prompt_asset(prompt))
        assert desk.fetched() == size, "each byte once"

        # the next case: its own picture, and nothing of the one before
        other = desk.serve("LC-2", "不动产首次登记", "0231")
        desk.wait_picture(drawn(State("rate", prompt=other)), "the next picture")
        assert desk.fetched() == size + len(prompt_asset(other))
        asked = desk.asked
        device.press(4)
        device.wait_light(4)
        device.wait_screen("chosen")
        device.advance(4000)
        device.wait_screen("thanks")
        device.advance(4000)
        device.wait_screen("idle")
        desk.wait_picture(drawn(State("idle")), "no picture without a case")
        assert desk.asked == asked, "nothing is fetched because of a press"
        assert not {"firmware.pictures", "firmware.strips"} & set(device.modules()), (
            "dropped when there is nothing to do"
        )
    assert device.starts == 1 and "no_pictures" not in desk.log()


def test_without_the_picture_the_words_of_the_device_stand_and_the_rating_is_taken(desk):
    desk.answers = False
    with desk.device as device:
        device.wait_screen("idle")
        prompt = desk.serve("LC-1")
        device.wait_screen("rate")
        desk.wait_picture(drawn(State("rate")), "the built-in words")
        desk.wait_sent(lambda: desk.asked > 0, "a question for the picture")
        desk.answers = True
        device.advance(10_000)  # it asks again
        desk.wait_picture(drawn(State("rate", prompt=prompt)), "the picture, late")
        device.press(2)
        device.wait_light(2)


def test_a_picture_with_a_wrong_byte_is_not_shown(desk):
    desk.spoil = True
    with desk.device as device:
        device.wait_screen("idle")
        desk.serve("LC-1")
        device.wait_stats(lambda stats: stats.counts.get("no_pictures", 0) > 0)
        device.wait_screen("rate")
        desk.wait_picture(drawn(State("rate")), "the built-in words")


def test_restarts_on_both_sides_and_a_lost_connection_end_with_the_picture(desk):
    with desk.device as device:
        device.wait_screen("idle")
        prompt = desk.serve("LC-1")
        wanted = drawn(State("rate", prompt=prompt))
        desk.wait_picture(wanted, "the picture")
        device.power_off()
        device.power_on()
        device.wait_screen("rate")
        desk.wait_picture(wanted, "the picture after the device's restart")

        before = desk.fetched()
        device.cut_network()
        device.restore_network()
        device.wait_stats(lambda stats: stats.counts.get("connects", 0) > 1)
        desk.wait_picture(wanted, "the picture after a lost connection")
        assert desk.fetched() == before, "it has the picture"

        desk.restart_gateway()
        other = desk.serve("LC-2", "护照", "1002")
        desk.wait_picture(drawn(State("rate", prompt=other)), "a new picture of the gateway's next life")
    assert "Traceback" not in desk.log()


def test_a_halls_own_reasons_are_shown_in_its_own_words(desk):
    with desk.device as device:
        device.wait_screen("idle")
        desk.gateway.service.put_indicators(OWN)
        kept = device.folder
        assert device.wait_until(lambda: any(p.suffix == "" for p in kept.glob("strips-*")), WAIT_S), "kept in flash"
        prompt = desk.serve("LC-1")
        desk.wait_picture(drawn(State("rate", prompt=prompt)), "the picture of the case")
        asked = desk.asked
        device.press(1)
        device.wait_light(1)
        device.advance(3000)
        device.wait_screen("reasons")
        page = ("1 108", "2 115", "3 190", "4 191", "5 1/1")
        desk.wait_picture(drawn(State("reasons", page, own=True)), "the hall's own reasons")
        assert desk.asked == asked, "nothing is fetched because of a press"

        # after a restart they are there without being fetched again
        fetched = sum(len(body.bytes) for body in desk.bodies(downlink.ASSET) if body.hash == STRIPS)
        assert fetched == len(strips.pack(OWN))
        device.power_off()
        device.power_on()
        desk.serve("LC-2")
        device.wait_screen("rate")
        device.press(1)
        device.wait_light(1)
        device.advance(3000)
        device.wait_screen("reasons")
        desk.wait_picture(drawn(State("reasons", page, own=True)), "after a restart")
        assert fetched == sum(len(body.bytes) for body in desk.bodies(downlink.ASSET) if body.hash == STRIPS)

        desk.gateway.service.put_indicators(NATIONAL)
        desk.serve("LC-3")
        device.wait_screen("rate")
        device.press(1)
        device.wait_light(1)
        device.advance(3000)
        device.wait_screen("reasons")
        national = ("1 108", "2 109", "3 110", "4 111", "5 1/2")
        desk.wait_picture(drawn(State("reasons", national)), "the national ones again")
    assert "no_pictures" not in desk.log()
