"""What a citizen says without a device: a level by its name, perhaps reasons and words.

Whoever sends it says nothing about where it comes from: origin and channel follow from what the sender could show.
"""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from central.core.rating import Level

#: Characters of a text; other systems take 150, a phone screen shows about as many.
MAX_TEXT = 500
MAX_REASONS = 16
RULE = "本系统规则：评价内容"


def readable(value: str) -> str:
    """Words as they are kept. Raises ValueError for what no keyboard gives."""
    if any(ord(letter) < 32 and letter not in "\n\t" or ord(letter) == 127 for letter in value):
        raise ValueError("expected no control characters")
    return value.strip()


Words = Annotated[
    str,
    StringConstraints(max_length=MAX_TEXT),
    AfterValidator(readable),
    Field(description=f"评价人的文字，不超过 {MAX_TEXT} 字。"),
]
Reasons = Annotated[
    list[Annotated[int, Field(strict=True, ge=1, le=99999)]],
    Field(max_length=MAX_REASONS, description="所勾选的二级选项的编号。"),
]
NamedLevel = Annotated[Level, Field(strict=False, description="等级的名称，不是数字。")]


class Word(BaseModel):
    """A level with what was said about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: NamedLevel
    reasons: Reasons = []
    text: Words | None = None

    @property
    def word(self) -> "Word":
        """Only this of a body that holds more."""
        return Word(level=self.level, reasons=self.reasons, text=self.text)

    def same_as(self, level: Level, reasons: Any, text: str | None) -> bool:
        """Whether this was said before in these very words."""
        return (self.level, list(self.reasons), self.text or None) == (level, list(reasons), text or None)
