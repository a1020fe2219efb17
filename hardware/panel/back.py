"""The label on the back: what the device is, what its lights and codes mean, and the place of the label of enrolment.

It says what the firmware does and nothing else: lights are those of firmware/flow.py and firmware/boards/esp32s3.py,
codes those of firmware/main.py (a test compares). Marks of approval (CCC, SRRC) are added by the maker who has them.
It is stuck on the rear of the hood, outside, where staff and technician see it without lifting the device.
"""

from dataclasses import replace

from hardware import star
from hardware.panel.lettering import BOLD, MEDIUM, REGULAR
from hardware.panel.outline import Box, polygon, rectangle
from hardware.panel.sheet import Mark, Sheet, words

PAPER, INK, GREY = "#FFFFFF", "#14181D", "#4A5159"
SIZE = (132.0, 74.0)
BLEED = 2.0
#: Read at 30 to 35 cm, device in hand: the same angle as the front's words from 55 cm. Capitals 2 mm, Chinese 2.5 mm.
LEAST = 2.0
EM, SMALL_EM, HEAD_EM, NAME_EM = 2.75, 2.6, 3.4, 5.6
LEADING = 4.2
ROW = 3.7  # of what is set closer
TOP = 13.0  # the first row of both columns
EDGE = 4.0
COLUMN = 60.0  # where the right column begins

#: What enrolment prints for a device (id, window, code): 50 x 30 mm, as label printers have it.
ENROLMENT = (50.0, 30.0)
CODE = 24.0

NAME = ("窗口评价器", "Window rating device")
TYPE = (
    ("型号", "haochaping hcp-s3，版本 A"),
    ("电源", "直流 5 V，500 mA（USB-C）"),
    ("网络", "以太网 RJ45 或 2.4 GHz Wi-Fi"),
)
#: How the five stars shine (1 lit, 2 lit one after the other, 0 dark) and what that means.
LIGHTS = (
    ("00010", "一颗亮、渐暗：评价已收到，灯灭前可改按"),
    ("11111", "同时闪烁：设备识别（1、5 键同按 5 秒）"),
    ("22222", "依次亮起：自检（1、5 键同按 20 秒；"),
    ("", "窗口须已在后台停用）"),
    ("00000", "全暗：等待评价，或见画面文字"),
)
#: Codes of firmware/main.py.
CODES = (
    ("E01", "设备未登记"),
    ("E02", "身份损坏"),
    ("E03", "分区有误"),
    ("E04", "程序损坏"),
    ("E05", "维护模式"),
    ("E06", "存储故障"),
)
CODES_END = "E01 至 E03 请技术员处理；E04 至 E06 会自行重启再试"
BUTTONS = "机内按键：RESET 重启；按住 BOOT 再按它，刷写程序"
#: The short form of hardware/safety.md.
SAFETY = (
    "限室内干燥处使用；只接有 CCC 标志的 5 V、1 A USB 电源适配器，勿接电脑；网口禁接被动 PoE。",
    "内有 CR2032 纽扣电池：只换同型号，＋极朝盖子；远离儿童，误吞立即就医；换后拧回盖子的螺钉。",
    "清洁、移动前先拔电源，勿喷淋、拆开。回收：整机与电池按电子废弃物分类回收，不得投入火中。",
)
#: Whose product it is, and its date: the maker's to fill in.
MAKER = "生产"


