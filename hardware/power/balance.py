"""The sums: what each state takes from the port, how bright and loud that lets the device be, what the converter bears.

Every current is turned into the current at the receptacle: a part on 5 V takes it as it is, one on 3.3 V through the
buck. The same current flows through cable, fuse and switch, and the less they leave of the 5 V, the more the buck takes
of it; so each state's voltage and current are found together.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace

from hardware.part import HardwareError
from hardware.power.budget import Budget, State
from hardware.power.facts import Facts
from hardware.power.firmware import Allowed

TYPICAL, WORST, PEAK = range(3)
KINDS = ("typical", "worst", "peak")
FULL = 255
_SETTLED_V = 1e-5
MOST_QUIET = 8


@dataclass(frozen=True)
class Share:
    """What one consumer takes from the port in a state, in mA: typical, worst mean over a second, peak."""

    key: str
    zh: str
    en: str
    ma: tuple[float, float, float]


@dataclass(frozen=True)
class Sum:
    """A state's shares, their sums, the 5 V that are left on the board, and what the 3.3 V rail gives (mA)."""

    state: State
    shares: tuple[Share, ...]
    total_ma: tuple[float, float, float]
    five_v: tuple[float, float, float]
    three_ma: tuple[float, float, float]


@dataclass(frozen=True)
class Caps:
    """What 500 mA allow: the greatest brightness of 255 by state, the least ``quieter`` by state, and over all."""

    brightness: dict[str, int]
    quieter: dict[str, int]
    least_brightness: int
    most_quieter: int


@dataclass(frozen=True)
class Converter:
    """The buck at its worst: ripple and peak of the inductor's current, what it heats, and how warm it gets."""

    load_ma: float
    ripple_ma: float
    inductor_peak_ma: float
    loss_w: float
    junction_c: float


@dataclass(frozen=True)
class Inrush:
    """What charging the board takes from the port: before the switch at once, behind it while it turns on."""

    before_uf: float
    behind_uf: float
    charge_uc: float
    current_ma: float


@dataclass(frozen=True)
class Cell:
    """Years a coin cell keeps the clock: in a hall that opens daily, and in a cupboard."""

    hall_years: float
    cupboard_years: float


@dataclass(frozen=True)
class Report:
    budget: Budget
    allowed: Allowed
    facts: Facts
    sums: tuple[Sum, ...]
    caps: Caps
    converter: Converter
    inrush: Inrush
    cell: Cell
    speaker_w: float


def report(budget: Budget, allowed: Allowed, facts: Facts) -> Report:
    sums = tuple(add(state, budget, allowed, facts) for state in budget.states.values())
    return Report(
        budget=budget,
        allowed=allowed,
        facts=facts,
        sums=sums,
        caps=_caps(budget, allowed, facts),
        converter=_converter(budget, facts, max(one.three_ma[PEAK] for one in sums)),
        inrush=_inrush(budget, facts),
        cell=_cell(budget),
        speaker_w=speaker_w(budget, facts, allowed.quieter),
    )


def speaker_w(budget: Budget, facts: Facts, quieter: int) -> float:
    """Mean power of a sine at full scale into the speaker; the supply clips it."""
    volts = 10 ** ((budget.voice.full_scale_dbv + facts.gain_db) / 20) / 2**quieter
    return min(volts, budget.supply.highest_v / 2**0.5) ** 2 / budget.voice.ohm


def add(state: State, budget: Budget, allowed: Allowed, facts: Facts) -> Sum:
    """One state's currents at the port."""
    shares: dict[str, list[float]] = {}
    totals, volts, three = [], [], []
    for kind in (TYPICAL, WORST, PEAK):
        drawn, five = _settled(state, budget, allowed, facts, kind)
        for key, ma in drawn.items():
            shares.setdefault(key, []).append(round(ma, 1))
        totals.append(round(sum(drawn.values()), 1))
        volts.append(round(five, 3))
        three.append(round(sum(_three(state, budget, allowed, kind).values()), 1))
    names = {key: (one.zh, one.en) for key, one in budget.consumers.items()}
    names |= {"lights": (budget.lights.zh, budget.lights.en), "voice": (budget.voice.zh, budget.voice.en)}
    return Sum(
        state=state,
        shares=tuple(Share(key, *names[key], (ma[0], ma[1], ma[2])) for key, ma in shares.items()),
        total_ma=(totals[0], totals[1], totals[2]),
        five_v=(volts[0], volts[1], volts[2]),
        three_ma=(three[0], three[1], three[2]),
    )


def _settled(state: State, budget: Budget, allowed: Allowed, facts: Facts, kind: int) -> tuple[dict[str, float], float]:
    """mA by consumer and the volts that they leave on the board, found in steps: each is a tenth of the one before."""
    source = budget.supply.typical_v if kind == TYPICAL else budget.supply.least_v
    series = budget.fuse.ohm + budget.switch.ohm
    five, before = source, 0.0
    while abs(five - before) > _SETTLED_V:
        before = five
        drawn = _drawn(state, budget, allowed, facts, kind, five)
        five = max(source - sum(drawn.values()) / 1000 * series, budget.buck.volts)
    return drawn, five


