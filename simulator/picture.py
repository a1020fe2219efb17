"""A played story as one SVG picture: windows above, gateway and central below, and the way of each rating between them.

``svg`` is a pure function from the data to text. The level of a rating is not even among the data, so every mark is
the same: whoever was rated learns nothing from the picture but what came when.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from simulator.played import Happening, Played, Rating, Serving, read


def draw(folder: Path, happenings: Sequence[Happening] = (), title: str = "") -> str:
    """The picture of the story in ``folder`` (written by ``hcp sim run --out``). Raises NotPlayedError."""
    return svg(replace(read(folder), happenings=tuple(happenings), title=title))


WIDTH = 1200
LEFT, RIGHT = 94, 1176
LANES_TOP = 178
LANE, BAR, BAR_TOP, STAR_Y = 100, 46, 24, 83
#: A record that stays longer than this on its way from gateway to central has visibly waited.
WAITED_MS = 1000
#: As many dots on one spot get their number written beside them.
TOGETHER = 5

_WORDS = {
    "central_down": ("中心停机", "central down"),
    "gateway_down": ("网关停机", "gateway down"),
    "device_off": ("断电", "power off"),
    "network_cut": ("断网", "no network"),
    "attack": ("伪造", "forgery"),
}
_STAR = "M0-8 1.9-2.6 7.6-2.5 3.1 1 4.7 6.5 0 3.2-4.7 6.5-3.1 1-7.6-2.5-1.9-2.6Z"
_CROSS = "M-5-5 5 5M5-5-5 5"

_STYLE = """
text{font:13px system-ui,-apple-system,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif}
.h1{font-size:24px;font-weight:700}.fig{font-size:30px;font-weight:700}.lab{font-size:15px;font-weight:600}
.key{font-weight:600}.small{font-size:11.5px}.tiny{font-size:10.5px}
.paper{fill:#fff}.ink{fill:#1c2733}.soft{fill:#5b6876}.good{fill:#1a7f5a}.bad{fill:#c92a2a}
.grid{stroke:#e9edf1}.edge{stroke:#d3dae1}.lane{fill:#f7f9fb}.staff{stroke:#8fa3b8;stroke-width:2}.pin{fill:#8fa3b8}
.bar{fill:#cfe1f3}.rest{fill:#e8f1fa}.quiet{fill:#fff;stroke:#8a97a5;stroke-dasharray:4 3}
.star{fill:#f2b211;stroke:#8a5f00;stroke-width:1.1;stroke-linejoin:round}.star.hollow{fill:#fff}
.way{fill:none;stroke:#9aa8b6;stroke-width:1}.late{fill:none;stroke:#e8590c;stroke-width:1.2;opacity:.85}
.g{fill:#1c6dd0}.c{fill:#1a7f5a}.rail{stroke-width:3}.rail.g{stroke:#a9c8ee}.rail.c{stroke:#a3d4c1}
.out{fill:#e03131;fill-opacity:.1}.brk{stroke:#e03131;stroke-width:3;stroke-dasharray:3 4}
.x{stroke:#c92a2a;stroke-width:2.6;fill:none}
.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
@media(prefers-color-scheme:dark){
.paper{fill:#11171e}.ink{fill:#e8edf2}.soft{fill:#9aa7b4}.good{fill:#4cc79a}.bad{fill:#ff8787}
.grid{stroke:#1f2831}.edge{stroke:#313c47}.lane{fill:#161d25}.staff{stroke:#5f7388}.pin{fill:#5f7388}
.bar{fill:#2a4b6e}.rest{fill:#1b2c3e}.quiet{fill:#11171e;stroke:#7c8996}
.star{fill:#ffc93c;stroke:#ffc93c}.star.hollow{fill:#11171e}.way{stroke:#56636f}.late{stroke:#ff922b}
.g{fill:#5aa5ff}.c{fill:#4cc79a}.rail.g{stroke:#27476d}.rail.c{stroke:#225544}
.out{fill:#ff6b6b;fill-opacity:.15}.brk{stroke:#ff6b6b}.x{stroke:#ff8787}.halo{stroke:#11171e}}
"""


@dataclass(frozen=True)
class _Frame:
    """Where things stand: milliseconds to pixels, windows to lanes, and the two rails."""

    start_ms: int
    span_ms: int
    windows: tuple[str, ...]
    gateway_y: float
    gateway_end: float
    central_y: float
    central_end: float

    def x(self, at_ms: float) -> float:
        share = min(1.0, max(0.0, (at_ms - self.start_ms) / self.span_ms))
        return LEFT + share * (RIGHT - LEFT)

    def lane(self, window: str) -> float:
        return LANES_TOP + LANE * self.windows.index(window)

    @property
    def lanes_end(self) -> float:
        return LANES_TOP + LANE * len(self.windows)


def svg(story: Played) -> str:
    """The whole picture as the text of one self-contained SVG file; equal data gives equal text."""
    frame = _frame(story)
    height = round(frame.central_end) + 100
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}"'
        f' height="{_n(height)}" role="img" aria-labelledby="t d" lang="zh-CN">',
        *_about(story),
        f"<style>{_STYLE}</style>",
        f'<defs><path id="s" d="{_STAR}"/><circle id="o" r="2.8"/><path id="x" d="{_CROSS}"/></defs>',
        f'<rect class="paper" width="{WIDTH}" height="{_n(height)}" rx="12"/>',
        *_head(story),
    ]
    if story.ratings or story.servings:
        parts += [
            *_ground(frame),
            *_ways(story, frame),
            *_lanes(story, frame),
            *_bands(story, frame),
            *_marks(story, frame),
            *_words_of_bands(story, frame),
        ]
    else:
        parts.append(_text(WIDTH / 2, 240, "这个故事里没有办件，也没有评价", "h1 soft", "middle"))
        parts.append(_text(WIDTH / 2, 268, "nothing happened in this story", "soft", "middle"))
    parts += [*_legend(frame.central_end + 48), "</svg>\n"]
    return "\n".join(parts)


def _frame(story: Played) -> _Frame:
    times = [story.opened_ms + 1000]
    times += [t for r in story.ratings for t in (r.pressed_ms, r.gateway_ms, r.central_ms) if t is not None]
    times += [serving.finished_ms or serving.start_ms for serving in story.servings]
    times += [shift.end_ms or shift.start_ms for shift in story.shifts]
    times += [happening.end_ms for happening in story.happenings]
    stood = {s.window for s in story.servings} | {s.window for s in story.shifts} | {r.window for r in story.ratings}
    windows = tuple(sorted(stood))
    span_ms = round((max(times) - story.opened_ms) * 1.02)
    frame = _Frame(story.opened_ms, span_ms, windows, 0, 0, 0, 0)
    gateway_y = frame.lanes_end + 58
    gateway_end = gateway_y + _depth([frame.x(r.gateway_ms) for r in story.ratings if r.gateway_ms is not None])
    central_y = gateway_end + 96
    central_end = central_y + _depth([frame.x(r.central_ms) for r in story.ratings if r.central_ms is not None])
    return replace(
        frame, gateway_y=gateway_y, gateway_end=gateway_end, central_y=central_y, central_end=max(central_end, 320)
    )


def _stack(xs: Sequence[float]) -> list[int]:
    """How deep below the rail each dot hangs so that none hides another; ``xs`` rise."""
    last: list[float] = []
    depths = []
    for x in xs:
        depth = next((level for level, before in enumerate(last) if x - before >= 6), len(last))
        last[depth : depth + 1] = [x]
        depths.append(depth)
    return depths


def _step(depths: Sequence[int]) -> float:
    return min(5.8, 90 / max((1, *depths)))


def _depth(xs: list[float]) -> float:
    depths = _stack(sorted(xs))
    return 20 + max(depths, default=0) * _step(depths)


def _about(story: Played) -> list[str]:
    counts = story.counts
    name = f"{story.title or '一个故事'}：每一条评价从按下到中心的路"
    told = (
        f"时间轴图。{len({r.window for r in story.ratings})} 个窗口，{len(story.servings)} 次服务，"
        f"{len(story.ratings)} 条评价；亮灯确认 {counts.pressed}，中心 {counts.central}，丢失 {counts.lost}，"
        f"重复 {counts.duplicated}，误关联 {counts.misbound}。星级不画出来。"
        " Timeline of a simulated hall: each rating from the press through the gateway to central; no level is shown."
    )
    return [f'<title id="t">{_clean(name)}</title>', f'<desc id="d">{_clean(told)}</desc>']


def _head(story: Played) -> list[str]:
    counts = story.counts
    figures = (
        (counts.pressed, "亮灯确认", "confirmed by light", "ink"),
        (counts.central, "中心", "held by central", "ink"),
        (counts.lost, "丢失", "lost", "bad" if counts.lost else "good"),
        (counts.duplicated, "重复", "duplicated", "bad" if counts.duplicated else "good"),
        (counts.misbound, "误关联", "bound wrongly", "bad" if counts.misbound else "good"),
        (counts.silent, "没有按键", "pressed nothing", "ink"),
        (f"{counts.rejected}/{counts.forged}", "伪造被拒", "forgeries refused",
         "good" if counts.rejected == counts.forged else "bad"),
    )  # fmt: skip
    parts = [
        _text(24, 44, story.title or "一个故事", "h1 ink"),
        _text(24, 66, "每一条评价，从按下到中心　each rating, from the press to central", "soft"),
    ]
    widths = [
        12 + 18 * len(str(figure)) + max(_em(chinese) * 15, _em(english) * 11.5)
        for figure, chinese, english, _ in figures
    ]
    gap = (RIGHT - 24 - sum(widths)) / (len(figures) - 1)
    x = 24.0
    for (figure, chinese, english, colour), width in zip(figures, widths, strict=True):
        words_at = x + 10 + 18 * len(str(figure))
        parts.append(_text(x, 118, figure, f"fig {colour}"))
        parts.append(_text(words_at, 105, chinese, "lab ink"))
        parts.append(_text(words_at, 121, english, "small soft"))
        x += width + gap
    return parts


def _ground(frame: _Frame) -> list[str]:
    """Lanes, the seconds, and the two rails with their names."""
    parts = []
    for window in frame.windows:
        y = frame.lane(window)
        parts.append(f'<rect class="lane" x="16" y="{_n(y + 2)}" width="{RIGHT - 8}" height="{LANE - 4}" rx="6"/>')
        parts.append(_text(28, y + 52, window or "？", "lab ink"))
        parts.append(_text(28, y + 68, "窗口 window", "tiny soft"))
    step_ms = next((s * 1000 for s in (1, 2, 5, 10, 30, 60, 300, 600, 1800) if frame.span_ms / s < 17e3), 3_600_000)
    for at_ms in range(0, frame.span_ms, step_ms):
        x = _n(frame.x(frame.start_ms + at_ms))
        parts.append(f'<path class="grid" d="M{x} {LANES_TOP - 4}V{_n(frame.central_end)}"/>')
        parts.append(_text(float(x), LANES_TOP - 10, at_ms // 1000, "small soft", "middle"))
    parts.append(_text(24, LANES_TOP - 22, "开门后的秒数", "small soft"))
    parts.append(_text(24, LANES_TOP - 8, "seconds", "tiny soft"))
    for y, name, english, colour in (
        (frame.gateway_y, "网关", "gateway", "g"),
        (frame.central_y, "中心", "central", "c"),
    ):
        parts.append(f'<path class="rail {colour}" d="M{LEFT} {_n(y)}H{RIGHT}"/>')
        parts.append(_text(28, y + 2, name, "lab ink"))
        parts.append(_text(28, y + 18, english, "tiny soft"))
    return parts


def _box(happening: Happening, frame: _Frame) -> tuple[float, float, float, float] | None:
    """Left, right, top and bottom of a band; None for what is not a band or has no place in this story."""
    left = frame.x(happening.start_ms)
    right = max(frame.x(happening.end_ms), left + 3)
    if happening.kind == "central_down":
        return left, right, frame.gateway_end + 6, frame.central_y + 20
    if happening.kind == "gateway_down":
        return left, right, frame.lanes_end + 4, frame.gateway_y + 20
    if happening.kind in ("device_off", "network_cut") and happening.where in frame.windows:
        top = frame.lane(happening.where)
        return left, right, top + 2, top + LANE - 2
    return None


def _bands(story: Played, frame: _Frame) -> list[str]:
    parts = []
    for happening in story.happenings:
        if not (box := _box(happening, frame)):
            continue
        left, right, top, bottom = box
        parts.append(
            f'<rect class="out {happening.kind}" x="{_n(left)}" y="{_n(top)}" width="{_n(right - left)}"'
            f' height="{_n(bottom - top)}" rx="3"/>'
        )
        if happening.kind in ("central_down", "gateway_down"):
            y = frame.central_y if happening.kind == "central_down" else frame.gateway_y
            parts.append(f'<path class="brk" d="M{_n(left)} {_n(y)}H{_n(right)}"/>')
    return parts


def _words_of_bands(story: Played, frame: _Frame) -> list[str]:
    """The names of the bands, and the marks of the attacks, above all lines."""
    parts = []
    for happening in story.happenings:
        chinese, english = _WORDS[happening.kind]
        words = f"{chinese} {english}"
        box = _box(happening, frame)
        if happening.kind == "attack":
            y = frame.central_y if happening.where == "central" else frame.gateway_y
            x = _kept(frame.x(happening.start_ms), 34)
            parts.append(f'<use href="#x" class="x attack" x="{_n(x)}" y="{_n(y - 18)}"/>')
            parts.append(_text(x + 9, y - 14, chinese, "small bad halo"))
        elif box and happening.kind == "central_down":
            # the lower left of this band is free: what waits is on its way to a later moment
            x = _kept(box[0] + 8, _em(words) * 13)
            parts.append(_text(x, box[3] - 48, words, "key bad halo"))
            if box[1] - box[0] > 300:
                told = "记录留在网关，等它回来 records wait in the gateway"
                parts.append(_text(x, box[3] - 31, told, "small bad halo"))
        elif box and happening.kind == "gateway_down":
            x = _kept(box[0] + 6, _em(english) * 11.5)
            parts.append(_text(x, frame.gateway_y - 7, chinese, "key bad halo"))
            parts.append(_text(x, frame.gateway_y + 15, english, "small bad halo"))
        elif box:
            width = _em(words) * 11.5 + 8
            x = _kept((box[0] + box[1] - width) / 2, width)
            parts.append(_rect("lane", x, box[2] + 4, x + width, 16))
            parts.append(_text(x + 4, box[2] + 16, words, "small bad"))
    return parts


def _kept(x: float, width: float) -> float:
    """The nearest place to ``x`` where something of this width stays inside."""
    return max(LEFT, min(x, RIGHT - width))


def _ways(story: Played, frame: _Frame) -> list[str]:
    """The lines: press to gateway, gateway to central; those that had to wait apart from the rest."""
    usual: list[str] = []
    late: list[str] = []
    for rating in story.ratings:
        star = _point(frame.x(rating.pressed_ms), frame.lane(rating.window) + STAR_Y)
        if rating.gateway_ms is not None:
            dot = _point(frame.x(rating.gateway_ms), frame.gateway_y)
            (late if _held_up(rating, story.happenings) else usual).append(f"M{star}L{dot}")
            star, waited = dot, (rating.central_ms or 0) - rating.gateway_ms > WAITED_MS
        else:
            waited = True
        if rating.central_ms is not None:
            dot = _point(frame.x(rating.central_ms), frame.central_y)
            (late if waited else usual).append(f"M{star}L{dot}")
    return [f'<path class="way" d="{"".join(usual)}"/>', f'<path class="late" d="{"".join(late)}"/>']


def _held_up(rating: Rating, happenings: Sequence[Happening]) -> bool:
    """Whether the way from the press to the gateway was shut for a while."""
    return any(
        happening.start_ms < (rating.gateway_ms or 0)
        and happening.end_ms > rating.pressed_ms
        and (
            happening.kind == "gateway_down"
            or (happening.kind in ("device_off", "network_cut") and happening.where == rating.window)
        )
        for happening in happenings
    )


def _lanes(story: Played, frame: _Frame) -> list[str]:
    parts = []
    for shift in story.shifts:
        y = frame.lane(shift.window) + 14
        left = frame.x(shift.start_ms)
        right = RIGHT if shift.end_ms is None else frame.x(shift.end_ms)
        words = f"工作人员 {shift.staff}"
        line = min(left + 14 + _em(words) * 11.5, right)
        parts.append(f'<circle class="pin" cx="{_n(left)}" cy="{_n(y)}" r="3.5"/>')
        parts.append(f'<path class="staff" d="M{_n(line)} {_n(y)}H{_n(right)}"/>')
        parts.append(_text(left + 8, y + 4, words, "small soft"))
    bound = {rating.service for rating in story.ratings}
    for serving in story.servings:
        y = frame.lane(serving.window) + BAR_TOP
        left = frame.x(serving.start_ms) + 0.5
        right = (RIGHT if serving.end_ms is None else frame.x(serving.end_ms)) - 1.5
        done = right if serving.finished_ms is None else min(frame.x(serving.finished_ms), right)
        silent = (serving.case_no, serving.service_no) not in bound and not _pressed_during(serving, story.ratings)
        parts.append(f"<g><title>{_clean(f'{serving.item}（{serving.case_no}）')}</title>")
        if silent:
            parts.append(_rect("quiet", left + 0.5, y + 0.5, right - 0.5, BAR - 1))
            parts.append(_text(left + 2, y + BAR + 16, "没有评价", "tiny soft"))
        else:
            parts.append(_rect("rest", left, y, right) + _rect("bar", left, y, done))
        parts += _item(serving.item, left, y, right)
        parts.append("</g>")
    return parts


def _pressed_during(serving: Serving, ratings: Sequence[Rating]) -> bool:
    # an unbound or ambiguous press may have been this citizen's: then nobody can say that they were silent
    return any(
        rating.service is None
        and rating.window == serving.window
        and rating.pressed_ms >= serving.start_ms
        and (serving.end_ms is None or rating.pressed_ms < serving.end_ms)
        for rating in ratings
    )


def _rect(name: str, left: float, y: float, right: float, height: float = BAR) -> str:
    width = max(right - left, 1.5)
    return f'<rect class="{name}" x="{_n(left)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" rx="3"/>'


def _item(item: str, left: float, y: float, right: float) -> list[str]:
    """The name of the item in up to three lines, or none if it does not fit into its bar."""
    for size, most in ((12.0, 2), (10.5, 2), (9.6, 2), (12.0, 3), (10.5, 3), (9.6, 3)):
        lines = _wrapped(item, (right - left - 4) / size, most)
        if lines:
            first = y + BAR / 2 + size * 0.36 - (len(lines) - 1) * (size + 2) / 2
            return [
                f'<text x="{_n(left + 3)}" y="{_n(first + at * (size + 2))}" class="ink"'
                f' style="font-size:{_n(size)}px">{_clean(line)}</text>'
                for at, line in enumerate(lines)
            ]
    return []


def _wrapped(text: str, width_em: float, most: int) -> list[str]:
    """``text`` in as few lines as ``width_em`` allows, of about equal length; none if ``most`` lines are not enough."""
    for count in range(1, most + 1):
        lines = [""]
        for letter in text:
            if _em(lines[-1] + letter) > ceil(_em(text) / count) and lines[-1]:
                lines.append("")
            lines[-1] += letter
        if len(lines) <= count and all(_em(line) <= width_em for line in lines):
            return lines
    return []


def _em(text: str) -> float:
    """About how wide a text is, in units of its size."""
    return sum(0.56 if letter < "\u2000" else 1.0 for letter in text)


def _marks(story: Played, frame: _Frame) -> list[str]:
    """One star for each press and a dot for each arrival."""
    items = {(serving.case_no, serving.service_no): serving.item for serving in story.servings}
    parts = []
    for rating in story.ratings:
        x, y = frame.x(rating.pressed_ms), frame.lane(rating.window) + STAR_Y
        what = f"{items.get(rating.service, '')}（{rating.service[0]}）" if rating.service else "未关联"
        told = "，".join(
            [what, f"按下 {_seconds(rating.pressed_ms, frame)}"]
            + [
                f"{name} {'没有' if at_ms is None else _seconds(at_ms, frame)}"
                for name, at_ms in (("网关", rating.gateway_ms), ("中心", rating.central_ms))
            ]
        )
        look = "star mark" if rating.service else "star mark hollow"
        parts.append(f'<use href="#s" class="{look}" x="{_n(x)}" y="{_n(y)}"><title>{_clean(told)}</title></use>')
        if rating.gateway_ms is not None and rating.central_ms is None:
            x, y = frame.x(rating.gateway_ms), frame.gateway_y
            parts.append(f'<circle class="x missing" cx="{_n(x)}" cy="{_n(y)}" r="7"/>')
            parts.append(_text(_kept(x + 10, 50), y + 20, "没有到中心", "small bad halo"))
    at_gateway = [frame.x(r.gateway_ms) for r in story.ratings if r.gateway_ms is not None]
    at_central = [frame.x(r.central_ms) for r in story.ratings if r.central_ms is not None]
    return parts + _dots(at_gateway, frame.gateway_y, "g") + _dots(at_central, frame.central_y, "c")


def _dots(xs: list[float], y: float, colour: str) -> list[str]:
    xs = sorted(xs)
    depths = _stack(xs)
    step = _step(depths)
    parts = [
        f'<use href="#o" class="{colour} dot" x="{_n(x)}" y="{_n(y + depth * step)}"/>'
        for x, depth in zip(xs, depths, strict=True)
    ]
    for x in sorted(set(xs)):
        together = [other for other in xs if 0 <= other - x < 3.5]
        if len(together) >= TOGETHER and not any(0 < x - other < 3.5 for other in xs):
            parts.append(_text(x - 10, y + 28, f"{len(together)} 条一起到达", f"lab {colour} halo", "end"))
            parts.append(_text(x - 10, y + 44, "arrive together", "small soft halo", "end"))
    return parts


def _legend(y: float) -> list[str]:
    star, box = (
        '<use href="#s" class="star{}" x="10" y="-4"/>',
        '<rect class="{}" x="0" y="-11" width="{}" height="14" rx="2"/>',
    )
    rows = (
        (
            (24, star.format(""), "一条评价 one rating"),
            (206, star.format(" hollow"), "未关联 unbound"),
            (366, box.format("rest", 24) + box.format("bar", 12), "叫号→办结→下一次叫号 one service"),
            (648, box.format("quiet", 24), "没有评价 no rating"),
            (822, box.format("out", 24), "停机、断电、断网 outage"),
            (1042, '<use href="#x" class="x" x="10" y="-4"/>', "伪造 forgery"),
        ),
        (
            (24, '<use href="#o" class="g" x="10" y="-4"/>', "网关收到 at gateway"),
            (206, '<use href="#o" class="c" x="10" y="-4"/>', "中心收到 at central"),
            (366, '<path class="late" d="M0-4H24"/>', "在路上等过 had to wait"),
            (648, "", "星级不画出来：图上每一条评价都一样　no level is drawn: every rating looks the same"),
        ),
    )
    parts = [f'<path class="edge" d="M24 {_n(y - 26)}H{RIGHT}"/>']
    for at, row in enumerate(rows):
        for x, sign, words in row:
            parts.append(f'<g transform="translate({x} {_n(y + at * 28)})">{sign}')
            parts.append(_text(32 if sign else 0, 0, words, "small soft" if sign else "small key ink") + "</g>")
    return parts


def _seconds(at_ms: int, frame: _Frame) -> str:
    return f"{(at_ms - frame.start_ms) / 1000:.1f} s"


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


def _point(x: float, y: float) -> str:
    return f"{_n(x)} {_n(y)}"


def _clean(text: object) -> str:
    """Text for an XML document: what XML 1.0 has no place for (§2.2 Char) becomes a question mark."""
    return escape(re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", str(text)))


def _text(x: float, y: float, text: object, look: str, anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" class={quoteattr(look)}{where}>{_clean(text)}</text>'
