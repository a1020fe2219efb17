"""Scenario files: a morning in a hall, written down so that a person can read it and the simulator can play it.

A scenario has acts, played one after the other; an act has a lane for each window and one called ``hall`` for what
happens to the machines; the lanes of an act run side by side. ``simulator/scenarios/`` holds the ones that ship.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

SHIPPED = Path(__file__).parent / "scenarios"
HALL_LANE = "hall"
Level = Annotated[int, Field(ge=1, le=5)]


class ScenarioError(Exception):
    """A scenario file cannot be played; the text names file, place and what was expected."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Citizen(_Strict):
    """One person at a window: called, served, asked to rate. ``press`` is what they press, in order; empty: nothing."""

    case: str = Field(min_length=1, max_length=40)
    item: str = Field(min_length=1, max_length=20)
    service: int = Field(default=1, ge=1, le=99)
    press: tuple[Level, ...] = ()
    power_cut: bool = False


class Step(_Strict):
    """One step of a lane: exactly one of these."""

    sign_in: str | None = None
    sign_out: bool | None = None
    citizen: Citizen | None = None
    passer_by: tuple[Level, ...] | None = None
    network: Literal["cut", "restore"] | None = None
    device: Literal["kill"] | None = None
    central: Literal["stop", "start", "kill"] | None = None
    gateway: Literal["kill"] | None = None
    attack: Literal["forge", "neighbour", "central"] | None = None
    pause_ms: int | None = Field(default=None, ge=0, le=60_000)

    @model_validator(mode="after")
    def _one(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step says one thing, this one says {sorted(self.model_fields_set) or 'nothing'}")
        return self


class Act(_Strict):
    """``say`` is told to the audience when the act begins."""

    say: str = ""
    lanes: Mapping[str, tuple[Step, ...]]


class Scenario(_Strict):
    """``windows`` maps a window to the device that stands there; ``undo_ms`` is the time to change one's mind."""

    title: str
    hall: str
    windows: dict[str, str]
    undo_ms: int = Field(default=2000, ge=0, le=60_000)
    acts: tuple[Act, ...]

    @model_validator(mode="after")
    def _consistent(self) -> "Scenario":
        window_steps = {"sign_in", "sign_out", "citizen", "passer_by", "network", "device", "pause_ms"}
        hall_steps = {"central", "gateway", "attack", "pause_ms"}
        services: set[tuple[str, int]] = set()
        for act in self.acts:
            for lane, steps in act.lanes.items():
                if lane != HALL_LANE and lane not in self.windows:
                    raise ValueError(f"lane {lane} is neither a window nor '{HALL_LANE}'")
                for step in steps:
                    (kind,) = step.model_fields_set
                    if kind not in (hall_steps if lane == HALL_LANE else window_steps):
                        raise ValueError(f"'{kind}' does not belong into the lane {lane}")
                    if step.citizen:
                        service = (step.citizen.case, step.citizen.service)
                        if service in services:
                            raise ValueError(f"case {service[0]}, service {service[1]} comes twice")
                        services.add(service)
        return self

    @property
    def citizens(self) -> list[Citizen]:
        """Everybody who is served, in the order of the file."""
        steps = (step for act in self.acts for lane in act.lanes.values() for step in lane)
        return [step.citizen for step in steps if step.citizen]


def load(name: str) -> Scenario:
    """Read a scenario by the path of its file or by the name of a shipped one. Raises ScenarioError."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else SHIPPED / f"{name}.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        shipped = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.yaml")))
        raise ScenarioError(f"no scenario {path}; shipped are: {shipped}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ScenarioError(f"{path}: {place}: {first['msg']}") from error