def _drawn(state: State, budget: Budget, allowed: Allowed, facts: Facts, kind: int, five: float) -> dict[str, float]:
    """mA at the port by consumer, with ``five`` volts left on the board."""
    lossy = budget.buck.efficiency[min(kind, WORST)]
    through = budget.buck.volts / (lossy * five)
    drawn = {key: ma * through for key, ma in _three(state, budget, allowed, kind).items()}
    drawn |= {key: ma for key, ma in _consumers(state, budget, allowed, kind).items() if key not in drawn}
    drawn["lights"] = lights_ma(budget, allowed, state.lit[min(kind, WORST)], min(kind, WORST))
    drawn["voice"] = _voice_ma(state, budget, allowed, facts, kind, five)
    return drawn


def _three(state: State, budget: Budget, allowed: Allowed, kind: int) -> dict[str, float]:
    """mA on 3.3 V by consumer."""
    drawn = _consumers(state, budget, allowed, kind)
    return {key: ma for key, ma in drawn.items() if budget.consumers[key].rail == "+3V3"}


def _consumers(state: State, budget: Budget, allowed: Allowed, kind: int) -> dict[str, float]:
    """mA on its own rail by consumer. A peak is the greatest of the modes that the state has at all."""
    drawn = {}
    for key, modes in state.uses.items():
        consumer = budget.consumers[key]
        if kind == PEAK:
            drawn[key] = max(consumer.modes[name].worst for name in modes)
            continue
        shares = {name: span[kind] for name, span in modes.items()}
        ma = sum(
            share * (consumer.modes[n].worst if kind else consumer.modes[n].typical) for n, share in shares.items()
        )
        drawn[key] = ma * (allowed.backlight if key == "backlight" else 1)
    return drawn


def lights_ma(budget: Budget, allowed: Allowed, lit: float, kind: int) -> float:
    """All stars dark, and ``lit`` of them at the firmware's brightest."""
    full = budget.lights.full_ma[kind] - budget.lights.dark_ma[kind]
    return allowed.stars * budget.lights.dark_ma[kind] + lit * full * allowed.brightest / FULL


def _voice_ma(state: State, budget: Budget, allowed: Allowed, facts: Facts, kind: int, five: float) -> float:
    """Typical: the loudest shipped recording. Worst: a sine at full scale. Peak: its crest, twice the mean."""
    share = state.voice[min(kind, WORST)]
    if not share:
        return budget.voice.sleep_ma
    watt = speaker_w(budget, facts, allowed.quieter) * (allowed.loudness if kind == TYPICAL else 1)
    at = min(kind, WORST)
    crest = 2 if kind == PEAK else share
    return budget.voice.idle_ma[at] + crest * watt / (budget.voice.efficiency[at] * five) * 1000


def _caps(budget: Budget, allowed: Allowed, facts: Facts) -> Caps:
    states = budget.states.items()
    brightness = {key: _brightest(state, budget, allowed, facts) for key, state in states if state.lit[WORST]}
    quieter = {key: _softness(state, budget, allowed, facts) for key, state in states if state.voice[WORST]}
    return Caps(brightness, quieter, min(brightness.values(), default=FULL), max(quieter.values(), default=0))


def _brightest(state: State, budget: Budget, allowed: Allowed, facts: Facts) -> int:
    def too_bright(level: int) -> bool:
        return not _fits(state, budget, replace(allowed, brightest=level), facts)

    return bisect_left(range(1, FULL + 1), True, key=too_bright)


def _softness(state: State, budget: Budget, allowed: Allowed, facts: Facts) -> int:
    def soft_enough(times: int) -> bool:
        return _fits(state, budget, replace(allowed, quieter=times), facts)

    return bisect_left(range(MOST_QUIET), True, key=soft_enough)


def _fits(state: State, budget: Budget, allowed: Allowed, facts: Facts) -> bool:
    drawn, _ = _settled(state, budget, allowed, facts, WORST)
    return sum(drawn.values()) <= budget.supply.limit_ma


def _converter(budget: Budget, facts: Facts, load_ma: float) -> Converter:
    buck = budget.buck
    least = facts.inductance_h * (1 - buck.inductor_tolerance)
    ripple = buck.volts * (1 - buck.volts / budget.supply.highest_v) / (least * buck.hertz) * 1000
    loss = buck.volts * load_ma / 1000 * (1 / buck.efficiency[1] - 1)
    return Converter(
        load_ma=round(load_ma, 1),
        ripple_ma=round(ripple, 1),
        inductor_peak_ma=round(load_ma + ripple / 2, 1),
        loss_w=round(loss, 3),
        junction_c=round(buck.ambient_c + loss * buck.theta_c_w, 1),
    )


