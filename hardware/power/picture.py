"""The budget as a picture: for each state a bar of what is typical and one of the worst second, against 500 mA."""

from xml.sax.saxutils import escape

from hardware.power.balance import KINDS, PEAK, TYPICAL, WORST, Report, Sum

_WIDTH, _LEFT, _RIGHT, _TOP = 1080, 250, 40, 128
_BAR, _GAP, _ROW = 17, 4, 60
_FONT = "'Noto Sans CJK SC','WenQuanYi Micro Hei','Microsoft YaHei','PingFang SC',sans-serif"
#: Told apart also in grey and by people who see red and green alike (Okabe and Ito's colours).
_COLOURS = {
    "mcu": "#0072B2",
    "display": "#999999",
    "backlight": "#56B4E9",
    "ethernet": "#009E73",
    "rest": "#444444",
    "buzzer": "#CC79A7",
    "lights": "#F0C430",
    "voice": "#D55E00",
}
_OTHER = "#bbbbbb"


def svg(made: Report) -> str:
    most = max(max(one.total_ma) for one in made.sums)
    end = (int(most) // 100 + 1) * 100
    scale = (_WIDTH - _LEFT - _RIGHT) / end
    height = _TOP + _ROW * len(made.sums) + 92
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'font-family="{_FONT}" font-size="13" fill="#222">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        _text(24, 34, "供电预算：USB 口的电流  Power budget: current from the USB port", size=19, weight=700),
        *_legend(made),
        *_axis(end, scale, height),
    ]
    for row, one in enumerate(made.sums):
        out += _bars(one, _TOP + row * _ROW, scale)
    out += _limit(made.budget.supply.limit_ma, scale, height)
    for row, one in enumerate(made.sums):
        out += _figures(one, _TOP + row * _ROW, scale)
    out += _foot(made, height)
    return "\n".join([*out, "</svg>"]) + "\n"


def _bars(one: Sum, y: float, scale: float) -> list[str]:
    state = one.state
    out = [
        _text(_LEFT - 12, y + 15, state.zh, anchor="end", weight=700),
        _text(_LEFT - 12, y + 32, state.en.partition(":")[0], anchor="end", size=11, fill="#555"),
    ]
    for kind, top in ((TYPICAL, y), (WORST, y + _BAR + _GAP)):
        x = float(_LEFT)
        for share in one.shares:
            wide = share.ma[kind] * scale
            if wide > 0.2:
                fade = ' fill-opacity="0.55"' if kind == TYPICAL else ""
                colour = _COLOURS.get(share.key, _OTHER)
                out.append(
                    f'<rect x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{_BAR}" fill="{colour}"{fade}/>'
                )
            x += wide
    return out


def _figures(one: Sum, y: float, scale: float) -> list[str]:
    """The sums beside the bars, and the mark of the peak."""
    out = []
    for kind, top in ((TYPICAL, y), (WORST, y + _BAR + _GAP)):
        x = _LEFT + one.total_ma[kind] * scale
        out.append(_text(x + 6, top + 13, f"{one.total_ma[kind]:.0f}", size=12, weight=700 if kind == WORST else 400))
    peak = max(_LEFT + one.total_ma[PEAK] * scale, x + 36)
    out.append(
        f'<path d="M{peak:.1f} {top - 3:.1f}v{_BAR + 6}" stroke="#222" stroke-width="2" stroke-dasharray="3 2"/>'
    )
    out.append(_text(peak + 5, top + 13, f"{one.total_ma[PEAK]:.0f}", size=11, fill="#555"))
    return out


def _legend(made: Report) -> list[str]:
    """One row of swatches, in the order of the bars."""
    seen: dict[str, str] = {}
    for one in made.sums:
        for share in one.shares:
            if max(share.ma) >= 1:
                seen.setdefault(share.key, f"{share.zh} {share.en}")
    out, x, y = [], 24.0, 62.0
    for key, words in seen.items():
        wide = 24 + sum(13 if ord(letter) > 0x2E80 else 6.9 for letter in words) + 16
        if x + wide > _WIDTH - 20:
            x, y = 24.0, y + 22
        out.append(f'<rect x="{x:.0f}" y="{y - 11:.0f}" width="14" height="14" fill="{_COLOURS.get(key, _OTHER)}"/>')
        out.append(_text(x + 20, y + 1, words, size=12))
        x += wide
    return out


def _axis(end: int, scale: float, height: float) -> list[str]:
    bottom = height - 84
    out = []
    for ma in range(0, end + 1, 100):
        x = _LEFT + ma * scale
        out.append(f'<path d="M{x:.1f} {_TOP - 10}V{bottom:.0f}" stroke="#ddd" fill="none"/>')
        out.append(_text(x, bottom + 16, f"{ma}", anchor="middle", size=12, fill="#555"))
    out.append(_text(_WIDTH - _RIGHT, bottom + 34, "mA, 5 V", anchor="end", size=12, fill="#555"))
    return out


def _limit(limit: float, scale: float, height: float) -> list[str]:
    x = _LEFT + limit * scale
    return [
        f'<path d="M{x:.1f} {_TOP - 16}V{height - 84:.0f}" stroke="#C00000" stroke-width="2.5" fill="none"/>',
        _text(x + 6, _TOP - 10, f"USB {limit:g} mA 上限", fill="#C00000", weight=700),
    ]


def _foot(made: Report, height: float) -> list[str]:
    caps = made.caps
    return [
        _text(
            24,
            height - 40,
            f"浅色：典型；深色：最坏一秒的平均；虚线：瞬时峰值。  Pale: {KINDS[TYPICAL]}. "
            f"Full: mean of the worst second. Dashed: {KINDS[PEAK]}, all at once.",
            size=12,
            fill="#555",
        ),
        _text(
            24,
            height - 18,
            f"星灯亮度上限 brightness cap {caps.least_brightness}/255（固件 firmware {made.allowed.brightest}）；"
            f"语音需减半次数 halvings of the voice {caps.most_quieter}（固件 firmware {made.allowed.quieter}）",
            size=13,
            weight=700,
        ),
    ]


def _text(
    x: float, y: float, words: str, size: int = 13, anchor: str = "start", weight: int = 400, fill: str = "#222"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{fill}" paint-order="stroke" stroke="#fff" stroke-width="3">{escape(words)}</text>'
    )