def back() -> Sheet:
    wide, high = SIZE
    trim = Box(0.0, 0.0, wide, high)
    enrolment = Box(EDGE, 28.2, EDGE + ENROLMENT[0], 28.2 + ENROLMENT[1])
    code_left, code_top = enrolment.left + 3.0, enrolment.middle[1] - CODE / 2
    code = Box(code_left, code_top, code_left + CODE, code_top + CODE)
    marks = [
        Mark("print", rectangle(trim.grown(BLEED)), "background", fill=PAPER),
        words(NAME[0], EDGE, 5.9, NAME_EM, INK, BOLD, "left"),
        words(NAME[1], COLUMN, 6.7, HEAD_EM, INK, MEDIUM, "left"),
        _rule(9.8, wide),
        *_type(TOP),
        Mark("print", rectangle(enrolment, 0.8), "place of the enrolment label", stroke=GREY, width=0.2),
        Mark("guide", rectangle(code, 0.4), "place of the code", stroke=GREY, width=0.2),
        *_note(f"登记标签 {ENROLMENT[0]:.0f} × {ENROLMENT[1]:.0f} mm", code.right + 11.0, enrolment.middle[1]),
        *_note(f"二维码 {CODE:.0f} × {CODE:.0f} mm", *code.middle),
        *_lights(TOP),
        *_codes(TOP + LEADING * (len(LIGHTS) + 1) + 0.8),
        _rule(59.5, wide),
        *(words(text, EDGE, 62.6 + at * ROW, SMALL_EM, INK, REGULAR, "left") for at, text in enumerate(SAFETY)),
        Mark("cut", rectangle(trim, 3.0), "contour", stroke=INK, width=0.1),
    ]
    return Sheet(
        "back-label", "haochaping · back label", trim, BLEED, LEAST, tuple(marks), (("enrolment label", enrolment),)
    )


def _note(text: str, x: float, y: float) -> list[Mark]:
    """For whoever looks at the drawing; it is not printed."""
    return [replace(words(text, x, y, 1.9, GREY, REGULAR), layer="guide", words="")]


def _rule(y: float, wide: float) -> Mark:
    return Mark("print", rectangle(Box(EDGE, y - 0.1, wide - EDGE, y + 0.1)), "rule", fill=INK)


def _type(y: float) -> list[Mark]:
    found = []
    for at, (key, value) in enumerate(TYPE):
        row = y + at * ROW
        found += [
            words(key, EDGE, row, EM, GREY, MEDIUM, "left"),
            words(value, EDGE + 8.0, row, EM, INK, MEDIUM, "left"),
        ]
    row = y + len(TYPE) * ROW
    line = rectangle(Box(EDGE + 8.0, row + 1.35, EDGE + ENROLMENT[0], row + 1.5))
    return [
        *found,
        words(MAKER, EDGE, row, EM, GREY, MEDIUM, "left"),
        Mark("print", line, "line of the maker", fill=GREY),
    ]


def _lights(y: float) -> list[Mark]:
    found = [words("星灯", COLUMN, y, EM, INK, BOLD, "left")]
    for at, (pattern, meaning) in enumerate(LIGHTS, 1):
        row = y + at * LEADING
        found += [*_stars(pattern, COLUMN, row), words(meaning, COLUMN + 14.5, row, EM, INK, REGULAR, "left")]
    return found


def _stars(pattern: str, x: float, y: float) -> list[Mark]:
    found = []
    for at, lit in enumerate(pattern):
        outline = polygon(star.points(1.3, 0.5, x + 1.3 + at * 2.75, y + 0.1))
        fill = {"1": INK, "2": INK if at == 0 else GREY if at == 1 else None, "0": None}[lit]
        found.append(Mark("print", outline, f"star {at + 1} of {pattern}", fill=fill, stroke=INK, width=0.15))
    return found


def _codes(y: float) -> list[Mark]:
    found = [words("画面上的代码", COLUMN, y, EM, INK, BOLD, "left")]
    for at, (code, meaning) in enumerate(CODES):
        line, column = divmod(at, 3)
        x, row = COLUMN + column * 23.0, y + (line + 1) * LEADING
        found += [words(code, x, row, EM, INK, BOLD, "left"), words(meaning, x + 6.8, row, EM, INK, REGULAR, "left")]
    for at, text in enumerate((CODES_END, BUTTONS)):
        found.append(words(text, COLUMN, y + (3 + at) * LEADING, EM, INK, REGULAR, "left"))
    return found