def _inrush(budget: Budget, facts: Facts) -> Inrush:
    before = sum(uf for net, uf in facts.microfarad.items() if net.startswith("VBUS"))
    behind = facts.microfarad.get("+5V", 0.0)
    charge = (before + behind) * budget.supply.typical_v
    current = behind * 1e-6 * budget.supply.typical_v / (budget.switch.rise_ms / 1000) * 1000
    return Inrush(round(before, 2), round(behind, 2), round(charge, 1), round(current, 1))


def _cell(budget: Budget) -> Cell:
    cell = budget.cell

    def years(at: int) -> float:
        on = cell.hours_on[at] / 24
        mean_ua = on * cell.on_ua + (1 - on) * cell.off_ua[at]
        return cell.mah / (mean_ua * 8.766 + cell.self_discharge * cell.mah)

    return Cell(round(years(TYPICAL), 1), round(years(WORST), 1))


def check(made: Report) -> None:
    """Whether the board bears what the firmware allows. Raises HardwareError with a sentence each."""
    wrong = _firmware_too_free(made) + _too_much_current(made) + _converter_too_small(made)
    if wrong:
        raise HardwareError("power budget: " + "; ".join(wrong))


def _firmware_too_free(made: Report) -> list[str]:
    budget, allowed, caps = made.budget, made.allowed, made.caps
    wrong = []
    if allowed.brightest > caps.least_brightness:
        where = min(caps.brightness, key=lambda key: caps.brightness[key])
        wrong.append(
            f"the firmware lets a star shine at {allowed.brightest} of 255, and in the state {where!r} "
            f"{budget.supply.limit_ma:g} mA leave room for {caps.least_brightness}: lower brightest in pinout.toml"
        )
    if allowed.quieter < caps.most_quieter:
        where = max(caps.quieter, key=lambda key: caps.quieter[key])
        wrong.append(
            f"firmware/drivers/voice.py plays with quieter = {allowed.quieter}, and in the state {where!r} "
            f"{budget.supply.limit_ma:g} mA bear a voice at full scale only with quieter = {caps.most_quieter}: "
            f"raise the default, or strap the amplifier ({budget.voice.refs[0]}) to less than {made.facts.gain_db:g} dB"
        )
    if made.speaker_w > budget.voice.rated_w:
        wrong.append(
            f"a voice at full scale gives the loudspeaker {made.speaker_w:.2f} W at {made.facts.gain_db:g} dB, and it "
            f"bears {budget.voice.rated_w:g} W: strap {budget.voice.refs[0]} to less gain"
        )
    return wrong


def _too_much_current(made: Report) -> list[str]:
    budget = made.budget
    wrong = []
    for one in made.sums:
        where = f"the state {one.state.key!r}"
        if one.total_ma[WORST] > budget.supply.limit_ma:
            wrong.append(f"{where} takes {one.total_ma[WORST]:.0f} mA, and a port gives {budget.supply.limit_ma:g} mA")
        if one.total_ma[WORST] > budget.fuse.hold_hot_ma:
            wrong.append(
                f"{where} takes {one.total_ma[WORST]:.0f} mA, and the warm fuse {budget.fuse.ref} holds "
                f"{budget.fuse.hold_hot_ma:g} mA"
            )
        if one.total_ma[PEAK] > budget.switch.limit_ma:
            wrong.append(
                f"{where} peaks at {one.total_ma[PEAK]:.0f} mA, and the load switch {budget.switch.ref} limits at "
                f"{budget.switch.limit_ma:g} mA"
            )
        if one.five_v[WORST] < budget.supply.works_v:
            wrong.append(
                f"{where} leaves {one.five_v[WORST]:.2f} V on +5V, and {budget.supply.works_v:g} V are needed there"
            )
    return wrong


def _converter_too_small(made: Report) -> list[str]:
    buck, converter = made.budget.buck, made.converter
    wrong = []
    if converter.load_ma > buck.rated_ma:
        wrong.append(f"+3V3 takes {converter.load_ma:.0f} mA, and {buck.ref} gives {buck.rated_ma:g} mA")
    if converter.inductor_peak_ma > buck.saturation_ma:
        wrong.append(
            f"{buck.inductor} carries {converter.inductor_peak_ma:.0f} mA at its crest, and saturates at "
            f"{buck.saturation_ma:g} mA"
        )
    if converter.junction_c > buck.junction_c:
        wrong.append(f"{buck.ref} gets {converter.junction_c:.0f} °C warm, and bears {buck.junction_c:g} °C")
    if made.inrush.before_uf > made.budget.supply.free_uf:
        wrong.append(
            f"{made.inrush.before_uf:g} uF hang on VBUS before {made.budget.switch.ref}, and USB allows "
            f"{made.budget.supply.free_uf:g} uF: move them behind the switch"
        )
    if made.inrush.current_ma > made.budget.supply.limit_ma:
        wrong.append(
            f"plugging in takes {made.inrush.current_ma:.0f} mA for {made.inrush.behind_uf:g} uF on +5V, and a port "
            f"gives {made.budget.supply.limit_ma:g} mA: less capacitance, or a slower switch"
        )
    return wrong
