"""A text as the rules read it: without blanks, in one width and one form, and with the way back to what was typed.

Folding goes character by character, so every place in the folded text belongs to one place in the original. A reply
that is typed with full-width letters, blanks between the words or another Unicode form reads the same.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache

#: What one field may hold. A longer text is refused, not cut.
MAX_CHARS = 10_000
#: A quotation longer than this is none: an opening mark alone must not hide the rest.
MAX_QUOTE = 80

_LINE_ENDS = "\n\u2028\u2029"
_DROPPED = {"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp", "Cn", "Co", "Cs"}
_MARKS = str.maketrans("「」『』〈〉｢｣", "“”“”《》“”")
_OPENS = {"“": "”", "《": "》"}
_CLAUSE = re.compile(r"[^,。;:!?\n]+")
_SENTENCE = re.compile(r"[^。;!?\n]+")


class TextTooLong(ValueError):
    """A field, or a file of several, holds more characters than it may."""

    def __init__(self, most: int):
        super().__init__(f"文本最多 {most} 字；请精简，详细材料可作附件")


@dataclass(frozen=True)
class Folded:
    """``at[i]`` is the place in ``source`` that ``text[i]`` comes from."""

    source: str
    text: str
    at: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a part, at least one character long, of the folded text."""
        return self.at[start], self.at[end - 1] + 1

    @cached_property
    def clauses(self) -> list[tuple[int, int]]:
        return [match.span() for match in _CLAUSE.finditer(self.text)]

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        return [match.span() for match in _SENTENCE.finditer(self.text)]

    @cached_property
    def clause_at(self) -> list[int]:
        """For every place the start of its clause."""
        starts = list(range(len(self.text)))
        for start, end in self.clauses:
            starts[start:end] = [start] * (end - start)
        return starts

    @cached_property
    def _quoted(self) -> list[int]:
        """For every place the length of the quotation or title it stands in; 0 outside."""
        lengths = [0] * len(self.text)
        opened: int | None = None
        closing = ""
        for place, mark in enumerate(self.text):
            if opened is not None and (mark == closing or place - opened > MAX_QUOTE):
                if mark == closing:
                    lengths[opened + 1 : place] = [place - opened - 1] * (place - opened - 1)
                    opened = None
                    continue
                opened = None
            if opened is None and (mark in _OPENS or mark == '"'):
                opened, closing = place, _OPENS.get(mark, '"')
        return lengths

    def quoted(self, start: int, end: int) -> bool:
        """Whether these words are part of somebody else's: of a longer quotation, or of a title in 《》."""
        return self._quoted[start] > end - start


def fold(source: str) -> Folded:
    """Raises TextTooLong."""
    if len(source) > MAX_CHARS:
        raise TextTooLong(MAX_CHARS)
    parts: list[str] = []
    at: list[int] = []
    for place, char in enumerate(source):
        folded = _fold(char)
        parts.append(folded)
        at.extend([place] * len(folded))
    return Folded(source, "".join(parts), tuple(at))


@lru_cache(maxsize=16_384)
def _fold(char: str) -> str:
    if char in _LINE_ENDS:
        return "\n"
    same = unicodedata.normalize("NFKC", char).translate(_MARKS).lower()
    return "".join(one for one in same if unicodedata.category(one) not in _DROPPED)
