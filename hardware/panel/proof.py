"""The sheet for whoever proof-reads the Braille of a front: plain text, one thing on a line, fit for a screen reader.

The program knows cells, not how they read under a finger: no front goes to print before somebody blind has signed this.
"""

from hardware.dimensions import Dimensions
from hardware.panel import braille, tactile
from hardware.panel.labels import Wording

_COUNT = "一二三四五六"

QUESTIONS = (
    "点位、声调省写是否符合《国家通用盲文方案》（GF 0019-2018）？",
    "“不满意”三字连写是否合适？“不”是否应当与“满意”分写？",
    "“很好”“很差”连写是否合适？是否应当分写？",
    "“一般”的“一”按原调（阴平）书写，并按规则省去调号，是否合适？",
    "数字与词之间空一方，词写不下时移到下一行，是否容易读？",
    "数字写在键的下方，词写在屏幕两侧和下方，是否容易找到？三星的词在三星键的上方，是否会误认？",
    "一星键下方的短横、五星键下方的圆点，是否一摸就能分清？",
    "样张的点高、点径、点距、方距、行距，与 GB/T 15720 附录 A 对照是否合格？",
    "摸读时会不会误按星键？",
)


def sheet(d: Dimensions, wording: Wording) -> str:
    """In Chinese, for a reader in China."""
    lines = [
        f"盲文校对单：panel-{wording.name}-tactile",
        "",
        "付印之前，必须由盲人读者摸读样张并签字。未签字的，不得付印。",
        f"适用的政策：{'、'.join(wording.policies)}。",
        f"等级名称，从一星到五星：{'、'.join(wording.labels)}。",
        f"点的底径 {tactile.DOT} 毫米，点距 {tactile.PITCH} 毫米，方距 {tactile.CELL} 毫米，行距 {tactile.LINE} 毫米，"
        "点高 0.3 至 0.5 毫米。方距、行距都从同名点的中心量起。",
        "",
        "一、面板上的每一行盲文，从左上角量起（毫米）",
    ]
    for at, (line, x, y) in enumerate(tactile.placed(d, wording), 1):
        place = f"横 {x - d.panel.x[0]:.1f}，纵 {y - d.panel.y[0]:.1f}"
        lines.append(f"第 {at} 行。{place}。盲文：{line}。点位：{'，'.join(_spoken(cell) for cell in line)}。")
    lines += ["", "二、每个词的拼音和盲文"]
    for label in wording.labels:
        for word, pinyin in braille.WORDS[label]:
            lines.append(f"{label}：{word}，拼音 {pinyin}，盲文 {braille.word(pinyin)}。")
    lines += ["", "三、请回答"]
    lines += [f"{at}. {question}答：" for at, question in enumerate(QUESTIONS, 1)]
    return "\n".join([*lines, "", "结论（可以付印、改后再校）：", "校对人：", "日期：", ""])


def _spoken(cell: str) -> str:
    """The dots of a cell in words: 一二四点."""
    dots = braille.dots(cell)
    return "".join(_COUNT[dot - 1] for dot in dots) + "点" if dots else "空方"
