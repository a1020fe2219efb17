"""The power budget in words and figures: one document for programs, one page for people."""

import json

from hardware.power.balance import KINDS, PEAK, TYPICAL, WORST, Report


def as_json(made: Report) -> str:
    budget, caps = made.budget, made.caps
    document = {
        "unit": "mA at the receptacle, unless the name says another",
        "limit_ma": budget.supply.limit_ma,
        "states": {
            one.state.key: {
                "en": one.state.en,
                "zh": one.state.zh,
                "variant": one.state.variant,
                "total_ma": dict(zip(KINDS, one.total_ma, strict=True)),
                "plus5v_v": dict(zip(KINDS, one.five_v, strict=True)),
                "plus3v3_rail_ma": dict(zip(KINDS, one.three_ma, strict=True)),
                "shares_ma": {share.key: dict(zip(KINDS, share.ma, strict=True)) for share in one.shares},
                "brightness_cap": caps.brightness.get(one.state.key),
                "quieter_needed": caps.quieter.get(one.state.key),
            }
            for one in made.sums
        },
        "brightness_cap": caps.least_brightness,
        "brightest_of_firmware": made.allowed.brightest,
        "quieter_needed": caps.most_quieter,
        "quieter_of_firmware": made.allowed.quieter,
        "amplifier_gain_db": made.facts.gain_db,
        "speaker_w": round(made.speaker_w, 3),
        "capacitance_uf": made.facts.microfarad,
        "converter": vars(made.converter),
        "inrush": vars(made.inrush),
        "cell": vars(made.cell),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def as_markdown(made: Report) -> str:
    text = ["# Power budget", "", "![What each state takes from the port](power-budget.svg)", ""]
    text += [*_states(made), "", "## What the firmware may do", "", *_firmware(made), ""]
    text += ["## What the parts bear", "", *_parts(made), "", "## Shares", "", *_shares(made), ""]
    text += ["## Where the figures are from", "", *_sources(made)]
    return "\n".join(text) + "\n"


def _states(made: Report) -> list[str]:
    supply = made.budget.supply
    text = [
        "Current at the USB receptacle in mA. *Typical* is at 5 V; *worst* is the mean of the worst second at "
        f"{supply.least_v:g} V,",
        "the lowest that the device promises to work at; *peak* is everything at its worst at once, for milliseconds.",
        "Peaks above the limit last milliseconds and are bounded by the load switch; whether a strict port bears them,",
        "a first board has to show. The figures are from data sheets or, where they say so, assumed",
        "(`hardware/power/budget.toml`), and have to be measured.",
        "",
        f"| state | typical | worst | of {supply.limit_ma:g} mA | peak | +3V3 worst | +5V worst |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in made.sums:
        share = one.total_ma[WORST] / supply.limit_ma
        text.append(
            f"| {one.state.en} | {one.total_ma[TYPICAL]:.0f} | {one.total_ma[WORST]:.0f} | {share:.0%} | "
            f"{one.total_ma[PEAK]:.0f} | {one.three_ma[WORST]:.0f} mA | {one.five_v[WORST]:.2f} V |"
        )
    return text


def _firmware(made: Report) -> list[str]:
    budget, caps, allowed = made.budget, made.caps, made.allowed
    limit = f"{budget.supply.limit_ma:g} mA"
    text = [
        f"- **Light**: {limit} bear a brightness of {caps.least_brightness} of 255 in the worst state. The firmware's",
        f"  is {allowed.brightest}: `brightest` in `hardware/pinout.toml`, to which `firmware/drivers/stars.py` holds.",
        f"- **Voice**: at {made.facts.gain_db:g} dB a sine at full scale is {made.speaker_w:.2f} W in the loudspeaker;",
        f"  {limit} need its amplitude halved {_times(caps.most_quieter)}, and `firmware/drivers/voice.py` halves it",
        f"  {_times(allowed.quieter)} by default (`quieter`). The loudest shipped recording has",
        f"  {allowed.loudness:.1%} of that power; a hall's own may have all of it.",
        f"- The build fails when either allows more. Brighter stars or a louder {budget.voice.refs[0]}",
        f"  need a supply that promises more than {limit}, and this budget changed first.",
        "",
        "| state | brightness cap | halvings needed |",
        "| --- | ---: | ---: |",
    ]
    for key, cap in caps.brightness.items():
        text.append(f"| {budget.states[key].en} | {cap} | {caps.quieter.get(key, '')} |")
    return text


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _parts(made: Report) -> list[str]:
    budget, converter, inrush = made.budget, made.converter, made.inrush
    buck, fuse, switch = budget.buck, budget.fuse, budget.switch
    worst = max(one.total_ma[WORST] for one in made.sums)
    peak = max(one.total_ma[PEAK] for one in made.sums)
    return [
        "| part | bears | has to bear | margin |",
        "| --- | ---: | ---: | ---: |",
        _bears(f"fuse {fuse.ref}, warm", fuse.hold_hot_ma, worst, "worst second"),
        _bears(f"load switch {switch.ref}, least limit", switch.limit_ma, peak, "peak"),
        _bears(f"buck {buck.ref}", buck.rated_ma, converter.load_ma, "peak"),
        _bears(
            f"inductor {buck.inductor}",
            buck.saturation_ma,
            converter.inductor_peak_ma,
            f"with {converter.ripple_ma:.0f} mA of ripple",
        ),
        f"| junction of {buck.ref} at {buck.ambient_c:g} °C | {buck.junction_c:g} °C | {converter.junction_c:.0f} °C, "
        f"{converter.loss_w:.2f} W | {buck.junction_c - converter.junction_c:.0f} K |",
        f"| VBUS before {switch.ref} | {budget.supply.free_uf:g} uF | {inrush.before_uf:g} uF | |",
        "",
        *_words(made),
    ]


def _bears(what: str, bears: float, has_to: float, when: str) -> str:
    return f"| {what} | {bears:g} mA | {has_to:.0f} mA, {when} | {bears / has_to:.1f} x |"


def _words(made: Report) -> list[str]:
    budget, inrush, cell = made.budget, made.inrush, made.cell
    supply, low = budget.supply, min(one.five_v[WORST] for one in made.sums)
    text = [
        f"**Inrush**: {inrush.behind_uf:g} uF behind {budget.switch.ref} charge in about {budget.switch.rise_ms:g} ms",
        f"and take {inrush.current_ma:.0f} mA; with what stands before it, {inrush.charge_uc:.0f} uC. A host that",
        f"insists on less than {supply.free_uc:g} uC above 100 mA may object; a charger does not.",
        "",
    ]
    if low < supply.specified_v:
        text += [
            f"**At {supply.least_v:g} V at the socket** {low:.2f} V are left on +5V: enough for buck, lights and",
            f"amplifier, but the 74AHCT1G125 is specified from {supply.specified_v:g} V. It goes on passing levels",
            "that follow its supply, as the lights' own thresholds do; whether the stars stay clean there, a first",
            "board has to show.",
            "",
        ]
    return text + [
        f"**Coin cell**: about {cell.hall_years:g} years in a hall that opens daily, {cell.cupboard_years:g} in a",
        f"cupboard ({budget.cell.mah:g} mAh, {budget.cell.self_discharge:.0%} of self-discharge a year).",
        "Its shelf life may end first.",
    ]


def _sources(made: Report) -> list[str]:
    text = ["| part | mode | typical | worst | source |", "| --- | --- | ---: | ---: | --- |"]
    for consumer in made.budget.consumers.values():
        for name, mode in consumer.modes.items():
            where = f"{consumer.en} ({consumer.rail})"
            text.append(f"| {where} | {name} | {mode.typical:g} mA | {mode.worst:g} mA | {mode.source} |")
    return text


def _shares(made: Report) -> list[str]:
    names = {share.key: share.en for one in made.sums for share in one.shares}
    head = "| state | " + " | ".join(names.values()) + " |"
    text = ["Typical / worst / peak.", "", head, "| --- |" + " ---: |" * len(names)]
    for one in made.sums:
        found = {share.key: share for share in one.shares}
        cells = ["/".join(f"{ma:.0f}" for ma in found[key].ma) if key in found else "" for key in names]
        text.append(f"| {one.state.en.partition(':')[0]} | " + " | ".join(cells) + " |")
    return text
