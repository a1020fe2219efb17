"""Pictures of scenes on a real device: composed by a real gateway, fetched over its broker, drawn by the real VM."""

import threading
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from gateway import enrolment, settings
from gateway.business import Source
from gateway.clock import Clock
from gateway.core import times
from gateway.core.scene import Prompt
from gateway.run import Gateway
from protocol import downlink
from simulator import provisioning, screens
from simulator.device import SimDevice
from simulator.screens import State

HALL, DEVICE, WINDOW = "hall-1", "a01", "A01"
TEMPLATE = "https://hcp.example.gov.cn/r/{window}/{case_no}/{service_no}"
WAIT_S = 20.0


class Desk:
    """A gateway in this process, a device at its window, and everything that was sent to the device."""

    def __init__(self, folder: Path, **more):
        self.folder = folder
        self.changed = threading.Condition()
        self.sent: list[downlink.Downlink] = []
        self._events = 0
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
        publish = self.gateway.service._publish

        def listen(topic: str, payload: bytes) -> bool:
            done = publish(topic, payload)
            if topic.startswith(f"hcp/v1/{HALL}/{DEVICE}/"):
                with self.changed:
                    self.sent.append(downlink.unpack(self.enrolled.downlink_key, payload, DEVICE))
                    self.changed.notify_all()
            return done

        self.gateway.service._publish = listen

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

    def forget(self) -> None:
        with self.changed:
            self.sent.clear()

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


def test_a_device_shows_the_picture_of_its_case_and_has_it_before_it_asks(desk):
    with desk.device as device:
        device.wait_screen("idle")
        prompt = desk.serve("LC-1")
        device.wait_screen("rate")
        desk.wait_picture(drawn(State("rate", prompt=prompt)), "the picture of the case")
    scenes = [scene for scene in desk.bodies(downlink.SCENE) if scene.prompt]
    assert {scene.prompt for scene in scenes} == {scenes[0].prompt}
