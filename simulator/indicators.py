"""The national reasons for the two bad levels, code and text, and a device's page of codes in words.

The device shows numbers: texts are the gateway's to draw. Here people see what a number means.
"""

#: Name of the set in a scene (SPEC 5.3, key 14) wherever the simulator sends it.
VERSION = 1

#: level -> code -> text. The first digit of a code is its level.
NATIONAL: dict[int, dict[int, str]] = {
    1: {
        108: "在办事指南之外增加新的审批条件",
        109: "需提供办事指南之外的申报材料",
        110: "无理由超过法定办理时间",
        111: "办事指南提供样本有错",
        112: "承诺在线收取申报材料实际无法收取",
        113: "多头跑窗口和部门",
        114: "跑动次数与承诺的不一致",
        115: "服务态度差效率低",
    },
    2: {
        207: "没有提供材料样本",
        208: "没有提供材料清单",
        209: "未在承诺时间内办结",
        210: "同样内容的证明材料被要求多次提交",
        211: "承诺网办但无法在线办理",
        212: "在线预约办理后到实体大厅重复取号排队",
        213: "窗口人员业务不熟练",
        214: "服务态度生硬",
    },
}


def reasons() -> dict[int, list[int]]:
    """The codes for each level, as a scene carries them."""
    return {level: list(texts) for level, texts in NATIONAL.items()}


def in_words(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of the screen ``reasons`` with the text after each code that is known."""
    texts = {str(code): text for codes in NATIONAL.values() for code, text in codes.items()}
    return tuple(f"{line} {texts[line[2:]]}" if line[2:] in texts else line for line in lines)
