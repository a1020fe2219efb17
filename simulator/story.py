"""Playing a scenario in a hall, and keeping the truth of it.

Each lane runs in a thread of its own. Whoever is on stage behaves as people do: they wait for the device to ask, press,
look for the light, and press again if there was none. What they could swear to afterwards is kept in ``Truth``.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from simulator import officials
from simulator.attacker import Attacker
from simulator.device import DeviceOff, SimDevice, WaitTimeout
from simulator.hall import Hall
from simulator.scenario import HALL_LANE, Act, Citizen, Scenario, Step
from simulator.truth import Press, Service, Truth

#: How long somebody stands at a window before they think that it is broken; longer than any restart in a story.
PATIENCE_S = 60
#: How long somebody looks for the light before pressing again.
LIGHT_S = 5


class StoryError(Exception):
    """Something on stage did not answer in time; the text says who waited for what."""


class Story:
    """One performance. ``pace_ms`` is how long people take between two things they do; 0 for tests."""

    def __init__(self, hall: Hall, scenario: Scenario, say: Callable[[str], None], pace_ms: int = 0):
        self.truth = Truth()
        self._hall = hall
        self._scenario = scenario
        self._say = say
        self._pace_ms = pace_ms
        self._lock = threading.Lock()
        self._staff: dict[str, str] = {}
        self._attacker = Attacker(hall)

    def play(self) -> Truth:
        """Play every act to its end. Raises StoryError, or the first error of a lane."""
        for act in self._scenario.acts:
            self.play_act(act)
        return self.truth

    def play_act(self, act: Act) -> None:
        """Play one act to its end. Raises as ``play`` does."""
        if act.say:
            self._say(act.say)
        with ThreadPoolExecutor(len(act.lanes), thread_name_prefix="lane") as lanes:
            running = [lanes.submit(self._lane, name, steps) for name, steps in act.lanes.items()]
        for lane in running:
            lane.result()

    def _lane(self, lane: str, steps: tuple[Step, ...]) -> None:
        for step in steps:
            (kind,) = step.model_fields_set
            if kind == "pause_ms":
                time.sleep((step.pause_ms or 0) / 1000)
            elif lane == HALL_LANE:
                self._hall_step(step)
            else:
                self._window_step(lane, step)
            time.sleep(self._pace_ms / 1000)

    def _hall_step(self, step: Step) -> None:
        if step.central == "stop":
            self._hall.central.stop()
        elif step.central == "start":
            self._hall.central.start()
        elif step.central == "kill":
            self._hall.central.restart_killed()
        elif step.gateway == "kill":
            self._hall.gateway.restart_killed()
        elif step.attack:
            forged, refused = getattr(self._attacker, step.attack)()
            self._say(
                f"　攻击：{self._attacker.WORDS[step.attack]} —— {'被拒绝' if refused == forged else '没有被拒绝！'}"
            )
            with self._lock:
                self.truth.forged += forged
                self.truth.refused += refused

    def _window_step(self, window: str, step: Step) -> None:
        device = self._hall.devices[window]
        if step.sign_in:
            self._staff[window] = step.sign_in
            self._hall.business.sign_in(window, step.sign_in)
        elif step.sign_out:
            self._hall.business.sign_out(window, self._staff.pop(window))
        elif step.citizen:
            self._serve(window, device, step.citizen)
        elif step.passer_by is not None:
            self._wait(device, lambda: _is_free(device), f"{window}：空闲画面")
            self._rate(window, device, step.passer_by, None)
            self._say(f"　{window} 没有办件，有人按了一下：照样保存，标为未关联。")
        elif step.network == "cut":
            self._hall.cut_network(window)
            self._say(f"　{window} 断网。")
        elif step.network == "restore":
            self._hall.restore_network(window)
            self._say(f"　{window} 网络恢复。")
        elif step.device == "kill":
            self._hall.power_cycle(window)

    def _serve(self, window: str, device: SimDevice, citizen: Citizen) -> None:
        staff = self._staff[window]
        case_no, service_no = service = (citizen.case, citizen.service)
        business = self._hall.business
        known = {"applicant": officials.applicant(case_no)} if self._hall.plan.policy else {}
        business.called(window, staff, case_no, service_no, citizen.item, **known)
        time.sleep(self._pace_ms / 1000)
        business.served(window, staff, *service, citizen.item)
        self._wait(device, lambda: _asks_for(device, citizen), f"{window}：为 {citizen.case} 请求评价")
        if citizen.press:
            self._rate(window, device, citizen.press, service, citizen.power_cut)
        else:
            with self._lock:
                self.truth.silent.append(service)
        business.finished(window, staff, *service, citizen.item)
        what = {0: "没有评价", 1: "评价一次"}.get(len(citizen.press), f"改了 {len(citizen.press) - 1} 次主意")
        self._say(f"　{window} {citizen.item}（{citizen.case}）：{what}{'，灯亮后断电' if citizen.power_cut else ''}。")

    def _rate(
        self, window: str, device: SimDevice, stars: tuple[int, ...], service: Service | None, power_cut: bool = False
    ) -> None:
        attempt = _Attempt(device.starts)
        ready = _takes_a_press if service else _is_free
        for star in stars:
            if device.starts != attempt.start:
                # the power went since the last press: what was lit then stands by itself
                self._keep(window, device, attempt, service)
                attempt = _Attempt(device.starts)
            if attempt.levels:
                time.sleep(self._pace_ms / 1000)
            while not self._press(device, star):
                attempt.tried.add(star)
                self._keep(window, device, attempt, service)
                if attempt.levels and device.starts != attempt.start:
                    # the power went between the two: this press may be the first of the next life, beside the one lit
                    self._keep(window, device, _Attempt(device.starts, tried={star}), service)
                self._wait(device, lambda: ready(device), f"{window}：重新启动")
                attempt = _Attempt(device.starts)
            if attempt.levels and device.starts != attempt.start:
                # the power went around this press: what was lit before it may stand by itself, or have been changed
                self._keep(window, device, _Attempt(attempt.start, tried=attempt.levels | attempt.tried), service)
                attempt = _Attempt(device.starts)
            attempt.levels = {star}
        if power_cut:
            self._hall.power_cycle(window)
        self._keep(window, device, attempt, service)

    def _press(self, device: SimDevice, star: int) -> bool:
        """Press once; True if the light answered."""
        try:
            device.press(star)
            device.wait_light(star, timeout=LIGHT_S)
        except (DeviceOff, WaitTimeout):
            return False
        return True

    def _keep(self, window: str, device: SimDevice, attempt: "_Attempt", service: Service | None) -> None:
        levels = frozenset(attempt.levels | attempt.tried)
        if levels:
            press = Press(
                device.id, window, levels, service, self._staff.get(window) if service else None, bool(attempt.levels)
            )
            with self._lock:
                self.truth.presses.append(press)

    def _wait(self, device: SimDevice, condition: Callable[[], bool], what: str) -> None:
        if not device.wait_until(condition, PATIENCE_S):
            raise StoryError(f"等待 {PATIENCE_S} 秒仍没有{what}；画面是 {device.screen()}")


@dataclass
class _Attempt:
    """The presses of one person in one undo window. ``levels`` was lit; ``tried`` was pressed and saw no light."""

    start: int
    levels: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)


def _takes_a_press(device: SimDevice) -> bool:
    return device.screen().name in ("idle", "offline", "rate", "thanks", "saved")


def _is_free(device: SimDevice) -> bool:
    """Nobody is asked, and the device knows the time: else whoever presses may well be meant for the next service."""
    try:
        return device.screen().name in ("idle", "offline") and device.stats().wall_ms is not None
    except (DeviceOff, WaitTimeout):
        return False


def _asks_for(device: SimDevice, citizen: Citizen) -> bool:
    screen = device.screen()
    return screen.name == "rate" and any(citizen.item in line for line in screen.lines)
