"""The five levels. An integer only inside a signed record (5 is best); a name everywhere else (spec 3.3)."""

#: From 1★ to 5★. The order of this tuple is the only place where a number becomes a name.
NAMES = ("very_dissatisfied", "dissatisfied", "fairly_satisfied", "satisfied", "very_satisfied")

#: The label sets of the regulations (spec 5.3, key 13), from 1★ to 5★.
LABELS = {
    1: ("非常不满意", "不满意", "基本满意", "满意", "非常满意"),
    2: ("很差", "差", "一般", "好", "很好"),
}
ENGLISH = ("very dissatisfied", "dissatisfied", "fairly satisfied", "satisfied", "very satisfied")

#: 差评: the bottom two.
BAD = NAMES[:2]


def name(level: int) -> str:
    """The name of a level 1…5. Raises ValueError for another number."""
    if level is True or level not in (1, 2, 3, 4, 5):
        raise ValueError("a level is 1 to 5, got %r" % (level,))
    return NAMES[level - 1]


def number(level_name: str) -> int:
    """The integer of a level name, for a record. Raises ValueError for an unknown name."""
    if level_name not in NAMES:
        raise ValueError("unknown level name %r" % (level_name,))
    return NAMES.index(level_name) + 1


def label(level_name: str, label_set: int = 1) -> str:
    """The regulation's own words for a level name."""
    return LABELS[label_set][number(level_name) - 1]
