"""What the circuit itself says about its power: capacitance of each rail, the inductor, the amplifier's gain."""

from collections.abc import Iterable
from dataclasses import dataclass

from hardware.bom import value
from hardware.bom.bom import VARIANTS
from hardware.part import HardwareError, Part
from hardware.power.budget import Budget

#: Net and series resistor (Ω) of the MAX98357A's GAIN_SLOT pin → gain in dB; its data sheet, "Gain selection".
GAINS = {("GND", 100e3): 15.0, ("GND", 0.0): 12.0, ("", 0.0): 9.0, ("supply", 0.0): 6.0, ("supply", 100e3): 3.0}


@dataclass(frozen=True)
class Facts:
    """``microfarad`` of each net against GND. ``gain_db`` is of the amplifier as it is strapped."""

    microfarad: dict[str, float]
    inductance_h: float
    gain_db: float


def of(parts: Iterable[Part], budget: Budget) -> Facts:
    """Raises HardwareError if the budget and the circuit do not have the same parts."""
    by_ref = {part.ref: part for part in parts}
    wrong = _unlike(by_ref, budget)
    if wrong:
        raise HardwareError("; ".join(wrong))
    return Facts(
        microfarad=_capacitance(by_ref.values()),
        inductance_h=_inductance(by_ref[budget.buck.inductor]),
        gain_db=_gain(by_ref, by_ref[budget.voice.refs[0]], budget.voice.gain_pin),
    )


def _unlike(by_ref: dict[str, Part], budget: Budget) -> list[str]:
    """Parts without figures, figures without a part, and states that use what their variant leaves out."""
    consumers = {key: one.refs for key, one in budget.consumers.items()}
    consumers |= {"lights": budget.lights.refs, "voice": budget.voice.refs}
    named = {ref for refs in consumers.values() for ref in refs} | budget.uncounted.keys()
    single = {budget.fuse.ref, budget.switch.ref, budget.buck.ref, budget.buck.inductor, budget.cell.ref}
    wrong = [
        f"power/budget.toml counts {ref}, and the circuit has no such part"
        for ref in sorted((named | single) - by_ref.keys())
    ]
    for part in by_ref.values():
        draws = part.ref.startswith(("U", "BZ")) or part.symbol.startswith("LED:")
        if draws and part.ref not in named:
            wrong.append(f"{part.ref} ({part.value}) has no figures in power/budget.toml; count it, or say why not")
    for state in budget.states.values():
        if state.variant not in VARIANTS:
            wrong.append(f"power/budget.toml: [states.{state.key}] is of no variant of bom.py: {state.variant!r}")
            continue
        for key in state.uses:
            options = {by_ref[ref].option for ref in consumers[key] if ref in by_ref}
            if options and not options & (VARIANTS[state.variant] | {""}):
                wrong.append(f"power/budget.toml: [states.{state.key}] uses {key}, which {state.variant!r} leaves out")
    return wrong


def _capacitance(parts: Iterable[Part]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in parts:
        nets = set(part.nets.values())
        if part.ref.startswith("C") and part.ref[1:].isdigit() and "GND" in nets and len(nets) == 2:
            farad = value.written(part.value)
            if farad is None:
                raise HardwareError(f"{part.ref} ({part.value}): no capacitance can be read from its value")
            (net,) = nets - {"GND"}
            found[net] = found.get(net, 0.0) + farad * 1e6
    return {net: round(microfarad, 3) for net, microfarad in sorted(found.items())}


def _inductance(part: Part) -> float:
    henry = value.written(part.value)
    if henry is None:
        raise HardwareError(f"{part.ref} ({part.value}): no inductance can be read from its value")
    return henry


def _gain(by_ref: dict[str, Part], amplifier: Part, pin: str) -> float:
    """The gain that the strap at ``pin`` means: joined to a rail, through 100 kΩ, or left open."""
    net = amplifier.nets.get(pin, "")
    strap = (_rail(net), 0.0)
    if net and strap[0] == "other":
        resistors = [p for p in by_ref.values() if p.ref.startswith("R") and net in p.nets.values()]
        if len(resistors) != 1:
            raise HardwareError(f"{amplifier.ref} pin {pin}: the net {net} is no strap for the gain that is known here")
        (other,) = set(resistors[0].nets.values()) - {net}
        strap = (_rail(other), value.written(resistors[0].value) or 0.0)
    if strap not in GAINS:
        raise HardwareError(f"{amplifier.ref} pin {pin}: {net or 'open'} means no gain that the data sheet knows")
    return GAINS[strap]


def _rail(net: str) -> str:
    if net in ("", "GND"):
        return net
    return "supply" if net.startswith("+") else "other"
