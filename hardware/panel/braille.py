"""Chinese Braille (国家通用盲文) from pinyin: enough for the words of a panel, and no more.

Cells, tones and the rules for leaving a tone out are those of 国家通用盲文方案 (GF 0019-2018; its cells are those of
现行盲文, GB/T 15720). The standard itself could not be read here: the tables below were compiled from public accounts
of it (the article 国家通用盲文 of the Chinese Wikipedia; liblouis' table ``zhcn-cbs``, with which every word of the
tests agrees). Left out, because no word here needs it: the six one-cell short forms (的 么 你 他 她 它) and rule 10.2.7
(a lone initial before a syllable without one).

Nothing made of this is printed before a blind reader has read it: ``hardware.panel.proof`` writes the sheet for that.
"""

from hardware.part import HardwareError

BLANK = "\u2800"
NUMBER_SIGN = "⠼"
DIGITS = dict(zip("1234567890", "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚", strict=True))

INITIALS = dict(
    zip(
        "b p m f d t n l g k h j q x zh ch sh r z c s".split(),
        "⠃⠏⠍⠋⠙⠞⠝⠇⠛⠅⠓⠛⠅⠓⠌⠟⠱⠚⠵⠉⠎",
        strict=True,
    )
)
FINALS = dict(
    zip(
        (
            "er a e o ai ei ao ou an en ang eng i ia ie iao iu ian in iang ing"
            " u ua uo uai ui uan un uang ong v ve van vn iong"
        ).split(),
        "⠗⠔⠢⠢⠪⠮⠖⠷⠧⠴⠦⠼⠊⠫⠑⠜⠳⠩⠣⠭⠡⠥⠿⠕⠽⠺⠻⠒⠶⠲⠬⠾⠯⠸⠹",
        strict=True,
    )
)
TONES = {1: "⠁", 2: "⠂", 3: "⠄", 4: "⠆"}

#: The tone that is not written after an initial (GF 0019-2018, 10.2.1 to 10.2.3).
UNWRITTEN = {
    "f": 1,
    **dict.fromkeys("p m t n h q ch r c".split(), 2),
    **dict.fromkeys("b d l g k j x zh sh z s".split(), 4),
}
#: These keep their tone all the same: without it they would read as 头 了 子 do at the end of a word.
KEPT = ("tou2", "le4", "zi4")
#: Without an initial the fourth tone is not written (10.2.4), but for these syllables (10.2.5, 10.2.6).
UNWRITTEN_ALONE = {"yi": (1,), "er": (2,), "wo": (3,), "ye": (3,), "you": (3,), "e": (), "o": (1, 2, 3, 4)}

#: These stand without a final: zhi, chi, shi, ri, zi, ci, si.
_ALONE = ("zh", "ch", "sh", "r", "z", "c", "s")
_Y = {
    "yi": "i",
    "yin": "in",
    "ying": "ing",
    "you": "iu",
    "yong": "iong",
    "yu": "v",
    "yue": "ve",
    "yuan": "van",
    "yun": "vn",
}
_W = {"wu": "u", "wei": "ui", "wen": "un", "weng": "ong"}

#: The words of a label, as they are written (joined and parted), each with its pinyin in citation tones.
WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "非常不满意": (("非常", "fei1 chang2"), ("不满意", "bu4 man3 yi4")),
    "不满意": (("不满意", "bu4 man3 yi4"),),
    "基本满意": (("基本", "ji1 ben3"), ("满意", "man3 yi4")),
    "满意": (("满意", "man3 yi4"),),
    "非常满意": (("非常", "fei1 chang2"), ("满意", "man3 yi4")),
    "很差": (("很差", "hen3 cha4"),),
    "差": (("差", "cha4"),),
    "一般": (("一般", "yi1 ban1"),),
    "好": (("好", "hao3"),),
    "很好": (("很好", "hen3 hao3"),),
}


def syllable(pinyin: str) -> str:
    """The cells of one syllable: ``man3`` → ⠍⠧⠄. Tone 1 to 4, or 0 for the neutral one; ü is ``v``."""
    sound, digit = pinyin[:-1], pinyin[-1:]
    if digit not in set("01234"):
        raise HardwareError(f"braille: {pinyin!r} has no tone; write one digit, 0 to 4, at its end")
    initial, final = _parts(sound)
    if final and final not in FINALS:
        raise HardwareError(f"braille: {pinyin!r} is no syllable of pinyin")
    tone = int(digit)
    if initial:
        written = tone != UNWRITTEN[initial] or pinyin in KEPT
    else:
        written = tone not in UNWRITTEN_ALONE.get(sound, (4,))
    return INITIALS.get(initial, "") + (FINALS[final] if final else "") + (TONES[tone] if tone and written else "")


def word(pinyin: str) -> str:
    """The cells of the syllables of one word: ``man3 yi4``."""
    return "".join(syllable(one) for one in pinyin.split())


def number(value: int) -> str:
    return NUMBER_SIGN + "".join(DIGITS[digit] for digit in str(value))


def words(label: str) -> list[str]:
    """The Braille words of a label. Raises HardwareError for one whose pinyin nobody has written down yet."""
    if label not in WORDS:
        raise HardwareError(f"braille: no pinyin for {label}; add it to WORDS in hardware/panel/braille.py")
    return [word(pinyin) for _, pinyin in WORDS[label]]


def lines(parts: list[str], width: int) -> list[str]:
    """``parts`` with a blank cell between them, in lines of at most ``width`` cells; no part is broken."""
    found = [""]
    for part in parts:
        if len(part) > width:
            raise HardwareError(f"braille: {part} has {len(part)} cells and a line {width}")
        joined = f"{found[-1]}{BLANK}{part}" if found[-1] else part
        if len(joined) <= width:
            found[-1] = joined
        else:
            found.append(part)
    return found


def dots(cell: str) -> tuple[int, ...]:
    """The numbers of the raised dots, 1 to 6: 1 2 3 down the left column, 4 5 6 down the right one."""
    bits = ord(cell) - 0x2800
    return tuple(number for number in range(1, 7) if bits >> number - 1 & 1)


def _parts(sound: str) -> tuple[str, str]:
    """Initial and final: ``("zh", "ang")``; a syllable that begins with y or w has no initial."""
    if sound.startswith("y"):
        return "", _Y.get(sound, "i" + sound[1:])
    if sound.startswith("w"):
        return "", _W.get(sound, "u" + sound[1:])
    initial = next((one for one in sorted(INITIALS, key=len, reverse=True) if sound.startswith(one)), "")
    final = sound.removeprefix(initial)
    if initial in _ALONE and final == "i":
        return initial, ""
    if initial in ("j", "q", "x") and final.startswith("u"):
        final = "v" + final[1:]
    return initial, final
